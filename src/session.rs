//! One WebSocket connection: its task, what is waiting to be written to it, its limits and how it ends.
//!
//! A session knows frames and nothing of what they mean; that is the [`Conversation`]'s.

pub mod close;
pub mod frame;

use std::sync::Arc;

use async_trait::async_trait;

/// A wire protocol: makes a conversation for each connection.
pub trait Dialect: Send + Sync + 'static {
    /// Begins a conversation on a fresh connection. Nothing has been read or written yet.
    fn begin(self: Arc<Self>, session: Arc<Session>) -> Box<dyn Conversation>;
}

/// One client's side of a dialect. Calls come one at a time, in the order in which the client sent.
#[async_trait]
pub trait Conversation: Send {
    /// The connection is open.
    async fn opened(&mut self);

    /// A text frame.
    async fn text(&mut self, text: &str);

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
    /// It is longer than `MAX_FRAME_BYTES`.
    TooLarge,
    /// The connection sent too many; the frame and when the next one will be accepted.
    TooMany {
        /// The frame.
        text: &'a str,
        /// From now.
        retry_after: std::time::Duration,
    },
}

/// What became of frames for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Written, or queued.
    Done,
    /// The queue is full and *nothing* of it was taken.
    Full,
    /// The session is over.
    Closed,
}
/// SKELETON: to be filled in by the session floor.
pub struct Session;
