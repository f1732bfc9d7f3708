//! What makes many nodes one: who is alive ([`registry`]), what was published ([`bus`]), letters from node to node
//! ([`relay`]), who of the local sessions gets what ([`hub`]), and which media node serves a room ([`placement`], [`ring`]).

use std::sync::{Mutex, MutexGuard, PoisonError};

pub mod bus;
pub mod calls;
pub mod crowd;
pub mod hub;
pub mod janitor;
pub mod listener;
pub mod live;
mod memory;
pub mod placement;
pub mod reaper;
pub mod registry;
pub mod relay;
pub mod ring;

pub use bus::Bus;
pub use hub::Hub;
pub use janitor::Janitor;
pub use listener::{Encoder, Listener, LogEvent};
pub use relay::{Desk, Relay};

/// A panic elsewhere must not take the node down with it: the state behind these locks is valid between any two calls.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
