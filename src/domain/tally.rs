//! What somebody at an address did so far, counted in the store for all nodes.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use hmac::Mac as _;

use super::seal::keyed;
use crate::ids::customer;
use crate::store::{Store, StoreError};

/// How many within which time; `None`: any number.
pub type Allowance = Option<(u64, Duration)>;

/// Why something is not allowed now.
#[derive(Debug, thiserror::Error)]
pub enum NotAllowed {
    /// There were too many; the next is allowed after this.
    #[error("too many attempts from this address; try again later")]
    SlowDown(Duration),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Counts, under names that are keyed digests: nobody who reads the store finds out addresses by trying them all.
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

    /// The counter of `what`, about `whom` (may be empty), from an address and all others of its [`customer`].
    #[must_use]
    pub fn key(&self, what: &str, whom: &[u8], from: IpAddr) -> String {
        let mut mac = keyed(&self.secret);
        mac.update(whom);
        mac.update(&[0]);
        mac.update(customer(from).to_string().as_bytes());
        mac.finalize().into_bytes().iter().take(16).fold(format!("{what}:"), |mut key, byte| {
            let _ = write!(key, "{byte:02x}");
            key
        })
    }

    /// Counts one more; fails if that is too many.
    pub async fn spend(&self, store: &dyn Store, what: &str, whom: &[u8], from: IpAddr, allowance: Allowance) -> Result<(), NotAllowed> {
        let Some((limit, window)) = allowance else { return Ok(()) };
        let count = store.count(&self.key(what, whom, from), window).await?;
        if count.events > limit { Err(NotAllowed::SlowDown(count.resets_in)) } else { Ok(()) }
    }

    /// Takes back what was counted by [`Tally::spend`].
    pub async fn take_back(
        &self,
        store: &dyn Store,
        what: &str,
        whom: &[u8],
        from: IpAddr,
        allowance: Allowance,
    ) -> Result<(), StoreError> {
        if allowance.is_none() { Ok(()) } else { store.uncount(&self.key(what, whom, from)).await }
    }

    /// Fails if one more would be too many; counts nothing.
    pub async fn check(&self, store: &dyn Store, what: &str, whom: &[u8], from: IpAddr, allowance: Allowance) -> Result<(), NotAllowed> {
        let Some((limit, _)) = allowance else { return Ok(()) };
        let count = store.counted(&self.key(what, whom, from)).await?;
        if count.events >= limit { Err(NotAllowed::SlowDown(count.resets_in)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn addresses_of_one_link_count_together() {
        let tally = Tally::new([7; 32]);
        let key = |address: &str| tally.key("codes", &[], address.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
    }
}
