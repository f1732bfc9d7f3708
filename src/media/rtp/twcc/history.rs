//! What was sent to a subscriber, and what its feedback says of it.

use std::collections::VecDeque;
use std::time::Instant;

use rtc_rtcp::transport_feedbacks::transport_layer_cc::{PacketStatusChunk, SymbolTypeTcc, TransportLayerCc};

use crate::media::rtp::sequence::Unwrapper;

/// Packets that are remembered: four seconds at 4 Mbps.
const REMEMBERED: usize = 2_048;

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketResult {
    /// When it was sent.
    pub sent: Instant,
    /// When it arrived, by the receiver's clock in µs; `None` if it has not.
    pub arrived: Option<i64>,
    /// Bytes on the wire.
    pub size: usize,
    /// The probe that it was sent in.
    pub probe: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    at: Instant,
    size: u32,
    probe: Option<u32>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    UnderWay,
    Missing,
    Arrived,
}

/// The packets sent on one transport, newest last.
#[derive(Debug, Default)]
pub struct SendHistory {
    /// The extended number of the oldest remembered packet.
    first: u64,
    packets: VecDeque<Sent>,
    reference: Unwrapper<24>,
}

impl SendHistory {
    /// A packet goes out: returns its transport-wide number.
    pub fn sent(&mut self, now: Instant, size: usize, probe: Option<u32>) -> u16 {
        let number = self.first + self.packets.len() as u64;
        self.packets.push_back(Sent { at: now, size: size as u32, probe, state: State::UnderWay });
        if self.packets.len() > REMEMBERED {
            self.packets.pop_front();
            self.first += 1;
        }
        number as u16
    }

    /// What a feedback says that was not known before, in the order of sending. A packet that is missing at first may come later.
    /// Feedback about what was never sent, or long ago, is ignored.
    pub fn feedback(&mut self, feedback: &TransportLayerCc) -> Vec<PacketResult> {
        let mut results = Vec::new();
        let next = self.first + self.packets.len() as u64;
        let behind = (next as u16).wrapping_sub(feedback.base_sequence_number);
        let Some(base) = next.checked_sub(u64::from(behind)) else { return results };
        let mut time = self.reference.extend(feedback.reference_time) as i64 * 64_000;
        let mut deltas = feedback.recv_deltas.iter();
        let symbols = feedback.packet_chunks.iter().flat_map(Symbols::of).take(usize::from(feedback.packet_status_count));
        for (number, symbol) in (base..).zip(symbols) {
            let arrived = match symbol {
                SymbolTypeTcc::PacketReceivedSmallDelta | SymbolTypeTcc::PacketReceivedLargeDelta => {
                    let Some(delta) = deltas.next() else { break };
                    time += delta.delta;
                    Some(time)
                }
                SymbolTypeTcc::PacketNotReceived | SymbolTypeTcc::PacketReceivedWithoutDelta => None,
            };
            let place = number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
            let Some(packet) = place.and_then(|place| self.packets.get_mut(place)) else { continue };
            let state = if arrived.is_some() { State::Arrived } else { State::Missing };
            if packet.state == State::Arrived || packet.state == state || symbol == SymbolTypeTcc::PacketReceivedWithoutDelta {
                continue;
            }
            packet.state = state;
            results.push(PacketResult { sent: packet.at, arrived, size: packet.size as usize, probe: packet.probe });
        }
        results
    }
}

/// The symbols of a chunk, however it is written.
enum Symbols<'a> {
    Run(std::iter::RepeatN<SymbolTypeTcc>),
    Vector(std::slice::Iter<'a, SymbolTypeTcc>),
}

impl<'a> Symbols<'a> {
    fn of(chunk: &'a PacketStatusChunk) -> Self {
        match chunk {
            PacketStatusChunk::RunLengthChunk(chunk) => Self::Run(std::iter::repeat_n(chunk.packet_status_symbol, chunk.run_length.into())),
            PacketStatusChunk::StatusVectorChunk(chunk) => Self::Vector(chunk.symbol_list.iter()),
        }
    }
}

