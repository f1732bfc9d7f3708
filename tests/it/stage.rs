//! The stage protocol end to end: real processes, real sockets, one node by itself and two that share a Redis.

mod answering;
mod visitor;

mod bad_input;
mod leaving;
mod logging_in;
mod media;
mod opening;
mod talking;
