//! Rialto.
pub mod cli;
pub mod config;
pub mod http;
pub mod ids;
pub mod load;
pub mod logging;
pub mod metrics;
pub mod node;
pub mod session;
pub mod store;
