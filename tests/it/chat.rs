//! The chat protocol end to end: real processes, real sockets, one node by itself and two that share a Redis.

#[macro_use]
mod everywhere;
mod site;

mod catching_up;
mod changing;
mod coming_in;
mod limits;
mod old_clients;
mod people;
mod talking;
mod together;
mod watching;
