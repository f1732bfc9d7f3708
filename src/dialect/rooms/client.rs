//! A guest in a room as the rest of the node sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::hall::Hall;
use super::out;
use super::silence::{Due, Patience, Silence};
use crate::cluster::Listener;
use crate::cluster::live::Roles;
use crate::dialect::Services;
use crate::domain::named_rooms::Seat;
use crate::ids::{SessionId, SessionRef, UserId};
use crate::session::close::CloseCode;
use crate::session::{Sent, Session};
use crate::store::channels::Member;
use crate::store::named_rooms::NamedRoom;
use crate::store::record::guests::GuestMessage;
use crate::store::record::{NewsRecord, Signal};

struct State {
    /// Until the guest has left.
    seat: Option<Seat>,
    silence: Silence,
    /// The client knows who it is, or asks for who is there.
    introduced: bool,
    /// It was not told of a change because of that: at least of its own coming.
    owed: bool,
}

/// One connection of the rooms dialect.
pub struct Client {
    session: Arc<Session>,
    services: Arc<Services>,
    hall: Arc<Hall>,
    room: NamedRoom,
    at: SessionRef,
    guest: UserId,
    state: Mutex<State>,
}

impl Client {
    /// Somebody who has just come in.
    #[must_use]
    pub fn new(session: Arc<Session>, services: Arc<Services>, hall: Arc<Hall>, seat: Seat) -> Arc<Self> {
        let (room, at, guest) = (seat.room().clone(), seat.at(), seat.guest());
        let state = State { seat: Some(seat), silence: Silence::begin(Instant::now()), introduced: false, owed: true };
        Arc::new(Self { session, services, hall, room, at, guest, state: Mutex::new(state) })
    }

    /// What the node has for everybody.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The room on this node.
    #[must_use]
    pub fn hall(&self) -> &Hall {
        &self.hall
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &NamedRoom {
        &self.room
    }

    /// Who the guest is in the room.
    #[must_use]
    pub fn guest(&self) -> UserId {
        self.guest
    }

    /// Where letters to the guest go.
    #[must_use]
    pub fn address(&self) -> SessionRef {
        self.at
    }

    /// The guest was heard.
    pub fn heard(&self) {
        let mut state = self.state();
        state.silence = Silence::begin(Instant::now());
        if let Some(seat) = &state.seat {
            seat.stir();
        }
    }

    /// The client knows who it is. `true`: it is owed a `room-info`, and whoever asks gives it.
    pub fn introduce(&self) -> bool {
        let mut state = self.state();
        state.introduced = true;
        std::mem::take(&mut state.owed)
    }

    /// The room has changed; a client that does not know yet who it is would connect to itself.
    pub(super) fn room_info(&self, frame: &Bytes) {
        {
            let mut state = self.state();
            if !state.introduced {
                state.owed = true;
                return;
            }
        }
        self.deliver(frame);
    }

    /// Answers the client.
    pub fn reply(&self, frame: Bytes) {
        self.session.reply(frame);
    }

    /// Tells the client what went wrong.
    pub fn fail(&self, words: &str) {
        self.session.reply(out::error(self.guest, words));
    }

    /// Looks whether the client has been silent for too long.
    pub(super) fn look(&self, now: Instant, patience: &Patience) {
        let due = self.state().silence.due(now, patience);
        match due {
            Some(Due::Ping) => self.session.reply(out::ping(self.guest)),
            Some(Due::Bye) if self.leave() => {
                self.session.reply(out::bye(self.guest));
                self.session.close(CloseCode::Unresponsive, "nothing was heard of you");
            }
            Some(Due::Bye) | None => {}
        }
    }

    /// Out of the room. `false`: it was out already.
    pub fn leave(&self) -> bool {
        let seat = self.state().seat.take();
        self.services.hub.exit(self.room.channel(), self.at.session, Roles { joined: true, watching: true });
        self.services.hub.crowd().remove(self.at.session);
        self.hall.leave(self.at.session);
        seat.is_some()
    }

    /// Ends the connection in good order.
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.session.close(code, reason);
    }

    /// Sends what must not be missed: who does not read gets no more.
    fn deliver(&self, frame: &Bytes) -> bool {
        let sent = self.session.send(frame);
        if sent == Sent::Full {
            self.session.close(CloseCode::Slow, "you do not read what you are sent");
        }
        sent == Sent::Done
    }

    fn take(&self, message: Box<GuestMessage>) {
        let is_for_me = message.channel == self.room.channel()
            && message.room.is_none_or(|room| room == self.room.id)
            && message.receiver.is_none_or(|receiver| receiver == self.guest);
        let frame = if is_for_me { out::relayed(&message) } else { None };
        if !frame.is_some_and(|frame| self.deliver(&frame)) {
            let from = message.from;
            let signal = Box::new(Signal::GuestMessage { message });
            self.services.relay.send(from, None, Signal::Undeliverable { to: self.at.session, signal });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client is told that writes to somebody who is not there.
pub(super) fn no_such_client(whom: &str) -> String {
    format!("No such client: {whom}")
}

/// Sends a message to one who is in the room.
pub(super) fn post(client: &Client, to: &Member, message: GuestMessage) {
    let signal = Signal::GuestMessage { message: Box::new(message) };
    client.services.relay.send(to.at, Some(client.at), signal);
}

/// Sends a message to all who are in the room.
pub(super) fn post_to_all(client: &Client, to: &[Member], message: GuestMessage) {
    let signal = Signal::GuestMessage { message: Box::new(message) };
    client.services.relay.send_to_all(to.iter().map(|member| member.at), Some(client.at), &signal);
}

impl Listener for Client {
    fn session(&self) -> SessionId {
        self.at.session
    }

    fn hears(&self, news: &NewsRecord) -> bool {
        match news {
            NewsRecord::Guests { renamed: true } => self.hall.renamed(),
            // The reaper of a dead node says that its guests have left.
            NewsRecord::Guests { renamed: false } | NewsRecord::Left { .. } => self.hall.suspect(),
            _ => {}
        }
        false
    }

    fn send(&self, frames: &Bytes) -> Sent {
        self.session.send(frames)
    }

    fn tell(&self, frame: Bytes) {
        self.session.reply(frame);
    }

    fn drained(&self) -> BoxFuture<'static, bool> {
        let session = self.session.clone();
        Box::pin(async move { session.drained().await })
    }

    fn missed_in_channel(&self) {
        self.hall.missed();
    }

    fn signal(self: Arc<Self>, signal: Signal) {
        match signal {
            Signal::GuestMessage { message } => self.take(message),
            Signal::Undeliverable { signal, .. } => {
                if let Signal::GuestMessage { message } = *signal {
                    self.hall.suspect();
                    if let Some(receiver) = message.receiver {
                        self.fail(&no_such_client(&receiver.to_string()));
                    }
                }
            }
            Signal::KeyEnded { .. }
            | Signal::Expelled { .. }
            | Signal::Whisper { .. }
            | Signal::Forward(_)
            | Signal::Lobby { .. }
            | Signal::CallAsk { .. }
            | Signal::CallTell { .. } => {}
        }
    }
}
