//! Who serves a room now, and who serves it next when that node is gone.
//!
//! Every node that has somebody in a room follows it. Its lease ([`crate::store::Leases`]) is looked at twice a second, and at the
//! moment at which it could run out. Whoever finds it run out gives the room to the ring's choice ([`super::ring`]). Many do that at
//! once; the store lets one win, and all get its answer.
//!
//! * A lease that ran out while the store was away is no sign of a dead node: its holder could not renew it. It gets the time of one
//!   lease to do so before its room goes elsewhere ([`room`]).
//! * While the store is away, what was known stays.
//! * Whoever let a lease run out is suspect until it is heard of again: when several nodes die at once, none of their rooms goes from
//!   one to the other of them.
//! * A room that a media node had goes to a chat node only when no media node has said for longer than a heartbeat that it lives: one that is
//!   slow for once is waited for.
//! * Rooms are for media nodes. While none is there, chat nodes take them and serve them by signaling only; they give them back as soon as
//!   one is ([`Placement::upgrade`]).

mod nodes;
mod room;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use self::nodes::Nodes;
use self::room::{Room, Verdict};
use super::lock;
use super::registry::HEARTBEAT;
use crate::ids::{NodeId, RoomEpoch, RoomId};
use crate::store::{Result, Store};

/// How long a room's lease lasts without being renewed.
pub const LEASE: Duration = Duration::from_millis(1_500);
/// Between two renewals by the holder, and between two looks by those who follow the room.
pub const RENEW_EVERY: Duration = Duration::from_millis(500);
/// A node that has missed a heartbeat gets no rooms, long before it is declared dead.
const SILENT: Duration = HEARTBEAT.saturating_mul(2);
/// So many rooms are claimed at once when a node dies that had many, and so many go to a media node at once when one has come.
pub const CONCURRENT: usize = 32;

/// Who serves a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serving {
    /// The store has not answered yet, or the last holder may still be there.
    Unknown,
    /// No node takes rooms at present. One that comes gets it.
    Nowhere,
    /// This node.
    On {
        /// Which: to whose inbox everything for the room goes.
        node: NodeId,
        /// What everything for the room, and from it, carries.
        epoch: RoomEpoch,
    },
}

/// Says what time it is; simulated in tests.
type Clock = dyn Fn() -> Instant + Send + Sync;

/// The rooms that this node follows.
pub struct Placement {
    store: Arc<dyn Store>,
    state: Mutex<State>,
    nudge: Notify,
}

struct State {
    rooms: HashMap<RoomId, Room>,
    nodes: Nodes,
    /// When to look at the nodes next; at once, if that never was.
    due: Option<Instant>,
    store_is_away: bool,
}

