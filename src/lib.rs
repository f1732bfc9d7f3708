//! Rialto.
pub mod ids;
pub mod session;
pub mod store;
