//! The agent's task: everything that happens, in one order.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep_until};
use tracing::{error, info, warn};

use super::Surroundings;
use super::clerk::{Clerk, REFRESH};
use super::desk::Letter;
use super::jobs::{self, Done};
use super::lane::Lane;
use super::signaling::SignalingLane;
use super::state::{Output, State, Step, Tenure};
use crate::cluster::placement::{CONCURRENT, RENEW_EVERY};
use crate::cluster::registry::HEARTBEAT;
use crate::ids::{NodeId, SessionRef};
use crate::media::room::{RoomCommand, RoomOutput};
use crate::store::nodes::{MediaInfo, MediaLoad};
use crate::store::record::Signal;
use crate::store::record::calls::{Ask, Ending, Refusal, Tell};

/// Between two accounts of how busy the node is.
const ACCOUNT: Duration = Duration::from_secs(1);
/// Between two attempts to hand on what a shard did not take.
const FLUSH: Duration = Duration::from_millis(10);
/// A node that is off the list for so long is gone: all others would have to beat again first if the store lost the list.
const GONE_AFTER: Duration = HEARTBEAT.saturating_mul(3);
/// Before rooms are given away the others have to know that this node takes none: after they have looked once more.
const NOTICE: Duration = RENEW_EVERY.saturating_add(Duration::from_millis(100));
/// How long participants have to go to where their room is now.
const FAREWELL: Duration = Duration::from_secs(2);
/// What the store gets at the end to be told who is in no call any more.
const TIDY: Duration = Duration::from_millis(500);

/// What the agent is told to do.
pub(super) enum Order {
    /// Give all rooms away, and say when nobody is left.
    Drain(oneshot::Sender<()>),
}

/// How far it has come with stopping.
enum Phase {
    Serving,
    /// Others are about to know.
    Notice(Instant, oneshot::Sender<()>),
    /// Rooms are given away.
    Leaving(Instant, oneshot::Sender<()>),
    Left,
}

/// See the module.
pub(super) struct Running {
    with: Surroundings,
    state: State,
    lanes: Vec<Lane>,
    signaling: SignalingLane,
    addresses: Vec<SocketAddr>,
    clerk: Arc<Clerk>,
    clerks_task: AbortHandle,
    jobs: JoinSet<Done>,
    renewing: bool,
    looking: bool,
    missing: HashMap<NodeId, Instant>,
    /// Bytes that were sent since that was last accounted for, and when that was.
    sent: (u64, Instant),
    phase: Phase,
}

impl Running {
    pub(super) fn new(with: Surroundings, lanes: Vec<Lane>, signaling: SignalingLane, addresses: Vec<SocketAddr>) -> Self {
        let clerk = Clerk::new(with.store.clone());
        let clerks_task = tokio::spawn(clerk.clone().run()).abort_handle();
        Self {
            state: State::new(lanes.len()),
            with,
            lanes,
            signaling,
            addresses,
            clerk,
            clerks_task,
            jobs: JoinSet::new(),
            renewing: false,
            looking: false,
            missing: HashMap::new(),
            sent: (0, Instant::now()),
            phase: Phase::Serving,
        }
    }

    /// Runs until nobody has orders to give any more.
    pub(super) async fn run(
        mut self,
        mut letters: mpsc::Receiver<Letter>,
        mut outputs: mpsc::UnboundedReceiver<(usize, Output)>,
        mut orders: mpsc::Receiver<Order>,
    ) {
        let (mut renew, mut account) = (every(RENEW_EVERY), every(ACCOUNT));
        let (mut look, mut refresh, mut flush) = (every(HEARTBEAT), every(REFRESH), every(FLUSH));
        let mut is_flushed = true;
        loop {
            let until = match &self.phase {
                Phase::Notice(until, _) | Phase::Leaving(until, _) => Some(*until),
                Phase::Serving | Phase::Left => None,
            };
            tokio::select! {
                letter = letters.recv() => match letter {
                    Some(letter) => self.letter(letter),
                    // The desk is part of the agent, which is gone.
                    None => break,
                },
                output = outputs.recv() => match output {
                    Some((shard, output)) => self.output(shard, output),
                    // All shards have ended; nothing more comes from them.
                    None => { outputs = mpsc::unbounded_channel().1; }
                },
                Some(done) = self.jobs.join_next() => match done {
                    Ok(done) => self.done(done),
                    Err(error) => {
                        // It may have been any; the next one is not to wait for it.
                        (self.renewing, self.looking) = (false, false);
                        error!(%error, "a job of the media agent did not end in order");
                    }
                },
                order = orders.recv() => match order {
                    Some(Order::Drain(done)) => {
                        let notice = if self.state.is_busy() { NOTICE } else { Duration::ZERO };
                        self.phase = Phase::Notice(Instant::now() + notice, done);
                    }
                    None => break,
                },
                _ = renew.tick() => {
                    self.renew();
                    self.signaling.pass(Instant::now());
                    self.upgrade();
                }
                _ = account.tick() => self.account(),
                _ = look.tick() => self.look_at_nodes(),
                _ = refresh.tick() => self.refresh(),
                _ = flush.tick(), if !is_flushed => {}
                () = wait(until), if until.is_some() => self.next_phase(),
            }
            self.take_steps();
            is_flushed = true;
            for lane in &mut self.lanes {
                is_flushed &= lane.flush();
            }
            if matches!(self.phase, Phase::Leaving(..)) && !self.state.is_busy() {
                self.next_phase();
            }
        }
        self.stop().await;
    }

