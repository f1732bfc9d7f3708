//! The connection with one participant: ICE-lite, DTLS and SRTP on one path at a time.
//!
//! [`Peer::handle`] takes what arrived, and says what to send, what media came and what happened. It does no IO and reads no clock. Packets
//! that are not authentic change nothing: checks need the password that only signaling carries, everything else must come from a path that
//! was checked, and media must have been sealed with the keys of the handshake.
//!
//! The one exception is in the nature of DTLS: until the handshake is done, somebody who can send with the participant's address may spoil it
//! (not take it over), and the participant then has to join again.

mod bucket;
mod dtls;
mod ice;
mod identity;
pub(super) mod srtp;
pub(super) mod stun;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use self::dtls::{Dtls, Outcome};
use self::ice::Ice;
use self::srtp::Srtp;
use super::sdp::{Credentials, Fingerprint, Protocol};

pub use identity::{Identity, IdentityError};
pub use srtp::SealError;

/// From the answer until media can flow.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Where packets of a participant come from and go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Route {
    /// A datagram socket, or a connection that the participant has made.
    pub protocol: Protocol,
    /// The participant's address, as the node sees it.
    pub address: SocketAddr,
}

/// What comes out of a [`Peer`].
#[derive(Debug)]
pub enum Output {
    /// Send this.
    Send(Route, BytesMut),
    /// A media packet, authentic and in the clear.
    Rtp(BytesMut),
    /// A compound RTCP packet, authentic and in the clear.
    Rtcp(BytesMut),
    /// Something happened.
    Event(Event),
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Media can be sent and received.
    Connected,
    /// The participant has not been heard of for 30 s; nothing is sent until it is (RFC 7675).
    ConsentLost,
    /// It is back.
    ConsentRegained,
    /// The participant has closed the connection.
    Closed,
    /// There will be no connection.
    Failed(Failure),
}

/// Why a connection could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Somebody else's certificate, or none.
    #[error("the certificate is not the one that signaling announced")]
    Fingerprint,
    /// The two sides have no version, cipher or SRTP profile in common, or a message was wrong.
    #[error("the DTLS handshake failed")]
    Handshake,
    /// No connection within 30 s of the answer: the participant's network lets nothing through.
    #[error("no connection within 30 seconds")]
    Timeout,
}

/// An answer has another fingerprint than the one before it, for the same DTLS association.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fingerprint cannot change within a connection")]
pub struct FingerprintChanged;

/// The user name fragment of whom a binding request is for: it finds the [`Peer`] among many. None for anything else.
#[must_use]
pub fn receiver_of(bytes: &[u8]) -> Option<&str> {
    stun::Request::read(bytes).map(|request| request.receiver)
}

/// See the module.
pub struct Peer {
    identity: Arc<Identity>,
    ice: Ice,
    dtls: Dtls,
    srtp: Option<Srtp>,
    connect_by: Option<Instant>,
    consenting: bool,
    over: bool,
}

impl Peer {
    /// One that waits to be answered. The credentials are those of the offer.
    #[must_use]
    pub fn new(now: Instant, identity: Arc<Identity>, credentials: Credentials) -> Self {
        Self { identity, ice: Ice::new(now, credentials), dtls: Dtls::new(), srtp: None, connect_by: None, consenting: true, over: false }
    }

