//! All participants of a shard: who a packet is from, whose timer is due, what is to be sent. No IO.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::media::peer::{Event, Failure, FingerprintChanged, Identity, Output, Peer, Route, SealError, receiver_of};
use crate::media::sdp::{Credentials, Fingerprint, Ufrag};
use crate::media::slots::Slots;

/// The most participants that share one path. More than one is rare: a page that connected anew from the same port. A packet is given to
/// each, and is authentic to one.
const MAX_SHARING: usize = 4;

/// A participant of a shard. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId {
    number: u64,
    slot: usize,
}

/// What came from a participant.
#[derive(Debug)]
pub enum Arrival {
    /// A media packet, as it was sent.
    Rtp(Bytes),
    /// A compound RTCP packet.
    Rtcp(BytesMut),
    /// Something happened to its connection.
    Event(Event),
}

/// Why something cannot be done for a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// There is none of this ID, or there is none any more.
    #[error("there is no such participant")]
    Unknown,
    /// Another participant has the same user name fragment; draw others.
    #[error("the ICE user name fragment is in use")]
    UfragInUse,
    /// See [`FingerprintChanged`].
    #[error(transparent)]
    Fingerprint(#[from] FingerprintChanged),
}

/// See the module.
pub struct Peers {
    identity: Arc<Identity>,
    entries: Slots<Entry>,
    by_ufrag: HashMap<Ufrag, PeerId>,
    by_route: HashMap<Route, Vec<PeerId>>,
    timers: BinaryHeap<Reverse<(Instant, PeerId)>>,
    arrivals: VecDeque<(PeerId, Arrival)>,
    /// Empty but for a moment; kept for its memory.
    outputs: Vec<Output>,
    /// What is not media.
    sends: Vec<(Route, BytesMut)>,
    /// Who has media to be sent to.
    waiting: Vec<PeerId>,
    next: u64,
}

struct Entry {
    id: PeerId,
    peer: Peer,
    routes: Vec<Route>,
    /// Sealed media, and where it goes.
    media: Vec<BytesMut>,
    to: Option<Route>,
    /// The earliest of this participant's timers; the later ones are void.
    timer: Option<Instant>,
}

impl Peers {
    /// None yet.
    #[must_use]
    pub fn new(identity: Arc<Identity>) -> Self {
        Self {
            identity,
            entries: Slots::default(),
            by_ufrag: HashMap::new(),
            by_route: HashMap::new(),
            timers: BinaryHeap::new(),
            arrivals: VecDeque::new(),
            outputs: Vec::new(),
            sends: Vec::new(),
            waiting: Vec::new(),
            next: 0,
        }
    }

    /// A participant who is offered these credentials and this certificate.
    ///
    /// # Errors
    /// [`PeerError::UfragInUse`].
    pub fn add(&mut self, now: Instant, identity: Arc<Identity>, credentials: Credentials) -> Result<PeerId, PeerError> {
        if self.by_ufrag.contains_key(&credentials.ufrag) {
            return Err(PeerError::UfragInUse);
        }
        let id = PeerId { number: self.next, slot: self.entries.free() };
        self.next += 1;
        self.by_ufrag.insert(credentials.ufrag.clone(), id);
        let peer = Peer::new(now, identity, credentials);
        self.entries.put(id.slot, Entry { id, peer, routes: Vec::new(), media: Vec::new(), to: None, timer: None });
        Ok(id)
    }

    /// What a participant answered.
    ///
    /// # Errors
    /// [`PeerError::Unknown`], [`PeerError::Fingerprint`].
    pub fn answer(&mut self, now: Instant, id: PeerId, credentials: &Credentials, fingerprint: Fingerprint) -> Result<(), PeerError> {
        let answered = self.with(id, |peer, outputs| peer.answer(now, credentials, fingerprint, outputs));
        Ok(answered.ok_or(PeerError::Unknown)??)
    }

    /// Gives a participant other credentials; see [`Peer::restart_ice`].
    ///
    /// # Errors
    /// [`PeerError::Unknown`], [`PeerError::UfragInUse`].
    pub fn restart_ice(&mut self, id: PeerId, credentials: Credentials) -> Result<(), PeerError> {
        if self.by_ufrag.contains_key(&credentials.ufrag) {
            return Err(PeerError::UfragInUse);
        }
        let entry = entry(&mut self.entries, id).ok_or(PeerError::Unknown)?;
        self.by_ufrag.remove(&entry.peer.credentials().ufrag);
        self.by_ufrag.insert(credentials.ufrag.clone(), id);
        entry.peer.restart_ice(credentials);
        Ok(())
    }

