//! Where clients are told to send their media.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::MediaSettings;
use crate::config::MediaAddress;

/// The most of the machine's own addresses that clients are told: each is two candidates in every offer, and a machine full of containers
/// has hundreds.
const MAX_OWN: usize = 8;

/// Where clients reach this node, the best first: what the settings say; else the address it is bound to; else all of the machine's, and
/// the loopback last, for browsers on this very machine.
pub(super) fn own(settings: &MediaSettings) -> io::Result<Vec<MediaAddress>> {
    if !settings.addresses.is_empty() {
        return Ok(settings.addresses.clone());
    }
    let own = if settings.ip.is_unspecified() {
        let found = if_addrs::get_if_addrs()?.into_iter().map(|interface| interface.ip()).collect();
        reachable(settings.ip.is_ipv6(), found)
    } else {
        vec![settings.ip]
    };
    Ok(own.into_iter().map(|ip| MediaAddress { ip, port: None }).collect())
}

/// Of these addresses of the machine those that others can reach, and the loopback. IPv4 goes first: more networks carry it.
fn reachable(with_ipv6: bool, found: Vec<IpAddr>) -> Vec<IpAddr> {
    let (four, six): (Vec<IpAddr>, Vec<IpAddr>) = found.into_iter().partition(IpAddr::is_ipv4);
    let four = four.into_iter().filter(|ip| !ip.is_loopback() && !matches!(ip, IpAddr::V4(ip) if ip.is_link_local()));
    let six = six.into_iter().filter(|ip| !ip.is_loopback() && !matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local()));
    let mut all: Vec<IpAddr> = four.chain(six.filter(|_| with_ipv6)).take(MAX_OWN).collect();
    all.push(Ipv4Addr::LOCALHOST.into());
    if with_ipv6 {
        all.push(Ipv6Addr::LOCALHOST.into());
    }
    all
}

/// Where clients reach one shard that is bound to `bound`.
pub(super) fn of_shard(own: &[MediaAddress], number: usize, bound: SocketAddr) -> Vec<SocketAddr> {
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    let port = |address: &MediaAddress| address.port.map_or(bound.port(), |first| first.saturating_add(number));
    own.iter().map(|address| SocketAddr::new(address.ip, port(address))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ips(list: &str) -> Vec<IpAddr> {
        list.split(' ').map(|ip| ip.parse().unwrap()).collect()
    }

    #[test]
    fn clients_are_told_what_they_can_reach_and_the_loopback_last() {
        let machine = || ips("127.0.0.1 ::1 fe80::7 2001:db8::5 192.168.1.5 169.254.3.3 203.0.113.9");
        assert_eq!(reachable(false, machine()), ips("192.168.1.5 203.0.113.9 127.0.0.1"));
        assert_eq!(reachable(true, machine()), ips("192.168.1.5 203.0.113.9 2001:db8::5 127.0.0.1 ::1"));
        assert_eq!(reachable(false, Vec::new()), ips("127.0.0.1"));
        let many = (0..100).map(|number| Ipv4Addr::new(10, 0, 0, number).into()).collect();
        assert_eq!(reachable(true, many).len(), MAX_OWN + 2);
    }

    #[test]
    fn each_shard_has_its_port() {
        let address = |ip: &str, port| MediaAddress { ip: ip.parse().unwrap(), port };
        let own = [address("203.0.113.9", Some(40_000)), address("2001:db8::5", None)];
        let told = of_shard(&own, 2, "0.0.0.0:7002".parse().unwrap());
        assert_eq!(told, ["203.0.113.9:40002", "[2001:db8::5]:7002"].map(|address| address.parse::<SocketAddr>().unwrap()));
    }
}
