//! A client as the rest of the node sees it: who it is, the room it is in, and what it is told of that.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout_at};

use super::error::{ErrorType, Failure};
use super::out;
use crate::cluster::Listener;
use crate::dialect::Services;
use crate::domain::lobbies::sight::{Look, Sight, Told};
use crate::domain::lobbies::{Caller, Coming, Entry, LobbyError, Seen, rules};
use crate::ids::{LobbyClientId, LobbyCode, SessionId, SessionRef};
use crate::session::close::CloseCode;
use crate::session::{Sent, Session};
use crate::store::record::Signal;
use crate::store::record::lobby::{LobbyLetter, LobbySay, LobbySignal};

/// Whoever is in a room looks at it so often at least: a letter that says to look may be lost with the node that sent it.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Signals that wait for a client to be dealt with take so many bytes at most.
const WAITING: usize = 1024 * 1024;

/// The room that a client is in.
pub struct Place {
    /// Its code.
    pub code: LobbyCode,
    /// What the client knows of it.
    sight: Sight,
    /// As it was last seen.
    seen: Seen,
}

/// Who a client is. Held while a message or a letter is dealt with, so that those come one after the other.
pub struct State {
    /// The client.
    pub id: LobbyClientId,
    /// Where it is.
    pub place: Option<Place>,
    /// It speaks in messages; else it came with a code in its address.
    pub speaks: bool,
    /// What it said about being host.
    pub can_host: Option<bool>,
}

/// What comes to a client from elsewhere.
enum Input {
    Look,
    /// The client has not looked for a while.
    Time,
    Displaced(LobbyClientId),
    Signal(LobbyLetter),
    /// A signal of the client's own: as many as it sends, and it sends nothing while it is being dealt with.
    Returned(LobbyLetter),
}

/// What a signal takes while it waits, in bytes.
fn weight(letter: &LobbyLetter) -> usize {
    match &letter.say {
        LobbySay::Signal { signal, .. } => signal.len() + size_of::<Input>(),
        LobbySay::Look | LobbySay::Displaced => 0,
    }
}

/// One connection of the lobby dialect.
pub struct Client {
    session: Arc<Session>,
    services: Arc<Services>,
    state: Mutex<State>,
    inputs: UnboundedSender<Input>,
    /// Bytes of the signals that wait in it.
    waiting: AtomicUsize,
    /// A look is on its way.
    will_look: AtomicBool,
}

impl Client {
    /// Somebody in no room.
    #[must_use]
    pub fn new(session: Arc<Session>, services: Arc<Services>, id: LobbyClientId) -> Arc<Self> {
        let (inputs, received) = unbounded_channel();
        let state = Mutex::new(State { id, place: None, speaks: true, can_host: None });
        let (waiting, will_look) = (AtomicUsize::new(0), AtomicBool::new(false));
        let client = Arc::new(Self { session, services, state, inputs, waiting, will_look });
        tokio::spawn(run(Arc::downgrade(&client), received));
        client
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Session {
        &self.session
    }

    /// What the node has for everybody.
    #[must_use]
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Who and where it is.
    pub async fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().await
    }

    /// As the rules know it.
    #[must_use]
    pub fn caller(&self, state: &State) -> Caller {
        Caller { id: state.id, at: self.at(), from: self.session.client() }
    }

    fn at(&self) -> SessionRef {
        SessionRef { node: self.services.hub.node(), session: self.session.id() }
    }

    /// Says who the client is.
    pub fn tell_identity(&self, state: &State) {
        self.session.reply(out::identity(state.id, &self.services.lobbies.token(state.id)));
    }

    /// Says what went wrong. Some things end the connection of a client that is in no room, and everything that of one that came with a code in
    /// its address.
    pub fn fail(&self, state: &State, failure: &Failure) {
        self.session.reply(out::error(failure));
        if state.place.is_some() {
            if failure.kind == ErrorType::NoRoomFound {
                // It has ended, or the store has lost it.
                self.will_look();
            }
            return;
        }
        match failure.kind {
            ErrorType::Unavailable if !state.speaks => self.session.close(CloseCode::Restart, "the room cannot be entered now; come back"),
            ErrorType::TooMany if !state.speaks => self.session.close(CloseCode::TooMuch, &failure.message),
            kind if kind.is_fatal() || !state.speaks => self.session.close(CloseCode::Fatal, kind.as_str()),
            _ => {}
        }
    }

