//! A client's connection as the rest of the node sees it: who is signed in, what it hears, what was promised to it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::calls::Call;
use super::encoder::{ChatEncoder, event_frame};
use super::error::{Code, Failure};
use super::out::{Outgoing, UnreadChannel, WireMessage, WireRecipient, error};
use super::{Services, watch};
use crate::cluster::janitor::Chore;
use crate::cluster::live::Roles;
use crate::cluster::{Encoder, Listener, LogEvent};
use crate::domain::channels::Place;
use crate::ids::{ChannelId, Epoch, MessageId, RequestId, Seq, SessionId, SessionRef, TokenDigest, UserId, Username};
use crate::session::close::CloseCode;
use crate::session::{Sent, Session};
use crate::store::record::{self, Expulsion, LogRecord, NewsRecord, Person, Signal};
use crate::store::topics::{News, Topic};

/// A receiver is told of at most so many joins a second; the rest is dropped: they are news, not state.
const JOINS_PER_SECOND: u32 = 50;

/// Who is signed in, and by which key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The user.
    pub person: Person,
    /// The key's digest: when that key ends, so does this.
    pub key: TokenDigest,
}

/// A channel that the session watches.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// Which.
    pub place: Place,
    /// The user has read up to here.
    pub read: Seq,
    /// The newest message.
    pub seq: Seq,
}

/// What a session gets for a message that it wrote.
#[derive(Default)]
struct Owed {
    /// The request, which that event answers.
    id: Option<RequestId>,
    /// The event, once the message is stored.
    event: Option<LogEvent>,
}

#[derive(Default)]
struct State {
    identity: Option<Identity>,
    joined: Option<Place>,
    watched: HashMap<ChannelId, Watched>,
    watches_all: bool,
    /// Messages that have not come back to this session, which wrote them.
    owed: HashMap<MessageId, Owed>,
    /// Whose topic is followed.
    follows: Option<UserId>,
    joins_told: Option<(Instant, u32)>,
    /// The call that it is in, or was in last.
    call: Option<Arc<Call>>,
}

/// One connection of the chat dialect.
pub struct Client {
    session: Arc<Session>,
    services: Arc<Services>,
    /// It uses Rialto's additions and so understands them.
    additions: AtomicBool,
    /// It takes every news of a sign-in for its own.
    misspells: AtomicBool,
    watching: AtomicBool,
    state: Mutex<State>,
}

impl Client {
    /// A fresh connection.
    #[must_use]
    pub fn new(session: Arc<Session>, services: Arc<Services>) -> Arc<Self> {
        Arc::new(Self {
            session,
            services,
            additions: AtomicBool::new(false),
            misspells: AtomicBool::new(false),
            watching: AtomicBool::new(false),
            state: Mutex::default(),
        })
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Session {
        &self.session
    }

    /// The connection, for whoever outlives a request.
    #[must_use]
    pub(super) fn shared_connection(&self) -> Arc<Session> {
        self.session.clone()
    }

    /// Where it is.
    #[must_use]
    pub fn at(&self) -> SessionRef {
        SessionRef { node: self.services.hub.node(), session: self.session.id() }
    }

    /// Who is signed in.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.state().identity.clone()
    }

    /// Somebody is signed in now.
    pub fn set_identity(&self, identity: Identity) {
        self.state().identity = Some(identity);
    }

    /// The user has another name.
    pub fn rename(&self, name: Username) {
        if let Some(identity) = &mut self.state().identity {
            identity.person.name = name;
        }
    }

    /// From now on the client is told of additions.
    pub fn use_additions(&self) {
        self.additions.store(true, Ordering::Relaxed);
    }

    /// The client writes header fields as the original React client does.
    pub fn note_misspelling(&self) {
        self.misspells.store(true, Ordering::Relaxed);
    }

    /// The one channel that the session joined.
    #[must_use]
    pub fn joined(&self) -> Option<Place> {
        self.state().joined
    }

    /// Notes which channel the session joined; `false`, and nothing noted, if `user` is not signed in any more.
    pub fn set_joined(&self, user: UserId, place: Place) -> bool {
        let mut state = self.state();
        let same = state.identity.as_ref().is_some_and(|identity| identity.person.id == user);
        if same {
            state.joined = Some(place);
        }
        same
    }

    /// Takes the joined channel out, if it is this one (or any).
    pub fn take_joined(&self, place: Option<Place>) -> Option<Place> {
        self.state().joined.take_if(|joined| place.is_none_or(|place| place == *joined))
    }