    /// The credentials of the last offer.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        self.ice.credentials()
    }

    /// What the participant answered. Also handles what came earlier than the answer.
    ///
    /// # Errors
    /// [`FingerprintChanged`]; nothing has changed then.
    pub fn answer(
        &mut self,
        now: Instant,
        credentials: &Credentials,
        fingerprint: Fingerprint,
        outputs: &mut Vec<Output>,
    ) -> Result<(), FingerprintChanged> {
        if self.dtls.expected().is_some_and(|expected| expected != fingerprint) {
            return Err(FingerprintChanged);
        }
        self.ice.set_remote(credentials.ufrag.clone());
        if self.dtls.expected().is_none() {
            self.connect_by = Some(now + CONNECT_TIMEOUT);
            let mut send = Vec::new();
            let outcome = self.dtls.expect(now, fingerprint, &self.identity, &mut send);
            self.conclude(now, outcome, send, outputs);
        }
        Ok(())
    }

    /// Takes new credentials, to be offered (RFC 8445, section 9). DTLS and SRTP go on as they are.
    pub fn restart_ice(&mut self, credentials: Credentials) {
        self.ice.restart(credentials);
    }

    /// A datagram, or a frame of a TCP connection, from there. What kind it is, is in its first byte (RFC 7983).
    pub fn handle(&mut self, now: Instant, from: Route, bytes: &[u8], outputs: &mut Vec<Output>) {
        if self.over {
            return;
        }
        match bytes.first() {
            Some(0..=3) => {
                if let Some(answer) = self.ice.handle(now, from, bytes, self.identity.crypto()) {
                    outputs.push(Output::Send(from, BytesMut::from(answer.as_slice())));
                }
                self.look_at_consent(now, outputs);
            }
            Some(20..=63) if self.ice.knows(from) => {
                let mut send = Vec::new();
                let outcome = self.dtls.handle(now, bytes, &self.identity, &mut send);
                self.conclude(now, outcome, send, outputs);
            }
            Some(128..=191) if self.ice.knows(from) => self.handle_media(bytes, outputs),
            _ => {}
        }
    }

    /// Whether the participant has proved to be there.
    #[must_use]
    pub fn knows(&self, route: Route) -> bool {
        self.ice.knows(route)
    }

    /// When [`Peer::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let consent = self.ice.consent_until().filter(|_| self.consenting);
        [self.dtls.poll_timeout(), self.connect_by, consent].into_iter().flatten().filter(|_| !self.over).min()
    }

    /// Does what is due: sends again, gives up.
    pub fn handle_timeout(&mut self, now: Instant, outputs: &mut Vec<Output>) {
        if self.over {
            return;
        }
        if self.connect_by.is_some_and(|by| by <= now) {
            return self.conclude(now, Outcome::Failed(Failure::Timeout), Vec::new(), outputs);
        }
        let mut send = Vec::new();
        self.dtls.handle_timeout(now, &mut send);
        self.conclude(now, Outcome::Nothing, send, outputs);
        self.look_at_consent(now, outputs);
    }

    /// Where to send media to; none before the connection is there, and while there is no consent.
    #[must_use]
    pub fn destination(&self, now: Instant) -> Option<Route> {
        self.ice.destination(now).filter(|_| self.srtp.is_some())
    }

    /// Whether media is protected by AES-128-GCM; none before the connection is there.
    #[must_use]
    pub fn is_gcm(&self) -> Option<bool> {
        self.srtp.as_ref().map(Srtp::is_gcm)
    }

    /// Seals a media packet, header and payload, for [`Peer::destination`]. No two packets may have the same SSRC and sequence number, not
    /// even after a wrap-around of less than half of all numbers: the key would be given away (RFC 7714, section 8.1).
    ///
    /// # Errors
    /// Before the connection is there, and for what is no RTP packet.
    pub fn seal_rtp(&mut self, packet: &[u8]) -> Result<BytesMut, SealError> {
        self.srtp.as_mut().ok_or(SealError)?.seal_rtp(packet)
    }

    /// Seals a compound RTCP packet for [`Peer::destination`].
    ///
    /// # Errors
    /// Before the connection is there, and for less than a header.
    pub fn seal_rtcp(&mut self, packet: &[u8]) -> Result<BytesMut, SealError> {
        self.srtp.as_mut().ok_or(SealError)?.seal_rtcp(packet)
    }

    /// Says good-bye. Afterwards nothing comes out any more.
    pub fn close(&mut self, now: Instant, outputs: &mut Vec<Output>) {
        let mut send = Vec::new();
        self.dtls.close(now, &mut send);
        self.conclude(now, Outcome::Nothing, send, outputs);
        self.end();
    }

    fn handle_media(&mut self, bytes: &[u8], outputs: &mut Vec<Output>) {
        let Some(srtp) = &mut self.srtp else { return };
        // RFC 5761, section 4: what is RTCP is told by its second byte.
        let opened = if bytes.get(1).is_some_and(|kind| (192..=223).contains(kind)) {
            srtp.open_rtcp(bytes, self.identity.crypto()).map(Output::Rtcp)
        } else {
            srtp.open_rtp(bytes, self.identity.crypto()).map(Output::Rtp)
        };
        if let Some(opened) = opened {
            self.dtls.confirm();
            outputs.push(opened);
        }
    }

    fn conclude(&mut self, now: Instant, outcome: Outcome, send: Vec<BytesMut>, outputs: &mut Vec<Output>) {
        if let Some(to) = self.ice.destination(now) {
            outputs.extend(send.into_iter().map(|bytes| Output::Send(to, bytes)));
        }
        let event = match outcome {
            Outcome::Nothing => return,
            Outcome::Finished => {
                self.connect_by = None;
                self.srtp = self.dtls.state().and_then(|state| Srtp::new(state, self.identity.crypto()));
                if self.srtp.is_some() { Event::Connected } else { Event::Failed(Failure::Handshake) }
            }
            Outcome::Closed => Event::Closed,
            Outcome::Failed(failure) => Event::Failed(failure),
        };
        if event != Event::Connected {
            self.end();
        }
        outputs.push(Output::Event(event));
    }

    fn look_at_consent(&mut self, now: Instant, outputs: &mut Vec<Output>) {
        let Some(until) = self.ice.consent_until() else { return };
        let consenting = now < until;
        if consenting != self.consenting {
            self.consenting = consenting;
            outputs.push(Output::Event(if consenting { Event::ConsentRegained } else { Event::ConsentLost }));
        }
    }

    fn end(&mut self) {
        (self.over, self.srtp) = (true, None);
    }
}

#[cfg(test)]
pub(super) mod tests;
