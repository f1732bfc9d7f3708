//! Calls, as the node sees them that has the participants' sessions: it keeps them in their rooms, whichever media node serves these.
//!
//! Each room with participants here has a task. It follows the room ([`super::placement`]), sends what participants want to the media
//! node, and tells them what comes back. When another media node serves the room, all join there anew, by themselves and with all
//! that was kept of them.
//!
//! * What participants want is kept as state, and told to the media node again wherever it may have missed it. Letters that come
//!   back, or get no answer, are sent again in the form that the state has by then.
//! * What is told in another epoch than the present one is dropped: by whom it is told does not serve the room.
//! * A participant's [`CallEvent`]s come in order: after [`CallEvent::Moved`] or [`CallEvent::Nowhere`] nothing of before is told any more.
//! * Numbers of connections and offers only grow while the node lives. So an answer is known for what it answers.

mod participant;
mod room;
mod task;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use self::participant::Numbers;
use self::task::Input;
use super::lock;
use super::placement::Placement;
use super::relay::{Desk, Relay};
use crate::ids::{NodeId, RoomId, SessionId, SessionRef};
use crate::store::record::calls::{PeerWord, Quality, Refusal, Roster, Source};
use crate::store::record::{Person, Signal};

/// Who could not join within this time is out: [`Ended::Unavailable`]. Who has joined stays until there is a media node again.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What a session comes to a call with.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose it is.
    pub who: Person,
    /// What it will send.
    pub publish: Vec<Source>,
    /// See [`crate::store::record::calls::Join::simulcast`].
    pub simulcast: bool,
    /// What it publishes in silence.
    pub muted: Vec<Source>,
    /// Its client has one `RTCPeerConnection` for good, and goes on with it at another media node.
    pub keeps_connection: bool,
    /// Its client can connect with those of others where there is no media node.
    pub peer_to_peer: bool,
    /// If it opens the call, that is to be one of peers even where there are media nodes.
    pub wants_peers: bool,
}

/// What a participant wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To answer an offer. Dropped unless it is the newest.
    Answer {
        /// Of [`CallEvent::Offer`].
        connection: u64,
        /// Of [`CallEvent::Offer`].
        offer: u64,
        /// The description.
        sdp: String,
    },
    /// To begin or end to send this.
    Publish {
        /// What.
        source: Source,
        /// Begin, or end.
        on: bool,
    },
    /// To be shown like this. What is `None` stays.
    State {
        /// What it publishes in silence.
        muted: Option<Vec<Source>>,
        /// Its hand is up.
        hand: Option<bool>,
        /// Shown to all for a moment; dropped while the call moves.
        reaction: Option<String>,
    },
    /// To get somebody's video in this size.
    Subscribe {
        /// Whose.
        participant: SessionId,
        /// Which of theirs.
        source: Source,
        /// Pixels that are of use; 0: none.
        height: u16,
    },
    /// To have something brought to another participant of a peer-to-peer call.
    Peer {
        /// Whom.
        to: SessionId,
        /// What.
        word: PeerWord,
    },
    /// To get another connection: this one failed.
    Restart,
}

/// What a participant is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallEvent {
    /// Who is in the room and what of it comes on which m-line, complete. The first one means that the participant has joined.
    Roster(Roster),
    /// To be answered with [`Wish::Answer`].
    Offer {
        /// Another number than before: this is for a new `RTCPeerConnection`.
        connection: u64,
        /// Which offer.
        offer: u64,
        /// The description.
        sdp: String,
        /// The m-lines on which the participant publishes: their names, and what is sent there.
        publish: Vec<(String, Source)>,
    },
    /// Who speaks.
    Speaking {
        /// The one to look at.
        active: Option<SessionId>,
        /// All who are heard now.
        speaking: Vec<SessionId>,
    },
    /// How good connections are; only those that changed.
    Quality(Vec<(SessionId, Quality)>),
    /// Somebody reacts.
    Reaction {
        /// Who.
        participant: SessionId,
        /// With what.
        reaction: String,
    },
    /// From another participant of a peer-to-peer call.
    Peer {
        /// From whom.
        from: SessionId,
        /// What.
        word: PeerWord,
    },
    /// The node that serves the room is gone or gives it up. The participant joins the next one by itself.
    Moved,
    /// No node serves the room for it. The participant joins by itself as soon as one does.
    Nowhere,
    /// A wish was not granted; everything else goes on.
    Refused(Refusal),
    /// The participant is out. The last event.
    Ended(Ended),
}

/// Why a participant is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The room is full.
    Full,
    /// The room has as many participants as a call without a media node may have.
    TooManyPeers,
    /// The connection could not be made, or broke.
    Connection,
    /// No media node let it in within [`PATIENCE`].
    Unavailable,
}

