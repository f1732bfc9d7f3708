//! The forwarding core between a simulated publisher and simulated subscribers, in simulated time and with seeded randomness.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod adaptation;
mod continuity;
mod link;
mod publisher;
mod receiver;
mod repair;
mod world;
