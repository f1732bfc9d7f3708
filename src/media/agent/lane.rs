//! The way to a shard, and what comes back. On the shard's thread, [`Stamping`] stands between the thread and the rooms.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::stamps::Stamps;
use super::state::{Output, Stamped};
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
            Stamping { rooms: make(bound, sender), stamps: Stamps::new(number, inner, outputs) }
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
    rooms: W,
    stamps: Stamps,
}

impl<W: Work<Command = RoomCommand>> Work for Stamping<W> {
    type Command = Stamped;

    fn command(&mut self, now: Instant, command: Stamped, peers: &mut Peers) {
        self.stamps.command(command, |command| self.rooms.command(now, command, peers));
    }

    fn arrival(&mut self, now: Instant, from: PeerId, arrival: Arrival, peers: &mut Peers) {
        self.rooms.arrival(now, from, arrival, peers);
        self.stamps.hand_on();
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.rooms.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Instant, peers: &mut Peers) {
        self.rooms.handle_timeout(now, peers);
        self.stamps.hand_on();
    }
}
