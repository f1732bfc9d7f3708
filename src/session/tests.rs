//! Sessions over real sockets, each test with the bare TCP connection and with a stream that can only be polled.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod closing;
mod reading;
mod support;
mod writing;
