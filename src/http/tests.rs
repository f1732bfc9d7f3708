//! The whole router over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod built_in;
mod description;
mod handshakes;
mod support;
