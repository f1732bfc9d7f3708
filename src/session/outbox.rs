//! What is waiting to be written to one connection, and whether anything still may be.
//!
//! Entries are complete frames, so whatever is appended comes after them whole. The socket is tried first as long as nothing
//! waits; the rest is for the session's task.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::time::Instant;

use super::close::CloseCode;
use super::frame;
use super::limits::Limits;
use super::socket::Socket;

/// Entries that go into one write of the session's task.
const SLICES: usize = 64;

/// What became of one batch of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Written,
    Queued {
        /// Nothing waited before it: the session's task does not know of it.
        first: bool,
    },
    Full,
    /// Writing failed: the connection is over from now on.
    Broken,
    Closed,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Open,
    /// A close frame is written or queued, or the peer's was received.
    Closing {
        since: Instant,
    },
    Over,
}

pub(super) struct Outbox {
    queue: VecDeque<Bytes>,
    bytes: usize,
    /// A part of the first entry is on the wire already.
    first_begun: bool,
    phase: Phase,
    /// When a byte was last written, or the queue began.
    progress: Instant,
    code: Option<CloseCode>,
}

impl Outbox {
    pub(super) fn new(now: Instant) -> Self {
        Self { queue: VecDeque::new(), bytes: 0, first_begun: false, phase: Phase::Open, progress: now, code: None }
    }

    /// Takes frames unless too many wait already.
    pub(super) fn offer(&mut self, frames: &Bytes, socket: &dyn Socket, limits: &Limits) -> Taken {
        if !self.is_open() {
            return Taken::Closed;
        }
        // Behind an empty queue anything is taken, or what is larger than the bound could never be sent.
        let full = self.queue.len() >= limits.queue_calls || self.bytes + frames.len() > limits.queue_bytes;
        if full && !self.queue.is_empty() {
            return Taken::Full;
        }
        self.push(frames.clone(), socket)
    }

    /// Takes frames however many wait.
    pub(super) fn append(&mut self, frames: Bytes, socket: &dyn Socket) -> Taken {
        if self.is_open() { self.push(frames, socket) } else { Taken::Closed }
    }

    /// Appends the close frame. Says whether this began the closing.
    pub(super) fn close(&mut self, code: CloseCode, reason: &str, socket: &dyn Socket) -> bool {
        if !self.is_open() {
            return false;
        }
        if code == CloseCode::Slow {
            self.queue.truncate(usize::from(self.first_begun));
            self.bytes = self.queue.iter().map(Bytes::len).sum();
        }
        self.code = Some(code);
        self.phase = Phase::Closing { since: Instant::now() };
        // A broken connection shows in `phase`.
        let _ = self.push(frame::close(code, reason), socket);
        true
    }

    /// Answers the peer's close frame. Nothing follows it (RFC 6455, section 5.5.1), so it is the last that is taken.
    pub(super) fn answer_close(&mut self, frame: Bytes, socket: &dyn Socket) {
        if self.is_open() {
            self.peer_closed();
            // A broken connection shows in `phase`.
            let _ = self.push(frame, socket);
        }
    }

    /// The peer closes.
    pub(super) fn peer_closed(&mut self) {
        if self.is_open() {
            self.phase = Phase::Closing { since: Instant::now() };
            self.code = Some(CloseCode::Normal);
        }
    }

    pub(super) fn end(&mut self) {
        self.phase = Phase::Over;
        self.queue = VecDeque::new();
        self.bytes = 0;
    }

    /// Writes what the socket takes; says whether somebody waiting for room should look again.
    pub(super) fn flush(&mut self, context: &mut Context<'_>, socket: &dyn Socket, limits: &Limits) -> bool {
        let waited = !self.queue.is_empty();
        while !self.queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slice, entry) in slices.iter_mut().zip(&self.queue) {
                *slice = IoSlice::new(entry);
                count += 1;
            }
            match socket.poll_write(context, &slices[..count]) {
                Poll::Pending => break,
                Poll::Ready(Ok(written)) if written > 0 => self.written(written),
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(_) => self.end(),
            }
        }
        if let Poll::Ready(Err(_)) = socket.poll_flush(context) {
            self.end();
        }
        waited && self.is_drained(limits).is_some()
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Why it was closed, if it did not just break.
    pub(super) fn code(&self) -> Option<CloseCode> {
        self.code
    }

    /// So much waits that the client is not read from.
    pub(super) fn is_full(&self, limits: &Limits) -> bool {
        self.is_open() && (self.queue.len() >= limits.queue_calls || self.bytes >= limits.queue_bytes)
    }

    /// `Some(true)`: there is room. `Some(false)`: there never will be.
    pub(super) fn is_drained(&self, limits: &Limits) -> Option<bool> {
        match self.phase {
            Phase::Open if self.queue.len() <= limits.queue_calls / 4 && self.bytes <= limits.queue_bytes / 4 => Some(true),
            Phase::Open => None,
            Phase::Closing { .. } | Phase::Over => Some(false),
        }
    }

    /// Open, and the client has not read for too long.
    pub(super) fn is_stalled(&self, now: Instant, limits: &Limits) -> bool {
        self.is_open() && !self.queue.is_empty() && now.saturating_duration_since(self.progress) >= limits.stall
    }

    /// The closing handshake has had its time: the grace since something was last written, and never more than
    /// [`Limits::stall`] beyond it.
    pub(super) fn is_over_due(&self, now: Instant, limits: &Limits) -> bool {
        let Phase::Closing { since } = self.phase else { return false };
        let moving = if self.queue.is_empty() { since } else { since.max(self.progress) };
        now.saturating_duration_since(moving) >= limits.close_grace
            || now.saturating_duration_since(since) >= limits.close_grace + limits.stall
    }

    fn push(&mut self, mut frames: Bytes, socket: &dyn Socket) -> Taken {
        let first = self.queue.is_empty();
        if first {
            match socket.try_write(&frames) {
                Ok(written) if written == frames.len() => return Taken::Written,
                Ok(written) => {
                    frames.advance(written);
                    self.first_begun = written > 0;
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => self.first_begun = false,
                Err(_) => {
                    self.end();
                    return Taken::Broken;
                }
            }
            self.progress = Instant::now();
        }
        self.bytes += frames.len();
        self.queue.push_back(frames);
        Taken::Queued { first }
    }

    fn written(&mut self, mut written: usize) {
        self.bytes -= written;
        self.progress = Instant::now();
        while let Some(first) = self.queue.front_mut() {
            if written < first.len() {
                first.advance(written);
                self.first_begun |= written > 0;
                return;
            }
            written -= first.len();
            self.queue.pop_front();
            self.first_begun = false;
        }
        // A queue is rare; its memory goes with it.
        self.queue = VecDeque::new();
    }
}
