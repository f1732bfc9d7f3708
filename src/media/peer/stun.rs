//! Binding requests and their answers (RFC 8489), as ICE uses them.
//!
//! Requests are read in place, without an allocation, so that a flood costs little. What follows MESSAGE-INTEGRITY is not authenticated
//! and therefore not read; only FINGERPRINT may stand there.

use std::net::SocketAddr;

use rtc_crypto::{HmacAlgorithm, RTCCrypto};
use rtc_stun::attributes::{
    ATTR_FINGERPRINT, ATTR_ICE_CONTROLLED, ATTR_MESSAGE_INTEGRITY, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType,
};
use rtc_stun::error_code::CODE_ROLE_CONFLICT;
use rtc_stun::fingerprint::{FINGERPRINT, fingerprint_value};
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_ERROR, BINDING_SUCCESS, Message, Setter, TransactionId};
use rtc_stun::uattrs::UnknownAttributes;
use rtc_stun::xoraddr::XorMappedAddress;

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: [u8; 2] = [0, 1];
/// The most unknown attributes that an error response lists.
const MAX_UNKNOWN: usize = 8;

/// A well-formed binding request. Whether its sender knows the password is still to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::media) struct Request<'a> {
    /// Chosen by the sender, anew for each request but not for its retransmissions.
    pub(super) transaction: [u8; 12],
    /// The user name fragment of whom the request is for.
    pub(super) receiver: &'a str,
    /// The user name fragment of its sender.
    pub(super) sender: &'a str,
    /// The sender wants this path to be used.
    pub(super) use_candidate: bool,
    /// The sender takes the controlled role, which is ours.
    pub(super) controlled: bool,
    /// Attributes that must be understood and are not.
    pub(super) unknown: Vec<u16>,
    bytes: &'a [u8],
    integrity: usize,
}

impl<'a> Request<'a> {
    /// Reads a datagram. None if it is anything but a binding request with a user name, MESSAGE-INTEGRITY and a right FINGERPRINT.
    pub(in crate::media) fn read(bytes: &'a [u8]) -> Option<Self> {
        if bytes.get(..2)? != BINDING_REQUEST || bytes.get(4..8)? != COOKIE || number(bytes, 2)? != bytes.len().checked_sub(HEADER)? {
            return None;
        }
        let transaction = bytes.get(8..HEADER)?.try_into().ok()?;
        let (mut username, mut use_candidate, mut controlled, mut priority) = (None, false, false, false);
        let mut unknown = Vec::new();
        let mut place = HEADER;
        loop {
            let kind = AttrType(u16::from_be_bytes(bytes.get(place..place + 2)?.try_into().ok()?));
            let length = number(bytes, place + 2)?;
            let value = bytes.get(place + 4..place + 4 + length)?;
            match kind {
                ATTR_MESSAGE_INTEGRITY => break,
                ATTR_USERNAME => username = username.or(Some(value)),
                ATTR_USE_CANDIDATE => use_candidate = true,
                ATTR_ICE_CONTROLLED => controlled = true,
                ATTR_PRIORITY => priority = true,
                // RFC 8489, section 14: below 0x8000 is what must be understood.
                AttrType(kind) if kind < 0x8000 && unknown.len() < MAX_UNKNOWN => unknown.push(kind),
                _ => {}
            }
            place += 4 + length.next_multiple_of(4);
        }
        let fingerprint = place + 24;
        let is_whole = priority && number(bytes, place + 2)? == 20 && fingerprint + 8 == bytes.len();
        if !is_whole || AttrType(u16::from_be_bytes(bytes.get(fingerprint..fingerprint + 2)?.try_into().ok()?)) != ATTR_FINGERPRINT {
            return None;
        }
        let expected = fingerprint_value(bytes.get(..fingerprint)?).to_be_bytes();
        if number(bytes, fingerprint + 2)? != 4 || bytes.get(fingerprint + 4..)? != expected {
            return None;
        }
        let (receiver, sender) = std::str::from_utf8(username?).ok()?.split_once(':')?;
        Some(Self { transaction, receiver, sender, use_candidate, controlled, unknown, bytes, integrity: place })
    }

    /// Whether the sender knows the password (RFC 8489, section 14.5).
    pub(in crate::media) fn is_authentic(&self, password: &[u8], crypto: &dyn RTCCrypto) -> bool {
        let (Some(tag), Ok(length)) =
            (self.bytes.get(self.integrity + 4..self.integrity + 24), u16::try_from(self.integrity + 24 - HEADER))
        else {
            return false;
        };
        // The length that is authenticated ends with this attribute.
        let parts: [&[u8]; 3] = [&BINDING_REQUEST, &length.to_be_bytes(), self.bytes.get(4..self.integrity).unwrap_or_default()];
        crypto.new_hmac(HmacAlgorithm::Sha1, password).and_then(|mut mac| mac.verify(&parts, tag)).is_ok()
    }

    /// It came from there (RFC 8445, section 7.3).
    pub(in crate::media) fn success(&self, from: SocketAddr, password: &str, crypto: &dyn RTCCrypto) -> Option<Vec<u8>> {
        let address = XorMappedAddress { ip: from.ip(), port: from.port() };
        self.respond(vec![Box::new(BINDING_SUCCESS), Box::new(address)], password, crypto)
    }

    /// 487: the sender has to take the controlling role (RFC 8445, section 7.3.1.1).
    pub(super) fn role_conflict(&self, password: &str, crypto: &dyn RTCCrypto) -> Option<Vec<u8>> {
        self.respond(vec![Box::new(BINDING_ERROR), Box::new(CODE_ROLE_CONFLICT)], password, crypto)
    }

    /// 420: something that must be understood is not (RFC 8489, section 6.3.1).
    pub(super) fn unknown_attributes(&self, password: &str, crypto: &dyn RTCCrypto) -> Option<Vec<u8>> {
        let unknown = UnknownAttributes(self.unknown.iter().copied().map(AttrType).collect());
        let code = rtc_stun::error_code::CODE_UNKNOWN_ATTRIBUTE;
        self.respond(vec![Box::new(BINDING_ERROR), Box::new(code), Box::new(unknown)], password, crypto)
    }

    /// None only if the cryptographic library has no HMAC-SHA1, which every one has.
    fn respond(&self, what: Vec<Box<dyn Setter>>, password: &str, crypto: &dyn RTCCrypto) -> Option<Vec<u8>> {
        let mut setters: Vec<Box<dyn Setter + '_>> = vec![Box::new(TransactionId(self.transaction))];
        setters.extend(what.into_iter().map(|setter| setter as Box<dyn Setter>));
        setters.push(Box::new(MessageIntegrity::new_short_term_integrity_with_provider(password.to_owned(), crypto)));
        setters.push(Box::new(FINGERPRINT));
        let mut message = Message::new();
        message.build(&setters).ok()?;
        Some(message.raw)
    }
}

/// Two bytes, the higher first.
fn number(bytes: &[u8], place: usize) -> Option<usize> {
    let pair = bytes.get(place..place + 2)?.try_into().ok()?;
    Some(usize::from(u16::from_be_bytes(pair)))
}