    /// Notes which call the session joins, and ends what it was told of the one before; `false`, and nothing noted, if `user` is not
    /// signed in any more.
    pub(super) fn set_call(&self, user: UserId, call: &Arc<Call>) -> bool {
        let before = {
            let mut state = self.state();
            if state.identity.as_ref().is_none_or(|identity| identity.person.id != user) {
                return false;
            }
            state.call.replace(call.clone())
        };
        if let Some(before) = before {
            before.end();
        }
        true
    }

    /// Whether this is the call that was noted last.
    pub(super) fn is_in(&self, call: &Arc<Call>) -> bool {
        self.state().call.as_ref().is_some_and(|present| Arc::ptr_eq(present, call))
    }

    /// Leaves the call, if the session is in one.
    pub fn leave_call(&self) {
        let call = self.state().call.take();
        if let Some(call) = call {
            call.end();
            self.services.calls.leave(self.session.id());
        }
    }

    /// Remembers that the event of this message answers a request.
    pub fn owe(&self, message: MessageId, id: Option<RequestId>) {
        self.state().owed.insert(message, Owed { id, event: None });
    }

    /// The message is stored. The channel brings the event to this session, unless it did so already or the session is in the channel
    /// no more by then: then [`Client::pay`] does. Where the log was lost meanwhile the author is told that.
    pub fn stored(&self, channel: ChannelId, message: MessageId, event: LogEvent) {
        if let Some(owed) = self.state().owed.get_mut(&message) {
            owed.event = Some(event);
        }
        self.give_up(channel, self.services.hub.known(channel).epoch);
    }

    /// The channel's log began anew with this epoch. What the session wrote before and never got back may be lost: it is to be sent again,
    /// which its name for the message makes safe.
    fn give_up(&self, channel: ChannelId, epoch: Epoch) {
        let lost = |event: &LogEvent| event.entry.epoch < epoch && channel_of(event) == Some(channel);
        let lost: Vec<Owed> = self.state().owed.extract_if(|_, owed| owed.event.as_ref().is_some_and(lost)).map(|(_, owed)| owed).collect();
        for owed in lost {
            let Some(LogEvent { record: LogRecord::Message(message), .. }) = owed.event else { continue };
            let mut request = json!({ "recipientUUID": WireRecipient(message.to), "message": message.text });
            if let Some(client_id) = &message.client_id {
                request["clientID"] = json!(client_id);
            }
            let failure = Failure::new(Code::Unavailable, "the backend lost data, perhaps this message; try again");
            self.session.reply(error(&failure, json!({ "type": "channelMessage", "channelMessage": request }), owed.id.as_ref()));
        }
    }

    /// Sends what the session wrote and no channel will bring it any more, because it left or has read the channel anew: a message is
    /// acknowledged to its author, wherever that one has gone since.
    pub fn pay(&self) {
        let session = self.session.id();
        let written: HashSet<ChannelId> = self.state().owed.values().filter_map(|owed| channel_of(owed.event.as_ref()?)).collect();
        for channel in written {
            // It may be this session itself that has just read the new epoch.
            self.give_up(channel, self.services.hub.known(channel).epoch);
        }
        let lost =
            |event: &LogEvent| channel_of(event).is_some_and(|channel| !self.services.hub.brings(channel, session, event.entry.position));
        let mut events: Vec<(MessageId, LogEvent)> =
            self.state().owed.iter().filter_map(|(id, owed)| Some((*id, owed.event.clone()?))).collect();
        events.retain(|(_, event)| lost(event));
        events.sort_by_key(|(_, event)| event.entry.position);
        for (id, event) in events {
            // Whatever was handed out meanwhile is not owed any more.
            if let Some(owed) = self.state().owed.remove(&id) {
                self.session.reply(event_frame(&event, true, owed.id.as_ref()));
            }
        }
    }

    /// The request is answered otherwise.
    pub fn settle(&self, message: MessageId) {
        self.state().owed.remove(&message);
    }

    /// Whether it watches every direct channel.
    #[must_use]
    pub fn watches_all(&self) -> bool {
        self.state().watches_all
    }

    /// Whether it watches this channel.
    #[must_use]
    pub fn watches(&self, channel: ChannelId) -> bool {
        self.state().watched.contains_key(&channel)
    }

    /// Watches a channel from now on; `false` if `user` is not signed in any more.
    pub fn add_watched(&self, user: UserId, watched: Watched) -> bool {
        let mut state = self.state();
        let same = state.identity.as_ref().is_some_and(|identity| identity.person.id == user);
        if same {
            state.watched.insert(watched.place.channel, watched);
        }
        same
    }