    /// Says good-bye to a participant and forgets it. Nothing more arrives from it.
    pub fn remove(&mut self, now: Instant, id: PeerId) {
        self.with(id, |peer, outputs| peer.close(now, outputs));
        self.abandon(id);
    }

    /// Forgets a participant without a good-bye: another node goes on with its connection.
    pub fn abandon(&mut self, id: PeerId) {
        if entry(&mut self.entries, id).is_none() {
            return;
        }
        let Some(entry) = self.entries.remove(id.slot) else { return };
        self.by_ufrag.remove(&entry.peer.credentials().ufrag);
        entry.routes.iter().for_each(|route| self.unlink(*route, id));
        self.arrivals.retain(|(from, _)| *from != id);
    }

    /// Sends a media packet, header and payload; see [`Peer::seal_rtp`]. False if there is nowhere to send it to, or it is malformed.
    pub fn send_rtp(&mut self, now: Instant, to: PeerId, packet: &[u8]) -> bool {
        self.send(now, to, |peer| peer.seal_rtp(packet))
    }

    /// Sends a compound RTCP packet. False if there is nowhere to send it to, or it is malformed.
    pub fn send_rtcp(&mut self, now: Instant, to: PeerId, packet: &[u8]) -> bool {
        self.send(now, to, |peer| peer.seal_rtcp(packet))
    }

    /// The certificate of this node, for whoever has none of their own.
    #[must_use]
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether somebody has proved to be there.
    pub(in crate::media) fn knows(&self, route: Route) -> bool {
        self.by_route.contains_key(&route)
    }

    /// A packet arrived. What nobody claims is dropped.
    pub(in crate::media) fn handle(&mut self, now: Instant, from: Route, bytes: &[u8]) {
        if bytes.first().is_some_and(|first| *first < 4) {
            if let Some(id) = receiver_of(bytes).and_then(|ufrag| Ufrag::parse(ufrag).ok()).and_then(|ufrag| self.by_ufrag.get(&ufrag)) {
                let id = *id;
                self.give(now, id, from, bytes);
                self.link(id, from);
            }
            return;
        }
        let Some(sharing) = self.by_route.get(&from) else { return };
        let mut ids = [None; MAX_SHARING];
        ids.iter_mut().zip(sharing).for_each(|(id, of)| *id = Some(*of));
        for id in ids.into_iter().flatten() {
            self.give(now, id, from, bytes);
        }
    }

