//! Whom an address belongs to.

use std::net::{IpAddr, Ipv6Addr};

/// What belongs to one customer of a network: an IPv4 address, or the 2^64 addresses of an IPv6 link (RFC 4291, section 2.5.1).
#[must_use]
pub fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_addresses_of_one_link_are_one_customers() {
        let of = |address: &str| customer(address.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
    }
}
