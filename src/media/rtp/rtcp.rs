//! RTCP as a media node understands it: compound or reduced-size packets (RFC 3550, section 6.1; RFC 5506) into messages, each looked
//! at by itself whatever it came together with, and wishes and reports into packets.

use bytes::Bytes;
use rtc_rtcp::goodbye::Goodbye;
use rtc_rtcp::packet::{Packet, unmarshal};
use rtc_rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc_rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc_rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use rtc_rtcp::receiver_report::ReceiverReport;
use rtc_rtcp::reception_report::ReceptionReport;
use rtc_rtcp::sender_report::SenderReport;
use rtc_rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use rtc_rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};

use super::track::Upstream;

/// Packets that one NACK may ask for; a receiver that misses more needs a keyframe.
const MOST_NACKED: usize = 1_000;
/// Blocks that fit into one report (its count has five bits).
const MOST_BLOCKS: usize = 31;

/// Something that a participant says.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// How its clocks go and how much it sent.
    SenderReport(SenderReport),
    /// How it receives a stream.
    Reception(ReceptionReport),
    /// It wants packets again.
    Nack {
        /// Of this stream.
        ssrc: u32,
        /// Sequence numbers, as on the wire.
        numbers: Vec<u16>,
    },
    /// It cannot decode any more: PLI, or FIR (RFC 5104, section 4.3.1).
    KeyframeRequest {
        /// Of this stream.
        ssrc: u32,
    },
    /// What arrived when, of everything on the transport.
    TransportFeedback(TransportLayerCc),
    /// REMB: bits a second that it thinks it can receive.
    MaximumBitrate(u64),
    /// A stream of its ended.
    Goodbye {
        /// This stream.
        ssrc: u32,
    },
}

/// Why bytes are no RTCP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed RTCP: {0}")]
pub struct RtcpError(String);

/// Reads decrypted RTCP. What is of no use here (descriptions, extended reports) is left out.
pub fn read(mut bytes: Bytes) -> Result<Vec<Message>, RtcpError> {
    let packets = unmarshal(&mut bytes).map_err(|error| RtcpError(error.to_string()))?;
    let mut messages = Vec::with_capacity(packets.len());
    packets.iter().for_each(|packet| understand(packet.as_ref(), &mut messages));
    Ok(messages)
}

/// What to send to a publisher, with the SSRC that this node says it with.
#[must_use]
pub fn wish(sender_ssrc: u32, upstream: &Upstream) -> Box<dyn Packet> {
    match upstream {
        Upstream::Nack { ssrc, numbers } => {
            Box::new(TransportLayerNack { sender_ssrc, media_ssrc: *ssrc, nacks: nack_pairs_from_sequence_numbers(numbers) })
        }
        Upstream::Keyframe { ssrc } => Box::new(PictureLossIndication { sender_ssrc, media_ssrc: *ssrc }),
    }
}

/// The receiver reports that hold these blocks.
#[must_use]
pub fn receiver_reports(sender_ssrc: u32, blocks: &[ReceptionReport]) -> Vec<Box<dyn Packet>> {
    let report = |blocks: &[ReceptionReport]| -> Box<dyn Packet> {
        Box::new(ReceiverReport { ssrc: sender_ssrc, reports: blocks.to_vec(), ..ReceiverReport::default() })
    };
    blocks.chunks(MOST_BLOCKS).map(report).collect()
}