impl Placement {
    /// Follows nothing yet; [`Placement::run`] is to be spawned.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Arc<Self> {
        let state = State { rooms: HashMap::new(), nodes: Nodes::default(), due: None, store_is_away: false };
        Arc::new(Self { store, state: Mutex::new(state), nudge: Notify::new() })
    }

    /// Follows a room from now on, and has it served: if nobody holds it, the ring's choice gets it. Ends when this is dropped; the
    /// room's lease is its holder's to release.
    #[must_use]
    pub fn follow(&self, room: RoomId) -> Followed {
        let mut state = lock(&self.state);
        let followed = state.rooms.entry(room).or_insert_with(Room::new);
        let mut serving = followed.serving.subscribe();
        if *serving.borrow_and_update() != Serving::Unknown {
            serving.mark_changed();
        }
        drop(state);
        self.nudge.notify_one();
        Followed { serving }
    }

    /// Looks at a room at once: its media node has said that it does not serve it, or is not there. Nothing if nobody follows it.
    pub fn look_again(&self, room: RoomId) {
        if let Some(known) = lock(&self.state).rooms.get_mut(&room) {
            known.due = None;
        }
        self.nudge.notify_one();
    }

    /// Who should have the room of a node that is about to stop: the best choice without that node. `None`: there is nobody.
    #[must_use]
    pub fn heir(&self, room: RoomId, leaving: NodeId) -> Option<NodeId> {
        lock(&self.state).nodes.choices(room, |node| node != leaving).into_iter().next()
    }

    /// Which media node should have a room that has been served by signaling only since then. One that has not said since that it lives
    /// may be the one that was lost; and one must have been there for a while, the longer the more of them were lost lately. `None`: there is
    /// none.
    #[must_use]
    pub fn upgrade(&self, room: RoomId, since: Instant) -> Option<NodeId> {
        lock(&self.state).nodes.media_heard_since(room, since)
    }

    /// Looks at the nodes and the followed rooms for ever.
    pub async fn run(self: Arc<Self>) {
        loop {
            let next = self.look(&Instant::now).await;
            tokio::select! {
                () = sleep(next) => {}
                () = self.nudge.notified() => {}
            }
        }
    }

    /// Looks at everything that is due, and answers how long until the next is.
    async fn look(&self, clock: &Clock) -> Duration {
        let looked = self.try_look(clock).await;
        let mut state = lock(&self.state);
        match looked {
            Ok(()) => state.store_is_away = false,
            Err(error) => {
                if !std::mem::replace(&mut state.store_is_away, true) {
                    warn!(%error, "whether media nodes still serve their rooms cannot be seen");
                }
                return RENEW_EVERY;
            }
        }
        let next = state.rooms.values().map(|room| room.due).chain([state.due]).min().flatten();
        next.map_or(Duration::ZERO, |next| next.saturating_duration_since(clock()))
    }

    async fn try_look(&self, clock: &Clock) -> Result<()> {
        let now = clock();
        let is_due = |due: Option<Instant>| due.is_none_or(|due| due <= now);
        let (rooms, nodes_are_due) = {
            let mut state = lock(&self.state);
            state.rooms.retain(|_, room| room.serving.receiver_count() > 0);
            let due = state.rooms.iter().filter(|(_, room)| is_due(room.due));
            (due.map(|(room, _)| *room).collect::<Vec<_>>(), is_due(state.due))
        };
        if nodes_are_due {
            self.look_at_nodes(clock).await?;
        }
        let leases = self.store.room_leases(&rooms).await?;
        // What counts is when the answer was here: a store that took long may have kept others waiting as well.
        let answered = clock();
        let mut wanting = Vec::new();
        {
            let state = &mut *lock(&self.state);
            for (room, lease) in rooms.into_iter().zip(leases) {
                let Some(known) = state.rooms.get_mut(&room) else { continue };
                if known.judge(lease, answered) == Verdict::Claim {
                    let holder = lease.map(|lease| lease.node);
                    if known.is_lost_anew(lease) {
                        state.nodes.suspect(holder, answered);
                    }
                    if !state.nodes.waits_for_media(holder, answered) {
                        wanting.push((room, known.seen));
                    }
                }
            }
        }
        // A media node may have come just now.
        if !wanting.is_empty() && !nodes_are_due && !lock(&self.state).nodes.have_media() {
            self.look_at_nodes(clock).await?;
        }
        let mut claims = futures_util::stream::iter(wanting).map(|(room, seen)| self.claim(room, seen, clock)).buffer_unordered(CONCURRENT);
        let mut outcome = Ok(());
        while let Some(claimed) = claims.next().await {
            outcome = outcome.and(claimed);
        }
        outcome
    }

    async fn look_at_nodes(&self, clock: &Clock) -> Result<()> {
        let (nodes, _) = self.store.nodes().await?;
        let now = clock();
        let mut state = lock(&self.state);
        state.nodes.read(&nodes, now);
        state.due = Some(now + RENEW_EVERY);
        Ok(())
    }

    async fn claim(&self, room: RoomId, seen: RoomEpoch, clock: &Clock) -> Result<()> {
        let mut candidates = lock(&self.state).nodes.choices(room, |_| true);
        candidates.truncate(2);
        let lease = self.store.claim_room(room, &candidates, seen, LEASE).await?;
        if let Some(lease) = lease.filter(|lease| lease.epoch > seen && seen > RoomEpoch::default()) {
            info!(%room, node = %lease.node, epoch = lease.epoch.0, "a room has moved to another node");
        }
        if let Some(known) = lock(&self.state).rooms.get_mut(&room) {
            known.claimed(lease, clock());
        }
        Ok(())
    }
}

/// A room that is followed for as long as this is kept.
pub struct Followed {
    serving: watch::Receiver<Serving>,
}

impl Followed {
    /// Who serves the room, as far as is known.
    #[must_use]
    pub fn serving(&self) -> Serving {
        *self.serving.borrow()
    }

    /// Who serves the room: at first as soon as it is known, then whenever it has changed. Several changes between two calls are
    /// one. Cancelling is harmless. Waits for ever once the [`Placement`] is gone.
    pub async fn next(&mut self) -> Serving {
        if self.serving.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        *self.serving.borrow_and_update()
    }
}

#[cfg(test)]
mod tests;
