//! The retransmission payload format (RFC 4588): a stream of its own whose payloads begin with the original sequence number.

use super::packet::RtpPacket;

/// Turns a packet of a retransmission stream back into the original one, which had this SSRC and payload type. `None` where there is
/// nothing in it but padding, which senders use to measure the link.
#[must_use]
pub fn decapsulate(mut packet: RtpPacket, ssrc: u32, payload_type: u8) -> Option<RtpPacket> {
    let original: [u8; 2] = *packet.payload.first_chunk()?;
    let payload = packet.payload.slice(2..);
    if payload.is_empty() {
        return None;
    }
    packet.sequence_number = u16::from_be_bytes(original);
    packet.payload = payload;
    packet.ssrc = ssrc;
    packet.payload_type = payload_type;
    Some(packet)
}

/// The retransmission stream to one subscriber.
#[derive(Clone, Copy, Debug)]
pub struct RtxStream {
    /// Its SSRC, announced with the original's (`a=ssrc-group:FID`).
    pub ssrc: u32,
    /// Its payload type (`a=fmtp … apt=`).
    pub payload_type: u8,
    /// The number of its next packet; random at first (RFC 3550, section 5.1).
    pub next: u16,
}

impl RtxStream {
    /// The number of a packet that is sent now.
    pub fn take_number(&mut self) -> u16 {
        let number = self.next;
        self.next = number.wrapping_add(1);
        number
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::media::rtp::packet::Extensions;
    use bytes::Bytes;

    fn packet(payload: &'static [u8]) -> RtpPacket {
        RtpPacket {
            marker: true,
            payload_type: 97,
            sequence_number: 9,
            timestamp: 5,
            ssrc: 2,
            extensions: Extensions::default(),
            payload: Bytes::from_static(payload),
            size: 12 + payload.len(),
        }
    }

    #[test]
    fn the_original_comes_out() {
        let original = decapsulate(packet(b"\x01\x02payload"), 1, 96).unwrap();
        assert_eq!((original.ssrc, original.payload_type, original.sequence_number), (1, 96, 0x0102));
        assert_eq!((original.timestamp, original.marker, &original.payload[..]), (5, true, &b"payload"[..]));
    }

    #[test]
    fn padding_is_nothing() {
        assert!([&b""[..], b"\x01", b"\x01\x02"].into_iter().all(|payload| decapsulate(packet(payload), 1, 96).is_none()));
    }

    #[test]
    fn numbers_wrap() {
        let mut stream = RtxStream { ssrc: 1, payload_type: 97, next: u16::MAX };
        assert_eq!([stream.take_number(), stream.take_number()], [u16::MAX, 0]);
    }
}
