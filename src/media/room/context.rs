//! What the rooms of a shard share.

use std::collections::HashMap;
use std::time::Instant;

use rand::rngs::StdRng;
use tokio::sync::mpsc::UnboundedSender;

use super::{RoomOutput, RoomSettings};
use crate::ids::{RoomId, SessionRef};
use crate::media::rtp::outgoing::Scratch;
use crate::media::sdp::{Candidate, Protocol};
use crate::media::shard::{PeerId, Peers};
use crate::store::record::calls::Tell;

/// What a room works with while it does something.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) peers: &'a mut Peers,
    pub(super) shared: &'a mut Shared,
}

/// What lasts.
pub(super) struct Shared {
    pub(super) settings: RoomSettings,
    pub(super) candidates: Vec<Candidate>,
    pub(super) random: StdRng,
    /// Which participant of which room a connection is of.
    pub(super) by_peer: HashMap<PeerId, (RoomId, usize)>,
    pub(super) scratch: Scratch,
    /// Bytes of media sent since this was last told.
    pub(super) sent: u64,
    /// The number of the last offer.
    pub(super) offers: u64,
    /// Unbounded, since a shard cannot wait: what is told is bounded by what is asked, and by the clocks of [`super::feedback`].
    outputs: UnboundedSender<RoomOutput>,
}

impl Shared {
    pub(super) fn new(settings: RoomSettings, random: StdRng, outputs: UnboundedSender<RoomOutput>) -> Self {
        // UDP everywhere before TCP anywhere.
        let of = |protocol| settings.addresses.iter().map(move |&address| Candidate { protocol, address });
        let candidates = of(Protocol::Udp).chain(of(Protocol::Tcp)).collect();
        Self { settings, candidates, random, by_peer: HashMap::new(), scratch: Scratch::default(), sent: 0, offers: 0, outputs }
    }

    /// Tells the rest of the node something.
    pub(super) fn output(&self, output: RoomOutput) {
        // Whoever listened is gone only when the node is about to end.
        let _ = self.outputs.send(output);
    }

    /// Tells a participant something.
    pub(super) fn tell(&self, room: RoomId, to: SessionRef, tell: Tell) {
        self.output(RoomOutput::Tell { room, to, tell });
    }
}