impl Iterator for Symbols<'_> {
    type Item = SymbolTypeTcc;

    fn next(&mut self) -> Option<SymbolTypeTcc> {
        match self {
            Self::Run(run) => run.next(),
            Self::Vector(vector) => vector.next().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::media::rtp::twcc::FeedbackBuilder;
    use proptest::prelude::*;
    use rtc_rtcp::transport_feedbacks::transport_layer_cc::RunLengthChunk;
    use rtc_shared::marshal::{Marshal, Unmarshal};
    use std::time::Duration;

    const MS: Duration = Duration::from_millis(1);

    fn over_the_wire(feedback: &TransportLayerCc) -> TransportLayerCc {
        TransportLayerCc::unmarshal(&mut feedback.marshal().unwrap().freeze()).unwrap()
    }

    proptest! {
        /// Both ends together: everything that arrived is told once, with its time, and everything else as missing.
        #[test]
        fn feedback_tells_what_arrived(
            fates in prop::collection::vec((prop::option::weighted(0.8, 0u64..120), 0u64..30), 1..900),
            already in 0u64..70_000,
        ) {
            let start = Instant::now();
            let (mut builder, mut history) = (FeedbackBuilder::new(start), SendHistory { first: already, ..SendHistory::default() });
            let mut arrivals = Vec::new();
            let mut sent = start;
            for (fate, gap) in &fates {
                sent += MS * *gap as u32;
                let number = history.sent(sent, 100, None);
                arrivals.extend(fate.map(|delay| (sent + MS * delay as u32, number, sent)));
            }
            arrivals.sort();
            let (mut told, mut missing) = (Vec::new(), 0);
            let (mut next, end) = (0, sent + 200 * MS);
            let mut now = start;
            while now <= end {
                now += 50 * MS;
                while let Some((arrived, number, _)) = arrivals.get(next).filter(|(arrived, ..)| *arrived <= now) {
                    builder.receive(*arrived, *number);
                    next += 1;
                }
                while let Some(feedback) = builder.build(now, 1, 2) {
                    for result in history.feedback(&over_the_wire(&feedback)) {
                        match result.arrived {
                            Some(arrived) => told.push((result.sent, arrived)),
                            None => missing += 1,
                        }
                    }
                }
            }
            prop_assert!(missing <= fates.len());
            let offset = (1i64 << 24) * 64_000;
            let mut expected: Vec<_> = arrivals.iter().map(|(arrived, _, sent)| (*sent, (*arrived - start).as_micros() as i64 + offset)).collect();
            prop_assert_eq!(told.len(), expected.len());
            expected.sort();
            told.sort();
            for (told, expected) in told.into_iter().zip(expected) {
                prop_assert!(told.0 == expected.0 && (0..250).contains(&(expected.1 - told.1)), "{told:?} {expected:?}");
            }
        }
    }

    #[test]
    fn a_packet_that_was_missing_may_come_later() {
        let start = Instant::now();
        let (mut builder, mut history) = (FeedbackBuilder::new(start), SendHistory::default());
        let numbers: Vec<_> = (0..3).map(|_| history.sent(start, 50, None)).collect();
        builder.receive(start + MS, numbers[0]);
        builder.receive(start + MS, numbers[2]);
        let first = history.feedback(&over_the_wire(&builder.build(start + MS, 1, 2).unwrap()));
        assert_eq!(first.iter().map(|result| result.arrived.is_some()).collect::<Vec<_>>(), [true, false, true]);
        builder.receive(start + 30 * MS, numbers[1]);
        let second = history.feedback(&over_the_wire(&builder.build(start + 40 * MS, 1, 2).unwrap()));
        assert_eq!(second.len(), 1);
        assert_eq!(second[0].arrived.unwrap() - first[0].arrived.unwrap(), 29_000);
        assert!(builder.build(start + 60 * MS, 1, 2).is_none());
    }

    #[test]
    fn nonsense_is_ignored() {
        let (mut history, now) = (SendHistory::default(), Instant::now());
        history.sent(now, 50, None);
        for base_sequence_number in [0, 5, 60_000] {
            let run =
                RunLengthChunk { packet_status_symbol: SymbolTypeTcc::PacketReceivedSmallDelta, run_length: 8_000, ..Default::default() };
            let chunk = PacketStatusChunk::RunLengthChunk(run);
            let feedback =
                TransportLayerCc { base_sequence_number, packet_status_count: u16::MAX, packet_chunks: vec![chunk], ..Default::default() };
            assert!(history.feedback(&feedback).is_empty());
        }
    }
}