    /// Begins to watch; answers what was watched before.
    pub fn begin_watching(&self, all: bool) -> Vec<Watched> {
        self.watching.store(true, Ordering::Relaxed);
        let mut state = self.state();
        state.watches_all = all;
        state.watched.drain().map(|(_, watched)| watched).collect()
    }

    /// Whose topic is to be followed: the user, if that is not followed yet.
    #[must_use]
    pub fn to_follow(&self) -> Option<UserId> {
        let mut state = self.state();
        let user = state.identity.as_ref().map(|identity| identity.person.id)?;
        (self.uses_additions() && state.follows.replace(user) != Some(user)).then_some(user)
    }

    /// Following failed; to be tried again.
    pub fn forget_follow(&self) {
        self.state().follows = None;
    }

    /// The user is not signed in here any more. The store's part is returned, to be done in this order.
    #[must_use]
    pub fn sign_off(&self) -> Option<(Identity, Vec<Chore>)> {
        let (identity, joined, watched, follows) = {
            let mut state = self.state();
            state.watches_all = false;
            (state.identity.take()?, state.joined.take(), std::mem::take(&mut state.watched), state.follows.take())
        };
        let hub = &self.services.hub;
        let session = self.session.id();
        for watched in watched.into_values() {
            hub.exit(watched.place.channel, session, Roles { joined: false, watching: true });
        }
        if let Some(user) = follows {
            hub.unfollow(user, session);
        }
        hub.crowd().clear_view(session);
        self.leave_call();
        let mut chores: Vec<Chore> = joined.into_iter().map(|place| self.leave_chore(identity.person.id, place)).collect();
        self.pay();
        self.state().owed.clear();
        chores.push(self.depart_chore(&identity));
        Some((identity, chores))
    }

    /// Takes the user's presence in this session out of the store.
    #[must_use]
    pub fn depart_chore(&self, identity: &Identity) -> Chore {
        let offline = NewsRecord::Online { who: identity.person.clone(), online: false };
        Chore::Depart(identity.person.id, self.at(), News { topic: Topic::All, body: record::encode(&offline) })
    }

    /// Takes the session out of a channel on this node; the store's part is returned.
    #[must_use]
    pub fn leave_chore(&self, user: UserId, place: Place) -> Chore {
        let session = self.session.id();
        self.services.hub.exit(place.channel, session, Roles { joined: true, watching: false });
        self.pay();
        Chore::Leave(place.channel, self.at(), place.news(&NewsRecord::Left { session, who: user, to: place.peer }))
    }

    /// As [`Client::sign_off`], when nobody waits for the store.
    pub fn sign_off_now(&self) -> Option<Identity> {
        let (identity, chores) = self.sign_off()?;
        chores.into_iter().for_each(|chore| self.services.janitor.please(chore));
        Some(identity)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn me(&self) -> Option<UserId> {
        self.state().identity.as_ref().map(|identity| identity.person.id)
    }

    fn push_unread(&self, watched: Watched, last: Option<WireMessage<'_>>) {
        let count = watched.seq.0.saturating_sub(watched.read.0);
        let channel = UnreadChannel { recipient: WireRecipient(watched.place.peer), count, last, seq: watched.seq, call: None };
        // What a full queue does not take is told with the next change.
        self.session.send(&Outgoing::new("unread", json!({ "channels": [channel] })).frame());
    }
}

impl Listener for Client {
    fn session(&self) -> SessionId {
        self.session.id()
    }

    fn user(&self) -> Option<UserId> {
        self.me()
    }

    fn name(&self) -> Option<Username> {
        self.state().identity.as_ref().map(|identity| identity.person.name.clone())
    }

    fn encoder(&self) -> &dyn Encoder {
        &ChatEncoder
    }

    fn uses_additions(&self) -> bool {
        self.additions.load(Ordering::Relaxed)
    }

