//! A received RTP packet and the header extensions that a media node understands (RFC 3550, RFC 8285).
//!
//! Parsed without allocation: extensions are looked up by the IDs negotiated with the sender, what is not known is left out.

use bytes::Bytes;

/// The IDs that one side negotiated for header extensions (`a=extmap`); `None` where one was not.
///
/// For packets that a media node sends they must be 1–14, as it writes the one-byte form only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtensionIds {
    /// Audio level, RFC 6464.
    pub audio_level: Option<u8>,
    /// Transport-wide sequence number, draft-holmer-rmcat-transport-wide-cc-extensions-01.
    pub transport_sequence: Option<u8>,
    /// Absolute send time, draft-alvestrand-rmcat-remb-03.
    pub absolute_send_time: Option<u8>,
    /// Coordination of video orientation, 3GPP TS 26.114.
    pub video_orientation: Option<u8>,
    /// Identification of the m-line, RFC 9143.
    pub mid: Option<u8>,
    /// RTP stream ID, RFC 8852.
    pub rid: Option<u8>,
    /// ID of the stream that a retransmission stream repairs, RFC 8852.
    pub repaired_rid: Option<u8>,
}

/// How loud a packet of audio is (RFC 6464).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// dB below overload: 0 is the loudest, 127 silence.
    pub below_overload: u8,
    /// The sender takes it for speech.
    pub voice: bool,
}

impl AudioLevel {
    /// From the extension's byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Self {
        Self { below_overload: byte & 0x7f, voice: byte & 0x80 != 0 }
    }

    /// The extension's byte.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        self.below_overload & 0x7f | u8::from(self.voice) << 7
    }
}

/// Header extensions of a received packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// How loud it is.
    pub audio_level: Option<AudioLevel>,
    /// Its number among all packets of the transport.
    pub transport_sequence: Option<u16>,
    /// Rotation and camera, as the extension's byte.
    pub video_orientation: Option<u8>,
    /// The m-line it belongs to.
    pub mid: Option<Bytes>,
    /// The simulcast encoding it belongs to.
    pub rid: Option<Bytes>,
    /// The simulcast encoding that it repairs.
    pub repaired_rid: Option<Bytes>,
}

/// A received RTP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpPacket {
    /// Last packet of a frame of video, or first of a talk spurt.
    pub marker: bool,
    /// As negotiated with the sender.
    pub payload_type: u8,
    /// As on the wire.
    pub sequence_number: u16,
    /// In units of the codec's clock.
    pub timestamp: u32,
    /// The stream.
    pub ssrc: u32,
    /// What is known of its header extensions.
    pub extensions: Extensions,
    /// Without padding. Empty if there was nothing but padding.
    pub payload: Bytes,
    /// Bytes of the whole packet on the wire, before encryption.
    pub size: usize,
}

/// Why bytes are no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It ends before its header does.
    #[error("the packet ends within its header")]
    Truncated,
    /// Version 2 is the only one in use.
    #[error("the packet is not of RTP version 2")]
    Version,
    /// More padding than payload, or none although the header says so.
    #[error("the packet's padding is longer than its payload")]
    Padding,
}

impl RtpPacket {
    /// Reads a decrypted packet. Extensions keep a reference to `bytes`, as the payload does.
    pub fn parse(bytes: Bytes, ids: &ExtensionIds) -> Result<Self, ParseError> {
        let fixed: &[u8; 12] = bytes.first_chunk().ok_or(ParseError::Truncated)?;
        let [first, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = *fixed;
        if first >> 6 != 2 {
            return Err(ParseError::Version);
        }
        let mut at = 12 + 4 * usize::from(first & 0x0f);
        let mut extensions = Extensions::default();
        if first & 0x10 != 0 {
            let head = bytes.get(at..at + 4).ok_or(ParseError::Truncated)?;
            let (profile, words) = (u16::from_be_bytes([head[0], head[1]]), u16::from_be_bytes([head[2], head[3]]));
            let end = at + 4 + 4 * usize::from(words);
            if end > bytes.len() {
                return Err(ParseError::Truncated);
            }
            extensions = Extensions::parse(&bytes.slice(at + 4..end), profile, ids);
            at = end;
        }
        let mut end = bytes.len();
        if at > end {
            return Err(ParseError::Truncated);
        }
        if first & 0x20 != 0 {
            let padding = usize::from(bytes[end - 1]);
            if padding == 0 || padding > end - at {
                return Err(ParseError::Padding);
            }
            end -= padding;
        }
        Ok(Self {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence_number: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
            extensions,
            payload: bytes.slice(at..end),
            size: bytes.len(),
        })
    }
}

impl Extensions {
    /// Reads the one-byte or two-byte form of RFC 8285. What does not fit is left out: extensions are hints.
    fn parse(block: &Bytes, profile: u16, ids: &ExtensionIds) -> Self {
        let mut found = Self::default();
        let two_bytes = match profile {
            0xbede => false,
            profile if profile >> 4 == 0x100 => true,
            _ => return found,
        };
        let mut at = 0;
        while let Some(&head) = block.get(at) {
            at += 1;
            if head == 0 {
                continue;
            }
            let (id, length) = if two_bytes {
                let Some(&length) = block.get(at) else { break };
                at += 1;
                (head, usize::from(length))
            } else if head >> 4 == 15 {
                break;
            } else {
                (head >> 4, usize::from(head & 0x0f) + 1)
            };
            if at + length > block.len() {
                break;
            }
            found.take(id, block.slice(at..at + length), ids);
            at += length;
        }
        found
    }

