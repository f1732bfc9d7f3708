//! The DTLS server of one participant (RFC 6347, RFC 5764), around the library's endpoint.
//!
//! The library sees one fixed remote address whatever the participant's real one is, so that a change of address does not concern it. It
//! gives up its retransmission timer as soon as anything arrives, which ends in silence if the rest is lost; therefore the last flight is
//! kept here, and sent again when time is up or the client repeats itself.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_dtls::state::State;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;

use self::hello::Hello;
use self::records::Budget;
use super::identity::digest;
use super::{Failure, Identity};
use crate::media::sdp::Fingerprint;

mod hello;
mod records;

/// What stands for the participant's address.
const REMOTE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));
/// A flight is sent again after so long, and after twice as long each further time (RFC 6347, section 4.2.4.1, has a second for want of
/// knowledge of the network; these are people who wait for a picture).
const FIRST_RESEND: Duration = Duration::from_millis(400);
const LAST_RESEND: Duration = Duration::from_millis(3200);
/// When the client repeats itself, the flight is sent again at most this often.
const MIN_RESEND: Duration = Duration::from_millis(50);

/// The certificate was not looked at, was the right one, was another one.
const UNSEEN: u8 = 0;
const RIGHT: u8 = 1;
const WRONG: u8 = 2;

/// What came of a datagram.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing but perhaps datagrams to send.
    Nothing,
    /// The handshake is done; [`Dtls::state`] has the keys.
    Finished,
    /// The participant said good-bye.
    Closed,
    /// It will not become a connection.
    Failed(Failure),
}

/// See the module.
pub(super) struct Dtls {
    stage: Stage,
    expected: Option<Fingerprint>,
    budget: Budget,
    seen: Arc<AtomicU8>,
    flight: Vec<BytesMut>,
    /// The highest message that the flight answers.
    answered: Option<u16>,
    received: Option<u16>,
    sent: Option<Instant>,
    resend: Option<(Instant, Duration)>,
}

enum Stage {
    /// Until the fingerprint is known and the ClientHello is whole.
    Waiting(Hello),
    Shaking(Box<Endpoint>),
    Finished(Box<Endpoint>),
    Over,
}

impl Dtls {
    /// Waits for a client.
    pub(super) fn new() -> Self {
        Self {
            stage: Stage::Waiting(Hello::default()),
            expected: None,
            budget: Budget::handshake(),
            seen: Arc::new(AtomicU8::new(UNSEEN)),
            flight: Vec::new(),
            answered: None,
            received: None,
            sent: None,
            resend: None,
        }
    }

    /// The fingerprint that the client's certificate must have. Handles what came before it.
    pub(super) fn expect(&mut self, now: Instant, fingerprint: Fingerprint, identity: &Identity, send: &mut Vec<BytesMut>) -> Outcome {
        self.expected = Some(fingerprint);
        self.start(now, identity, send)
    }

    /// The fingerprint expected, once it is known.
    pub(super) fn expected(&self) -> Option<Fingerprint> {
        self.expected
    }

    /// The finished handshake.
    pub(super) fn state(&self) -> Option<&State> {
        match &self.stage {
            Stage::Finished(endpoint) => endpoint.get_connection_state(REMOTE),
            Stage::Waiting(_) | Stage::Shaking(_) | Stage::Over => None,
        }
    }

    /// The client has sent what only who has the keys can send.
    pub(super) fn confirm(&mut self) {
        if matches!(self.stage, Stage::Finished(_)) {
            self.budget.close();
        }
    }

    /// A datagram that begins as DTLS does.
    pub(super) fn handle(&mut self, now: Instant, datagram: &[u8], identity: &Identity, send: &mut Vec<BytesMut>) -> Outcome {
        let admitted = self.budget.admit(datagram);
        if admitted.bytes.is_empty() {
            return Outcome::Nothing;
        }
        let highest = admitted.messages.map(|(_, highest)| highest);
        match &mut self.stage {
            Stage::Over => Outcome::Nothing,
            Stage::Waiting(hello) => {
                hello.add(admitted.bytes);
                self.received = Some(0);
                self.start(now, identity, send)
            }
            Stage::Shaking(_) => {
                // The flight was lost, or is still on its way.
                let repeated = admitted.messages.is_some_and(|(lowest, _)| Some(lowest) <= self.answered);
                self.received = self.received.max(highest);
                let outcome = self.feed(now, admitted.bytes, send);
                if outcome == Outcome::Nothing && send.is_empty() && repeated && self.sent.is_some_and(|sent| sent + MIN_RESEND <= now) {
                    self.sent = Some(now);
                    send.extend(self.flight.iter().cloned());
                }
                outcome
            }
            Stage::Finished(_) => self.feed(now, admitted.bytes, send),
        }
    }

