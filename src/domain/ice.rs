//! Where clients find their way through firewalls: STUN and TURN servers, with credentials that end.

use std::fmt::Display;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha1::Sha1;

use crate::ids::Micros;

/// An `RTCIceServer` (W3C WebRTC, section 4.2.4).
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct IceServer {
    /// `stun:` and `turn:` URIs (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// For TURN: until when (seconds since the Unix epoch), and whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN; never to be logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl std::fmt::Debug for IceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IceServer").field("urls", &self.urls).finish_non_exhaustive()
    }
}

/// The STUN and TURN servers of the site.
#[derive(Clone, Default)]
pub struct IceServers {
    /// `host:port` of a STUN server.
    pub stun: Option<String>,
    /// A TURN server.
    pub turn: Option<Turn>,
}

/// A TURN server that takes credentials made with a secret it shares (coturn's `use-auth-secret`).
#[derive(Clone)]
pub struct Turn {
    /// `host:port`.
    pub address: String,
    /// Shared with the server.
    pub secret: Vec<u8>,
    /// How long credentials last. Allocations made with them go on.
    pub ttl: Duration,
}

impl IceServers {
    /// As [`IceServers::mint`], with credentials that last for `at_most`.
    #[must_use]
    pub fn mint_short(&self, user: impl Display, now: Micros, at_most: Duration) -> Vec<IceServer> {
        let turn = self.turn.clone().map(|turn| Turn { ttl: turn.ttl.min(at_most), ..turn });
        Self { stun: self.stun.clone(), turn }.mint(user, now)
    }

    /// For one user, or one connection without a user, from `now` on. TURN credentials are made as "A REST API For Access To TURN Services" (draft-uberti-behave-turn-rest)
    /// says: the username ends at a time, and the credential is its HMAC-SHA1.
    #[must_use]
    pub fn mint(&self, user: impl Display, now: Micros) -> Vec<IceServer> {
        let stun = self.stun.iter().map(|address| IceServer { urls: vec![format!("stun:{address}")], username: None, credential: None });
        let turn = self.turn.iter().map(|turn| {
            let username = format!("{}:{user}", now.plus(turn.ttl).millis() / 1_000);
            let urls = ["udp", "tcp"].map(|transport| format!("turn:{}?transport={transport}", turn.address)).to_vec();
            IceServer { urls, credential: Some(credential(&turn.secret, &username)), username: Some(username) }
        });
        stun.chain(turn).collect()
    }
}

fn credential(secret: &[u8], username: &str) -> String {
    #[allow(clippy::expect_used, reason = "HMAC takes keys of every length (RFC 2104, section 2)")]
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("a key of any length");
    mac.update(username.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::UserId;

    #[test]
    fn credentials_are_those_that_a_turn_server_computes() {
        // As `printf '%s' USERNAME | openssl dgst -sha1 -hmac SECRET -binary | base64` says.
        assert_eq!(credential(b"north", "1433895918:12334"), "D2z3GKCuvPnlJaCR4joJ/GuCSzM=");
    }

    #[test]
    fn a_user_gets_what_the_site_has() {
        let user = UserId(Uuid::from_u128(7));
        assert_eq!(IceServers::default().mint(user, Micros(0)), []);
        let turn = Turn { address: "turn.example.org:3478".to_owned(), secret: b"secret".to_vec(), ttl: Duration::from_secs(600) };
        let servers = IceServers { stun: Some("[2001:db8::1]:3478".to_owned()), turn: Some(turn) };
        let [stun, turn] = &servers.mint(user, Micros(1_000_999_999))[..] else { panic!("two servers") };
        assert_eq!((stun.urls.as_slice(), &stun.username), (["stun:[2001:db8::1]:3478".to_owned()].as_slice(), &None));
        assert_eq!(turn.urls, ["turn:turn.example.org:3478?transport=udp", "turn:turn.example.org:3478?transport=tcp"]);
        assert_eq!(turn.username.as_deref(), Some("1600:00000000-0000-0000-0000-000000000007"));
        assert!(!format!("{turn:?}").contains(turn.credential.as_deref().unwrap()));
    }
}
