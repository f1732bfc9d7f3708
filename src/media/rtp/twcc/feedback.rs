//! Feedback to a publisher: which packets of its transport came, and when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rtc_rtcp::transport_feedbacks::transport_layer_cc::{
    PacketStatusChunk, RecvDelta, RunLengthChunk, StatusChunkTypeTcc, StatusVectorChunk, SymbolSizeTypeTcc, SymbolTypeTcc, TransportLayerCc,
};

use crate::media::rtp::sequence::SequenceUnwrapper;

/// Most packets that one feedback speaks of.
const MOST: u64 = 400;
/// Arrivals are remembered so long, to be told again when one that was overtaken by them comes.
const REMEMBERED: Duration = Duration::from_millis(500);
/// Unit of the reference time.
const REFERENCE: u64 = 64_000;
/// Unit of the times between arrivals, in µs.
const DELTA: i64 = 250;

/// Collects arrivals and makes feedback of them, which should go out every 50–100 ms.
#[derive(Debug)]
pub struct FeedbackBuilder {
    began: Instant,
    unwrapper: SequenceUnwrapper,
    arrivals: BTreeMap<u64, Instant>,
    /// The lowest number that has not been told as received.
    untold: Option<u64>,
    /// The number after the highest that has been told.
    next: Option<u64>,
    count: u8,
}

impl FeedbackBuilder {
    /// Nothing came yet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { began: now, unwrapper: SequenceUnwrapper::default(), arrivals: BTreeMap::new(), untold: None, next: None, count: 0 }
    }

    /// A packet with this transport-wide number came.
    pub fn receive(&mut self, now: Instant, number: u16) {
        let extended = self.unwrapper.extend(number);
        if self.arrivals.len() < MOST as usize * 4 && !self.arrivals.contains_key(&extended) {
            self.arrivals.insert(extended, now);
            self.untold = Some(self.untold.map_or(extended, |untold| untold.min(extended)));
        }
    }

    /// The feedback about what has come since the last one; `None` if nothing did. To be called until then: much is told in parts.
    pub fn build(&mut self, now: Instant, sender_ssrc: u32, media_ssrc: u32) -> Option<TransportLayerCc> {
        let untold = self.untold?;
        let highest = *self.arrivals.last_key_value()?.0;
        let mut first = self.next.map_or(untold, |next| next.min(untold));
        if highest - first >= MOST {
            // What was lost before that is too much to tell; what came is told in parts.
            first = untold;
        }
        let reference = self.reference(*self.arrivals.range(first..).next()?.1);
        let mut told = self.began + Duration::from_micros(reference * REFERENCE);
        let (mut symbols, mut recv_deltas) = (Vec::new(), Vec::new());
        let mut next = first;
        while next <= highest && next < first + MOST {
            let symbol = match self.arrivals.get(&next) {
                None => SymbolTypeTcc::PacketNotReceived,
                Some(arrival) => {
                    let Some((symbol, delta)) = delta(told, *arrival) else { break };
                    told = if delta < 0 { told - micros(-delta) } else { told + micros(delta) };
                    recv_deltas.push(RecvDelta { type_tcc_packet: symbol, delta });
                    symbol
                }
            };
            symbols.push(symbol);
            next += 1;
        }
        self.next = Some(next);
        self.untold = self.arrivals.range(next..).next().map(|(number, _)| *number);
        self.arrivals.retain(|number, arrival| *number >= next || now.saturating_duration_since(*arrival) < REMEMBERED);
        let fb_pkt_count = self.count;
        self.count = self.count.wrapping_add(1);
        Some(TransportLayerCc {
            sender_ssrc,
            media_ssrc,
            base_sequence_number: first as u16,
            packet_status_count: symbols.len() as u16,
            reference_time: reference as u32 & 0xff_ffff,
            fb_pkt_count,
            packet_chunks: chunks(&symbols),
            recv_deltas,
        })
    }

    /// The reference time before an arrival, in units of 64 ms since the beginning.
    fn reference(&self, arrival: Instant) -> u64 {
        arrival.saturating_duration_since(self.began).as_micros() as u64 / REFERENCE
    }
}

fn micros(micros: i64) -> Duration {
    Duration::from_micros(micros.unsigned_abs())
}

/// The time from `told` to an arrival in µs, rounded down to the unit; `None` if it is too long for the format.
fn delta(told: Instant, arrival: Instant) -> Option<(SymbolTypeTcc, i64)> {
    let micros = match arrival.checked_duration_since(told) {
        Some(later) => i64::try_from(later.as_micros()).ok()?,
        None => -i64::try_from(told.duration_since(arrival).as_micros()).ok()?,
    };
    let units = micros.div_euclid(DELTA);
    let symbol = match units {
        0..=0xff => SymbolTypeTcc::PacketReceivedSmallDelta,
        -0x8000..=0x7fff => SymbolTypeTcc::PacketReceivedLargeDelta,
        _ => return None,
    };
    Some((symbol, units * DELTA))
}

/// Symbols as runs where they repeat and as vectors where they do not. Only the last vector may have places to spare.
fn chunks(mut symbols: &[SymbolTypeTcc]) -> Vec<PacketStatusChunk> {
    let mut chunks = Vec::new();
    while let Some(&first) = symbols.first() {
        let run = symbols.iter().take_while(|symbol| **symbol == first).count();
        let one_bit = symbols.iter().take(14).take_while(|symbol| **symbol != SymbolTypeTcc::PacketReceivedLargeDelta).count();
        let (chunk, taken) = if run >= 14 || run == symbols.len() {
            let chunk =
                RunLengthChunk { type_tcc: StatusChunkTypeTcc::RunLengthChunk, packet_status_symbol: first, run_length: run as u16 };
            (PacketStatusChunk::RunLengthChunk(chunk), run)
        } else if one_bit == symbols.len().min(14) {
            (vector(SymbolSizeTypeTcc::OneBit, &symbols[..one_bit], 14), one_bit)
        } else {
            let taken = symbols.len().min(7);
            (vector(SymbolSizeTypeTcc::TwoBit, &symbols[..taken], 7), taken)
        };
        chunks.push(chunk);
        symbols = &symbols[taken..];
    }
    chunks
}

fn vector(symbol_size: SymbolSizeTypeTcc, symbols: &[SymbolTypeTcc], places: usize) -> PacketStatusChunk {
    let mut symbol_list = symbols.to_vec();
    symbol_list.resize(places, SymbolTypeTcc::PacketNotReceived);
    PacketStatusChunk::StatusVectorChunk(StatusVectorChunk { type_tcc: StatusChunkTypeTcc::StatusVectorChunk, symbol_size, symbol_list })
}
