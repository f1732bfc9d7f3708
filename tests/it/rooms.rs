//! The rooms protocol end to end: real processes, real sockets, one node by itself and two that share a Redis.

mod guest;
mod web;

mod bad_input;
mod calls;
mod coming_and_going;
mod doors;
mod making;
mod signaling;
mod trouble;
