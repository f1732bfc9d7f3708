//! What the load's packets hold, so that a receiver sees of each whether it is whole, whose it is, and where in its track it belongs.
//!
//! A payload begins with what a media node may read and rewrite (for video a VP8 descriptor and frame header), then comes a pattern that
//! depends on the packet's number, then the [`Mark`].

use bytes::{BufMut, BytesMut};

use crate::media::rtp::packet::ExtensionIds;

/// Shortest payload that everything fits into, in bytes.
pub const SHORTEST: usize = VIDEO_HEAD + MARK + 1;
/// Longest, with which a datagram fits into an Ethernet frame.
pub const LONGEST: usize = 1_350;
/// Descriptor with a picture ID (RFC 7741, section 4.2), and the first bytes of a frame (RFC 6386, section 9.1).
const VIDEO_HEAD: usize = 4 + 10;
const MARK: usize = 30;
const PERIOD: usize = 251;
/// Any part of it that is a packet long, wherever it begins, tells where that is.
const PATTERN: [u8; LONGEST + PERIOD] = {
    let mut pattern = [0; LONGEST + PERIOD];
    let mut place = 0;
    while place < pattern.len() {
        pattern[place] = (place * 7 % PERIOD) as u8;
        place += 1;
    }
    pattern
};

/// What is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Medium {
    /// Opus.
    Audio,
    /// VP8.
    Video,
}

/// Which packet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which run.
    pub run: u32,
    /// Who published it, as the run counts participants.
    pub publisher: u32,
    /// On which track.
    pub medium: Medium,
    /// 0, 1, 2 … on that track.
    pub number: u64,
    /// When it was due, in microseconds since the run began.
    pub due: u64,
}

/// Where in a picture a packet is.
#[derive(Clone, Copy, Debug)]
pub struct Picture {
    /// 15 bits.
    pub id: u16,
    /// The first packet of the picture.
    pub first: bool,
    /// A decoder can begin here.
    pub keyframe: bool,
}

/// Writes a payload of `size` bytes.
pub fn write(into: &mut BytesMut, size: usize, picture: Option<Picture>, mark: &Mark) {
    if let Some(Picture { id, first, keyframe }) = picture {
        into.put_slice(&[if first { 0x90 } else { 0x80 }, 0x80]);
        into.put_u16(id | 0x8000);
        into.put_slice(&[if keyframe { 0x10 } else { 0x11 }, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02]);
    }
    let head = if picture.is_some() { VIDEO_HEAD } else { 0 };
    into.put_slice(pattern(mark.number, size.saturating_sub(head + MARK)));
    into.put_u32(mark.run);
    into.put_u32(mark.publisher);
    into.put_u8(u8::from(mark.medium == Medium::Video));
    into.put_u64(mark.number);
    into.put_u64(mark.due);
    into.put_slice(b"rialt");
}

/// Reads a payload; none if a byte of it is not as it was sent. What a media node may rewrite is not looked at.
pub fn read(payload: &[u8]) -> Option<Mark> {
    let (rest, mark) = payload.split_last_chunk::<MARK>()?;
    let number =
        |range: std::ops::Range<usize>| mark.get(range).map(|bytes| bytes.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte)));
    let medium = match mark[8] {
        0 => Medium::Audio,
        1 => Medium::Video,
        _ => return None,
    };
    let (run, publisher, index, due) = (number(0..4)? as u32, number(4..8)? as u32, number(9..17)?, number(17..25)?);
    let body = rest.get(if medium == Medium::Video { VIDEO_HEAD } else { 0 }..)?;
    let whole = mark[25..] == *b"rialt" && body.len() <= LONGEST && body == pattern(index, body.len());
    whole.then_some(Mark { run, publisher, medium, number: index, due })
}

/// The header of a packet (RFC 3550, section 5.1) with its one-byte extensions (RFC 8285).
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// Last packet of a picture.
    pub marker: bool,
    /// As negotiated.
    pub payload_type: u8,
    /// Of the stream.
    pub sequence_number: u16,
    /// In units of the codec's clock.
    pub timestamp: u32,
    /// The stream.
    pub ssrc: u32,
    /// The m-line.
    pub mid: &'a str,
    /// Among all packets of the transport.
    pub transport_sequence: u16,
}

