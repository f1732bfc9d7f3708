//! Rooms, and browsers that speak real STUN, DTLS and SRTP with them, in simulated time and without a network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bitrate;
mod browser;
mod calls;
mod endurance;
mod feedback;
mod joining;
mod people;
mod trust;
mod world;