    /// When [`Peers::handle_timeout`] wants to be called.
    pub(in crate::media) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }

    /// Does what is due.
    pub(in crate::media) fn handle_timeout(&mut self, now: Instant) {
        while let Some(Reverse((at, id))) = self.timers.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.timers.pop();
            let Some(entry) = entry(&mut self.entries, id).filter(|entry| entry.timer == Some(at)) else { continue };
            entry.timer = None;
            self.with(id, |peer, outputs| peer.handle_timeout(now, outputs));
        }
    }

    /// The next of what came.
    pub(in crate::media) fn arrival(&mut self) -> Option<(PeerId, Arrival)> {
        self.arrivals.pop_front()
    }

    /// Everything to be sent but media.
    pub(in crate::media) fn sends(&mut self) -> Vec<(Route, BytesMut)> {
        std::mem::take(&mut self.sends)
    }

    /// The media for one of those who have any, in its order, and where it goes. It takes the place of what is in `media`, whose memory is
    /// used again.
    pub(in crate::media) fn media(&mut self, media: &mut Vec<BytesMut>) -> Option<Route> {
        media.clear();
        loop {
            let id = self.waiting.pop()?;
            if let Some(entry) = entry(&mut self.entries, id) {
                std::mem::swap(media, &mut entry.media);
                return entry.to.take();
            }
        }
    }

    /// Says good-bye to everybody.
    pub(in crate::media) fn remove_all(&mut self, now: Instant) {
        let all: Vec<PeerId> = self.entries.iter().map(|(_, entry)| entry.id).collect();
        all.into_iter().for_each(|id| self.remove(now, id));
    }

    /// A path that is gone.
    pub(in crate::media) fn forget(&mut self, route: Route) {
        for id in self.by_route.remove(&route).unwrap_or_default() {
            if let Some(entry) = entry(&mut self.entries, id) {
                entry.routes.retain(|known| *known != route);
            }
        }
    }

    fn send(&mut self, now: Instant, id: PeerId, seal: impl FnOnce(&mut Peer) -> Result<BytesMut, SealError>) -> bool {
        let Some(entry) = entry(&mut self.entries, id) else { return false };
        let Some(route) = entry.peer.destination(now) else { return false };
        let Ok(bytes) = seal(&mut entry.peer) else { return false };
        match entry.to {
            Some(to) if to == route => entry.media.push(bytes),
            // The path has changed since.
            Some(_) => self.sends.push((route, bytes)),
            None => {
                entry.to = Some(route);
                entry.media.push(bytes);
                self.waiting.push(id);
            }
        }
        true
    }

    fn give(&mut self, now: Instant, id: PeerId, from: Route, bytes: &[u8]) {
        self.with(id, |peer, outputs| peer.handle(now, from, bytes, outputs));
    }

    /// Lets a participant's connection do something, and takes what comes out of it. A panic in there, which may be in a library that reads
    /// what the participant wrote, ends this connection and no other. None then, and if there is no such participant.
    pub(super) fn with<R>(&mut self, id: PeerId, act: impl FnOnce(&mut Peer, &mut Vec<Output>) -> R) -> Option<R> {
        let entry = entry(&mut self.entries, id)?;
        let outputs = &mut self.outputs;
        let done = catch_unwind(AssertUnwindSafe(|| act(&mut entry.peer, outputs)));
        match done {
            Ok(result) => {
                self.take(id);
                Some(result)
            }
            Err(_) => {
                tracing::error!("a participant's connection failed and was ended");
                self.outputs.clear();
                self.abandon(id);
                self.arrivals.push_back((id, Arrival::Event(Event::Failed(Failure::Handshake))));
                None
            }
        }
    }

    fn take(&mut self, id: PeerId) {
        for output in self.outputs.drain(..) {
            match output {
                Output::Send(to, bytes) => self.sends.push((to, bytes)),
                Output::Rtp(packet) => self.arrivals.push_back((id, Arrival::Rtp(packet.freeze()))),
                Output::Rtcp(packet) => self.arrivals.push_back((id, Arrival::Rtcp(packet))),
                Output::Event(event) => self.arrivals.push_back((id, Arrival::Event(event))),
            }
        }
        let Some(entry) = entry(&mut self.entries, id) else { return };
        // A timer that has become later is looked at when the earlier time comes.
        if let Some(at) = entry.peer.poll_timeout().filter(|at| entry.timer.is_none_or(|timer| *at < timer)) {
            entry.timer = Some(at);
            self.timers.push(Reverse((at, id)));
        }
    }

    /// Keeps the paths of a participant up to date after a check.
    fn link(&mut self, id: PeerId, from: Route) {
        let Some(entry) = entry(&mut self.entries, id) else { return };
        if entry.routes.contains(&from) || !entry.peer.knows(from) {
            return;
        }
        let sharing = self.by_route.entry(from).or_default();
        if sharing.len() < MAX_SHARING {
            sharing.push(id);
            entry.routes.push(from);
        }
        let (known, forgotten) = std::mem::take(&mut entry.routes).into_iter().partition(|route| entry.peer.knows(*route));
        entry.routes = known;
        let forgotten: Vec<Route> = forgotten;
        forgotten.into_iter().for_each(|route| self.unlink(route, id));
    }

    fn unlink(&mut self, route: Route, id: PeerId) {
        if let Some(sharing) = self.by_route.get_mut(&route) {
            sharing.retain(|known| *known != id);
            if sharing.is_empty() {
                self.by_route.remove(&route);
            }
        }
    }
}

fn entry(entries: &mut Slots<Entry>, id: PeerId) -> Option<&mut Entry> {
    entries.get_mut(id.slot).filter(|entry| entry.id == id)
}
