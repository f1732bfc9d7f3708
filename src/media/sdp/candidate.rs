//! Where a media node can be reached.

use std::net::SocketAddr;

/// The protocol under DTLS, SRTP and STUN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// One datagram a packet.
    Udp,
    /// Packets framed by RFC 4571; the browser connects (RFC 6544, passive).
    Tcp,
}

/// A host candidate of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// How to get there.
    pub protocol: Protocol,
    /// What clients are told, which behind a NAT is not what the socket is bound to.
    pub address: SocketAddr,
}

impl Candidate {
    /// The value of a `candidate` attribute (RFC 8839, section 5.1). `place` in the list makes foundation and priority its own.
    pub(super) fn attribute(&self, place: usize) -> String {
        let (address, port) = (self.address.ip(), self.address.port());
        let priority = self.priority(place);
        let foundation = place + 1;
        match self.protocol {
            Protocol::Udp => format!("{foundation} 1 udp {priority} {address} {port} typ host"),
            Protocol::Tcp => format!("{foundation} 1 tcp {priority} {address} {port} typ host tcptype passive"),
        }
    }

    /// RFC 8445, section 5.1.2.1. TCP stays below every kind of UDP, and of its local preference the upper three bits say "passive"
    /// (RFC 6544, section 4.2).
    fn priority(&self, place: usize) -> u32 {
        let behind = u32::try_from(place).unwrap_or(u32::MAX).min(0x1fff);
        let (kind, local) = match self.protocol {
            Protocol::Udp => (126, 0xffff - behind),
            Protocol::Tcp => (90, (4 << 13) + 0x1fff - behind),
        };
        (kind << 24) + (local << 8) + 255
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_candidates_and_udp_come_first() {
        let candidate = |protocol| Candidate { protocol, address: "192.0.2.1:7000".parse().unwrap() };
        let (udp, tcp) = (candidate(Protocol::Udp), candidate(Protocol::Tcp));
        assert_eq!(udp.attribute(0), "1 1 udp 2130706431 192.0.2.1 7000 typ host");
        assert_eq!(tcp.attribute(1), "2 1 tcp 1520434943 192.0.2.1 7000 typ host tcptype passive");
        assert!(udp.priority(0) > udp.priority(1) && udp.priority(9999) > tcp.priority(0));
        let six = Candidate { protocol: Protocol::Udp, address: "[2001:db8::1]:9".parse().unwrap() };
        assert_eq!(six.attribute(0), "1 1 udp 2130706431 2001:db8::1 9 typ host");
    }
}