    /// When [`Dtls::handle_timeout`] wants to be called.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.resend.map(|(at, _)| at)
    }

    /// Sends the last flight again if it is time.
    pub(super) fn handle_timeout(&mut self, now: Instant, send: &mut Vec<BytesMut>) {
        if let Some((_, after)) = self.resend.filter(|(at, _)| *at <= now) {
            let after = (after * 2).min(LAST_RESEND);
            self.resend = Some((now + after, after));
            self.sent = Some(now);
            send.extend(self.flight.iter().cloned());
        }
    }

    /// Says good-bye, if the client can understand it.
    pub(super) fn close(&mut self, now: Instant, send: &mut Vec<BytesMut>) {
        if let Stage::Finished(endpoint) = &mut self.stage {
            endpoint.stop(now, REMOTE);
            send.extend(transmits(endpoint));
        }
        self.end();
    }

    fn end(&mut self) {
        self.stage = Stage::Over;
        self.flight.clear();
        self.resend = None;
    }

    /// Begins the handshake if everything for it is there.
    fn start(&mut self, now: Instant, identity: &Identity, send: &mut Vec<BytesMut>) -> Outcome {
        let (Stage::Waiting(hello), Some(expected)) = (&mut self.stage, self.expected) else {
            return Outcome::Nothing;
        };
        let Some(gcm) = hello.offers_gcm() else {
            return Outcome::Nothing;
        };
        let Ok(config) = configure(identity, gcm, expected, &self.seen) else {
            self.end();
            return Outcome::Failed(Failure::Handshake);
        };
        let datagrams = std::mem::take(hello).into_datagrams();
        self.stage = Stage::Shaking(Box::new(Endpoint::new(REMOTE, TransportProtocol::UDP, Some(Arc::new(config)))));
        for datagram in datagrams {
            let outcome = self.feed(now, datagram, send);
            if outcome != Outcome::Nothing {
                return outcome;
            }
        }
        Outcome::Nothing
    }

    fn feed(&mut self, now: Instant, bytes: BytesMut, send: &mut Vec<BytesMut>) -> Outcome {
        let (Stage::Shaking(endpoint) | Stage::Finished(endpoint)) = &mut self.stage else {
            return Outcome::Nothing;
        };
        let result = endpoint.read(now, REMOTE, None, bytes);
        let flight = transmits(endpoint);
        let shaking = matches!(self.stage, Stage::Shaking(_));
        send.extend(flight.iter().cloned());
        if shaking && !flight.is_empty() {
            self.flight = flight;
            self.answered = self.received;
            self.sent = Some(now);
            self.resend = Some((now + FIRST_RESEND, FIRST_RESEND));
        }
        match result {
            // What comes after the handshake is authentic or ignored by the library; an error there is about one record.
            Err(_) if !shaking => Outcome::Nothing,
            Err(_) => {
                self.end();
                let wrong = self.seen.load(Ordering::Relaxed) == WRONG;
                Outcome::Failed(if wrong { Failure::Fingerprint } else { Failure::Handshake })
            }
            Ok(events) if events.iter().any(|event| matches!(event, EndpointEvent::PeerClosed)) => {
                self.end();
                Outcome::Closed
            }
            Ok(events) if events.iter().any(|event| matches!(event, EndpointEvent::HandshakeComplete)) => self.finish(),
            Ok(_) => Outcome::Nothing,
        }
    }

    fn finish(&mut self) -> Outcome {
        // The library must not have let a client through that showed no certificate.
        if self.seen.load(Ordering::Relaxed) != RIGHT {
            self.end();
            return Outcome::Failed(Failure::Fingerprint);
        }
        if let Stage::Shaking(endpoint) = std::mem::replace(&mut self.stage, Stage::Over) {
            self.stage = Stage::Finished(endpoint);
        }
        self.budget = Budget::finished();
        // The library repeats its last flight by itself, when the client does.
        self.flight = Vec::new();
        self.resend = None;
        Outcome::Finished
    }
}

fn transmits(endpoint: &mut Endpoint) -> Vec<BytesMut> {
    std::iter::from_fn(|| endpoint.poll_transmit()).map(|transmit| transmit.message).collect()
}

/// A server that takes one client: the one whose certificate has this fingerprint.
fn configure(identity: &Identity, gcm: bool, expected: Fingerprint, seen: &Arc<AtomicU8>) -> Result<HandshakeConfig, Error> {
    let profile = if gcm { SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm } else { SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 };
    let (provider, seen) = (identity.provider.clone(), Arc::clone(seen));
    // Called once the client has proved that the certificate is its own.
    let verify = move |certificates: &[Vec<u8>], _: &[_]| {
        let right = certificates.first().and_then(|der| digest(der, provider.crypto())) == Some(expected);
        seen.store(if right { RIGHT } else { WRONG }, Ordering::Relaxed);
        if right { Ok(()) } else { Err(Error::ErrNonCertificate) }
    };
    ConfigBuilder::default()
        .with_crypto_provider(identity.provider.clone())
        .with_certificates(vec![identity.certificate.clone()])
        .with_srtp_protection_profiles(vec![profile])
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        // No authority has signed it; the fingerprint stands for that.
        .with_insecure_skip_verify(true)
        .with_verify_peer_certificate(Some(Arc::new(verify)))
        .with_extended_master_secret(ExtendedMasterSecretType::Require)
        .build(false, None)
}
