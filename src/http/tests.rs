//! The whole router over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod handshakes;
mod support;
