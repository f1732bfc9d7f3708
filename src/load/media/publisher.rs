//! Publishing on schedule. Open loop: each picture has its time, whatever became of those before, and a packet's way is measured from
//! that time on, so that a late sender does not hide anything.

use bytes::BytesMut;

use super::packet::{self, Header, Mark, Medium, Picture};
use super::state::{Run, add};
use crate::media::rtp::packet::ExtensionIds;

/// Between packets of audio, in microseconds, and their size in bytes.
const AUDIO_EVERY: u64 = 20_000;
const AUDIO_PAYLOAD: usize = 80;
/// Opus counts 48,000 ticks a second, video 90,000 (RFC 7587, RFC 7741).
const AUDIO_TICKS: u64 = 48;
const VIDEO_TICKS: u64 = 90;

/// A track that is being published.
#[derive(Debug)]
pub struct Track {
    /// What it is.
    pub medium: Medium,
    /// Its m-line.
    pub mid: String,
    /// What it is sent with.
    pub ssrc: u32,
    /// As negotiated.
    pub payload_type: u8,
    /// As negotiated.
    pub ids: ExtensionIds,
    /// The next picture begins anew: the server asked for it, or it is the first.
    pub keyframe: bool,
    sequence_number: u16,
    number: u64,
    picture: u64,
    /// When the first picture was due, in microseconds since the run began.
    begun: Option<u64>,
    /// Parts of a packet that previous pictures have left.
    left: f64,
}

impl Track {
    /// One that nothing was sent of.
    pub fn new(medium: Medium, mid: String, ssrc: u32, payload_type: u8, ids: ExtensionIds) -> Self {
        let sequence_number = rand::random();
        Self { medium, mid, ssrc, payload_type, ids, keyframe: true, sequence_number, number: 0, picture: 0, begun: None, left: 0.0 }
    }

    /// When the next picture, or packet of audio, is due.
    pub fn due(&self, run: &Run) -> u64 {
        let begun = self.begun.unwrap_or_else(|| run.now());
        match self.medium {
            Medium::Audio => begun + self.picture * AUDIO_EVERY,
            Medium::Video => begun + (self.picture as f64 * 1e6 / f64::from(run.args.fps)) as u64,
        }
    }

    /// Writes the next picture, or packet of audio, if it is due. `transport_sequence` numbers all packets of the connection.
    pub fn publish(&mut self, run: &Run, publisher: usize, transport_sequence: &mut u16, send: &mut impl FnMut(&[u8])) -> bool {
        let due = self.due(run);
        if due > run.now() {
            return false;
        }
        self.begun.get_or_insert(due);
        let packets = match self.medium {
            Medium::Audio => 1,
            Medium::Video => {
                self.left += run.args.packets_per_second() / f64::from(run.args.fps);
                self.left.floor() as u64
            }
        };
        let mut bytes = BytesMut::with_capacity(1500);
        for index in 0..packets {
            let mark = Mark { run: run.id, publisher: publisher as u32, medium: self.medium, number: self.number, due };
            self.write(&mut bytes, run, &mark, index, packets, *transport_sequence);
            self.number += 1;
            self.sequence_number = self.sequence_number.wrapping_add(1);
            *transport_sequence = transport_sequence.wrapping_add(1);
            send(&bytes);
        }
        let receptions = packets * u64::from(run.args.size() - 1);
        add(&run.progress.due, receptions);
        if run.measures(due) {
            add(&run.progress.published, packets);
            add(&run.progress.expected, receptions);
        }
        if self.medium == Medium::Video && packets > 0 {
            (self.left, self.keyframe) = (self.left - packets as f64, false);
        }
        self.picture += 1;
        true
    }

    fn write(&self, bytes: &mut BytesMut, run: &Run, mark: &Mark, index: u64, packets: u64, transport_sequence: u16) {
        let is_video = self.medium == Medium::Video;
        let (ticks, size) = if is_video { (VIDEO_TICKS, run.args.payload) } else { (AUDIO_TICKS, AUDIO_PAYLOAD) };
        let header = Header {
            marker: is_video && index + 1 == packets,
            payload_type: self.payload_type,
            sequence_number: self.sequence_number,
            timestamp: (mark.due * ticks / 1_000) as u32,
            ssrc: self.ssrc,
            mid: &self.mid,
            transport_sequence,
        };
        let picture = is_video.then_some(Picture { id: (self.picture % 0x8000) as u16, first: index == 0, keyframe: self.keyframe });
        bytes.clear();
        header.write(bytes, &self.ids);
        packet::write(bytes, size, picture, mark);
    }
}