fn understand(packet: &dyn Packet, messages: &mut Vec<Message>) {
    let packet = packet.as_any();
    if let Some(report) = packet.downcast_ref::<SenderReport>() {
        messages.push(Message::SenderReport(SenderReport { reports: Vec::new(), profile_extensions: Bytes::new(), ..report.clone() }));
        messages.extend(report.reports.iter().cloned().map(Message::Reception));
    } else if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
        messages.extend(report.reports.iter().cloned().map(Message::Reception));
    } else if let Some(nack) = packet.downcast_ref::<TransportLayerNack>() {
        let numbers = nack.nacks.iter().flat_map(|pair| pair.into_iter()).take(MOST_NACKED).collect();
        messages.push(Message::Nack { ssrc: nack.media_ssrc, numbers });
    } else if let Some(request) = packet.downcast_ref::<PictureLossIndication>() {
        messages.push(Message::KeyframeRequest { ssrc: request.media_ssrc });
    } else if let Some(request) = packet.downcast_ref::<FullIntraRequest>() {
        messages.extend(request.fir.iter().map(|entry| Message::KeyframeRequest { ssrc: entry.ssrc }));
    } else if let Some(feedback) = packet.downcast_ref::<TransportLayerCc>() {
        messages.push(Message::TransportFeedback(feedback.clone()));
    } else if let Some(remb) = packet.downcast_ref::<ReceiverEstimatedMaximumBitrate>() {
        messages.push(Message::MaximumBitrate(remb.bitrate as u64));
    } else if let Some(goodbye) = packet.downcast_ref::<Goodbye>() {
        messages.extend(goodbye.sources.iter().map(|ssrc| Message::Goodbye { ssrc: *ssrc }));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;
    use rtc_rtcp::packet::marshal;
    use rtc_rtcp::payload_feedbacks::full_intra_request::FirEntry;

    fn over_the_wire(packets: &[Box<dyn Packet>]) -> Vec<Message> {
        read(marshal(packets).unwrap().freeze()).unwrap()
    }

    #[test]
    fn every_packet_of_a_compound_is_understood() {
        let block = ReceptionReport { ssrc: 7, fraction_lost: 12, ..ReceptionReport::default() };
        let report = SenderReport { ssrc: 5, ntp_time: 9, rtp_time: 8, reports: vec![block.clone()], ..SenderReport::default() };
        let fir = vec![FirEntry { ssrc: 21, sequence_number: 1 }, FirEntry { ssrc: 22, sequence_number: 1 }];
        let packets: Vec<Box<dyn Packet>> = vec![
            Box::new(report.clone()),
            Box::new(FullIntraRequest { sender_ssrc: 1, media_ssrc: 0, fir }),
            Box::new(ReceiverEstimatedMaximumBitrate { sender_ssrc: 1, bitrate: 250_000.0, ssrcs: vec![7] }),
            Box::new(Goodbye { sources: vec![31], reason: Bytes::new() }),
        ];
        let expected = [
            Message::SenderReport(SenderReport { reports: Vec::new(), ..report }),
            Message::Reception(block),
            Message::KeyframeRequest { ssrc: 21 },
            Message::KeyframeRequest { ssrc: 22 },
            Message::MaximumBitrate(250_000),
            Message::Goodbye { ssrc: 31 },
        ];
        assert_eq!(over_the_wire(&packets), expected);
    }

    #[test]
    fn wishes_are_understood_by_the_other_side() {
        let numbers = vec![65_530, 65_535, 0, 3, 400];
        let packets = [wish(1, &Upstream::Nack { ssrc: 7, numbers: numbers.clone() }), wish(1, &Upstream::Keyframe { ssrc: 8 })];
        assert_eq!(over_the_wire(&packets), [Message::Nack { ssrc: 7, numbers }, Message::KeyframeRequest { ssrc: 8 }]);
        let blocks = vec![ReceptionReport::default(); 40];
        let reports = receiver_reports(1, &blocks);
        assert_eq!((reports.len(), over_the_wire(&reports).len()), (2, 40));
    }

    proptest! {
        #[test]
        fn no_input_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..96), kind in 200u8..208, format in 0u8..32) {
            if let [first, second, ..] = bytes.as_mut_slice() {
                (*first, *second) = (0x80 | format, kind);
            }
            if let Ok(messages) = read(bytes.into()) {
                prop_assert!(messages.len() < 96);
            }
        }
    }
}
