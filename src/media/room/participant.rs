//! Somebody in a room, the connection that it has at present, and the way to it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::ids::{SessionId, SessionRef};
use crate::media::rtp::downlink::Downlink;
use crate::media::rtp::estimate::EstimateLimits;
use crate::media::rtp::outgoing::Outgoing;
use crate::media::rtp::packet::ExtensionIds;
use crate::media::rtp::quality::ConnectionQuality;
use crate::media::rtp::twcc::FeedbackBuilder;
use crate::media::sdp::{Credentials, Extension, Mid, Rid, Skeleton, StreamId};
use crate::media::shard::{PeerId, Peers};
use crate::store::record::Person;
use crate::store::record::calls::{Roster, Source};

use super::intake::Intake;
use super::subscribing::Forward;

/// How long the first offer waits for its answer: some pages ask for the camera first, and people have to allow it.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a packet has on the wire besides itself: GCM's tag, and the headers of UDP and IPv4.
const OVERHEAD: usize = 16 + 8 + 20;

/// Somebody in a room.
pub(super) struct Participant {
    pub(super) to: SessionRef,
    pub(super) who: Person,
    /// Grows from one to the next who comes.
    pub(super) order: u64,
    /// What it wants to publish, and may.
    pub(super) publish: Vec<Source>,
    pub(super) simulcast: bool,
    pub(super) muted: Vec<Source>,
    pub(super) hand: bool,
    /// How many lines of whose video it shows.
    pub(super) wishes: Vec<(SessionId, Source, u16)>,
    /// The IDs of its streams that were in use when it came with them, and what others see instead.
    pub(super) renamed: Vec<(Option<StreamId>, StreamId)>,
    /// What it was told last.
    pub(super) roster: Option<Roster>,
    pub(super) quality: ConnectionQuality,
    pub(super) connection: Connection,
}

/// A connection of a participant, as signaling sees it. Another one takes its place if the participant joins again.
pub(super) struct Connection {
    pub(super) peer: PeerId,
    /// Those of the last offer.
    pub(super) credentials: Credentials,
    pub(super) skeleton: Skeleton,
    /// The offer that waits for its answer, and the skeleton as it was offered.
    pub(super) outstanding: Option<(u64, Skeleton)>,
    /// There is something to be offered.
    pub(super) offer_due: bool,
    pub(super) reach: Reach,
    /// What the participant gets.
    pub(super) forwards: Vec<Forward>,
    /// All SSRCs that were ever sent here: none is used for another stream, whose numbers would begin anew under the same key.
    pub(super) drawn: HashSet<u32>,
    /// The IDs of header extensions here, which are the same in both directions.
    pub(super) extensions: ExtensionIds,
    /// The SSRCs that come in, and the slots of what is published with them.
    pub(super) sources: Vec<(u32, usize)>,
    /// What layers of a video were sent with that is not published at present. A browser names them only until it knows that they are known
    /// (RFC 8852, section 3), and goes on with them without a name.
    pub(super) layers: Vec<KnownLayer>,
    /// What came when, to be told to the participant's congestion control.
    pub(super) arrivals: FeedbackBuilder,
    /// What may still come.
    pub(super) intake: Intake,
}

/// The SSRCs of a layer.
pub(super) struct KnownLayer {
    pub(super) mid: Mid,
    pub(super) rid: Rid,
    pub(super) ssrc: u32,
    pub(super) repair: Option<u32>,
}

/// How far it has come with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The first offer was not answered yet, and is not waited for longer than until then.
    Unanswered(Instant),
    /// It is being made; the peer layer gives up in time.
    Connecting,
    /// Media flows.
    Connected,
    /// Nothing is heard any more, and if that lasts until then it is over.
    Lost(Instant),
}

impl Connection {
    pub(super) fn new(now: Instant, peer: PeerId, credentials: Credentials, skeleton: Skeleton, max_bitrate: u64) -> Self {
        let id = |extension| skeleton.extension_id(extension);
        let extensions = ExtensionIds {
            audio_level: id(Extension::AudioLevel),
            transport_sequence: id(Extension::TransportSequenceNumber),
            absolute_send_time: id(Extension::AbsoluteSendTime),
            video_orientation: None,
            mid: id(Extension::Mid),
            rid: id(Extension::Rid),
            repaired_rid: id(Extension::RepairedRid),
        };
        Self {
            peer,
            credentials,
            skeleton,
            outstanding: None,
            offer_due: true,
            reach: Reach::Unanswered(now + PATIENCE),
            forwards: Vec::new(),
            drawn: HashSet::new(),
            extensions,
            sources: Vec::new(),
            layers: Vec::new(),
            arrivals: FeedbackBuilder::new(now),
            intake: Intake::new(now, max_bitrate),
        }
    }

    /// Whether it is over for good, without a word from the peer layer.
    pub(super) fn is_given_up(&self, now: Instant) -> bool {
        matches!(self.reach, Reach::Unanswered(until) | Reach::Lost(until) if until <= now)
    }
}

/// The way to a participant: all that a packet needs of it.
pub(super) struct Leg {
    pub(super) peer: PeerId,
    /// Something can be sent.
    pub(super) reachable: bool,
    pub(super) downlink: Downlink,
    /// What is sent has to be chosen anew.
    pub(super) allocation_due: bool,
    pub(super) allocated: Instant,
    /// The share of packets that reports said were lost, and how many did since this was last looked at.
    pub(super) losses: (f64, u32),
}

impl Leg {
    pub(super) fn new(now: Instant, peer: PeerId, max_bitrate: u64) -> Self {
        let limits = EstimateLimits::default();
        let limits =
            EstimateLimits { most: max_bitrate.max(limits.least), start: limits.start.min(max_bitrate).max(limits.least), ..limits };
        Self {
            peer,
            reachable: false,
            downlink: Downlink::new(now, limits, OVERHEAD),
            allocation_due: false,
            allocated: now,
            losses: (0.0, 0),
        }
    }

    /// Sends a packet, and counts its bytes.
    pub(super) fn send(&mut self, now: Instant, mut packet: Outgoing<'_>, peers: &mut Peers, sent: &mut u64) {
        if self.reachable {
            self.downlink.stamp(now, &mut packet);
            if peers.send_rtp(now, self.peer, packet.bytes()) {
                *sent += packet.bytes().len() as u64;
            }
        }
    }
}
