//! What tests of this module and of others share: credentials, fingerprints, and answers written the way a browser writes them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::net::SocketAddr;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{Candidate, Carries, Credentials, Fingerprint, Protocol, Skeleton};

/// The same for the same seed.
pub(crate) fn credentials(seed: u64) -> Credentials {
    Credentials::random(&mut StdRng::seed_from_u64(seed))
}

/// The same for the same seed.
pub(crate) fn fingerprint(seed: u8) -> Fingerprint {
    Fingerprint::new([seed; 32])
}

/// UDP and TCP on one port.
pub(crate) fn candidates() -> [Candidate; 2] {
    let address: SocketAddr = "192.0.2.1:7000".parse().unwrap();
    [Candidate { protocol: Protocol::Udp, address }, Candidate { protocol: Protocol::Tcp, address }]
}

/// A short answer that accepts all lines but those of these names, publishes nothing and receives everything.
pub(crate) fn answer_to(offered: &Skeleton, refused: &[&str]) -> String {
    let is_refused = |line: &super::Line| line.carries == Carries::Closed || refused.contains(&line.mid.as_str());
    let bundled: Vec<&str> = offered.lines().iter().filter(|line| !is_refused(line)).map(|line| line.mid.as_str()).collect();
    let mut text = format!("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n", bundled.join(" "));
    let credentials = credentials(99);
    for line in offered.lines() {
        let payload = offered.payloads().iter().find(|payload| payload.codec.kind() == line.kind).unwrap();
        let port = if is_refused(line) { 0 } else { 9 };
        let direction = if matches!(line.carries, Carries::Forward(_)) { "recvonly" } else { "inactive" };
        write!(
            text,
            "m={} {port} UDP/TLS/RTP/SAVPF {pt}\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\na={direction}\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n\
             a=fingerprint:{}\r\na=setup:active\r\na=rtcp-mux\r\na=rtpmap:{pt} {}\r\n",
            line.kind.name(),
            line.mid,
            credentials.ufrag,
            credentials.password.as_str(),
            fingerprint(9),
            payload.codec.encoding(),
            pt = payload.payload_type,
        )
        .unwrap();
    }
    text
}
