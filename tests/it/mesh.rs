//! The mesh protocol end to end: real processes, real sockets, one node by itself and several that share a Redis.

mod peer;

mod bad_input;
mod connecting;
mod forwarding;
mod gathering;
mod leaving;
mod trouble;
