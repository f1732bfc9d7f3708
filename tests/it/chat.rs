//! The chat protocol end to end: real processes, real sockets, one node by itself and two that share a Redis.

mod site;

#[macro_use]
mod everywhere;

mod basics;
