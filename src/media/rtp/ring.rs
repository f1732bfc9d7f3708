//! The latest packets of one encoding, kept once for all subscribers: retransmissions and late switches are served from here.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::packet::{AudioLevel, RtpPacket};

/// Bounds of a ring; whichever is reached first lets the oldest packets go.
#[derive(Clone, Copy, Debug)]
pub struct RingLimits {
    /// Most sequence numbers, those missing in between included.
    pub numbers: usize,
    /// Most bytes of payload.
    pub bytes: usize,
    /// Longest time that a packet is of use.
    pub age: Duration,
}

impl RingLimits {
    /// For video: a second and a half at 4 Mbps.
    pub const VIDEO: Self = Self { numbers: 1_024, bytes: 768 * 1024, age: Duration::from_millis(1_500) };
    /// For audio: half a second, after which nobody plays it any more.
    pub const AUDIO: Self = Self { numbers: 64, bytes: 32 * 1024, age: Duration::from_millis(500) };
}

/// A packet as it is kept.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its extended sequence number at the publisher.
    pub extended: u64,
    /// The publisher's timestamp.
    pub timestamp: u32,
    /// When it came.
    pub arrived: Instant,
    /// The payload, shared with whoever else holds it; empty if the packet was nothing but padding.
    pub payload: Bytes,
    /// The header's marker.
    pub marker: bool,
    /// Rotation and camera.
    pub video_orientation: Option<u8>,
    /// How loud it is.
    pub audio_level: Option<AudioLevel>,
}

impl Stored {
    /// What is kept of a received packet.
    #[must_use]
    pub fn new(now: Instant, extended: u64, packet: &RtpPacket) -> Self {
        Self {
            extended,
            timestamp: packet.timestamp,
            arrived: now,
            payload: packet.payload.clone(),
            marker: packet.marker,
            video_orientation: packet.extensions.video_orientation,
            audio_level: packet.extensions.audio_level,
        }
    }
}

/// The ring. It takes memory only for what is in it.
#[derive(Debug)]
pub struct PacketRing {
    limits: RingLimits,
    /// The extended number of the first place.
    first: u64,
    places: VecDeque<Option<Stored>>,
    bytes: usize,
}

impl PacketRing {
    /// An empty ring.
    #[must_use]
    pub fn new(limits: RingLimits) -> Self {
        Self { limits, first: 0, places: VecDeque::new(), bytes: 0 }
    }

    /// Keeps a packet. `false` if it is or was here already, or is too old to be kept: so each number is accepted once only.
    pub fn insert(&mut self, packet: Stored) -> bool {
        let now = packet.arrived;
        let end = self.first + self.places.len() as u64;
        if packet.extended >= end + self.limits.numbers as u64 || (self.places.is_empty() && packet.extended >= self.first) {
            self.clear();
            self.first = packet.extended;
        }
        let Some(place) = packet.extended.checked_sub(self.first) else { return false };
        let place = place as usize;
        if place >= self.places.len() {
            self.places.resize_with(place + 1, || None);
        }
        if self.places[place].is_some() {
            return false;
        }
        self.bytes += packet.payload.len();
        self.places[place] = Some(packet);
        self.trim(now);
        true
    }

    /// A packet by its extended number, unless it is too old.
    #[must_use]
    pub fn find(&self, now: Instant, extended: u64) -> Option<&Stored> {
        let place = usize::try_from(extended.checked_sub(self.first)?).ok()?;
        self.places.get(place)?.as_ref().filter(|packet| now.saturating_duration_since(packet.arrived) <= self.limits.age)
    }

    /// The packets from an extended number on, oldest first.
    pub fn since(&self, extended: u64) -> impl Iterator<Item = &Stored> {
        let skipped = extended.saturating_sub(self.first).min(self.places.len() as u64) as usize;
        self.places.range(skipped..).flatten()
    }

