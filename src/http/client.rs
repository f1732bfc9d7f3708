//! The client's address, as far as the proxies in front are trusted.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// Each trusted proxy appends to X-Forwarded-For whom it was called by, so the client stands `hops` from the right; what is
/// further left anybody may have written. With a shorter header the request did not come through all of them: then it is the
/// socket's own peer.
pub(super) fn address(headers: &HeaderMap, peer: SocketAddr, hops: usize) -> IpAddr {
    let entries: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    let entry = hops.checked_sub(1).and_then(|before| entries.iter().rev().nth(before));
    entry.and_then(|entry| parse(entry.trim())).unwrap_or(peer.ip()).to_canonical()
}

/// Whether the client speaks https, as far as the proxies in front say so: this server itself never does. Most of them replace what others
/// have said in X-Forwarded-Proto; those that append are counted as for the address.
pub(super) fn is_https(headers: &HeaderMap, hops: usize) -> bool {
    let values = headers.get_all("x-forwarded-proto").iter().filter_map(|value| value.to_str().ok());
    let entries: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let entry = hops.checked_sub(1).and_then(|before| entries.iter().rev().nth(before).or(entries.first()));
    entry.is_some_and(|entry| entry.eq_ignore_ascii_case("https"))
}

/// An address, with or without a port.
fn parse(entry: &str) -> Option<IpAddr> {
    entry.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_trusted_proxies_say_https() {
        let with = |proto: &'static str| HeaderMap::from_iter([("x-forwarded-proto".parse().unwrap(), HeaderValue::from_static(proto))]);
        assert!(!is_https(&with("https"), 0));
        assert!(is_https(&with("https"), 1) && is_https(&with("HTTPS"), 2));
        assert!(!is_https(&with("https, http"), 1) && is_https(&with("https, http"), 2));
        assert!(!is_https(&HeaderMap::new(), 1));
    }

    #[test]
    fn the_client_is_counted_from_the_right() {
        let peer: SocketAddr = "10.0.0.1:999".parse().unwrap();
        let mut headers = HeaderMap::new();
        assert_eq!(address(&headers, peer, 1), peer.ip());
        headers.append("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 1.2.3.4:555"));
        headers.append("x-forwarded-for", HeaderValue::from_static("[2001:db8::1]:80"));
        let seen = |hops| address(&headers, peer, hops).to_string();
        assert_eq!(seen(0), "10.0.0.1");
        assert_eq!(seen(1), "2001:db8::1");
        assert_eq!(seen(2), "1.2.3.4");
        assert_eq!(seen(3), "6.6.6.6");
        assert_eq!(seen(4), "10.0.0.1");
    }
}
