//! The way to a shard, and what comes back. On the shard's thread, [`Stamping`] stands between the thread and the rooms: it knows in which
//! epoch each room is, so that whatever comes out of one carries the epoch in which it was said, and not the one of a moment later.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::state::{Output, Stamped};
use crate::ids::{RoomEpoch, RoomId};
use crate::media::peer::Identity;
use crate::media::room::{RoomCommand, RoomOutput};
use crate::media::shard::{Arrival, PeerId, Peers, Shard, Work};

/// Commands that wait here when the shard takes no more. Only what participants ask is refused beyond.
const MAX_BACKLOG: usize = 16_384;

/// See the module.
pub(super) struct Lane {
    shard: Shard<Stamped>,
    backlog: VecDeque<Stamped>,
    /// How busy it was when it last said so.
    pub(super) participants: u64,
}

impl Lane {
    /// Starts a shard with the rooms that `make` makes of the address it is bound to.
    pub(super) fn start<W: Work<Command = RoomCommand> + Send + 'static>(
        number: usize,
        bind: SocketAddr,
        identity: Arc<Identity>,
        outputs: mpsc::UnboundedSender<(usize, Output)>,
        make: impl FnOnce(SocketAddr, mpsc::UnboundedSender<RoomOutput>) -> W + Send + 'static,
    ) -> io::Result<Self> {
        let shard = Shard::start(bind, identity, move |bound| {
            let (sender, inner) = mpsc::unbounded_channel();
            Stamping { number, rooms: make(bound, sender), inner, epochs: HashMap::new(), outputs }
        })?;
        Ok(Self { shard, backlog: VecDeque::new(), participants: 0 })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.shard.address()
    }

    /// Whether it takes what participants ask.
    pub(super) fn takes(&self) -> bool {
        self.backlog.len() < MAX_BACKLOG
    }

    /// Has something done, in its order.
    pub(super) fn command(&mut self, command: Stamped) {
        self.backlog.push_back(command);
        self.flush();
    }

    /// Hands on what waits. False if something still does.
    pub(super) fn flush(&mut self) -> bool {
        while self.shard.capacity() > 0
            && let Some(command) = self.backlog.pop_front()
        {
            if self.shard.command(command).is_err() {
                // It has ended; that is noticed.
                self.backlog.clear();
            }
        }
        self.backlog.is_empty()
    }

    /// Whether its thread is gone.
    pub(super) fn has_ended(&self) -> bool {
        self.shard.has_ended()
    }

    /// Ends it. Blocks until it has ended.
    pub(super) fn stop(self) {
        if self.shard.stop().is_err() {
            tracing::error!("a media shard had ended before its time");
        }
    }
}

/// See the module.
struct Stamping<W> {
    number: usize,
    rooms: W,
    inner: mpsc::UnboundedReceiver<RoomOutput>,
    /// The epoch of each room that is open, and the last command it has done.
    epochs: HashMap<RoomId, (RoomEpoch, u64)>,
    outputs: mpsc::UnboundedSender<(usize, Output)>,
}

impl<W> Stamping<W> {
    /// Hands on what came out of the rooms.
    fn hand_on(&mut self) {
        while let Ok(output) = self.inner.try_recv() {
            let (epoch, number) = match &output {
                RoomOutput::Tell { room, .. } => self.epochs.get(room).copied(),
                RoomOutput::People { room, people } if people.is_empty() => self.epochs.remove(room),
                RoomOutput::People { room, .. } => self.epochs.get(room).copied(),
                RoomOutput::Load { .. } => None,
            }
            .unwrap_or_default();
            // Nobody listens any more when the node is about to end.
            let _ = self.outputs.send((self.number, Output { epoch, number, output }));
        }
    }
}

impl<W: Work<Command = RoomCommand>> Work for Stamping<W> {
    type Command = Stamped;

    fn command(&mut self, now: Instant, Stamped { epoch, number, command }: Stamped, peers: &mut Peers) {
        let (room, closes) = match &command {
            RoomCommand::Ask { room, .. } | RoomCommand::Gone { room, .. } => (*room, false),
            RoomCommand::Close { room } => (*room, true),
        };
        match self.epochs.get_mut(&room) {
            Some((present, last)) if *present == epoch => *last = number,
            // Of a room that was closed since.
            Some((present, _)) if *present > epoch => return,
            before => {
                if before.is_some() {
                    self.rooms.command(now, RoomCommand::Close { room }, peers);
                    self.hand_on();
                }
                if closes {
                    self.epochs.remove(&room);
                    return;
                }
                self.epochs.insert(room, (epoch, number));
            }
        }
        self.rooms.command(now, command, peers);
        self.hand_on();
        if closes {
            self.epochs.remove(&room);
        }
    }

    fn arrival(&mut self, now: Instant, from: PeerId, arrival: Arrival, peers: &mut Peers) {
        self.rooms.arrival(now, from, arrival, peers);
        self.hand_on();
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.rooms.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Instant, peers: &mut Peers) {
        self.rooms.handle_timeout(now, peers);
        self.hand_on();
    }
}
