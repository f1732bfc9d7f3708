//! A peer as the rest of the node sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::sleep;

use super::gate::{Gate, Waiting};
use super::out;
use super::watch::Watch;
use crate::cluster::Listener;
use crate::dialect::Services;
use crate::ids::{MeshId, SessionId, SessionRef};
use crate::session::close::CloseCode;
use crate::session::{Sent, Session};
use crate::store::record::Signal;
use crate::store::record::meshes::{Forward, MeshNews};

/// After news may have been missed, the store is asked so much later: if it has lost its data, the nodes have written again by then
/// who is there.
const SETTLED: Duration = Duration::from_secs(5);
/// Between two attempts to ask it.
const RETRY: Duration = Duration::from_secs(1);

struct State {
    /// Until the client was told who is there.
    gate: Option<Gate>,
    /// For a client that asked for events.
    watch: Option<Watch>,
}

/// One connection of the mesh dialect.
pub struct Client {
    session: Arc<Session>,
    services: Arc<Services>,
    mesh: MeshId,
    state: Mutex<State>,
}

impl Client {
    /// Somebody who has not been told yet who is there. `events`: wants to hear who comes and goes.
    #[must_use]
    pub fn new(session: Arc<Session>, services: Arc<Services>, mesh: MeshId, events: bool) -> Arc<Self> {
        let watch = events.then(|| Watch::new(session.id()));
        let state = State { gate: Some(Gate::default()), watch };
        Arc::new(Self { session, services, mesh, state: Mutex::new(state) })
    }

    /// Which mesh.
    #[must_use]
    pub fn mesh_id(&self) -> MeshId {
        self.mesh
    }

    /// Tells who came before, and then hands over what came since.
    pub fn open(&self, before: &[SessionRef]) {
        let returns = {
            let mut state = self.state();
            self.session.reply(out::connected_peers(before));
            if let Some(watch) = &mut state.watch {
                watch.told(before.iter().map(|peer| peer.session));
            }
            let mut returns = Vec::new();
            for item in state.gate.take().unwrap_or_default().open() {
                match item {
                    Waiting::Forward(forward) => returns.extend(self.hand_over(forward)),
                    Waiting::News(news) => self.tell_news(&mut state, &news),
                }
            }
            returns
        };
        self.give_back(returns);
    }

    /// The connection is gone: what waits for it goes back.
    pub fn abandon(&self) {
        let waiting = self.state().gate.take().map(Gate::open).unwrap_or_default();
        self.give_back(waiting.into_iter().filter_map(|item| match item {
            Waiting::Forward(forward) => Some(forward),
            Waiting::News(_) => None,
        }));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something from another peer, or from somebody who is none.
    fn take(&self, forward: Forward) -> Option<Forward> {
        if forward.mesh != self.mesh {
            return Some(forward);
        }
        let mut state = self.state();
        match &mut state.gate {
            None => self.hand_over(forward),
            Some(gate) => match gate.hold(Waiting::Forward(forward)) {
                Err(Waiting::Forward(forward)) => Some(forward),
                _ => None,
            },
        }
    }

    /// Answers what the client does not take: it is gone, or does not read.
    fn hand_over(&self, forward: Forward) -> Option<Forward> {
        let sent = out::forwarded(&forward).map(|frame| self.session.send(&frame));
        if sent == Some(Sent::Done) { None } else { Some(forward) }
    }

    /// Not within the lock: the sender may be oneself.
    fn give_back(&self, forwards: impl IntoIterator<Item = Forward>) {
        forwards.into_iter().for_each(|forward| self.services.meshes.give_back(self.session.id(), forward));
    }

    fn tell_news(&self, state: &mut State, news: &MeshNews) {
        if state.watch.as_mut().is_some_and(|watch| watch.heard(news)) {
            // Without it the client would not know who is there.
            self.session.push(&out::news(news));
        }
    }

    /// Asks the store who is there, and tells what was missed.
    async fn look(self: Arc<Self>) {
        let look = match &mut self.state().watch {
            Some(watch) => watch.look(),
            None => return,
        };
        sleep(SETTLED).await;
        let peers = loop {
            if self.session.is_closed() {
                return;
            }
            match self.services.meshes.peers(self.mesh).await {
                Ok(peers) => break peers,
                Err(error) => tracing::debug!(%error, "who is in a mesh cannot be read yet"),
            }
            sleep(RETRY).await;
        };
        let mut state = self.state();
        let missed = state.watch.as_mut().map(|watch| watch.found(look, &peers)).unwrap_or_default();
        missed.iter().for_each(|news| self.session.reply(out::news(news)));
    }
}

impl Listener for Client {
    fn session(&self) -> SessionId {
        self.session.id()
    }

    fn mesh(&self) -> Option<MeshId> {
        self.state().gate.is_none().then_some(self.mesh)
    }

    fn may_get_from(&self) -> Option<MeshId> {
        Some(self.mesh)
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

    fn mesh_news(&self, news: &MeshNews) {
        let mut state = self.state();
        if !state.watch.as_mut().is_some_and(|watch| watch.is_later(news)) {
            return;
        }
        match &mut state.gate {
            None => self.tell_news(&mut state, news),
            Some(gate) => {
                if gate.hold(Waiting::News(news.clone())).is_err() {
                    self.session.close(CloseCode::Slow, "too much happens in this mesh");
                }
            }
        }
    }

    fn missed_news(self: Arc<Self>) {
        if self.state().gate.is_some() {
            // It is not known what belongs to the list that it is about to get.
            self.session.close(CloseCode::Restart, "the news of this mesh broke off; come back");
        } else {
            tokio::spawn(self.look());
        }
    }

    fn signal(self: Arc<Self>, signal: Signal) {
        match signal {
            Signal::Forward(forward) => self.give_back(self.take(*forward)),
            Signal::Undeliverable { to, signal } => {
                if matches!(*signal, Signal::Forward(_)) {
                    self.session.reply(out::peer_not_connected(&to.to_string()));
                }
            }
            Signal::KeyEnded { .. }
            | Signal::Expelled { .. }
            | Signal::GuestMessage { .. }
            | Signal::Whisper { .. }
            | Signal::Lobby { .. }
            | Signal::CallAsk { .. }
            | Signal::CallTell { .. } => {}
        }
    }
}