    /// The client is in this room from now on; answers whether it is its host.
    pub fn settle(&self, state: &mut State, entry: &Entry) -> bool {
        let sight = Sight::of(entry.seen.revision, &entry.seen.room, state.id);
        // Of a client that came back, the room knows what it said before.
        state.can_host = rules::member(&entry.seen.room, state.id).and_then(|member| member.can_host);
        state.place = Some(Place { code: entry.code, sight, seen: entry.seen.clone() });
        entry.seen.room.host == Some(state.id)
    }

    /// The same, told as `roomJoined` and what belongs to it.
    pub async fn join(&self, state: &mut State, entry: &Entry) {
        let is_host = self.settle(state, entry);
        self.session.reply(out::room_joined(entry.came.is_host, entry.came.reconnected));
        if let (true, Some(host), Some(place)) = (entry.came.missed_term, entry.seen.room.host, &state.place) {
            self.session.reply(out::host_migrated(&place.sight.migrated(host, state.id)));
        }
        if is_host {
            self.tell_snapshot(&entry.seen, entry.code).await;
        }
    }

    /// A host gets the state of the game.
    async fn tell_snapshot(&self, seen: &Seen, code: LobbyCode) {
        if seen.room.snapshot.is_none() {
            return;
        }
        match self.services.lobbies.snapshot(code).await {
            Ok(Some(kept)) => self.session.reply(out::snapshot(&kept)),
            Ok(None) => {}
            Err(error) => self.session.reply(out::error(&error.into())),
        }
    }

    /// Looks at the room and says what has happened there.
    async fn look(&self) {
        let mut state = self.state().await;
        let state = &mut *state;
        let me = self.caller(state);
        let Some(place) = &mut state.place else { return };
        let seen = match self.services.lobbies.look_again(place.code, me, &place.seen).await {
            // Later another room may have this code.
            Ok(seen) => seen.filter(|seen| seen.room.born == place.seen.room.born),
            Err(error) => return tracing::debug!(%error, "a lobby room could not be looked at; later"),
        };
        let Some(seen) = seen else { return self.room_closed(state) };
        place.seen.clone_from(&seen);
        match place.sight.look(seen.revision, &seen.room, me.id, me.at) {
            Look::Here(told) => {
                let code = place.code;
                self.tell(state, &told, &seen, code).await;
            }
            Look::Displaced => self.displaced(),
            Look::Kicked => {
                state.place = None;
                self.fail(state, &Failure::new(ErrorType::Kicked, "the host has told you to leave"));
            }
            Look::Dropped => self.come_again(state, true).await,
            Look::Lost => self.come_again(state, false).await,
        }
    }

    /// The room is looked at in time for as long as somebody in it is alive.
    async fn keep_listed(&self) {
        if let Some(place) = &self.state().await.place {
            self.services.lobbies.keep_listed(place.code, &place.seen).await;
        }
    }

    /// The room thinks that this connection ended, which it did not: its node was thought to be dead.
    async fn come_again(&self, state: &mut State, has_place: bool) {
        let Some(place) = state.place.as_ref().filter(|_| !self.session.is_closed()) else { return };
        let (code, was_host) = (place.code, place.sight.host() == Some(state.id));
        let coming = if state.speaks { Coming::Returning { can_host: state.can_host } } else { Coming::ByQuery { host: was_host } };
        match self.services.lobbies.enter(self.caller(state), code, coming).await {
            Ok(entry) if has_place => {
                let me = self.caller(state);
                let Some(place) = &mut state.place else { return };
                if let Look::Here(told) = place.sight.look(entry.seen.revision, &entry.seen.room, me.id, me.at) {
                    self.tell(state, &told, &entry.seen, code).await;
                }
            }
            Ok(entry) if state.speaks => self.join(state, &entry).await,
            Ok(entry) => {
                self.settle(state, &entry);
            }
            Err(LobbyError::Refused(_)) => self.room_closed(state),
            Err(error) => tracing::debug!(%error, "a lobby room could not be entered again; later"),
        }
    }

    /// Says what has happened; whoever has become host gets the state of the game with it.
    async fn tell(&self, state: &State, told: &[Told], seen: &Seen, code: LobbyCode) {
        if !state.speaks {
            return;
        }
        told.iter().for_each(|told| self.session.push(&out::told(told)));
        if told.iter().any(|told| matches!(told, Told::Migrated(migrated) if migrated.is_host)) {
            self.tell_snapshot(seen, code).await;
        }
    }