    /// The packets, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Stored> {
        self.places.iter().rev().flatten()
    }

    /// Lets everything go, as when the publisher stopped.
    pub fn clear(&mut self) {
        self.first += self.places.len() as u64;
        self.places.clear();
        self.bytes = 0;
    }

    /// Lets go what is too old; to be called now and then while nothing comes.
    pub fn trim(&mut self, now: Instant) {
        let limits = self.limits;
        while let Some(oldest) = self.places.front() {
            let over = self.places.len() > limits.numbers || self.bytes > limits.bytes;
            match oldest {
                Some(packet) if over || now.saturating_duration_since(packet.arrived) > limits.age => self.bytes -= packet.payload.len(),
                Some(_) => break,
                // A hole at the front may still be filled by a retransmission, unless its neighbours are old.
                None if over || self.places.iter().flatten().next().is_none_or(|next| now > next.arrived + limits.age) => {}
                None => break,
            }
            self.places.pop_front();
            self.first += 1;
        }
        if self.places.is_empty() {
            self.places.shrink_to(16);
        }
    }

    /// Bytes of payload that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn packet(arrived: Instant, extended: u64, size: usize) -> Stored {
        Stored {
            extended,
            timestamp: 0,
            arrived,
            payload: Bytes::from(vec![0; size]),
            marker: false,
            video_orientation: None,
            audio_level: None,
        }
    }

    const LIMITS: RingLimits = RingLimits { numbers: 8, bytes: 1_000, age: Duration::from_secs(1) };

    #[test]
    fn packets_are_found_by_number_in_any_order() {
        let (mut ring, now) = (PacketRing::new(LIMITS), Instant::now());
        for extended in [100, 103, 101] {
            assert!(ring.insert(packet(now, extended, 10)));
            assert!(!ring.insert(packet(now, extended, 10)), "twice");
        }
        assert!(!ring.insert(packet(now, 99, 10)), "before the oldest");
        assert_eq!(ring.find(now, 103).unwrap().extended, 103);
        assert!([99, 102, 104].iter().all(|missing| ring.find(now, *missing).is_none()));
        assert_eq!(ring.since(101).map(|packet| packet.extended).collect::<Vec<_>>(), [101, 103]);
        assert_eq!(ring.newest_first().next().unwrap().extended, 103);
    }

    #[test]
    fn old_packets_are_let_go() {
        let (mut ring, now) = (PacketRing::new(LIMITS), Instant::now());
        ring.insert(packet(now, 1, 10));
        ring.insert(packet(now, 3, 10));
        let later = now + Duration::from_millis(1_001);
        assert!(ring.find(later, 1).is_none());
        ring.insert(packet(later, 4, 10));
        assert_eq!((ring.bytes(), ring.since(0).count()), (10, 1));
        ring.trim(later + Duration::from_secs(2));
        assert_eq!((ring.bytes(), ring.newest_first().next().is_none()), (0, true));
        assert!(!ring.insert(packet(later, 4, 10)), "not twice, even when it has been forgotten");
    }

    proptest! {
        /// The ring holds what a map would hold that is cut to the newest numbers, and never more bytes than allowed.
        #[test]
        fn it_is_a_map_of_the_newest(numbers in prop::collection::vec(1u64..60, 1..200)) {
            let (mut ring, now) = (PacketRing::new(RingLimits { bytes: 1 << 20, ..LIMITS }), Instant::now());
            let mut model = BTreeMap::new();
            let mut lowest = 0;
            for number in numbers {
                if model.is_empty() || model.last_key_value().is_some_and(|(last, _)| number >= last + 1 + 8) {
                    model.clear();
                    lowest = number;
                }
                let fresh = number >= lowest && model.insert(number, ()).is_none();
                prop_assert_eq!(ring.insert(packet(now, number, 10)), fresh);
                let last = *model.last_key_value().unwrap().0;
                if last >= lowest + 8 {
                    lowest = last - 7;
                    model.retain(|number, ()| *number >= lowest);
                    lowest = *model.first_key_value().unwrap().0.min(&lowest);
                }
                let kept: Vec<_> = ring.since(0).map(|packet| packet.extended).collect();
                prop_assert_eq!(kept, model.keys().copied().collect::<Vec<_>>());
            }
        }

        #[test]
        fn bytes_are_bounded(sizes in prop::collection::vec(0usize..400, 1..100)) {
            let (mut ring, now) = (PacketRing::new(LIMITS), Instant::now());
            for (number, size) in sizes.into_iter().enumerate() {
                ring.insert(packet(now, number as u64, size));
                prop_assert!(ring.bytes() <= LIMITS.bytes);
                prop_assert_eq!(ring.bytes(), ring.since(0).map(|packet| packet.payload.len()).sum::<usize>());
            }
        }
    }
}
