//! A client in a room as the rest of the node sees it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::call::Handle;
use super::encoder::StageEncoder;
use super::gate::{Gate, Told};
use super::out::{self, UserMessage};
use super::say;
use crate::cluster::janitor::Chore;
use crate::cluster::live::Roles;
use crate::cluster::{Encoder, Listener};
use crate::dialect::Services;
use crate::domain::Rooms;
use crate::domain::channels::Place;
use crate::domain::rooms::Visitor;
use crate::ids::{ChannelId, MessageId, RoomNumber, SessionId, SessionRef, TokenDigest, UserId, Username};
use crate::session::close::CloseCode;
use crate::session::{Sent, Session};
use crate::store::record::{self, Badge, Expulsion, MessageRecord, NewsRecord, Person, Signal};
use crate::store::topics::{News, Topic};

/// Messages to one user whose letters may still come back; of older ones it is not told any more.
const WHISPERS: usize = 64;

/// Who is logged in, and by which key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The user.
    pub person: Person,
    /// The number and whether there is a password.
    pub badge: Badge,
    /// The key's digest: when that key ends, so does this.
    pub key: TokenDigest,
}

#[derive(Default)]
struct State {
    identity: Option<Identity>,
    /// Until the client was told what there is.
    gate: Option<Gate>,
    /// For a while after that.
    told: Option<Told>,
    /// Whose coming the client caused and knows of.
    own: Option<UserId>,
    /// The room's call, if it ever asked for it.
    call: Option<Handle>,
    /// Messages to one user, and how many letters of each may still come back.
    whispers: VecDeque<(MessageId, usize)>,
}

impl State {
    /// Whether the client does not know of this coming or going yet.
    fn is_new(&mut self, news: &NewsRecord, now: Instant) -> bool {
        if self.told.as_ref().is_some_and(|told| told.is_over(now)) {
            self.told = None;
        }
        let is_own = matches!(news, NewsRecord::Exited { who, .. } if self.own == Some(who.id));
        is_own || self.told.as_mut().is_none_or(|told| told.is_new(news))
    }
}

/// One connection of the stage dialect, in a room.
pub struct Client {
    session: Arc<Session>,
    services: Arc<Services>,
    room: RoomNumber,
    state: Mutex<State>,
}

impl Client {
    /// Somebody who has not been told yet what there is in the room.
    #[must_use]
    pub fn new(session: Arc<Session>, services: Arc<Services>, room: RoomNumber) -> Arc<Self> {
        let state = State { gate: Some(Gate::default()), ..State::default() };
        Arc::new(Self { session, services, room, state: Mutex::new(state) })
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Session {
        &self.session
    }

    /// The connection, for whoever tells it something by themselves.
    #[must_use]
    pub fn shared_connection(&self) -> Arc<Session> {
        self.session.clone()
    }

    /// What the node has for everybody.
    #[must_use]
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> RoomNumber {
        self.room
    }

    /// The room as a channel.
    #[must_use]
    pub fn place(&self) -> Place {
        Rooms::place(self.room)
    }

    /// Where the connection is.
    #[must_use]
    pub fn at(&self) -> SessionRef {
        SessionRef { node: self.services.hub.node(), session: self.session.id() }
    }

    /// Who is logged in.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.state().identity.clone()
    }

    /// Somebody is logged in now.
    pub fn set_identity(&self, identity: Identity) {
        self.state().identity = Some(identity);
    }

    /// The same user comes with another key; `false`: that user is not logged in here.
    pub fn change_key(&self, identity: &Identity) -> bool {
        let mut state = self.state();
        let same = state.identity.as_mut().filter(|present| present.person.id == identity.person.id);
        same.map(|present| present.clone_from(identity)).is_some()
    }

    /// The user has a password now, or another name.
    pub fn update(&self, person: Person, badge: Badge) {
        if let Some(identity) = self.state().identity.as_mut().filter(|identity| identity.person.id == person.id) {
            (identity.person, identity.badge) = (person, badge);
        }
    }

    /// The room's call, as far as this client is or was in it.
    #[must_use]
    pub fn call(&self) -> Option<Handle> {
        self.state().call.clone()
    }

