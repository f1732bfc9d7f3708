//! A shard: one thread with one port, UDP and TCP, and the participants who were told to come there. A room lives on one shard, so nothing of it is
//! shared between threads.
//!
//! The thread receives what there is, hands it to the participants ([`Peers`]) and what comes out of them to its [`Work`], and then sends
//! everything at once, by destination. Then it rests for a millisecond: what comes in the meantime goes out together, for a fraction of the
//! calls.

mod peers;
mod run;
mod tcp;
mod udp;

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::JoinError;

use super::peer::Identity;

pub use peers::{Arrival, PeerError, PeerId, Peers};

/// Commands that wait for a shard.
const MAX_COMMANDS: usize = 1024;
/// How often another port is tried when any will do and TCP's is taken.
const MAX_TRIES: u32 = 16;

/// What a shard does with what comes: rooms, tracks, subscriptions. It runs on the shard's thread and must not block.
pub trait Work: 'static {
    /// What the rest of the node asks for.
    type Command: Send + 'static;

    /// The rest of the node asks for something.
    fn command(&mut self, now: Instant, command: Self::Command, peers: &mut Peers);

    /// Something came from a participant.
    fn arrival(&mut self, now: Instant, from: PeerId, arrival: Arrival, peers: &mut Peers);

    /// When [`Work::handle_timeout`] wants to be called.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Does what is due.
    fn handle_timeout(&mut self, now: Instant, peers: &mut Peers);
}

/// The shard takes no command now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too many wait already.
    #[error("the media shard is too busy")]
    Busy,
    /// It has ended.
    #[error("the media shard has ended")]
    Ended,
}

/// A running shard.
pub struct Shard<C> {
    commands: mpsc::Sender<C>,
    address: SocketAddr,
    thread: JoinHandle<()>,
}

impl<C: Send + 'static> Shard<C> {
    /// Binds UDP and TCP to the address, with port 0 to any port that is free for both, and starts the thread. There, `make` makes the work
    /// of the address that it is bound to.
    ///
    /// # Errors
    /// If the address cannot be bound, or there is no thread to be had.
    pub fn start<W: Work<Command = C> + Send + 'static>(
        address: SocketAddr,
        identity: Arc<Identity>,
        make: impl FnOnce(SocketAddr) -> W + Send + 'static,
    ) -> io::Result<Self> {
        let (udp, listener) = bind(address)?;
        let address = udp.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (udp, (tcp, frames)) = {
            let _within = runtime.enter();
            (udp::Udp::new(udp)?, tcp::Tcp::new(listener)?)
        };
        let (commands, inbox) = mpsc::channel(MAX_COMMANDS);
        let thread = std::thread::Builder::new().name(format!("media-{}", address.port())).spawn(move || {
            // As a task: what `block_on` itself waits for is woken by a system call, even by its own thread.
            let shard = run::run(udp, tcp, frames, inbox, Peers::new(identity), make(address));
            let ended = runtime.block_on(runtime.spawn(shard));
            if let Err(Ok(panic)) = ended.map_err(JoinError::try_into_panic) {
                std::panic::resume_unwind(panic);
            }
        })?;
        Ok(Self { commands, address, thread })
    }

    /// What it is bound to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks for something. Commands are done in their order.
    ///
    /// # Errors
    /// [`Refused`]; the command is not done then.
    pub fn command(&self, command: C) -> Result<(), Refused> {
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refused::Busy,
            mpsc::error::TrySendError::Closed(_) => Refused::Ended,
        })
    }

    /// How many more commands it takes now.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.commands.capacity()
    }

    /// Whether its thread has ended, which it does not by itself: it panicked.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Says good-bye to all participants and ends. Blocks until it has ended.
    ///
    /// # Errors
    /// [`Refused::Ended`] if its thread had panicked.
    pub fn stop(self) -> Result<(), Refused> {
        drop(self.commands);
        self.thread.join().map_err(|_| Refused::Ended)
    }
}

fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let udp = UdpSocket::bind(address)?;
        match TcpListener::bind(udp.local_addr()?) {
            Ok(listener) => return Ok((udp, listener)),
            Err(error) if address.port() != 0 || tries >= MAX_TRIES => return Err(error),
            Err(_) => tries += 1,
        }
    }
}

#[cfg(test)]
mod tests;
