//! A participant of this node, and all that is kept of it. No IO; time is passed in.

mod peers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

pub(super) use self::peers::Fate;
use self::peers::Peers;
use super::Request;
use crate::ids::SessionId;
use crate::store::record::calls::{Ask, Join, Roster, Source};

/// A join that is not answered within this time is sent again, after longer and longer times.
const UNANSWERED: Duration = Duration::from_secs(2);
/// A join or other ask that came back is sent again, after longer and longer times.
const RETURNED: Duration = Duration::from_millis(250);
/// No time is longer than this.
const LONGEST: Duration = Duration::from_secs(8);
/// Sizes of others' videos that are kept for one participant.
const MAX_SUBSCRIPTIONS: usize = 1_000;

/// Gives out the numbers of connections and offers.
#[derive(Default)]
pub(super) struct Numbers(AtomicU64);

impl Numbers {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// How far it has come with the present media node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is none.
    Waiting,
    /// To be asked (again) at that time, unless it has answered by then.
    Asking { due: Instant, tries: u32 },
    /// It has let the participant in.
    In,
}

/// An offer as the participant knows it, and as the media node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offered {
    connection: u64,
    offer: u64,
    theirs: u64,
}

/// What is published by whom, of which the participant was told.
type Tracks = BTreeSet<(SessionId, Source)>;

/// Somebody in a room.
pub(super) struct Participant {
    pub(super) session: SessionId,
    pub(super) phase: Phase,
    /// Out, if not joined by then. `None`: it has joined once.
    pub(super) give_up: Option<Instant>,
    /// It was told that no node serves the room for it.
    pub(super) is_nowhere: bool,
    /// What concerns the other participants of a peer-to-peer call.
    pub(super) peers: Peers,
    /// Asks that came back, and when to send what they have become.
    pub(super) again: Vec<(Instant, Ask)>,
    request: Request,
    hand: bool,
    subscriptions: BTreeMap<(SessionId, Source), u16>,
    seen: Tracks,
    skeleton: Option<String>,
    /// Which `RTCPeerConnection` the client has: the session identifier in offers for it, and the number it was told.
    connection: Option<(String, u64)>,
    offered: Option<Offered>,
}

impl Participant {
    pub(super) fn new(session: SessionId, request: Request, give_up: Instant) -> Self {
        Self {
            session,
            phase: Phase::Waiting,
            give_up: Some(give_up),
            is_nowhere: false,
            peers: Peers::default(),
            again: Vec::new(),
            request,
            hand: false,
            subscriptions: BTreeMap::new(),
            seen: Tracks::new(),
            skeleton: None,
            connection: None,
            offered: None,
        }
    }

    /// What makes a media node let it in, with all it wants by now. What was asked before is worth nothing any more.
    pub(super) fn begin(&mut self) -> Ask {
        self.again.clear();
        self.seen.clear();
        self.offered = None;
        Ask::Join(Box::new(Join {
            who: self.request.who.clone(),
            publish: self.request.publish.clone(),
            simulcast: self.request.simulcast,
            muted: self.request.muted.clone(),
            hand: self.hand,
            skeleton: self.skeleton.clone(),
            peer_to_peer: self.request.peer_to_peer,
            wants_peers: self.peers.are_chosen().unwrap_or(self.request.wants_peers),
            returns: self.peers.are_chosen().is_some(),
            roster: self.peers.roster().to_vec(),
        }))
    }

    /// The join was sent: if nothing comes of it, it is sent again.
    pub(super) fn asked(&mut self, now: Instant) {
        let tries = self.tries();
        self.phase = Phase::Asking { due: now + longer(UNANSWERED, tries), tries: tries + 1 };
    }

    /// The join came to nothing: it is sent again soon.
    pub(super) fn ask_soon(&mut self, now: Instant) {
        let tries = self.tries();
        self.phase = Phase::Asking { due: now + longer(RETURNED, tries), tries: tries + 1 };
    }

    fn tries(&self) -> u32 {
        if let Phase::Asking { tries, .. } = self.phase { tries } else { 0 }
    }

    /// Its connection is worth nothing: the next one is another.
    pub(super) fn forget_connection(&mut self) -> bool {
        self.skeleton.take().is_some()
    }

    /// Takes notice of who publishes what. Answers the asks for what has come since: a media node knows of nobody's size before. Sizes of who
    /// is not there are kept: whether somebody has left or is about to come again to this media node cannot be seen.
    pub(super) fn sees(&mut self, roster: &Roster) -> Vec<Ask> {
        let tracks: Tracks =
            roster.participants.iter().flat_map(|other| other.tracks.iter().map(|track| (other.session, track.source))).collect();
        let come: Vec<_> = tracks.difference(&self.seen).copied().collect();
        self.seen = tracks;
        come.into_iter().filter_map(|track| self.subscription(track)).collect()
    }

