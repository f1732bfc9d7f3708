//! What a connection may do and how long it may take.

use std::time::Duration;

/// Bounds of every session of a node.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest message that is read, in bytes (default 64 KiB). Up to four times as much is refused with the connection
    /// staying open; more closes it with 1009.
    pub max_frame_bytes: usize,
    /// Messages accepted from one connection; `None` for no limit (default 500 in a burst, then 50 a second).
    pub rate: Option<Rate>,
    /// Most calls of [`Session::send`](super::Session::send) waiting to be written (default 256).
    pub queue_calls: usize,
    /// Most bytes waiting to be written (default 1 MiB).
    pub queue_bytes: usize,
    /// Time between two pings to one connection (default 20 s). After two without an answer it is closed.
    pub ping_every: Duration,
    /// How long something may wait without a byte being written before the connection is closed with 1013 (default 10 s).
    pub stall: Duration,
    /// How long the peer has to answer the closing handshake (default 2 s).
    pub close_grace: Duration,
    /// How often all sessions are looked at for the three times above (default 500 ms).
    pub sweep_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame_bytes: 64 * 1024,
            rate: Some(Rate { burst: 500, per_second: 50 }),
            queue_calls: 256,
            queue_bytes: 1024 * 1024,
            ping_every: Duration::from_secs(20),
            stall: Duration::from_secs(10),
            close_grace: Duration::from_secs(2),
            sweep_every: Duration::from_millis(500),
        }
    }
}

/// A token bucket's size and speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Messages that may come at once.
    pub burst: u32,
    /// Messages a second after that; at least 1.
    pub per_second: u32,
}
