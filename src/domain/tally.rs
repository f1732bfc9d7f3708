//! Names of counters of what somebody at an address did.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr};

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

    /// The counter of `what`, about `whom` (may be empty), from an address; of IPv6, from its link: all of its 2^64 addresses are one
    /// customer's (RFC 4291, section 2.5.1).
    #[must_use]
    pub fn key(&self, what: &str, whom: &[u8], from: IpAddr) -> String {
        // HMAC fills a short key up with zeros itself, but takes a whole block without a possible error.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&self.secret);
        let mut mac = Hmac::<Sha256>::new(&key.into());
        mac.update(whom);
        mac.update(&[0]);
        mac.update(customer(from).to_string().as_bytes());
        mac.finalize().into_bytes().iter().take(16).fold(format!("{what}:"), |mut key, byte| {
            let _ = write!(key, "{byte:02x}");
            key
        })
    }
}

fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
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
