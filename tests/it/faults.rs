//! What becomes of messages, sessions and people when something fails: Redis, the way to it, or a node. Real processes throughout.

mod calls;
pub mod crew;
mod cut;
mod death;
mod failover;
mod kinds;
mod letters;
mod outage;
