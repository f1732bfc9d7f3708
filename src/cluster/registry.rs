//! Says that this node is alive, and finds out when the others have given it up.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};
use tracing::{info, warn};

use super::reaper::Reaper;
use super::relay::Relay;
use super::{Hub, lock};
use crate::ids::{MeshId, NodeId, SessionId, SessionRef};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::nodes::{Beat, MediaInfo, MediaLoad, NodeInfo};
use crate::store::record::{self, NewsRecord, Person, meshes};
use crate::store::topics::{News, Topic};

/// Between two heartbeats.
pub const HEARTBEAT: Duration = Duration::from_secs(2);
/// A presence that nobody renewed for so long is over; a backstop behind the reaper.
pub const PRESENCE_TTL: Duration = Duration::from_secs(180);
/// Between two renewals of the presences.
const RENEW_EVERY: Duration = Duration::from_secs(60);
/// An unanswered heartbeat is as good as a failed one.
const BEAT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// From the first heartbeat that failed to the next.
const BEAT_AGAIN: Duration = Duration::from_millis(500);

/// What the heartbeats tell the chores, which take their own time: no heartbeat waits for them.
#[derive(Default)]
struct Contact {
    /// Since when there has been contact with the store without a break.
    since: Mutex<Option<Instant>>,
    /// The store has lost this node.
    forgotten: AtomicBool,
    beat: Notify,
}

impl Contact {
    /// The store has just answered it.
    fn new() -> Self {
        Self { since: Mutex::new(Some(Instant::now())), ..Self::default() }
    }

    /// A heartbeat was answered, as the one before was at `last`. Who stood still in between has not seen meanwhile who else is alive.
    fn is_held(&self, last: Instant) {
        let mut since = lock(&self.since);
        *since = since.filter(|_| last.elapsed() <= HEARTBEAT * 2).or_else(|| Some(Instant::now()));
    }

    /// After the first heartbeat that failed the next one comes sooner: it may have been that one alone.
    fn is_lost(&self, tick: &mut Interval) {
        if lock(&self.since).take().is_some() {
            tick.reset_after(BEAT_AGAIN);
        }
    }
}

/// What the rest of the node may know and say.
pub struct Registry {
    node: NodeId,
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
    relay: Arc<Relay>,
    metrics: Arc<Metrics>,
    role: String,
    draining: AtomicBool,
    media: Mutex<Option<MediaInfo>>,
    signaling: Mutex<Option<MediaLoad>>,
    /// How the last heartbeat was answered.
    standing: watch::Sender<Option<Beat>>,
    nudge: Notify,
    /// Places in meshes that were written, and may have been so behind the leave of who had them.
    perhaps_kept: Mutex<HashSet<(MeshId, SessionId)>>,
}

impl Registry {
    /// For one node; [`Registry::run`] is to be spawned.
    #[must_use]
    pub fn new(node: NodeId, role: String, store: Arc<dyn Store>, hub: Arc<Hub>, relay: Arc<Relay>, metrics: Arc<Metrics>) -> Arc<Self> {
        let (draining, standing) = (AtomicBool::new(false), watch::channel(None).0);
        let (media, signaling) = (Mutex::default(), Mutex::default());
        let (nudge, perhaps_kept) = (Notify::new(), Mutex::default());
        Arc::new(Self { node, store, hub, relay, metrics, role, draining, media, signaling, standing, nudge, perhaps_kept })
    }