impl Header<'_> {
    /// Writes it, with the extensions that were negotiated.
    pub fn write(&self, into: &mut BytesMut, ids: &ExtensionIds) {
        into.put_slice(&[0x90, u8::from(self.marker) << 7 | self.payload_type]);
        into.put_u16(self.sequence_number);
        into.put_u32(self.timestamp);
        into.put_u32(self.ssrc);
        into.put_u16(0xbede);
        let length = into.len();
        into.put_u16(0);
        let mut extension = |id: Option<u8>, value: &[u8]| {
            if let (Some(id), false) = (id, value.is_empty()) {
                into.put_u8(id << 4 | (value.len() - 1) as u8 & 0x0f);
                into.put_slice(value);
            }
        };
        extension(ids.transport_sequence, &self.transport_sequence.to_be_bytes());
        extension(ids.mid, self.mid.as_bytes());
        // Speech of a middling loudness (RFC 6464).
        extension(ids.audio_level, &[0x80 | 30]);
        let words = (into.len() - length - 2).div_ceil(4);
        into.resize(length + 2 + 4 * words, 0);
        into[length..length + 2].copy_from_slice(&(words as u16).to_be_bytes());
    }
}

fn pattern(number: u64, length: usize) -> &'static [u8] {
    let begin = (number % PERIOD as u64) as usize;
    &PATTERN[begin..begin + length.min(LONGEST)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::media::rtp::codec::Codec;
    use crate::media::rtp::packet::RtpPacket;

    const MARK: Mark = Mark { run: 9, publisher: 3, medium: Medium::Video, number: 1_000_000_007, due: 5 };

    fn payload(size: usize, picture: Option<Picture>, mark: &Mark) -> BytesMut {
        let mut bytes = BytesMut::new();
        write(&mut bytes, size, picture, mark);
        bytes
    }

    #[test]
    fn packets_are_read_back_whatever_was_done_to_their_descriptor() {
        let mut bytes = payload(1200, Some(Picture { id: 77, first: true, keyframe: true }), &MARK);
        assert_eq!((bytes.len(), read(&bytes)), (1200, Some(MARK)));
        let inspected = Codec::Vp8.inspect(&bytes);
        assert!(inspected.keyframe && inspected.height == Some(720));
        bytes[2] ^= 0x3f;
        assert_eq!(read(&bytes), Some(MARK));
        let audio = Mark { medium: Medium::Audio, ..MARK };
        assert_eq!(read(&payload(SHORTEST, None, &audio)), Some(audio));
    }

    #[test]
    fn a_changed_byte_is_seen() {
        let bytes = payload(200, Some(Picture { id: 77, first: false, keyframe: false }), &MARK);
        for place in VIDEO_HEAD..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert_ne!(read(&changed), Some(MARK), "{place}");
        }
        assert_eq!(read(&bytes[..199]), None);
        assert_eq!(read(b"short"), None);
    }

    #[test]
    fn the_header_is_one_that_the_server_reads() {
        let ids = ExtensionIds { transport_sequence: Some(3), mid: Some(4), audio_level: Some(1), ..ExtensionIds::default() };
        let header =
            Header { marker: true, payload_type: 96, sequence_number: 7, timestamp: 8, ssrc: 9, mid: "12", transport_sequence: 513 };
        let mut bytes = BytesMut::new();
        header.write(&mut bytes, &ids);
        bytes.put_slice(b"payload");
        let packet = RtpPacket::parse(bytes.freeze(), &ids).unwrap();
        assert_eq!((packet.ssrc, packet.sequence_number, &packet.payload[..]), (9, 7, &b"payload"[..]));
        assert_eq!((packet.extensions.transport_sequence, packet.extensions.mid.as_deref()), (Some(513), Some(&b"12"[..])));
    }
}
