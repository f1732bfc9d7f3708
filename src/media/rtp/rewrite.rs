//! The numbers of one subscriber's stream: continuous (RFC 3550, section 5.1) although what is sent comes from one encoding after
//! another, pauses, leaves packets out, and publishers begin anew. PictureID and TL0PICIDX of VP8 likewise (RFC 7741).
//!
//! The mapping is kept as segments, in each of which the publisher's numbers differ from the subscriber's by a constant. It
//! is read in both directions: late packets get the numbers that were kept free for them, and a NACK finds the publisher's packet.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::codec::vp8::Descriptor;

/// Nothing is sent from further behind: SRTP takes a number for the nearest one of that name (RFC 3711, section 3.3.1), and one from half a
/// cycle behind would be sealed as one that is yet to come.
const MOST_BEHIND: u64 = 1 << 14;

/// Segments that are remembered. Leaving out every other frame makes 15 a second, and nobody asks for what is older than some seconds.
const SEGMENTS: usize = 96;

/// A packet of the publisher, as far as its numbers go.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The encoding it is of, and another number after each restart of it.
    pub source: u32,
    /// Its extended sequence number.
    pub extended: u64,
    /// Its timestamp.
    pub timestamp: u32,
    /// Its VP8 payload descriptor, if it is VP8.
    pub vp8: Option<&'a Descriptor>,
}

/// What turns a publisher's numbers into the subscriber's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    timestamp: u32,
    picture: u16,
    tl0: u8,
}

impl Offsets {
    /// The subscriber's timestamp.
    #[must_use]
    pub fn timestamp(&self, timestamp: u32) -> u32 {
        timestamp.wrapping_add(self.timestamp)
    }

    /// The subscriber's PictureID and TL0PICIDX; zero where the descriptor has none.
    #[must_use]
    pub fn vp8(&self, descriptor: &Descriptor) -> (u16, u8) {
        let picture = descriptor.picture_id.map_or(0, |id| id.value.wrapping_add(self.picture) & id.mask());
        (picture, descriptor.tl0_picture_index.map_or(0, |index| index.wrapping_add(self.tl0)))
    }
}

/// A packet's place in the subscriber's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its extended sequence number at the subscriber; the lower 16 bits go on the wire.
    pub extended: u64,
    /// For its other numbers.
    pub offsets: Offsets,
}

/// Where a packet of the subscriber's stream came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The encoding.
    pub source: u32,
    /// The publisher's extended sequence number.
    pub extended: u64,
    /// Its place in the subscriber's stream.
    pub place: Place,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    source: u32,
    first: u64,
    /// `u64::MAX` while it goes on.
    last: u64,
    first_out: u64,
    offsets: Offsets,
}

/// The newest that was sent.
#[derive(Clone, Copy, Debug)]
struct Newest {
    at: Instant,
    timestamp: u32,
    picture: u16,
    tl0: u8,
}

/// The mapping of one subscription.
#[derive(Debug)]
pub struct Rewriter {
    clock_rate: u32,
    first_timestamp: u32,
    segments: VecDeque<Segment>,
    /// The lowest extended number above all that are in use or kept free.
    next: u64,
    newest: Option<Newest>,
    left_out: Option<(u32, u16)>,
}

impl Rewriter {
    /// A stream whose first packet has these numbers, which should be random (RFC 3550, section 5.1).
    #[must_use]
    pub fn new(clock_rate: u32, first_number: u16, first_timestamp: u32) -> Self {
        let next = (1 << 16) + u64::from(first_number);
        Self { clock_rate, first_timestamp, segments: VecDeque::new(), next, newest: None, left_out: None }
    }

    /// From this packet on the subscriber gets this source. It must be one that decoding can begin with.
    ///
    /// `aligned` is the subscriber's timestamp of it as the publisher's sender reports have it, if they tell; it is used if it does
    /// not contradict the time that has passed.
    pub fn begin(&mut self, now: Instant, packet: &Incoming<'_>, aligned: Option<u32>) {
        let before = self.segments.back().copied();
        self.pause();
        let Some(newest) = self.newest else {
            let offsets = Offsets { timestamp: self.first_timestamp.wrapping_sub(packet.timestamp), ..Offsets::default() };
            return self.open(packet, offsets);
        };
        let timestamp = match before.filter(|before| before.source == packet.source) {
            Some(before) => before.offsets.timestamp,
            None => self.timestamp_after(&newest, now, aligned).wrapping_sub(packet.timestamp),
        };
        let mut offsets = Offsets { timestamp, ..Offsets::default() };
        if let Some(descriptor) = packet.vp8 {
            offsets.picture = descriptor.picture_id.map_or(0, |id| newest.picture.wrapping_add(1).wrapping_sub(id.value));
            offsets.tl0 = descriptor.tl0_picture_index.map_or(0, |index| newest.tl0.wrapping_add(1).wrapping_sub(index));
        }
        self.open(packet, offsets);
    }

    /// Whether a packet is newer than all that was sent of its source: only then can the source begin again with it.
    #[must_use]
    pub fn is_new(&self, packet: &Incoming<'_>) -> bool {
        let before = self.segments.iter().rev().find(|segment| segment.source == packet.source);
        before.is_none_or(|segment| packet.extended > segment.last)
    }

