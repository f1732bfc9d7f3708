//! Somebody who publishes: VP8 in three layers of three temporal layers each, or Opus. Keyframes on PLI, retransmissions on NACK.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use rtc_rtcp::sender_report::SenderReport;
use rtc_shared::marshal::Marshal;

use super::link::Random;
use crate::media::rtp::packet::ExtensionIds;
use crate::media::rtp::track::Upstream;

pub const VIDEO: u8 = 96;
pub const VIDEO_RTX: u8 = 97;
pub const AUDIO: u8 = 111;
pub const RIDS: [&str; 3] = ["q", "h", "f"];
pub const HEIGHTS: [u16; 3] = [180, 360, 720];
/// Bits a second of the layers.
pub const RATES: [u64; 3] = [150_000, 500_000, 1_500_000];
pub const FRAME: Duration = Duration::from_micros(33_333);
const LARGEST_PAYLOAD: usize = 1_100;

pub fn ids() -> ExtensionIds {
    ExtensionIds {
        audio_level: Some(1),
        transport_sequence: Some(3),
        absolute_send_time: Some(2),
        video_orientation: Some(5),
        mid: Some(4),
        rid: Some(10),
        repaired_rid: Some(11),
    }
}

/// What a packet's body says, for the receiver to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub layer: u8,
    pub frame: u32,
    pub part: u8,
    pub parts: u8,
    pub keyframe: bool,
    pub temporal_layer: u8,
}

impl Mark {
    const LENGTH: usize = 9;

    pub fn read(payload: &[u8]) -> Self {
        let bytes: &[u8; Self::LENGTH] = payload.last_chunk().unwrap();
        let [layer, f0, f1, f2, f3, part, parts, keyframe, temporal_layer] = *bytes;
        Self { layer, frame: u32::from_be_bytes([f0, f1, f2, f3]), part, parts, keyframe: keyframe != 0, temporal_layer }
    }

    fn write(&self, payload: &mut BytesMut) {
        payload.put_slice(&[self.layer]);
        payload.put_u32(self.frame);
        payload.put_slice(&[self.part, self.parts, u8::from(self.keyframe), self.temporal_layer]);
    }
}

struct Layer {
    index: u8,
    rid: &'static str,
    ssrc: u32,
    sequence: u16,
    rtx_sequence: u16,
    timestamp: u32,
    picture: u16,
    tl0: u8,
    frame: u32,
    keyframe_due: bool,
    active: bool,
    /// Packets that wait for their time: they leave at two and a half times the layer's rate, as those of browsers do.
    paced: VecDeque<Bytes>,
    free: Instant,
    history: BTreeMap<u16, rtc_rtp::Packet>,
}

pub struct Publisher {
    start: Instant,
    random: Random,
    layers: Vec<Layer>,
    frames: u64,
    sounds: u64,
    pub audio: bool,
    audio_sequence: u16,
    pub keyframe_requests: Vec<(Instant, u32)>,
    pub retransmitted: u64,
    pub packets: u64,
}

/// SSRCs: 1, 2, 3 for the layers, 101–103 for their retransmissions, 9 for audio.
pub fn rtx_of(ssrc: u32) -> u32 {
    ssrc + 100
}

pub const AUDIO_SSRC: u32 = 9;

impl Publisher {
    pub fn new(start: Instant, layers: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut layer = |index: usize| Layer {
            index: index as u8,
            rid: RIDS[index],
            ssrc: index as u32 + 1,
            sequence: random.next() as u16,
            rtx_sequence: random.next() as u16,
            timestamp: random.next() as u32,
            picture: random.next() as u16 & 0x7fff,
            tl0: random.next() as u8,
            frame: 0,
            keyframe_due: true,
            active: true,
            paced: VecDeque::new(),
            free: start,
            history: BTreeMap::new(),
        };
        let layers = (0..layers).map(&mut layer).collect();
        let (keyframe_requests, retransmitted, packets) = (Vec::new(), 0, 0);
        let audio_sequence = random.next() as u16;
        Self { start, random, layers, frames: 0, sounds: 0, audio: true, audio_sequence, keyframe_requests, retransmitted, packets }
    }

    pub fn set_active(&mut self, layer: usize, active: bool) {
        self.layers[layer].keyframe_due |= active;
        self.layers[layer].active = active;
    }

    /// Reloads its page: other numbers, and another SSRC if wished.
    pub fn restart(&mut self, layer: usize, ssrc: Option<u32>) {
        let layer = &mut self.layers[layer];
        layer.sequence = layer.sequence.wrapping_add(20_000);
        (layer.timestamp, layer.picture, layer.tl0) = (self.random.next() as u32, 77, 3);
        layer.ssrc = ssrc.unwrap_or(layer.ssrc);
        layer.keyframe_due = true;
        layer.history.clear();
        layer.paced.clear();
    }

    /// Packets to be sent at this time.
    pub fn tick(&mut self, now: Instant) -> Vec<Bytes> {
        let mut packets = Vec::new();
        while self.audio && now >= self.start + Duration::from_millis(20) * self.sounds as u32 {
            packets.push(self.sound());
        }
        while now >= self.start + FRAME * self.frames as u32 {
            let position = self.frames % 4;
            for layer in self.layers.iter_mut().filter(|layer| layer.active) {
                // Frames differ in size by half, keyframes are four times as large.
                let mean = RATES[usize::from(layer.index)] as f64 / 8.0 * FRAME.as_secs_f64();
                let size = mean * (0.75 + self.random.share() / 2.0) * if layer.keyframe_due { 4.0 } else { 1.0 };
                let frame = layer.frame(self.frames, position, size as usize);
                layer.paced.extend(frame.into_iter().map(|packet| packet.marshal().unwrap().freeze()));
            }
            self.frames += 1;
        }
        for layer in &mut self.layers {
            let rate = RATES[usize::from(layer.index)] as f64 * 2.5;
            while layer.free <= now
                && let Some(packet) = layer.paced.pop_front()
            {
                layer.free = layer.free.max(now - Duration::from_millis(5)) + Duration::from_secs_f64(packet.len() as f64 * 8.0 / rate);
                packets.push(packet);
            }
        }
        self.packets += packets.len() as u64;
        packets
    }

