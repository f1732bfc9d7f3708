//! What clients speak: wire types and a handler for each protocol. They translate and decide nothing.

pub mod chat;
