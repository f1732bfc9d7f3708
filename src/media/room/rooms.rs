//! All rooms of a shard.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use tokio::sync::mpsc::UnboundedSender;

use super::conference::Conference;
use super::context::{Context, Shared};
use super::{RoomCommand, RoomOutput, RoomSettings};
use crate::ids::RoomId;
use crate::media::peer::Identity;
use crate::media::shard::{Arrival, PeerId, Peers, Work};
use crate::store::record::calls::{Ask, Ending, Tell};

/// How often publishers are asked for what is missing, where packets come.
const BUSY: Duration = Duration::from_millis(5);
/// And where none come.
const IDLE: Duration = Duration::from_millis(250);
/// How often it is told how much is going on.
const LOAD: Duration = Duration::from_secs(1);

/// The rooms of a shard: the [`Work`] that makes calls of connections.
pub struct Rooms {
    pub(super) conferences: HashMap<RoomId, Conference>,
    pub(super) shared: Shared,
    /// None before the first command.
    due: Option<Instant>,
    load_due: Option<Instant>,
}

impl Rooms {
    /// None yet. What comes out of them goes to `outputs`, in its order.
    #[must_use]
    pub fn new(settings: RoomSettings, outputs: UnboundedSender<RoomOutput>) -> Self {
        Self::with_random(settings, outputs, rand::make_rng())
    }

    /// The same, with this randomness.
    pub(super) fn with_random(settings: RoomSettings, outputs: UnboundedSender<RoomOutput>, random: StdRng) -> Self {
        Self { conferences: HashMap::new(), shared: Shared::new(settings, random, outputs), due: None, load_due: None }
    }

    /// Lets a room do something. What goes wrong in it ends the room, and nothing else.
    pub(super) fn within(&mut self, now: Instant, room: RoomId, peers: &mut Peers, act: impl FnOnce(&mut Conference, &mut Context<'_>)) {
        let Some(conference) = self.conferences.get_mut(&room) else { return };
        let shared = &mut self.shared;
        let done = catch_unwind(AssertUnwindSafe(|| act(conference, &mut Context { now, peers, shared })));
        if done.is_err() {
            tracing::error!(%room, "a room failed and was closed");
            for (_, participant) in conference.participants.iter() {
                shared.tell(room, participant.to, Tell::Ended { why: Ending::Connection });
            }
        } else if !conference.is_empty() {
            return;
        }
        self.conferences.remove(&room);
        let left: Vec<PeerId> = self.shared.by_peer.iter().filter(|(_, (of, _))| *of == room).map(|(peer, _)| *peer).collect();
        for peer in left {
            self.shared.by_peer.remove(&peer);
            peers.remove(now, peer);
        }
        self.shared.output(RoomOutput::People { room, people: Vec::new() });
    }

    fn tell_load(&mut self) {
        let participants = self.conferences.values().map(|conference| conference.participants.len() as u64).sum();
        let sent = std::mem::take(&mut self.shared.sent);
        self.shared.output(RoomOutput::Load { rooms: self.conferences.len() as u64, participants, sent });
    }
}

impl Work for Rooms {
    type Command = RoomCommand;

    fn command(&mut self, now: Instant, command: RoomCommand, peers: &mut Peers) {
        // It may have become busy.
        self.due = Some(self.due.map_or(now, |due| due.min(now + BUSY)));
        self.load_due.get_or_insert(now + LOAD);
        match command {
            RoomCommand::Ask { room, from, ask } => {
                if matches!(ask, Ask::Join(_)) {
                    let identity = || {
                        Identity::generate().map(Arc::new).unwrap_or_else(|error| {
                            tracing::warn!(%room, %error, "a room has the certificate of its node");
                            peers.identity().clone()
                        })
                    };
                    self.conferences.entry(room).or_insert_with(|| Conference::new(now, room, identity()));
                } else if !self.conferences.contains_key(&room) && ask != Ask::Leave {
                    return self.shared.tell(room, from, Tell::Ended { why: Ending::Unknown });
                }
                self.within(now, room, peers, |conference, cx| conference.ask(cx, from, ask));
            }
            RoomCommand::Gone { room, from } => self.within(now, room, peers, |conference, cx| conference.gone(cx, from)),
            RoomCommand::Close { room } => {
                if let Some(mut conference) = self.conferences.remove(&room) {
                    conference.close(&mut Context { now, peers, shared: &mut self.shared });
                }
            }
        }
    }

    fn arrival(&mut self, now: Instant, from: PeerId, arrival: Arrival, peers: &mut Peers) {
        let Some(&(room, slot)) = self.shared.by_peer.get(&from) else { return };
        self.within(now, room, peers, |conference, cx| match arrival {
            Arrival::Rtp(packet) => conference.rtp(cx, slot, packet),
            Arrival::Rtcp(packet) => conference.rtcp(cx, slot, packet.freeze()),
            Arrival::Event(event) => conference.event(cx, slot, event),
        });
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    fn handle_timeout(&mut self, now: Instant, peers: &mut Peers) {
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        let rooms: Vec<RoomId> = self.conferences.keys().copied().collect();
        rooms.into_iter().for_each(|room| self.within(now, room, peers, |conference, cx| conference.tick(cx)));
        let busy = self.conferences.values().any(Conference::is_busy);
        self.due = Some(now + if busy { BUSY } else { IDLE });
        if self.load_due.is_some_and(|due| due <= now) {
            self.load_due = Some(now + LOAD);
            self.tell_load();
        }
    }
}
