//! One binary for all integration tests: linking is the slow part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[macro_use]
mod store_contract;
#[macro_use]
mod chat;
mod faults;
mod load;
mod lobby;
mod media;
mod mesh;
mod peers;
mod placement;
mod rooms;
mod stage;
mod store_embedded;
mod store_redis;
mod support;
mod versions;
