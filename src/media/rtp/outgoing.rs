//! How packets leave: one buffer per shard that holds a payload once, and the header of one subscriber after another in front of it.

use std::time::Duration;

use super::packet::{AudioLevel, ExtensionIds};

/// Room before the payload for the longest header, an original sequence number (RFC 4588) and a payload descriptor.
const ROOM: usize = 64;
/// Payloads are shorter than what fits into a UDP packet over Ethernet; longer ones are not forwarded.
pub const MAX_PAYLOAD: usize = 1_500;

/// The header of an outgoing packet (RFC 3550, section 5.1), with the one-byte extensions of RFC 8285.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutgoingHeader {
    /// Last packet of a frame, or first of a talk spurt.
    pub marker: bool,
    /// As negotiated with the receiver.
    pub payload_type: u8,
    /// As it goes on the wire.
    pub sequence_number: u16,
    /// In units of the codec's clock.
    pub timestamp: u32,
    /// The stream, as announced to the receiver.
    pub ssrc: u32,
    /// How loud it is.
    pub audio_level: Option<AudioLevel>,
    /// Rotation and camera.
    pub video_orientation: Option<u8>,
    /// The last byte of the payload says how many bytes of it are padding.
    pub padding: bool,
}

/// What an outgoing packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Something the receiver has not been sent yet.
    Media,
    /// An answer to a NACK.
    Retransmission,
    /// A repetition that measures the link.
    Probe,
    /// An empty packet in the place of one that the receiver shall not get.
    Filler,
}

/// A packet that is ready to be encrypted, as a part of the scratch buffer.
#[derive(Debug)]
pub struct Outgoing<'a> {
    bytes: &'a mut [u8],
    header_length: usize,
    transport_sequence_at: Option<usize>,
    absolute_send_time_at: Option<usize>,
    /// The stream.
    pub ssrc: u32,
    /// Its number in the stream.
    pub sequence_number: u16,
    /// What it is for.
    pub purpose: Purpose,
}

impl Outgoing<'_> {
    /// The whole packet, header first.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// Bytes of the header with its extensions: a multiple of four. The rest is what SRTP encrypts.
    #[must_use]
    pub fn header_length(&self) -> usize {
        self.header_length
    }

    /// Whether the receiver negotiated transport-wide congestion control for this stream.
    #[must_use]
    pub fn wants_transport_sequence(&self) -> bool {
        self.transport_sequence_at.is_some()
    }

    /// Puts in the packet's number among all that its transport sends; nothing happens where that was not negotiated.
    pub fn set_transport_sequence(&mut self, number: u16) {
        if let Some(at) = self.transport_sequence_at {
            self.bytes[at..at + 2].copy_from_slice(&number.to_be_bytes());
        }
    }

    /// Puts in when the packet is sent, by any clock that does not jump: 24 bits, 6 of them whole seconds.
    pub fn set_absolute_send_time(&mut self, clock: Duration) {
        if let Some(at) = self.absolute_send_time_at {
            let fraction = (u64::from(clock.subsec_nanos()) << 18) / 1_000_000_000;
            let time = ((clock.as_secs() & 0x3f) << 18 | fraction).to_be_bytes();
            self.bytes[at..at + 3].copy_from_slice(&time[5..]);
        }
    }
}

/// The buffer that packets are put together in; one for all that a thread does.
#[derive(Debug)]
pub struct Scratch {
    buffer: Box<[u8; ROOM + MAX_PAYLOAD]>,
    body_length: usize,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { buffer: Box::new([0; ROOM + MAX_PAYLOAD]), body_length: 0 }
    }
}

impl Scratch {
    /// Takes over the part of a payload that is the same for all subscribers; `false` if it is longer than [`MAX_PAYLOAD`].
    #[must_use]
    pub fn load(&mut self, body: &[u8]) -> bool {
        let Some(target) = self.buffer.get_mut(ROOM..ROOM + body.len()) else { return false };
        target.copy_from_slice(body);
        self.body_length = body.len();
        true
    }

