//! One WebSocket connection: its task, what is waiting to be written to it, its limits and how it ends.
//!
//! A session knows frames and nothing of what they mean; that is the [`Conversation`]'s.
//!
//! - **Writing.** Whoever has a frame for a session writes it straight to the socket, under a short lock
//!   ([`Session::send`]). Only what the socket does not take at once is queued, within bounds, and written by the session's
//!   own task. Everything goes through that one queue, the answers of the WebSocket library included, so frames never
//!   interleave.
//! - **Reading.** The library parses; the conversation is told of one message at a time. A client that has a full queue is
//!   not read from. An idle connection holds no buffers.
//! - **Time.** One sweeper for all sessions pings, and ends those that do not answer or do not read.
//! - **Errors.** Bad input is refused or closes the connection with a [code](close). A panic in a conversation ends its
//!   session with 1011 and nothing else.

pub mod close;
mod door;
pub mod frame;
mod limits;
mod outbox;
mod rate;
mod reader;
mod registry;
pub mod socket;
mod target;
mod task;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;
use tokio::sync::Notify;
use tokio::time::Instant;

use self::close::CloseCode;
pub use self::door::Turned;
pub use self::limits::{Limits, Rate};
use self::outbox::{Outbox, Taken};
pub use self::registry::Sessions;
use self::socket::Socket;
pub use self::target::Target;
pub use crate::cluster::listener::Sent;
use crate::ids::SessionId;
use crate::metrics::Metrics;

/// A wire protocol: makes a conversation for each connection.
pub trait Dialect: Send + Sync + 'static {
    /// Asked before the handshake is answered: whether the client at this address may connect to `target` at all. What it is given for
    /// that goes into the target ([`Target::give`]).
    fn admit<'a>(&'a self, _target: &'a mut Target, _client: IpAddr) -> BoxFuture<'a, Result<(), Turned>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Begins a conversation on a fresh connection, which was opened for `target`. Nothing has been read or written yet.
    fn begin(self: Arc<Self>, session: Arc<Session>, target: Target) -> Box<dyn Conversation>;
}

/// One client's side of a dialect. Calls come one at a time, in the order in which the client sent.
#[async_trait]
pub trait Conversation: Send {
    /// The connection is open.
    async fn opened(&mut self);

    /// A text frame.
    async fn text(&mut self, text: &str);

    /// Whether a text frame is taken although it is longer than `MAX_FRAME_BYTES`: one of the few that have to be. Four times that, or
    /// [`Conversation::longest`], is the end in any case.
    fn takes_long(&self, _text: &str) -> bool {
        false
    }

    /// The longest text frame that [`Conversation::takes_long`] may take, in bytes, where that is more than four times `MAX_FRAME_BYTES`.
    fn longest(&self) -> usize {
        0
    }

    /// A frame that is not even looked at; the connection stays. Answers in the dialect's own shape.
    async fn refused(&mut self, refusal: Refusal<'_>);

    /// The connection is gone, for whatever reason. Called exactly once, also when a call before it panicked.
    async fn closed(&mut self);
}

/// Why a frame is not looked at.
#[derive(Clone, Copy, Debug)]
pub enum Refusal<'a> {
    /// It is binary.
    Binary,
    /// It is longer than `MAX_FRAME_BYTES`, and [`Conversation::takes_long`] says no.
    TooLarge,
    /// The connection sent too many; the frame and when the next one will be accepted.
    TooMany {
        /// The frame; empty if it is binary or too large as well.
        text: &'a str,
        /// From now.
        retry_after: std::time::Duration,
    },
}

/// One open connection. Shared by its own task and by everybody who has something to tell its client.
pub struct Session {
    id: SessionId,
    client: IpAddr,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    socket: Box<dyn Socket>,
    outbox: Mutex<Outbox>,
    /// The session's own task.
    task: AtomicWaker,
    /// Told when the queue has become short, and when the session is over.
    drained: Notify,
    /// Pings since the client was last heard.
    unanswered: AtomicU8,
    /// Whether the task waits for the client. While it does something else, a pong can not be seen.
    listening: AtomicBool,
}