    /// The place of a packet that is sent, `None` if it is not of what the subscriber gets.
    pub fn pass(&mut self, now: Instant, packet: &Incoming<'_>) -> Option<Place> {
        let place = self.place(packet.source, packet.extended)?;
        if place.extended >= self.next {
            self.next = place.extended + 1;
            let timestamp = place.offsets.timestamp(packet.timestamp);
            let (picture, tl0) = packet.vp8.map_or((0, 0), |descriptor| place.offsets.vp8(descriptor));
            let at = self.newest.filter(|newest| newest.timestamp == timestamp).map_or(now, |newest| newest.at);
            self.newest = Some(Newest { at, timestamp, picture, tl0 });
        }
        Some(place)
    }

    /// A packet is not sent and the numbers close up behind it. Where that is too late, as others after it have been sent,
    /// returns the place that an empty packet has to take, so that the subscriber does not wait for it.
    pub fn leave_out(&mut self, packet: &Incoming<'_>) -> Option<Place> {
        let place = self.place(packet.source, packet.extended)?;
        if place.extended < self.next {
            return Some(place);
        }
        let open = self.segments.back_mut()?;
        let mut offsets = open.offsets;
        if let Some(picture) = packet.vp8.and_then(|descriptor| descriptor.picture_id) {
            if self.left_out != Some((packet.source, picture.value)) {
                offsets.picture = offsets.picture.wrapping_sub(1);
            }
            self.left_out = Some((packet.source, picture.value));
        }
        let follows = Segment { first: packet.extended + 1, first_out: place.extended, offsets, ..*open };
        if open.first == packet.extended {
            *open = follows;
        } else {
            open.last = packet.extended - 1;
            self.push(follows);
        }
        self.next = place.extended;
        None
    }

    /// Nothing more of the present source is sent, but for what is still missing of what came before.
    pub fn pause(&mut self) {
        let Some(open) = self.segments.back_mut().filter(|segment| segment.last == u64::MAX) else { return };
        if self.next == open.first_out {
            self.segments.pop_back();
        } else {
            open.last = open.first + (self.next - open.first_out) - 1;
        }
    }

    /// The source that the subscriber gets now.
    #[must_use]
    pub fn source(&self) -> Option<u32> {
        self.segments.back().filter(|segment| segment.last == u64::MAX).map(|segment| segment.source)
    }

    /// The source that the subscriber got last, also if nothing is sent at present.
    #[must_use]
    pub fn latest_source(&self) -> Option<u32> {
        self.segments.back().map(|segment| segment.source)
    }

    /// What packet of the publisher the subscriber means by a sequence number.
    #[must_use]
    pub fn origin(&self, number: u16) -> Option<Origin> {
        let behind = (self.next as u16).wrapping_sub(number);
        let out = self.next.checked_sub(u64::from(behind)).filter(|_| behind > 0 && u64::from(behind) < MOST_BEHIND)?;
        let after = self.segments.partition_point(|segment| segment.first_out <= out);
        let segment = self.segments.get(after.checked_sub(1)?)?;
        let extended = segment.first + (out - segment.first_out);
        let place = Place { extended: out, offsets: segment.offsets };
        (extended <= segment.last).then_some(Origin { source: segment.source, extended, place })
    }

    /// The subscriber's timestamp of the newest packet.
    #[must_use]
    pub fn newest_timestamp(&self) -> u32 {
        self.newest.map_or(self.first_timestamp, |newest| newest.timestamp)
    }

    /// The subscriber's timestamp for a timestamp of the source that it got last, for sender reports.
    #[must_use]
    pub fn map_timestamp(&self, source: u32, timestamp: u32) -> Option<u32> {
        let segment = self.segments.back().filter(|segment| segment.source == source)?;
        Some(segment.offsets.timestamp(timestamp))
    }

    /// The timestamp that goes with `now` if the stream went on without interruption.
    fn timestamp_after(&self, newest: &Newest, now: Instant, aligned: Option<u32>) -> u32 {
        let passed = ticks(now.saturating_duration_since(newest.at), self.clock_rate);
        // Two frames never share a timestamp: a receiver would take them for one.
        let expected = newest.timestamp.wrapping_add(passed.max(self.clock_rate / 1_000));
        let tolerated = self.clock_rate / 2;
        let plausible = |aligned: &u32| {
            let (ahead, off) = (aligned.wrapping_sub(newest.timestamp) as i32, aligned.wrapping_sub(expected) as i32);
            ahead > 0 && off.unsigned_abs() < tolerated
        };
        aligned.filter(plausible).unwrap_or(expected)
    }

    fn open(&mut self, packet: &Incoming<'_>, offsets: Offsets) {
        self.left_out = None;
        self.push(Segment { source: packet.source, first: packet.extended, last: u64::MAX, first_out: self.next, offsets });
    }

    fn push(&mut self, segment: Segment) {
        self.segments.push_back(segment);
        if self.segments.len() > SEGMENTS {
            self.segments.pop_front();
        }
    }

    fn place(&self, source: u32, extended: u64) -> Option<Place> {
        let holds = |segment: &&Segment| segment.source == source && (segment.first..=segment.last).contains(&extended);
        let segment = self.segments.iter().rev().find(holds)?;
        let out = segment.first_out + (extended - segment.first);
        (out + MOST_BEHIND > self.next).then_some(Place { extended: out, offsets: segment.offsets })
    }
}

/// A time in ticks of a clock.
pub(super) fn ticks(time: Duration, clock_rate: u32) -> u32 {
    (time.as_micros() * u128::from(clock_rate) / 1_000_000) as u32
}
