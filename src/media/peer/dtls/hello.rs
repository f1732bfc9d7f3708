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

#[cfg(test)]
mod tests {
    use super::*;

    /// A ClientHello with these SRTP profiles, in fragments of so many bytes.
    fn hello(profiles: &[u8], size: usize) -> Vec<BytesMut> {
        let list = u8::try_from(profiles.len()).unwrap();
        let padding = [0; 80];
        let extensions = [&[0, 21, 0, 80][..], &padding, &[0, 14, 0, list + 3, 0, list], profiles, &[0]].concat();
        let length = u8::try_from(extensions.len()).unwrap();
        let body = [&[0xfe, 0xfd][..], &[5; 32], &[0, 0, 0, 2, 0xc0, 0x2b, 1, 0, 0, length], &extensions].concat();
        let whole = u8::try_from(body.len()).unwrap();
        let fragments = body.chunks(size).enumerate().map(|(place, part)| {
            let (offset, size) = (u8::try_from(place * size).unwrap(), u8::try_from(part.len()).unwrap());
            let message = [&[1, 0, 0, whole, 0, 0, 0, 0, offset, 0, 0, size], part].concat();
            let header = [HANDSHAKE, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, u8::try_from(message.len()).unwrap()];
            BytesMut::from([&header[..], &message].concat().as_slice())
        });
        fragments.collect()
    }

    fn read(datagrams: Vec<BytesMut>) -> Hello {
        let mut hello = Hello::default();
        datagrams.into_iter().for_each(|datagram| hello.add(datagram));
        hello
    }

    #[test]
    fn gcm_is_found_wherever_it_stands() {
        for size in [200, 64] {
            assert_eq!(read(hello(&[0, 1, 0, 7], size)).offers_gcm(), Some(true));
            assert_eq!(read(hello(&[0, 7, 0, 1], size)).offers_gcm(), Some(true));
            assert_eq!(read(hello(&[0, 1, 0, 8], size)).offers_gcm(), Some(false));
            assert_eq!(read(hello(&[7, 0], size)).offers_gcm(), Some(false));
        }
        let mut datagrams = hello(&[0, 7], 64);
        datagrams.reverse();
        assert_eq!(read(datagrams.clone()).offers_gcm(), Some(true), "out of order");
        datagrams.pop();
        assert_eq!(read(datagrams).offers_gcm(), None, "not whole");
    }

    #[test]
    fn another_hello_takes_the_place_of_the_first() {
        let mut datagrams = hello(&[0, 1], 64);
        datagrams.truncate(1);
        datagrams.extend(hello(&[0, 1, 0, 7], 64));
        let hello = read(datagrams);
        assert_eq!((hello.offers_gcm(), hello.into_datagrams().len()), (Some(true), 3));
    }
}