    /// The client is in this call now, and in no other.
    pub fn set_call(&self, call: Handle) {
        if let Some(before) = self.state().call.replace(call) {
            before.end();
        }
    }

    /// Out of the call, if it is in one.
    pub fn leave_call(&self) {
        if let Some(call) = self.state().call.take() {
            call.end();
            self.services.calls.leave(self.session.id());
        }
    }

    /// Tells the room whose streams this session publishes, if it does.
    pub async fn name_streams(&self) {
        if let Some(news) = self.own_streams_news() {
            tell(&self.services, &news).await;
        }
    }

    /// Tells the room of the user's new name.
    pub async fn tell_name(&self, who: Person) {
        let streams = self.call().map(|call| call.own_streams()).unwrap_or_default();
        tell(&self.services, &self.place().news(&NewsRecord::Renamed { who, streams })).await;
    }

    fn own_streams_news(&self) -> Option<News> {
        let streams = self.call()?.own_streams();
        let me = self.identity().filter(|_| !streams.is_empty())?;
        Some(self.place().news(&NewsRecord::Renamed { who: me.person, streams }))
    }

    /// Tells what there is, and then what has happened since.
    pub fn open_gate(&self, told: Bytes, there: &[Visitor]) {
        let mut state = self.state();
        let (news, frames, knows) = state.gate.take().unwrap_or_default().open(there, Instant::now());
        state.told = Some(knows);
        self.session.reply(told);
        news.iter().filter_map(|news| StageEncoder.news(news)).chain(frames).for_each(|frame| self.session.reply(frame));
    }

    /// Remembers that so many letters are on their way with a message to one user.
    pub fn whispered(&self, message: MessageId, letters: usize) {
        let whispers = &mut self.state().whispers;
        whispers.push_back((message, letters));
        if whispers.len() > WHISPERS {
            whispers.pop_front();
        }
    }

    /// The user is not logged in here any more. The store's part is returned, to be done in this order.
    #[must_use]
    pub fn sign_off(&self) -> Option<Vec<Chore>> {
        let identity = self.state().identity.take()?;
        Some(vec![self.leave_chore(&identity), self.depart_chore(&identity)])
    }

    /// As [`Client::sign_off`], when nobody waits for the store. `false`: nobody was logged in.
    pub fn sign_off_now(&self) -> bool {
        let chores = self.sign_off();
        let was = chores.is_some();
        chores.into_iter().flatten().for_each(|chore| self.services.janitor.please(chore));
        was
    }

    /// Takes the session out of the room in the store. The room hears of it if it was the user's last one there.
    #[must_use]
    pub fn leave_chore(&self, identity: &Identity) -> Chore {
        let exited = NewsRecord::Exited { who: identity.person.clone(), number: identity.badge.number };
        Chore::Leave(self.place().channel, self.at(), self.place().news(&exited))
    }

    /// Takes the user's presence in this session out of the store.
    #[must_use]
    pub fn depart_chore(&self, identity: &Identity) -> Chore {
        let offline = NewsRecord::Online { who: identity.person.clone(), online: false };
        Chore::Depart(identity.person.id, self.at(), News { topic: Topic::All, body: record::encode(&offline) })
    }

    /// Takes the session out of the room on this node.
    pub fn exit(&self) {
        self.services.hub.exit(self.place().channel, self.session.id(), Roles { joined: true, watching: true });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody speaks to this user alone. `false`: that user is not here, or does not read.
    fn whisper(&self, channel: ChannelId, message: &MessageRecord) -> bool {
        let Some(me) = self.identity() else { return false };
        let is_for_me = channel == self.place().channel && message.to == Some(me.person.id);
        is_for_me && self.session.send(&UserMessage::to_one(message, me.badge.number).frame()) == Sent::Done
    }

    /// A letter with a message to one user came back. If that was the last of its letters, nobody has got it.
    fn whisper_returned(&self, message: MessageId) {
        let nobody_got_it = {
            let whispers = &mut self.state().whispers;
            let Some(index) = whispers.iter().position(|(id, _)| *id == message) else { return };
            whispers[index].1 = whispers[index].1.saturating_sub(1);
            let done = whispers[index].1 == 0;
            if done {
                whispers.remove(index);
            }
            done
        };
        if nobody_got_it {
            self.session.reply(out::error(&say::not_present()));
        }
    }
}

/// What cannot be told is lost: it is news, not state.
async fn tell(services: &Services, news: &News) {
    if let Err(error) = services.store.publish(news).await {
        tracing::debug!(%error, "news for a room were not told");
    }
}

impl Listener for Client {
    fn session(&self) -> SessionId {
        self.session.id()
    }