    fn take(&mut self, id: u8, value: Bytes, ids: &ExtensionIds) {
        let id = Some(id);
        if id == ids.transport_sequence {
            self.transport_sequence = value.first_chunk().map(|number| u16::from_be_bytes(*number));
        } else if id == ids.audio_level {
            self.audio_level = value.first().copied().map(AudioLevel::from_byte);
        } else if id == ids.video_orientation {
            self.video_orientation = value.first().copied();
        } else if id == ids.mid {
            self.mid = Some(value);
        } else if id == ids.rid {
            self.rid = Some(value);
        } else if id == ids.repaired_rid {
            self.repaired_rid = Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;
    use rtc_shared::marshal::Marshal;

    const IDS: ExtensionIds = ExtensionIds {
        audio_level: Some(1),
        transport_sequence: Some(3),
        absolute_send_time: None,
        video_orientation: Some(5),
        mid: Some(4),
        rid: Some(10),
        repaired_rid: Some(11),
    };

    fn wire(extensions: &[(u8, &'static [u8])], payload: &'static [u8]) -> Bytes {
        let mut header = rtc_rtp::Header {
            version: 2,
            marker: true,
            payload_type: 96,
            sequence_number: 7,
            timestamp: 9,
            ssrc: 11,
            csrc: vec![1, 2],
            ..Default::default()
        };
        for (id, value) in extensions {
            header.set_extension(*id, Bytes::from_static(value)).unwrap();
        }
        rtc_rtp::Packet { header, payload: Bytes::from_static(payload) }.marshal().unwrap().freeze()
    }

    #[test]
    fn a_packet_is_read() {
        let bytes = wire(&[(1, &[0x85]), (3, &[1, 2]), (4, b"0"), (5, &[3]), (10, b"hi"), (11, b"lo"), (9, &[1])], b"payload");
        let packet = RtpPacket::parse(bytes.clone(), &IDS).unwrap();
        assert!(packet.marker);
        assert_eq!((packet.payload_type, packet.sequence_number, packet.timestamp, packet.ssrc), (96, 7, 9, 11));
        assert_eq!((&packet.payload[..], packet.size), (&b"payload"[..], bytes.len()));
        let expected = Extensions {
            audio_level: Some(AudioLevel { below_overload: 5, voice: true }),
            transport_sequence: Some(0x0102),
            video_orientation: Some(3),
            mid: Some(Bytes::from_static(b"0")),
            rid: Some(Bytes::from_static(b"hi")),
            repaired_rid: Some(Bytes::from_static(b"lo")),
        };
        assert_eq!(packet.extensions, expected);
        assert_eq!(expected.audio_level.unwrap().to_byte(), 0x85);
    }

    #[test]
    fn two_byte_extensions_are_read() {
        let bytes = wire(&[(11, b"longer than sixteen bytes"), (3, &[1, 2])], b"x");
        let extensions = RtpPacket::parse(bytes, &IDS).unwrap().extensions;
        assert_eq!(extensions.repaired_rid.unwrap(), "longer than sixteen bytes");
        assert_eq!(extensions.transport_sequence, Some(0x0102));
    }

    #[test]
    fn padding_is_removed_and_must_fit() {
        let mut bytes = wire(&[], b"ab\x02").to_vec();
        bytes[0] |= 0x20;
        assert_eq!(RtpPacket::parse(bytes.clone().into(), &IDS).unwrap().payload, "a");
        for wrong in [0, 4] {
            *bytes.last_mut().unwrap() = wrong;
            assert_eq!(RtpPacket::parse(bytes.clone().into(), &IDS), Err(ParseError::Padding));
        }
    }

    proptest! {
        #[test]
        fn no_input_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..64), version: bool) {
            if let (true, Some(first)) = (version, bytes.first_mut()) {
                *first = *first & 0x3f | 0x80;
            }
            let length = bytes.len();
            if let Ok(packet) = RtpPacket::parse(bytes.into(), &IDS) {
                prop_assert!(packet.payload.len() + 12 <= length);
            }
        }
    }
}
