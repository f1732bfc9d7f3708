//! The other end of a [`Peer`](super::peer::Peer), as a browser is one: the controlling side of ICE with one path, the DTLS client, SRTP.
//! `rialto load media` is made of it.
//!
//! As everywhere below [`shard`](super::shard) there is no IO: what arrived goes in, what is to be sent comes out.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType, RawAttribute};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, Setter, TransactionId};

use super::peer::srtp::Srtp;
use super::peer::stun::Request;
use super::peer::{Identity, SealError};
use super::sdp::Credentials;

/// What stands for the server's address, whatever it is.
const SERVER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));
/// Between checks before the connection is there, and after (RFC 7675, section 5.1, asks for 5 s).
const CHECK: Duration = Duration::from_millis(250);
const CONSENT: Duration = Duration::from_secs(4);
/// A flight that nothing came back for is sent again. The library's own timer gives up as soon as anything arrives.
const RESEND: Duration = Duration::from_secs(1);
/// Bytes of a DTLS record's head (RFC 6347, section 4.1).
const RECORD: usize = 13;

/// What came of a datagram.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// Nothing to speak of.
    Nothing,
    /// Media can be sent and received.
    Connected,
    /// The server said good-bye.
    Closed,
    /// A media packet, authentic and in the clear.
    Rtp(BytesMut),
    /// Compound RTCP, authentic and in the clear.
    Rtcp(BytesMut),
}

/// There is no connection to be had.
#[derive(Debug, thiserror::Error)]
#[error("no connection: {0}")]
pub struct ClientError(String);

/// See the module.
pub struct Client {
    identity: Arc<Identity>,
    own: Credentials,
    server: Credentials,
    endpoint: Endpoint,
    srtp: Option<Srtp>,
    flight: Vec<BytesMut>,
    resend: Option<Instant>,
    next_check: Instant,
    /// DTLS records and checks sent so far.
    records: u16,
    checks: u64,
}

impl Client {
    /// One that begins to connect at once: [`Client::poll`] has what to send. The server's certificate is not looked at.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub fn new(now: Instant, identity: Arc<Identity>, own: Credentials, server: Credentials) -> Result<Self, ClientError> {
        let failed = |error: rtc_shared::error::Error| ClientError(error.to_string());
        let config = ConfigBuilder::default()
            .with_crypto_provider(identity.provider.clone())
            .with_certificates(vec![identity.certificate.clone()])
            // In the order of browsers.
            .with_srtp_protection_profiles(vec![
                SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
                SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            ])
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .build(true, None)
            .map_err(failed)?;
        let mut endpoint = Endpoint::new(SERVER, TransportProtocol::UDP, None);
        endpoint.connect(now, SERVER, Arc::new(config), None).map_err(failed)?;
        let flight = drain(&mut endpoint);
        let (resend, next_check) = (Some(now), now);
        Ok(Self { identity, own, server, endpoint, srtp: None, flight, resend, next_check, records: 0, checks: 0 })
    }

    /// Whether media can flow.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.srtp.is_some()
    }

    /// Whether media is protected by AES-128-GCM.
    #[must_use]
    pub fn is_gcm(&self) -> bool {
        self.srtp.as_ref().is_some_and(Srtp::is_gcm)
    }

    /// When [`Client::poll`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Instant {
        self.resend.map_or(self.next_check, |resend| resend.min(self.next_check))
    }

    /// Puts what is due into `send`.
    pub fn poll(&mut self, now: Instant, send: &mut Vec<BytesMut>) {
        if self.next_check <= now {
            self.next_check = now + if self.is_connected() { CONSENT } else { CHECK };
            send.extend(self.check());
        }
        if self.resend.is_some_and(|at| at <= now) {
            self.resend = Some(now + RESEND);
            self.renumber();
            send.extend_from_slice(&self.flight);
        }
    }

    /// A datagram from the server, which sent it from there.
    pub fn handle(&mut self, now: Instant, from: SocketAddr, bytes: &[u8], send: &mut Vec<BytesMut>) -> Received {
        let crypto = self.identity.provider.crypto();
        match (bytes.first(), &mut self.srtp) {
            // Servers that are lite only in name check as well, and wait for the answer.
            (Some(0), _) => {
                let request = Request::read(bytes).filter(|request| request.is_authentic(self.own.password.as_str().as_bytes(), crypto));
                let answer = request.and_then(|request| request.success(from, self.own.password.as_str(), crypto));
                send.extend(answer.map(|answer| BytesMut::from(answer.as_slice())));
                Received::Nothing
            }
            (Some(20..=63), _) => self.handle_dtls(now, bytes, send),
            (Some(128..=191), Some(srtp)) => {
                // RFC 5761, section 4.
                let opened = if bytes.get(1).is_some_and(|kind| (192..=223).contains(kind)) {
                    srtp.open_rtcp(bytes, crypto).map(Received::Rtcp)
                } else {
                    srtp.open_rtp(bytes, crypto).map(Received::Rtp)
                };
                opened.unwrap_or(Received::Nothing)
            }
            _ => Received::Nothing,
        }
    }

    /// Seals a media packet.
    ///
    /// # Errors
    /// Before the connection is there, and for what is no RTP packet.
    pub fn seal_rtp(&mut self, packet: &[u8]) -> Result<BytesMut, SealError> {
        self.srtp.as_mut().ok_or(SealError)?.seal_rtp(packet)
    }

    /// Seals compound RTCP.
    ///
    /// # Errors
    /// Before the connection is there, and for less than a header.
    pub fn seal_rtcp(&mut self, packet: &[u8]) -> Result<BytesMut, SealError> {
        self.srtp.as_mut().ok_or(SealError)?.seal_rtcp(packet)
    }

    fn handle_dtls(&mut self, now: Instant, bytes: &[u8], send: &mut Vec<BytesMut>) -> Received {
        let events = self.endpoint.read(now, SERVER, None, BytesMut::from(bytes)).unwrap_or_default();
        let flight = drain(&mut self.endpoint);
        if !flight.is_empty() {
            (self.flight, self.resend) = (flight, Some(now + RESEND));
            self.renumber();
            send.extend_from_slice(&self.flight);
        }
        let mut received = Received::Nothing;
        for event in events {
            match event {
                EndpointEvent::HandshakeComplete => {
                    let state = self.endpoint.get_connection_state(SERVER);
                    self.srtp = state.and_then(|state| Srtp::new(state, self.identity.provider.crypto()));
                    self.resend = None;
                    received = Received::Connected;
                }
                EndpointEvent::PeerClosed => received = Received::Closed,
                _ => {}
            }
        }
        received
    }

    /// When a flight is sent again its plain records have new numbers, as those of browsers do: the server drops what it saw before.
    fn renumber(&mut self) {
        for datagram in &mut self.flight {
            let mut place = 0;
            while let Some(&[_, _, _, e0, e1, _, _, _, _, _, _, l0, l1]) = datagram[place..].first_chunk::<RECORD>() {
                if [e0, e1] == [0, 0] {
                    self.records = self.records.wrapping_add(1);
                    datagram[place + 9..place + 11].copy_from_slice(&self.records.to_be_bytes());
                }
                place = datagram.len().min(place + RECORD + usize::from(u16::from_be_bytes([l0, l1])));
            }
        }
    }

    /// A check, as browsers write it (RFC 8445, section 7.2.2). It nominates its path at once.
    fn check(&mut self) -> Option<BytesMut> {
        self.checks += 1;
        let mut transaction = [7; 12];
        transaction[..8].copy_from_slice(&self.checks.to_be_bytes());
        let attribute =
            |typ: AttrType, value: Vec<u8>| Box::new(RawAttribute { typ, length: value.len() as u16, value }) as Box<dyn Setter>;
        let name = format!("{}:{}", self.server.ufrag, self.own.ufrag);
        let password = self.server.password.as_str().to_owned();
        let setters: [Box<dyn Setter + '_>; 8] = [
            Box::new(TransactionId(transaction)),
            Box::new(BINDING_REQUEST),
            attribute(ATTR_USERNAME, name.into_bytes()),
            attribute(ATTR_ICE_CONTROLLING, vec![9; 8]),
            attribute(ATTR_PRIORITY, vec![1, 2, 3, 4]),
            attribute(ATTR_USE_CANDIDATE, Vec::new()),
            Box::new(MessageIntegrity::new_short_term_integrity_with_provider(password, self.identity.provider.crypto())),
            Box::new(FINGERPRINT),
        ];
        let mut message = Message::new();
        message.build(&setters).ok()?;
        Some(BytesMut::from(message.raw.as_slice()))
    }
}