    fn user(&self) -> Option<UserId> {
        self.state().identity.as_ref().map(|identity| identity.person.id)
    }

    fn name(&self) -> Option<Username> {
        self.state().identity.as_ref().map(|identity| identity.person.name.clone())
    }

    fn number(&self) -> Option<u64> {
        self.state().identity.as_ref().map(|identity| identity.badge.number)
    }

    fn encoder(&self) -> &dyn Encoder {
        &StageEncoder
    }

    fn uses_additions(&self) -> bool {
        // Those of the hub: messages that change.
        false
    }

    fn hears(&self, news: &NewsRecord) -> bool {
        match news {
            // Whoever comes in is told so directly, also with a second session, of which the others hear nothing.
            NewsRecord::Joined { session, who, .. } if *session == self.session.id() => {
                self.state().own = Some(who.id);
                return false;
            }
            NewsRecord::Exited { .. } => {}
            NewsRecord::Joined { who, .. } | NewsRecord::Renamed { who, .. } => {
                let session = if let NewsRecord::Joined { session, .. } = news { Some(*session) } else { None };
                if let Some(call) = self.call() {
                    call.look(session, who.id);
                }
            }
            _ => return false,
        }
        let mut state = self.state();
        let Some(gate) = &mut state.gate else { return state.is_new(news, Instant::now()) };
        if !gate.note(news) {
            self.session.close(CloseCode::Slow, "too much happens in this room");
        }
        false
    }

    fn send(&self, frames: &Bytes) -> Sent {
        let mut state = self.state();
        let Some(gate) = &mut state.gate else { return self.session.send(frames) };
        if !gate.hold(frames) {
            self.session.close(CloseCode::Slow, "too much happens in this room");
        }
        Sent::Done
    }

    fn tell(&self, frame: Bytes) {
        self.session.reply(frame);
    }

    fn drained(&self) -> BoxFuture<'static, bool> {
        let session = self.session.clone();
        Box::pin(async move { session.drained().await })
    }

    fn renamed(&self, name: &Username) {
        let before = self.state().identity.as_mut().map(|identity| std::mem::replace(&mut identity.person.name, name.clone()));
        // The session that changed the name knows it already, and has told the room.
        if before.is_some_and(|before| before != *name)
            && let Some(news) = self.own_streams_news()
        {
            let services = self.services.clone();
            tokio::spawn(async move { tell(&services, &news).await });
        }
    }

    fn signal(self: Arc<Self>, signal: Signal) {
        match signal {
            Signal::Whisper { channel, from, message } => {
                if !self.whisper(channel, &message) {
                    let signal = Box::new(Signal::Whisper { channel, from, message });
                    self.services.relay.send(from, None, Signal::Undeliverable { to: self.session.id(), signal });
                }
            }
            Signal::Undeliverable { signal, .. } => {
                if let Signal::Whisper { message, .. } = *signal {
                    self.whisper_returned(message.id);
                }
            }
            Signal::KeyEnded { key } => {
                let is_mine = self.identity().is_some_and(|identity| identity.key == key);
                if is_mine && self.sign_off_now() {
                    self.session.reply(out::question("access_token"));
                }
            }
            Signal::Expelled { user, why } if self.user() == Some(user) => match why {
                Expulsion::Kicked => self.session.close(CloseCode::Kicked, "a moderator closed this session"),
                Expulsion::Banned => self.session.close(CloseCode::Banned, "a moderator banned this account"),
                Expulsion::Deleted => self.session.close(CloseCode::Deleted, "this account was deleted"),
            },
            Signal::Expelled { .. }
            | Signal::Forward(_)
            | Signal::GuestMessage { .. }
            | Signal::Lobby { .. }
            | Signal::CallAsk { .. }
            | Signal::CallTell { .. } => {}
        }
    }
}