    fn letter(&mut self, letter: Letter) {
        match letter {
            Letter::Ask(of, from, ask) => self.state.ask(Instant::now(), of, from, ask),
            Letter::Gone(of, session) => self.state.gone(of, session),
        }
    }

    fn output(&mut self, shard: usize, output: Output) {
        if let RoomOutput::Load { participants, sent, .. } = output.output {
            self.sent.0 += sent;
            self.with.metrics.media_bytes_out.inc_by(sent);
            if let Some(lane) = self.lanes.get_mut(shard) {
                lane.participants = participants;
            }
        }
        self.state.output(Instant::now(), output);
    }

    fn done(&mut self, done: Done) {
        let now = Instant::now();
        match done {
            Done::Renewed(since, answers) => {
                self.renewing = false;
                for (of, granted) in answers.into_iter().flatten() {
                    self.count_refused(of, granted);
                    self.state.renewed(now, since, of, granted);
                }
            }
            Done::Verified(since, of, is_ours) => {
                self.count_refused(of, is_ours);
                self.state.verified(now, since, of, is_ours);
            }
            Done::Released(of) => self.state.released(of),
            Done::HandedOver(of, nobody) => self.state.handed_over(of, nobody),
            Done::Nodes(nodes) => {
                self.looking = false;
                self.find_missing(now, nodes);
            }
        }
    }

    fn count_refused(&self, of: Tenure, granted: bool) {
        if !granted {
            self.with.metrics.media_renewals_refused.inc();
            info!(room = %of.room, epoch = of.epoch.0, "a room is another node's");
        }
    }

    fn renew(&mut self) {
        let all = self.state.to_renew();
        if !self.renewing && !all.is_empty() {
            self.renewing = true;
            self.job(jobs::renew, all);
        }
    }

    /// Gives rooms that are served by signaling only to a media node, if there is one by now; not all at once, for the next one may have just
    /// as much room.
    fn upgrade(&mut self) {
        let all = self.state.to_upgrade().into_iter().filter(|(of, _)| !self.signaling.is_chosen(of.room));
        let better = all.filter_map(|(of, since)| self.better(of, since).map(|heir| (of, heir)));
        let due: Vec<(Tenure, NodeId)> = better.take(CONCURRENT).collect();
        due.into_iter().for_each(|(of, heir)| self.give(of, heir));
    }

    fn give(&mut self, of: Tenure, heir: NodeId) {
        self.state.upgrades(of);
        self.job(jobs::upgrade, (of, heir));
    }

    /// The media node that should have a room that is served by signaling only; it may be this one. `None`: there is none.
    fn better(&self, of: Tenure, since: Instant) -> Option<NodeId> {
        if self.lanes.is_empty() {
            self.with.placement.upgrade(of.room, since.into())
        } else {
            self.state.can_serve().then_some(self.with.node)
        }
    }

    /// A participant is one more than a room of peers takes: it comes in with all others where a media node is, if there is one.
    fn too_many_peers(&mut self, of: Tenure, to: SessionRef) {
        let upgrade = self.state.to_upgrade().into_iter().find(|(held, _)| *held == of);
        let heir = upgrade.and_then(|(_, since)| self.better(of, since));
        // Also if it is on its way already.
        let moves = heir.is_some() || upgrade.is_none();
        self.tell(of, to, if moves { Tell::Moved } else { Tell::Ended { why: Ending::TooManyPeers } });
        if let Some(heir) = heir {
            self.signaling.outgrow(of.room);
            self.give(of, heir);
        }
    }

    fn look_at_nodes(&mut self) {
        if !self.looking {
            self.looking = true;
            self.jobs.spawn(jobs::look_at_nodes(self.with.clone()));
        }
    }