    /// Takes notice of an offer; answers the numbers that the client is told.
    pub(super) fn offered(&mut self, numbers: &Numbers, theirs: u64, sdp: &str, skeleton: String) -> (u64, u64) {
        // An offer's session identifier stays as long as its `RTCPeerConnection` is the same, also at another media node.
        let session = session_identifier(sdp);
        let connection = match &self.connection {
            Some((known, number)) if known == session => *number,
            _ => numbers.next(),
        };
        self.connection = Some((session.to_owned(), connection));
        if self.request.keeps_connection {
            self.skeleton = Some(skeleton);
        }
        let offer = numbers.next();
        self.offered = Some(Offered { connection, offer, theirs });
        (connection, offer)
    }

    /// The answer to the offer of these numbers, if that is the newest.
    pub(super) fn answers(&self, connection: u64, offer: u64, sdp: String) -> Option<Ask> {
        let offered = self.offered.filter(|offered| (offered.connection, offered.offer) == (connection, offer))?;
        Some(Ask::Answer { offer: offered.theirs, sdp })
    }

    pub(super) fn publish(&mut self, source: Source, on: bool) -> Ask {
        self.request.publish.retain(|published| *published != source);
        if on {
            self.request.publish.push(source);
        }
        Ask::Publish { source, on }
    }

    pub(super) fn show(&mut self, muted: Option<Vec<Source>>, hand: Option<bool>, reaction: Option<String>) -> Ask {
        if let Some(muted) = &muted {
            self.request.muted.clone_from(muted);
        }
        self.hand = hand.unwrap_or(self.hand);
        Ask::State { muted, hand, reaction }
    }

    /// Keeps the size of a video, in the place of those that are not there if need be; `None`: that is one too many.
    pub(super) fn subscribe(&mut self, participant: SessionId, source: Source, height: u16) -> Option<Ask> {
        let track = (participant, source);
        if self.subscriptions.len() >= MAX_SUBSCRIPTIONS && !self.subscriptions.contains_key(&track) {
            self.subscriptions.retain(|track, _| self.seen.contains(track));
            if self.subscriptions.len() >= MAX_SUBSCRIPTIONS {
                return None;
            }
        }
        self.subscriptions.insert(track, height);
        self.subscription(track)
    }

    fn subscription(&self, (participant, source): (SessionId, Source)) -> Option<Ask> {
        let height = *self.subscriptions.get(&(participant, source))?;
        Some(Ask::Subscribe { participant, source, height })
    }

    /// An ask came back, or is behind one that did; what it has become is sent soon.
    pub(super) fn keep(&mut self, now: Instant, ask: Ask) {
        if let Ask::Peer { word, .. } = &ask
            && !peers::has_room(self.again.iter().map(|(_, kept)| kept), word)
        {
            return;
        }
        let same = |kept: &Ask| match (kept, &ask) {
            (Ask::Publish { source: one, .. }, Ask::Publish { source: other, .. }) => one == other,
            (Ask::Subscribe { participant: one, source: of_one, .. }, Ask::Subscribe { participant: other, source: of_other, .. }) => {
                (one, of_one) == (other, of_other)
            }
            (Ask::State { .. }, Ask::State { .. }) | (Ask::Answer { .. }, Ask::Answer { .. }) => true,
            _ => false,
        };
        self.again.retain(|(_, kept)| !same(kept));
        self.again.push((now + RETURNED, ask));
    }

    /// Whether something for other participants came back and is about to be sent again.
    pub(super) fn keeps_words(&self) -> bool {
        self.again.iter().any(|(_, kept)| matches!(kept, Ask::Peer { .. }))
    }

    /// What an ask has become meanwhile; `None`: nothing that is still of use.
    pub(super) fn renewed(&self, ask: Ask) -> Option<Ask> {
        match ask {
            Ask::Join(_) | Ask::Leave => None,
            Ask::Peer { .. } => Some(ask),
            Ask::Answer { offer, .. } => self.offered.is_some_and(|offered| offered.theirs == offer).then_some(ask),
            Ask::Publish { source, .. } => Some(Ask::Publish { source, on: self.request.publish.contains(&source) }),
            Ask::State { .. } => Some(Ask::State { muted: Some(self.request.muted.clone()), hand: Some(self.hand), reaction: None }),
            Ask::Subscribe { participant, source, .. } => self.subscription((participant, source)),
        }
    }
}

fn longer(first: Duration, tries: u32) -> Duration {
    first.saturating_mul(1 << tries.min(5)).min(LONGEST)
}

/// `sess-id` of the `o=` line (RFC 8866, section 5.2); `""`: there is none.
fn session_identifier(sdp: &str) -> &str {
    sdp.lines().find_map(|line| line.strip_prefix("o=")?.split(' ').nth(1)).unwrap_or_default()
}