    /// Writes a header, and a `prefix` of at most 16 bytes that belongs to this receiver's payload, in front of the body.
    pub fn frame(&mut self, header: &OutgoingHeader, ids: &ExtensionIds, prefix: &[u8], purpose: Purpose) -> Outgoing<'_> {
        self.assemble(header, ids, prefix, ROOM + self.body_length, purpose)
    }

    /// Writes a packet with a byte of padding and no payload. The body stays as it is.
    pub fn filler(&mut self, header: &OutgoingHeader, ids: &ExtensionIds) -> Outgoing<'_> {
        self.assemble(&OutgoingHeader { padding: true, ..*header }, ids, &[1], ROOM, Purpose::Filler)
    }

    fn assemble(&mut self, header: &OutgoingHeader, ids: &ExtensionIds, prefix: &[u8], end: usize, purpose: Purpose) -> Outgoing<'_> {
        let mut extensions = ExtensionBlock::default();
        let transport_sequence_at = ids.transport_sequence.map(|id| extensions.add(id, &[0; 2]));
        let absolute_send_time_at = ids.absolute_send_time.map(|id| extensions.add(id, &[0; 3]));
        if let (Some(id), Some(level)) = (ids.audio_level, header.audio_level) {
            extensions.add(id, &[level.to_byte()]);
        }
        if let (Some(id), Some(orientation)) = (ids.video_orientation, header.video_orientation) {
            extensions.add(id, &[orientation]);
        }
        let extensions = extensions.finish();
        let header_length = 12 + extensions.len();
        let start = ROOM - prefix.len() - header_length;
        let bytes = &mut self.buffer[start..end];
        bytes[0] = 0x80 | u8::from(header.padding) << 5 | u8::from(!extensions.is_empty()) << 4;
        bytes[1] = u8::from(header.marker) << 7 | header.payload_type & 0x7f;
        bytes[2..4].copy_from_slice(&header.sequence_number.to_be_bytes());
        bytes[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&header.ssrc.to_be_bytes());
        bytes[12..header_length].copy_from_slice(extensions);
        bytes[header_length..header_length + prefix.len()].copy_from_slice(prefix);
        Outgoing {
            bytes,
            header_length,
            transport_sequence_at: transport_sequence_at.map(|at| at + 12),
            absolute_send_time_at: absolute_send_time_at.map(|at| at + 12),
            ssrc: header.ssrc,
            sequence_number: header.sequence_number,
            purpose,
        }
    }
}

/// Four extensions of 2, 3, 1 and 1 bytes with their heads, after the block's own head.
#[derive(Default)]
struct ExtensionBlock {
    bytes: [u8; 16],
    length: usize,
}

impl ExtensionBlock {
    /// Adds an extension and says where in the block its value is.
    fn add(&mut self, id: u8, value: &[u8]) -> usize {
        let at = 4 + self.length;
        self.bytes[at] = id << 4 | (value.len() - 1) as u8;
        self.bytes[at + 1..at + 1 + value.len()].copy_from_slice(value);
        self.length += 1 + value.len();
        at + 1
    }

    fn finish(&mut self) -> &[u8] {
        if self.length == 0 {
            return &[];
        }
        let words = self.length.div_ceil(4);
        self.bytes[..4].copy_from_slice(&[0xbe, 0xde, 0, words as u8]);
        &self.bytes[..4 + 4 * words]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::media::rtp::packet::RtpPacket;
    use bytes::Bytes;

    const HEADER: OutgoingHeader = OutgoingHeader {
        marker: true,
        payload_type: 111,
        sequence_number: 65_535,
        timestamp: 77,
        ssrc: 0xdead_beef,
        audio_level: Some(AudioLevel { below_overload: 30, voice: true }),
        video_orientation: Some(1),
        padding: false,
    };

    fn ids() -> ExtensionIds {
        let (a, b, c, d) = (Some(14), Some(2), Some(3), Some(4));
        ExtensionIds { audio_level: a, transport_sequence: b, absolute_send_time: c, video_orientation: d, ..Default::default() }
    }

    #[test]
    fn one_body_goes_to_many_receivers() {
        let mut scratch = Scratch::default();
        assert!(scratch.load(b"body"));
        for number in 0..3u16 {
            let header = OutgoingHeader { sequence_number: number, ..HEADER };
            let mut outgoing = scratch.frame(&header, &ids(), b"pre", Purpose::Media);
            outgoing.set_transport_sequence(500 + number);
            outgoing.set_absolute_send_time(Duration::from_millis(65_500));
            assert!(outgoing.wants_transport_sequence());
            let packet = RtpPacket::parse(Bytes::copy_from_slice(outgoing.bytes()), &ids()).unwrap();
            assert_eq!(packet.payload, "prebody");
            assert_eq!((packet.sequence_number, packet.timestamp, packet.ssrc), (number, 77, 0xdead_beef));
            assert_eq!((packet.marker, packet.payload_type), (true, 111));
            assert_eq!(packet.extensions.transport_sequence, Some(500 + number));
            assert_eq!(packet.extensions.audio_level, HEADER.audio_level);
            assert_eq!(packet.extensions.video_orientation, Some(1));
            assert_eq!(outgoing.bytes()[20..23], [1 << 2 | 1 << 1, 0, 0], "1.5 s past a multiple of 64 s");
        }
    }

    #[test]
    fn only_what_was_negotiated_is_sent() {
        let mut scratch = Scratch::default();
        assert!(scratch.load(b"body"));
        let mut outgoing = scratch.frame(&HEADER, &ExtensionIds::default(), b"", Purpose::Media);
        outgoing.set_transport_sequence(1);
        outgoing.set_absolute_send_time(Duration::ZERO);
        assert_eq!((outgoing.header_length(), outgoing.bytes().len()), (12, 16));
        let filler = scratch.filler(&HEADER, &ids());
        let filler = RtpPacket::parse(Bytes::copy_from_slice(filler.bytes()), &ids()).unwrap();
        assert_eq!((filler.payload.len(), filler.sequence_number), (0, 65_535));
        assert!(!scratch.load(&[0; MAX_PAYLOAD + 1]));
    }
}