    fn room_closed(&self, state: &mut State) {
        state.place = None;
        if state.speaks {
            self.session.reply(out::room_closed());
        } else {
            self.fail(state, &Failure::new(ErrorType::HostDisconnected, "the room is closed"));
        }
    }

    fn displaced(&self) {
        self.session.close(CloseCode::Displaced, "another connection of this client took its place");
    }

    async fn signalled(&self, letter: LobbyLetter) {
        let LobbySay::Signal { from, kind, signal, .. } = &letter.say else { return };
        // The other end may have heard earlier that there is another host.
        if !fits(&*self.state().await, &letter, *from, *kind) {
            self.look().await;
        }
        let state = self.state().await;
        // Whoever does not read what it is sent is not waited for; the sender hears that it did not arrive.
        if !fits(&state, &letter, *from, *kind) || self.session.send(&out::signal(*kind, signal, *from)) != Sent::Done {
            self.services.lobbies.undeliverable(self.at(), letter);
        }
    }

    /// A signal of this client's did not arrive.
    async fn returned(&self, letter: &LobbyLetter) {
        let state = self.state().await;
        let LobbySay::Signal { from, kind, .. } = &letter.say else { return };
        if *from == state.id && state.place.as_ref().is_some_and(|place| Some(place.code) == letter.room) {
            let kind = if kind.is_guests() { ErrorType::HostDisconnected } else { ErrorType::NoSuchClient };
            self.fail(&state, &Failure::new(kind, "the other end is not connected; the signal did not arrive"));
        }
    }

    /// One look that is to come sees all that has happened by then.
    fn will_look(&self) {
        if !self.will_look.swap(true, Ordering::AcqRel) {
            self.input(Input::Look);
        }
    }

    /// A signal waits while others are dealt with, unless too much does: then it is as if the client did not read.
    fn receive(&self, letter: LobbyLetter) {
        let weight = weight(&letter);
        if self.waiting.fetch_add(weight, Ordering::AcqRel) + weight > WAITING {
            self.waiting.fetch_sub(weight, Ordering::AcqRel);
            self.services.lobbies.undeliverable(self.at(), letter);
        } else {
            self.input(Input::Signal(letter));
        }
    }

    fn input(&self, input: Input) {
        // The task ends with the client.
        let _ = self.inputs.send(input);
    }
}

/// Whether a signal is for this client in its room, and goes between a guest and the host that the client knows of.
fn fits(state: &State, letter: &LobbyLetter, from: LobbyClientId, kind: LobbySignal) -> bool {
    let host = if kind.is_guests() { letter.to } else { from };
    let is_here = |place: &Place| Some(place.code) == letter.room && place.sight.host() == Some(host);
    letter.to == state.id && state.place.as_ref().is_some_and(is_here)
}

/// Deals with what comes, for as long as the client is there.
async fn run(client: Weak<Client>, mut inputs: UnboundedReceiver<Input>) {
    let mut next_look = Instant::now() + LOOK_EVERY;
    loop {
        let input = match timeout_at(next_look, inputs.recv()).await {
            Ok(Some(input)) => input,
            Ok(None) => return,
            Err(_) => Input::Time,
        };
        let Some(client) = client.upgrade() else { return };
        match input {
            Input::Look | Input::Time => {
                // What changes from here on is another look.
                client.will_look.store(false, Ordering::Release);
                client.look().await;
                if matches!(input, Input::Time) {
                    client.keep_listed().await;
                }
                next_look = Instant::now() + LOOK_EVERY;
            }
            Input::Displaced(whose) => {
                if whose == client.state().await.id {
                    client.displaced();
                }
            }
            Input::Signal(letter) => {
                client.waiting.fetch_sub(weight(&letter), Ordering::AcqRel);
                client.signalled(letter).await;
            }
            Input::Returned(letter) => client.returned(&letter).await,
        }
    }
}

impl Listener for Client {
    fn session(&self) -> SessionId {
        self.session.id()
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

    fn signal(self: Arc<Self>, signal: Signal) {
        match signal {
            Signal::Lobby { letter } => match letter.say {
                LobbySay::Look => self.will_look(),
                LobbySay::Displaced => self.input(Input::Displaced(letter.to)),
                LobbySay::Signal { .. } => self.receive(*letter),
            },
            Signal::Undeliverable { signal, .. } => {
                if let Signal::Lobby { letter } = *signal {
                    self.input(Input::Returned(*letter));
                }
            }
            _ => {}
        }
    }
}
