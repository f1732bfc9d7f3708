//! Everybody on this node: who is connected, who has whom in view, and news for all.
//!
//! News of sign-ins would cost O(users) each and a sign-in storm O(users²); so they are joined to one write every
//! [`GATHER`], and beyond [`PER_SECOND`] dropped: they are news, not state.

mod views;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use self::views::Views;
use super::listener::Listener;
use super::lock;
use crate::cluster::listener::Sent;
use crate::ids::{MeshId, SessionId, UserId};
use crate::store::record::NewsRecord;

/// At most so many sign-ins a second are told to one receiver.
pub const PER_SECOND: u32 = 50;
/// Sign-ins that follow another within this time wait for each other.
pub const GATHER: Duration = Duration::from_millis(200);

#[derive(Default)]
struct People {
    everybody: HashMap<SessionId, Arc<dyn Listener>>,
    views: Views,
}

#[derive(Default)]
struct SignIns {
    waiting: Vec<NewsRecord>,
    told: Option<Instant>,
    window: Option<Instant>,
    in_window: u32,
}

/// The sessions of a node.
pub struct Crowd {
    people: Mutex<People>,
    sign_ins: Arc<Mutex<SignIns>>,
}

impl Crowd {
    pub(super) fn new() -> Self {
        Self { people: Mutex::default(), sign_ins: Arc::default() }
    }

    /// A session is there.
    pub fn add(&self, listener: Arc<dyn Listener>) {
        lock(&self.people).everybody.insert(listener.session(), listener);
    }

    /// A session is gone.
    pub fn remove(&self, session: SessionId) {
        let people = &mut *lock(&self.people);
        people.everybody.remove(&session);
        people.views.clear(session);
    }

    /// A local session.
    #[must_use]
    pub fn find(&self, session: SessionId) -> Option<Arc<dyn Listener>> {
        lock(&self.people).everybody.get(&session).cloned()
    }

    /// Every session that is signed in.
    #[must_use]
    pub fn signed_in(&self) -> Vec<(UserId, SessionId)> {
        lock(&self.people).everybody.values().filter_map(|listener| Some((listener.user()?, listener.session()))).collect()
    }

    /// Every session that is in a mesh.
    #[must_use]
    pub fn in_meshes(&self) -> Vec<(MeshId, SessionId)> {
        lock(&self.people).everybody.values().filter_map(|listener| Some((listener.mesh()?, listener.session()))).collect()
    }

    /// A session sees these users on its screen and wants to know how they are.
    pub fn view(&self, session: SessionId, users: impl IntoIterator<Item = UserId>) {
        lock(&self.people).views.add(session, users);
    }

    /// A session looks at nobody any more.
    pub fn clear_view(&self, session: SessionId) {
        lock(&self.people).views.clear(session);
    }

    /// News for every node.
    pub fn heard(&self, news: &NewsRecord) {
        match news {
            NewsRecord::SignedIn { .. } => self.signed_in_heard(news),
            NewsRecord::Online { who, .. } | NewsRecord::UserChanged { who, .. } => {
                let mut frames = NewsFrames::new(news);
                let mut listeners = self.viewers(who.id);
                if matches!(news, NewsRecord::UserChanged { .. }) {
                    let own = self.sessions_of(who.id);
                    own.iter().for_each(|listener| listener.renamed(&who.name));
                    listeners.retain(|listener| listener.user() != Some(who.id));
                    listeners.extend(own);
                }
                for listener in listeners {
                    if listener.hears(news) {
                        frames.send(listener.as_ref());
                    }
                }
            }
            _ => {}
        }
    }

    /// Sends gathered sign-ins when their time has come; called a few times a second.
    pub fn flush(&self) {
        let waiting = {
            let mut sign_ins = lock(&self.sign_ins);
            if sign_ins.waiting.is_empty() {
                return;
            }
            sign_ins.told = Some(Instant::now());
            std::mem::take(&mut sign_ins.waiting)
        };
        self.tell_sign_ins(&waiting);
    }

    fn signed_in_heard(&self, news: &NewsRecord) {
        {
            let mut sign_ins = lock(&self.sign_ins);
            let now = Instant::now();
            if sign_ins.window.is_none_or(|window| now.duration_since(window) >= Duration::from_secs(1)) {
                sign_ins.window = Some(now);
                sign_ins.in_window = 0;
            }
            sign_ins.in_window += 1;
            if sign_ins.in_window > PER_SECOND {
                return;
            }
            sign_ins.waiting.push(news.clone());
            if sign_ins.told.is_some_and(|told| now.duration_since(told) < GATHER) {
                return;
            }
        }
        self.flush();
    }

    fn tell_sign_ins(&self, all: &[NewsRecord]) {
        let listeners: Vec<_> = lock(&self.people).everybody.values().cloned().collect();
        let mut joint: Vec<(usize, Bytes)> = Vec::new();
        for listener in listeners {
            if all.iter().all(|news| listener.hears(news)) {
                let encoder = listener.encoder();
                let index = joint.iter().position(|(number, _)| *number == encoder.number()).unwrap_or_else(|| {
                    let frames = all.iter().filter_map(|news| encoder.news(news)).fold(BytesMut::new(), |mut joint, frame| {
                        joint.extend_from_slice(&frame);
                        joint
                    });
                    joint.push((encoder.number(), frames.freeze()));
                    joint.len() - 1
                });
                listener.send(&joint[index].1);
            } else {
                for news in all.iter().filter(|news| listener.hears(news)) {
                    NewsFrames::new(news).send(listener.as_ref());
                }
            }
        }
    }

    fn sessions_of(&self, user: UserId) -> Vec<Arc<dyn Listener>> {
        lock(&self.people).everybody.values().filter(|listener| listener.user() == Some(user)).cloned().collect()
    }

    fn viewers(&self, user: UserId) -> Vec<Arc<dyn Listener>> {
        let people = lock(&self.people);
        people.views.of(user).filter_map(|session| people.everybody.get(&session).cloned()).collect()
    }
}

/// The frame of one piece of news, built once for each dialect. News that a full queue does not take is dropped: it is in no log.
pub(super) struct NewsFrames<'a> {
    news: &'a NewsRecord,
    built: Vec<(Form, Option<Bytes>)>,
}

/// The encoder's number, and the other end of a direct channel where that is told.
type Form = (usize, Option<UserId>);

impl<'a> NewsFrames<'a> {
    pub(super) fn new(news: &'a NewsRecord) -> Self {
        Self { news, built: Vec::new() }
    }

    pub(super) fn send(&mut self, listener: &dyn Listener) {
        self.send_as_seen_from(listener, None);
    }

    /// In a direct channel with `peer`: the two see it by different names.
    pub(super) fn send_as_seen_from(&mut self, listener: &dyn Listener, peer: Option<UserId>) {
        let encoder = listener.encoder();
        let (call, peer) = match self.news {
            NewsRecord::Call { people, .. } => (Some(people), peer),
            _ => (None, None),
        };
        let form = (encoder.number(), peer);
        let index = self.built.iter().position(|(built, _)| *built == form).unwrap_or_else(|| {
            let frame = match call {
                Some(people) => encoder.call(peer, people),
                None => encoder.news(self.news),
            };
            self.built.push((form, frame));
            self.built.len() - 1
        });
        if let Some(frame) = &self.built[index].1 {
            let _: Sent = listener.send(frame);
        }
    }
}
