//! Rialto.
pub mod ids;
pub mod metrics;
pub mod session;
pub mod store;
