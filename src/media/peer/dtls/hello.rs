//! A look into the ClientHello, before the library gets it: it takes the first SRTP profile of the client's list that the server allows, and
//! browsers list the slow one first. So the server allows what it prefers of what is listed.

use bytes::BytesMut;

use super::records::{HANDSHAKE, RECORD_HEADER, fragment, split};

const CLIENT_HELLO: u8 = 1;
/// RFC 5764, section 4.1.1.
const USE_SRTP: u16 = 14;
/// The most datagrams of one ClientHello.
const MAX_DATAGRAMS: usize = 8;
/// RFC 7714, section 14.2.
const AEAD_AES_128_GCM: [u8; 2] = [0, 7];

/// A ClientHello, perhaps in several datagrams: they are large when they bring keys against quantum computers.
#[derive(Default)]
pub(super) struct Hello {
    length: Option<usize>,
    parts: Vec<(usize, Vec<u8>)>,
    datagrams: Vec<BytesMut>,
}

impl Hello {
    /// Takes what a datagram has of it, and the datagram itself if it has anything. What does not go with what there is takes its place.
    pub(super) fn add(&mut self, datagram: BytesMut) {
        let mut rest = datagram.as_ref();
        let mut useful = false;
        while let Some((record, behind)) = split(rest) {
            rest = behind;
            if record[0] != HANDSHAKE {
                continue;
            }
            let Some((part, _)) = fragment(&record[RECORD_HEADER..]) else { continue };
            if part.kind != CLIENT_HELLO || part.sequence != 0 {
                continue;
            }
            if self.length.is_some_and(|length| length != part.length) || self.datagrams.len() >= MAX_DATAGRAMS {
                *self = Self::default();
            }
            if !self.parts.iter().any(|(offset, _)| *offset == part.offset) {
                self.length = Some(part.length);
                self.parts.push((part.offset, part.body.to_vec()));
                useful = true;
            }
        }
        if useful {
            self.datagrams.push(datagram);
        }
    }

    /// The datagrams that it was in.
    pub(super) fn into_datagrams(self) -> Vec<BytesMut> {
        self.datagrams
    }

    /// Once it is whole: whether the client can do AES-128-GCM for media.
    pub(super) fn offers_gcm(&self) -> Option<bool> {
        let mut parts: Vec<&(usize, Vec<u8>)> = self.parts.iter().collect();
        parts.sort_by_key(|(offset, _)| *offset);
        let mut message = Vec::new();
        for (offset, body) in parts {
            // Overlapping fragments are allowed (RFC 6347, section 4.2.3).
            message.extend_from_slice(body.get(message.len().checked_sub(*offset)?..).unwrap_or_default());
        }
        (Some(message.len()) == self.length).then(|| lists_gcm(&message).unwrap_or(false))
    }
}

/// RFC 5246, section 7.4.1.2, with the cookie of RFC 6347, section 4.2.1.
fn lists_gcm(hello: &[u8]) -> Option<bool> {
    let rest = hello.get(2 + 32..)?;
    let (_, rest) = short(rest)?; // session ID
    let (_, rest) = short(rest)?; // cookie
    let (_, rest) = long(rest)?; // cipher suites
    let (_, rest) = short(rest)?; // compression methods
    let (mut extensions, _) = long(rest)?;
    while let Some((kind, behind)) = extensions.split_first_chunk::<2>() {
        let (value, behind) = long(behind)?;
        extensions = behind;
        if u16::from_be_bytes(*kind) == USE_SRTP {
            let (profiles, _) = long(value)?;
            return Some(profiles.as_chunks::<2>().0.contains(&AEAD_AES_128_GCM));
        }
    }
    Some(false)
}

/// What has its length in one byte before it.
fn short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// What has its length in two bytes before it.
fn long(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}