    /// What the media node asks for; returns retransmissions.
    pub fn feedback(&mut self, now: Instant, upstream: &Upstream) -> Vec<Bytes> {
        match upstream {
            Upstream::Keyframe { ssrc } => {
                self.keyframe_requests.push((now, *ssrc));
                self.layers.iter_mut().filter(|layer| layer.ssrc == *ssrc).for_each(|layer| layer.keyframe_due = true);
                Vec::new()
            }
            Upstream::Nack { ssrc, numbers } => {
                let Some(layer) = self.layers.iter_mut().find(|layer| layer.ssrc == *ssrc) else { return Vec::new() };
                let packets: Vec<_> = numbers.iter().filter_map(|number| layer.retransmit(*number)).collect();
                self.retransmitted += packets.len() as u64;
                packets
            }
        }
    }

    pub fn sender_reports(&self, now: Instant) -> Vec<SenderReport> {
        let passed = now - self.start;
        let ntp_time = ((1_000 + passed.as_secs()) << 32) + (u64::from(passed.subsec_nanos()) << 32) / 1_000_000_000;
        let ticks = (passed.as_secs_f64() * 90_000.0) as u32;
        let report = |layer: &Layer| SenderReport {
            ssrc: layer.ssrc,
            ntp_time,
            rtp_time: layer.timestamp.wrapping_add(ticks),
            ..Default::default()
        };
        self.layers.iter().map(report).collect()
    }

    fn sound(&mut self) -> Bytes {
        let mut payload = BytesMut::from(&[0u8; 80][..]);
        Mark { layer: 9, frame: self.sounds as u32, part: 0, parts: 1, keyframe: false, temporal_layer: 0 }.write(&mut payload);
        let mut header = rtc_rtp::Header {
            version: 2,
            payload_type: AUDIO,
            sequence_number: self.audio_sequence.wrapping_add(self.sounds as u16),
            timestamp: (self.sounds * 960) as u32,
            ssrc: AUDIO_SSRC,
            ..Default::default()
        };
        header.set_extension(1, Bytes::from_static(&[0x80 | 30])).unwrap();
        self.sounds += 1;
        rtc_rtp::Packet { header, payload: payload.freeze() }.marshal().unwrap().freeze()
    }
}

impl Layer {
    fn frame(&mut self, number: u64, position: u64, size: usize) -> Vec<rtc_rtp::Packet> {
        let keyframe = std::mem::take(&mut self.keyframe_due);
        let temporal_layer = if keyframe { 0 } else { [0, 2, 1, 2][position as usize] };
        self.picture = (self.picture + 1) & 0x7fff;
        self.tl0 = self.tl0.wrapping_add(u8::from(temporal_layer == 0));
        let parts = size.div_ceil(LARGEST_PAYLOAD).max(1);
        let timestamp = self.timestamp.wrapping_add((number * 3_000) as u32);
        let mut packets = Vec::new();
        for part in 0..parts {
            let sync = temporal_layer > 0 && position != 3;
            let mut payload = BytesMut::from(&[0x80 | u8::from(part == 0) << 4, 0xe0][..]);
            payload.put_u16(self.picture | 0x8000);
            payload.put_slice(&[self.tl0, temporal_layer << 6 | u8::from(sync) << 5]);
            if part == 0 {
                payload.put_slice(&[u8::from(!keyframe), 0, 0]);
            }
            if part == 0 && keyframe {
                payload.put_slice(&[0x9d, 0x01, 0x2a, 0, 0]);
                payload.put_u16_le(HEIGHTS[usize::from(self.index)]);
            }
            payload.resize(payload.len().max(size / parts), 0);
            let (part, parts, layer, frame) = (part as u8, parts as u8, self.index, self.frame);
            Mark { layer, frame, part, parts, keyframe, temporal_layer }.write(&mut payload);
            let mut header = rtc_rtp::Header {
                version: 2,
                marker: part + 1 == parts,
                payload_type: VIDEO,
                sequence_number: self.sequence,
                timestamp,
                ssrc: self.ssrc,
                ..Default::default()
            };
            header.set_extension(10, Bytes::from_static(self.rid.as_bytes())).unwrap();
            let packet = rtc_rtp::Packet { header, payload: payload.freeze() };
            self.history.insert(self.sequence, packet.clone());
            self.sequence = self.sequence.wrapping_add(1);
            packets.push(packet);
        }
        self.frame += 1;
        packets
    }

    fn retransmit(&mut self, number: u16) -> Option<Bytes> {
        let original = self.history.get(&number)?;
        let mut header = original.header.clone();
        (header.ssrc, header.payload_type, header.sequence_number) = (rtx_of(self.ssrc), VIDEO_RTX, self.rtx_sequence);
        header.extensions.clear();
        header.extension = false;
        header.set_extension(11, Bytes::from_static(self.rid.as_bytes())).unwrap();
        self.rtx_sequence = self.rtx_sequence.wrapping_add(1);
        let mut payload = BytesMut::from(&number.to_be_bytes()[..]);
        payload.extend_from_slice(&original.payload);
        Some(rtc_rtp::Packet { header, payload: payload.freeze() }.marshal().unwrap().freeze())
    }
}