/// A participant's own end: gets what it is told.
pub trait Told: Send + Sync + 'static {
    /// Events come one at a time and in order. Does not wait. One or two may still come right after [`Calls::leave`].
    fn tell(&self, event: CallEvent);
}

/// The session is in no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not in a call")]
pub struct NotInACall;

/// The calls of a node's sessions. To be made known with [`Relay::set_calls_desk`].
pub struct Calls {
    node: NodeId,
    relay: Arc<Relay>,
    placement: Arc<Placement>,
    numbers: Arc<Numbers>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rooms: HashMap<RoomId, mpsc::UnboundedSender<Input>>,
    /// The one call of each session.
    seats: HashMap<SessionId, Seat>,
    seats_taken: u64,
}

/// A session's place in a room. The same session may take several, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seat {
    room: RoomId,
    number: u64,
}

impl Calls {
    /// Of this node, nobody being in any.
    #[must_use]
    pub fn new(node: NodeId, relay: Arc<Relay>, placement: Arc<Placement>) -> Arc<Self> {
        Arc::new(Self { node, relay, placement, numbers: Arc::default(), state: Mutex::default() })
    }

    /// Brings a session of this node into a room, and out of the one it was in. [`CallEvent::Roster`] is the first it hears of
    /// it, or [`CallEvent::Ended`], after [`PATIENCE`] at the latest.
    pub fn join(self: &Arc<Self>, session: SessionId, room: RoomId, request: Request, told: Arc<dyn Told>) {
        let mut state = lock(&self.state);
        state.vacate(session);
        state.seats_taken += 1;
        let seat = Seat { room, number: state.seats_taken };
        state.seats.insert(session, seat);
        let join = Input::Join { session, seat, request: Box::new(request), told };
        let left = match state.rooms.get(&room) {
            Some(inputs) => inputs.send(join).err().map(|unsent| unsent.0),
            None => Some(join),
        };
        if let Some(join) = left {
            let (inputs, received) = mpsc::unbounded_channel();
            let _ = inputs.send(join);
            state.rooms.insert(room, inputs);
            tokio::spawn(task::run(self.clone(), room, received));
        }
    }

    /// Takes a session out of its call, if it is in one.
    pub fn leave(&self, session: SessionId) {
        lock(&self.state).vacate(session);
    }

    /// Whether the session is in a call, or about to join one.
    #[must_use]
    pub fn has(&self, session: SessionId) -> bool {
        lock(&self.state).seats.contains_key(&session)
    }

    /// Does what a participant wants, as soon as that is possible.
    ///
    /// # Errors
    /// It is no participant.
    pub fn wish(&self, session: SessionId, wish: Wish) -> Result<(), NotInACall> {
        let state = lock(&self.state);
        let seat = state.seats.get(&session).ok_or(NotInACall)?;
        let inputs = state.rooms.get(&seat.room).ok_or(NotInACall)?;
        inputs.send(Input::Wish { session, wish }).map_err(|_| NotInACall)
    }

    /// The session's place is free, unless it has taken another one meanwhile.
    fn vacated(&self, session: SessionId, seat: Seat) {
        let mut state = lock(&self.state);
        if state.seats.get(&session) == Some(&seat) {
            state.seats.remove(&session);
        }
    }

    /// Ends a room's task if nothing is on its way to it.
    fn close_if_idle(&self, room: RoomId, inputs: &mpsc::UnboundedReceiver<Input>) -> bool {
        let mut state = lock(&self.state);
        let idle = inputs.is_empty();
        if idle {
            state.rooms.remove(&room);
        }
        idle
    }
}

impl State {
    fn vacate(&mut self, session: SessionId) {
        let Some(seat) = self.seats.remove(&session) else { return };
        if let Some(inputs) = self.rooms.get(&seat.room) {
            // A task that is gone has nobody any more.
            let _ = inputs.send(Input::Leave { session });
        }
    }
}

impl Desk for Calls {
    fn letter(&self, to: SessionId, reply_to: Option<SessionRef>, signal: Signal) {
        let (room, input) = match signal {
            Signal::CallTell { room, epoch, tell } => (room, Input::Told { session: to, reply_to, epoch, tell }),
            Signal::Undeliverable { signal, .. } => match *signal {
                Signal::CallAsk { room, epoch, ask } => (room, Input::Returned { session: to, epoch, ask }),
                _ => return,
            },
            _ => return,
        };
        let unsent = match lock(&self.state).rooms.get(&room) {
            Some(inputs) => inputs.send(input).err().map(|unsent| unsent.0),
            None => Some(input),
        };
        if let Some(Input::Told { session, reply_to, epoch, tell }) = unsent {
            self.relay.undeliverable(session, reply_to, Signal::CallTell { room, epoch, tell });
        }
    }
}

#[cfg(test)]
mod tests;
