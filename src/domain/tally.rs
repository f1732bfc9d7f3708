//! Names of counters of what somebody at an address did.

use std::fmt::Write as _;
use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Makes the names: keyed digests, so that nobody who reads the store finds out addresses by trying them all.
#[derive(Clone)]
pub struct Tally {
    /// Shared by all nodes.
    secret: [u8; 32],
}

impl Tally {
    /// `secret` is the same on all nodes.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// The counter of `what`, about `whom` (may be empty), from an address.
    #[must_use]
    pub fn key(&self, what: &str, whom: &[u8], from: IpAddr) -> String {
        // HMAC fills a short key up with zeros itself, but takes a whole block without a possible error.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&self.secret);
        let mut mac = Hmac::<Sha256>::new(&key.into());
        mac.update(whom);
        mac.update(&[0]);
        mac.update(from.to_string().as_bytes());
        mac.finalize().into_bytes().iter().take(16).fold(format!("{what}:"), |mut key, byte| {
            let _ = write!(key, "{byte:02x}");
            key
        })
    }
}