fn drain(endpoint: &mut Endpoint) -> Vec<BytesMut> {
    std::iter::from_fn(|| endpoint.poll_transmit()).map(|transmit| transmit.message).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::media::peer::{Event, Output, Peer, Route};
    use crate::media::sdp::Protocol;
    use crate::media::sdp::examples::credentials;

    #[test]
    fn it_connects_to_a_peer_and_sends_what_that_can_read() {
        let now = Instant::now();
        let identity = Arc::new(Identity::generate().unwrap());
        let mut peer = Peer::new(now, identity.clone(), credentials(1));
        let mut client = Client::new(now, identity.clone(), credentials(2), credentials(1)).unwrap();
        let mut outputs = Vec::new();
        peer.answer(now, &credentials(2), identity.fingerprint(), &mut outputs).unwrap();
        let route = Route { protocol: Protocol::Udp, address: "192.0.2.1:5".parse().unwrap() };
        let (mut send, mut events) = (Vec::new(), Vec::new());
        client.poll(now, &mut send);
        while !send.is_empty() {
            for bytes in std::mem::take(&mut send) {
                peer.handle(now, route, &bytes, &mut outputs);
            }
            for output in std::mem::take(&mut outputs) {
                match output {
                    Output::Send(_, bytes) => events.push(client.handle(now, route.address, &bytes, &mut send)),
                    Output::Event(event) => assert_eq!(event, Event::Connected),
                    other => panic!("{other:?}"),
                }
            }
        }
        assert!(events.contains(&Received::Connected) && client.is_gcm() && peer.is_gcm() == Some(true));
        let packet = [0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3];
        peer.handle(now, route, &client.seal_rtp(&packet).unwrap(), &mut outputs);
        assert!(matches!(outputs.as_slice(), [Output::Rtp(got)] if got[..] == packet), "{outputs:?}");
        let sealed = peer.seal_rtp(&packet).unwrap();
        assert_eq!(client.handle(now, route.address, &sealed, &mut send), Received::Rtp(BytesMut::from(&packet[..])));
    }
}