impl Session {
    fn new(client: IpAddr, socket: Box<dyn Socket>, limits: Arc<Limits>, metrics: Arc<Metrics>) -> Self {
        Self {
            id: SessionId::random(),
            client,
            limits,
            metrics,
            socket,
            outbox: Mutex::new(Outbox::new(Instant::now())),
            task: AtomicWaker::new(),
            drained: Notify::new(),
            unanswered: AtomicU8::new(0),
            listening: AtomicBool::new(false),
        }
    }

    /// This connection's own identifier.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// The client's address, as far as the proxies in front are trusted.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.client
    }

    /// Writes complete server frames (see [`frame`]), several in one buffer in one write. Never waits: what the socket does
    /// not take is queued as long as the queue is not full. Order is that of the calls.
    pub fn send(&self, frames: &Bytes) -> Sent {
        let taken = self.outbox().offer(frames, &*self.socket, &self.limits);
        self.count(taken, frames.len())
    }

    /// As [`send`](Self::send), for answers to the client's own requests: they are never refused, because a client that
    /// does not read them is not read from either.
    pub fn reply(&self, frames: Bytes) {
        let length = frames.len();
        let taken = self.outbox().append(frames, &*self.socket);
        self.count(taken, length);
    }

    /// As [`send`](Self::send), for what the client did not ask for and cannot do without: with a full queue it is too slow, and closed.
    pub fn push(&self, frames: &Bytes) {
        if matches!(self.send(frames), Sent::Full) {
            self.close(CloseCode::Slow, "too slow");
        }
    }

    /// Resolves to `true` when no more than a quarter of the queue is taken (at once, if that is so already), and to `false`
    /// when the session is over.
    pub fn drained(&self) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            loop {
                let mut told = pin!(self.drained.notified());
                told.as_mut().enable();
                if let Some(answer) = self.outbox().is_drained(&self.limits) {
                    return answer;
                }
                told.await;
            }
        })
    }

    /// Begins the closing handshake behind what is queued already; nothing can be sent any more. Only the first call
    /// counts. A peer that does not answer is dropped after [`Limits::close_grace`]. With [`CloseCode::Slow`] what is queued
    /// is dropped: the client does not read it.
    pub fn close(&self, code: CloseCode, reason: &str) {
        if self.outbox().close(code, reason, &*self.socket) {
            self.task.wake();
            self.drained.notify_waiters();
        }
    }

    /// Whether nothing can be sent any more: the connection is closing, or gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.outbox().is_open()
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, taken: Taken, length: usize) -> Sent {
        match taken {
            Taken::Written => {}
            Taken::Queued { first } => {
                self.metrics.writes_queued.inc();
                if first {
                    self.task.wake();
                }
            }
            Taken::Full => {
                self.metrics.queue_overflows.inc();
                return Sent::Full;
            }
            Taken::Broken => {
                self.task.wake();
                self.drained.notify_waiters();
                return Sent::Closed;
            }
            Taken::Closed => return Sent::Closed,
        }
        self.metrics.writes_out.inc();
        self.metrics.bytes_out.inc_by(length as u64);
        Sent::Done
    }

    /// Writes of the queue what the socket takes. Only for the session's task.
    fn poll_flush(&self, context: &mut Context<'_>) {
        self.task.register(context.waker());
        if self.outbox().flush(context, &*self.socket, &self.limits) {
            self.drained.notify_waiters();
        }
    }

    /// Gives the connection up without further words.
    fn abandon(&self) {
        self.outbox().end();
        self.task.wake();
        self.drained.notify_waiters();
    }

    fn heard(&self) {
        self.unanswered.store(0, Ordering::Relaxed);
    }

    /// The sweeper's look at this session.
    fn sweep(&self, now: Instant, ping_due: bool) {
        let (over_due, stalled, quiet) = {
            let outbox = self.outbox();
            (outbox.is_over_due(now, &self.limits), outbox.is_stalled(now, &self.limits), outbox.is_empty() && outbox.is_open())
        };
        if over_due {
            self.abandon();
        } else if stalled {
            self.close(CloseCode::Slow, "you do not read what you are sent");
        } else if ping_due && quiet && self.listening.load(Ordering::Relaxed) {
            if self.unanswered.fetch_add(1, Ordering::Relaxed) >= 2 {
                self.close(CloseCode::Unresponsive, "two pings remained unanswered");
            } else {
                self.reply(frame::ping());
            }
        }
    }
}