    fn hears(&self, news: &NewsRecord) -> bool {
        let own = self.session.id();
        match news {
            NewsRecord::Joined { session, .. } => *session != own && self.may_hear_join(),
            NewsRecord::Left { session, .. } => *session != own,
            NewsRecord::Typing { session, .. } | NewsRecord::Read { session, .. } => *session != own && self.uses_additions(),
            NewsRecord::Online { .. } => self.watching.load(Ordering::Relaxed),
            NewsRecord::SignedIn { session, who } => {
                *session != own && (!self.misspells.load(Ordering::Relaxed) || self.me() == Some(who.id))
            }
            NewsRecord::UserChanged { .. } | NewsRecord::Call { .. } => self.uses_additions(),
            NewsRecord::DirectOpened { .. } | NewsRecord::Exited { .. } | NewsRecord::Renamed { .. } | NewsRecord::Guests { .. } => false,
        }
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

    fn own_form(&self, event: &LogEvent) -> Bytes {
        let id = match &event.record {
            LogRecord::Message(message) if message.via == Some(self.session.id()) => {
                self.state().owed.remove(&message.id).and_then(|owed| owed.id)
            }
            _ => None,
        };
        event_frame(event, true, id.as_ref())
    }

    fn log_began_anew(&self, channel: ChannelId, epoch: Epoch) {
        self.give_up(channel, epoch);
    }

    fn reset_form(&self, channel: ChannelId, epoch: Epoch) -> Option<Bytes> {
        if !self.uses_additions() {
            return None;
        }
        let place = {
            let state = self.state();
            let watched = state.watched.get(&channel).map(|watched| watched.place);
            watched.or(state.joined.filter(|place| place.channel == channel))?
        };
        Some(Outgoing::new("channelReset", json!({ "recipientUUID": WireRecipient(place.peer), "epoch": epoch })).frame())
    }

    fn watched(&self, channel: ChannelId, event: &LogEvent) {
        let LogRecord::Message(message) = &event.record else { return };
        let me = self.me();
        let watched = {
            let mut state = self.state();
            let Some(watched) = state.watched.get_mut(&channel) else { return };
            watched.seq = event.entry.position.seq;
            if me == Some(message.from) {
                // Whoever writes has read.
                watched.read = watched.seq;
            }
            *watched
        };
        let last = WireMessage::live(event.entry.position.seq, event.entry.at, message);
        self.push_unread(watched, Some(if me == Some(message.from) { last.to_author(message) } else { last }));
    }

    fn direct_opened(self: Arc<Self>, peer: UserId) {
        if self.watches_all() {
            tokio::spawn(async move { watch::watch_opened(&self, &self.services, peer).await });
        }
    }

    fn missed_news(self: Arc<Self>) {
        if self.watches_all() {
            tokio::spawn(async move { watch::look_again(&self, &self.services).await });
        }
    }

    fn read_moved(&self, news: &NewsRecord) {
        let NewsRecord::Read { who, channel, seq, .. } = news else { return };
        if self.me() != Some(*who) {
            return;
        }
        let watched = {
            let mut state = self.state();
            let Some(watched) = state.watched.get_mut(channel) else { return };
            watched.read = watched.read.max(*seq);
            *watched
        };
        self.push_unread(watched, None);
    }

    fn renamed(&self, name: &Username) {
        self.rename(name.clone());
    }

    fn signal(self: Arc<Self>, signal: Signal) {
        match signal {
            Signal::KeyEnded { key } if self.state().identity.as_ref().is_some_and(|identity| identity.key == key) => {
                if let Some(identity) = self.sign_off_now() {
                    self.session.reply(Outgoing::new("signOut", json!({ "uuid": identity.person.id })).frame());
                }
            }
            Signal::Expelled { user, why } if self.me() == Some(user) => match why {
                Expulsion::Kicked => self.session.close(CloseCode::Kicked, "a moderator closed this session"),
                Expulsion::Banned => self.session.close(CloseCode::Banned, "a moderator banned this account"),
                Expulsion::Deleted => self.session.close(CloseCode::Deleted, "this account was deleted"),
            },
            Signal::KeyEnded { .. }
            | Signal::Expelled { .. }
            | Signal::Whisper { .. }
            | Signal::Forward(_)
            | Signal::GuestMessage { .. }
            | Signal::Lobby { .. }
            | Signal::CallAsk { .. }
            | Signal::CallTell { .. }
            | Signal::Undeliverable { .. } => {}
        }
    }
}

impl Client {
    fn may_hear_join(&self) -> bool {
        let mut state = self.state();
        let now = Instant::now();
        let (begun, told) = state.joins_told.get_or_insert((now, 0));
        if now.duration_since(*begun).as_secs() >= 1 {
            (*begun, *told) = (now, 0);
        }
        *told += 1;
        *told <= JOINS_PER_SECOND
    }
}

/// The channel that a message was written to.
fn channel_of(event: &LogEvent) -> Option<ChannelId> {
    match &event.record {
        LogRecord::Message(message) => Some(Place::of(message.from, message.to).channel),
        LogRecord::Changed { .. } | LogRecord::Reacted { .. } => None,
    }
}