    fn find_missing(&mut self, now: Instant, nodes: Option<HashSet<NodeId>>) {
        let Some(nodes) = nodes else { return self.missing.clear() };
        let missing: HashSet<NodeId> = self.state.nodes().into_iter().filter(|node| !nodes.contains(node)).collect();
        self.missing.retain(|node, _| missing.contains(node));
        for node in missing {
            if now.saturating_duration_since(*self.missing.entry(node).or_insert(now)) >= GONE_AFTER {
                self.state.node_gone(node);
            }
        }
    }

    fn refresh(&mut self) {
        let held: HashSet<_> = self.state.to_renew().into_iter().map(|of| of.room).collect();
        self.clerk.keep(|room| held.contains(&room));
    }

    fn account(&mut self) {
        let now = Instant::now();
        self.state.tidy(now);
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            if lane.has_ended() && self.state.runs(number) {
                error!(shard = number, "a media shard has ended before its time; its rooms begin anew");
                lane.participants = 0;
                self.state.shard_ended(number);
            }
        }
        let (sent, since) = std::mem::replace(&mut self.sent, (0, now));
        let millis = now.saturating_duration_since(since).as_millis().max(1);
        let egress = u64::try_from(u128::from(sent) * 8 * 1000 / millis).unwrap_or(u64::MAX);
        let (meshes, peers) = self.signaling.load();
        let (rooms, participants) = (self.state.rooms() as u64, self.lanes.iter().map(|lane| lane.participants).sum::<u64>());
        let metrics = &self.with.metrics;
        metrics.media_rooms.set(rooms.saturating_sub(meshes).cast_signed());
        metrics.media_participants.set(participants.cast_signed());
        metrics.signaling_rooms.set(meshes.cast_signed());
        metrics.signaling_participants.set(peers.cast_signed());
        let load = MediaLoad { rooms, participants: participants + peers, egress };
        if self.lanes.is_empty() {
            self.with.registry.tell_signaling(Some(load));
        } else {
            let info = MediaInfo { addresses: self.addresses.clone(), load };
            self.with.registry.tell_media(self.state.can_serve().then_some(info));
        }
    }

    fn next_phase(&mut self) {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Left) {
            Phase::Notice(_, done) => {
                self.state.drain();
                self.take_steps();
                Phase::Leaving(Instant::now() + FAREWELL, done)
            }
            Phase::Leaving(_, done) => {
                if self.state.is_busy() {
                    warn!("participants have not left for where their rooms are now");
                }
                // Whoever waited may have given up.
                let _ = done.send(());
                Phase::Left
            }
            phase => phase,
        };
    }

    fn take_steps(&mut self) {
        for step in self.state.steps() {
            match step {
                Step::Command(shard, command) => {
                    let Some(lane) = self.lanes.get_mut(shard) else {
                        self.signaling.command(Instant::now(), command);
                        continue;
                    };
                    match &command.command {
                        RoomCommand::Ask { room, from, ask } if !lane.takes() && !matches!(ask, Ask::Leave) => {
                            let of = Tenure { room: *room, epoch: command.epoch };
                            self.tell(of, *from, Tell::Refused { why: Refusal::Busy });
                        }
                        _ => lane.command(command),
                    }
                }
                Step::Tell(of, to, tell) => self.tell(of, to, tell),
                Step::Verify(of) => self.job(jobs::verify, of),
                Step::Release(of) => self.job(jobs::release, of),
                Step::HandOver(of) => self.job(jobs::hand_over, of),
                Step::TooManyPeers(of, to) => self.too_many_peers(of, to),
                Step::People(room, people) => self.clerk.people(room, people),
            }
        }
    }

    fn tell(&self, of: Tenure, to: SessionRef, tell: Tell) {
        let reply_to = SessionRef { node: self.with.node, session: to.session };
        let signal = Signal::CallTell { room: of.room, epoch: of.epoch, tell: Box::new(tell) };
        self.with.relay.send(to, Some(reply_to), signal);
    }

    fn job<T, F: Future<Output = Done> + Send + 'static>(&mut self, job: impl FnOnce(Surroundings, T) -> F, of: T) {
        self.jobs.spawn(job(self.with.clone(), of));
    }

    async fn stop(mut self) {
        self.jobs.shutdown().await;
        self.state.close();
        self.take_steps();
        self.clerk.idle(TIDY).await;
        self.clerks_task.abort();
        self.with.registry.tell_media(None);
        self.with.registry.tell_signaling(None);
        let lanes = std::mem::take(&mut self.lanes);
        let stopped = tokio::task::spawn_blocking(move || {
            for mut lane in lanes {
                lane.flush();
                lane.stop();
            }
        });
        if let Err(error) = stopped.await {
            error!(%error, "media shards did not stop in order");
        }
    }
}

fn every(time: Duration) -> tokio::time::Interval {
    let mut tick = interval(time);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

async fn wait(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}
