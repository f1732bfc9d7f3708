//! What several scenarios need: nodes as processes, clients, real Redis servers and a proxy that fails on demand.
#![allow(dead_code, reason = "a vocabulary: not every word is in use at all times")]

pub mod calls;
pub mod client;
pub mod described;
pub mod node;
pub mod process;
pub mod proxy;
pub mod redis;
pub mod reuse;
pub mod undisturbed;