    /// Tells the others at once that this node is about to stop.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.nudge.notify_one();
    }

    /// What the others hear of this node as one that forwards media, with the next heartbeat. `None`: it does not, as at first.
    pub fn tell_media(&self, media: Option<MediaInfo>) {
        *lock(&self.media) = media;
    }

    /// The same of a node that serves rooms by signaling only.
    pub fn tell_signaling(&self, signaling: Option<MediaLoad>) {
        *lock(&self.signaling) = signaling;
    }

    /// Resolves when this node is on the list: before, nothing can be sent to its sessions.
    pub async fn entered(&self) {
        let _ = self.standing.subscribe().wait_for(Option::is_some).await;
    }

    /// Resolves when the others have declared this node dead and removed what it held.
    pub async fn reaped(&self) {
        let _ = self.standing.subscribe().wait_for(|beat| *beat == Some(Beat::Reaped)).await;
    }

    /// Beats for ever; reaps others while in contact with the store.
    pub async fn run(self: Arc<Self>) {
        let contact = Contact::new();
        tokio::select! {
            () = self.keep_beating(&contact) => {}
            () = self.do_chores(&contact) => {}
        }
    }

    /// Until this node is declared dead.
    async fn keep_beating(&self, contact: &Contact) {
        let mut tick = interval(HEARTBEAT);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = Instant::now();
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.nudge.notified() => {}
            }
            match timeout(BEAT_TIMEOUT, self.store.beat(self.node, &self.info())).await {
                Ok(Ok(Beat::Reaped)) => {
                    self.standing.send_replace(Some(Beat::Reaped));
                    return;
                }
                Ok(Ok(beat)) => {
                    contact.is_held(last);
                    last = Instant::now();
                    if beat == Beat::Entered && self.standing.borrow().is_some() {
                        contact.forgotten.store(true, Ordering::Relaxed);
                    }
                    self.standing.send_replace(Some(beat));
                    contact.beat.notify_one();
                }
                Ok(Err(error)) => {
                    contact.is_lost(&mut tick);
                    warn!(%error, "no heartbeat");
                }
                Err(_) => {
                    contact.is_lost(&mut tick);
                    warn!("no answer to a heartbeat");
                }
            }
        }
    }

    /// What is looked at after heartbeats: what the store has lost or is about to let go, and the dead.
    async fn do_chores(&self, contact: &Contact) {
        let reaper = Reaper::new(self.node, self.store.clone(), self.relay.clone(), self.metrics.clone());
        let mut renewed = Instant::now();
        loop {
            contact.beat.notified().await;
            if contact.forgotten.swap(false, Ordering::Relaxed) {
                info!("the store has lost this node; writing again what it holds");
                if !self.write_again().await {
                    contact.forgotten.store(true, Ordering::Relaxed);
                }
            }
            if renewed.elapsed() >= RENEW_EVERY {
                renewed = Instant::now();
                if let Err(error) = self.renew().await {
                    warn!(%error, "presences and places in meshes could not be renewed");
                }
            }
            let since = *lock(&contact.since);
            reaper.reap(since).await;
        }
    }

    fn info(&self) -> NodeInfo {
        NodeInfo {
            role: self.role.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sessions: self.hub.crowd().signed_in().len() as u64,
            draining: self.draining.load(Ordering::Relaxed),
            media: lock(&self.media).clone(),
            signaling: *lock(&self.signaling),
        }
    }

    async fn renew(&self) -> crate::store::Result<()> {
        for chunk in self.hub.crowd().signed_in().chunks(500) {
            self.store.renew(self.node, chunk, PRESENCE_TTL).await?;
        }
        self.keep_peers().await
    }

    /// Places in meshes that the store has lost are written anew.
    async fn keep_peers(&self) -> crate::store::Result<()> {
        let kept = self.hub.crowd().in_meshes();
        // What fails was perhaps written all the same: it is looked at the next time, too.
        lock(&self.perhaps_kept).extend(&kept);
        for chunk in kept.chunks(500) {
            self.store.keep_peers(self.node, chunk).await?;
        }
        // Who left meanwhile may have been written anew behind their own leave.
        let places = lock(&self.perhaps_kept).clone();
        for (mesh, session) in places {
            if self.hub.crowd().find(session).is_none() {
                let at = SessionRef { node: self.node, session };
                self.store.leave_mesh(mesh, at, &meshes::gone(mesh, session)).await?;
            }
            lock(&self.perhaps_kept).remove(&(mesh, session));
        }
        Ok(())
    }

    /// The store came back without its data: sessions are still here, so they are online and joined. `false`: not all of it is written.
    async fn write_again(&self) -> bool {
        let mut all = true;
        if let Err(error) = self.renew().await {
            warn!(%error, "presences could not be written again");
            all = false;
        }
        for (channel, member) in self.hub.joined() {
            let who = Person { id: member.user, name: member.username.clone() };
            let news = NewsRecord::Joined { session: member.at.session, who, to: member.peer };
            let news = News { topic: Topic::Channel(channel), body: record::encode(&news) };
            // Nobody left, so nobody is told of a join.
            if let Err(error) = self.store.join(channel, &member, &news, 0).await {
                warn!(%error, "a membership could not be written again");
                all = false;
            }
            // Who left meanwhile perhaps did so before this was written.
            if !self.hub.roles(channel, member.at.session).joined {
                let news = News { topic: Topic::Channel(channel), body: record::encode(&member.departure(member.username.clone())) };
                if let Err(error) = self.store.leave(channel, member.at, &news).await {
                    warn!(%error, "a membership that has ended could not be taken back");
                }
            }
        }
        all
    }
}
