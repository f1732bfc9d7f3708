//! The chat protocol end to end: real processes, real sockets, one node by itself and two that share a Redis.

#[macro_use]
mod everywhere;
pub mod site;

mod bad_input;
mod calls;
mod catching_up;
mod changing;
mod churn;
mod coming_in;
mod crash;
mod limits;
mod old_clients;
mod people;
mod secrets;
mod slow_clients;
mod talking;
mod together;
mod watching;
