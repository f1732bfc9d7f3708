//! Rialto.

pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod dialect;
pub mod domain;
pub mod http;
pub mod ids;
pub mod load;
pub mod logging;
pub mod metrics;
pub mod node;
pub mod session;
pub mod store;
