//! How the hub sees a local session, whatever protocol it speaks.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::ids::{ChannelId, Epoch, MeshId, SessionId, UserId, Username};
use crate::store::channels::Entry;
use crate::store::record::meshes::MeshNews;
use crate::store::record::{LogRecord, NewsRecord, Person, Signal};

/// An entry of a channel's log, decoded.
#[derive(Clone, Debug)]
pub struct LogEvent {
    /// Where it stands and when it came.
    pub entry: Entry,
    /// What it says.
    pub record: LogRecord,
}

impl LogEvent {
    /// The user who may get a form of this event that others do not.
    #[must_use]
    pub fn author(&self) -> Option<UserId> {
        match &self.record {
            LogRecord::Message(message) => Some(message.from),
            LogRecord::Changed { message, .. } => Some(message.from),
            LogRecord::Reacted { .. } => None,
        }
    }

    /// Whether a client that never heard of Rialto's additions knows this kind of event.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self.record, LogRecord::Message(_))
    }
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

/// Builds the frames of one dialect: once for all of its sessions.
pub trait Encoder: Send + Sync {
    /// Tells encoders apart; one number a dialect.
    fn number(&self) -> usize;

    /// The frame that tells of an event of a channel's log.
    fn event(&self, event: &LogEvent) -> Bytes;

    /// The frame that tells of news; `None` where the dialect does not tell of it.
    fn news(&self, news: &NewsRecord) -> Option<Bytes>;

    /// The frame that tells who is in a channel's call now; `peer` is the other end of a direct channel as the receiver sees it, which a
    /// media node does not know. `None` where the dialect does not tell of it.
    fn call(&self, peer: Option<UserId>, people: &[Person]) -> Option<Bytes> {
        let _ = (peer, people);
        None
    }
}

/// For dialects that tell nothing of channels.
pub struct Silent;

impl Encoder for Silent {
    fn number(&self) -> usize {
        2
    }

    fn event(&self, _event: &LogEvent) -> Bytes {
        Bytes::new()
    }

    fn news(&self, _news: &NewsRecord) -> Option<Bytes> {
        None
    }
}

/// A local session. None of these calls waits. What a dialect leaves out is of users, channels or news that it has none of.
pub trait Listener: Send + Sync + 'static {
    /// Its identity.
    fn session(&self) -> SessionId;

    /// Who is signed in.
    fn user(&self) -> Option<UserId> {
        None
    }

    /// That user's name.
    fn name(&self) -> Option<Username> {
        None
    }

    /// The account's number, in a dialect in whose rooms users count and not their sessions.
    fn number(&self) -> Option<u64> {
        None
    }

    /// The mesh that it is in.
    fn mesh(&self) -> Option<MeshId> {
        None
    }

    /// The mesh whose peers may write to it: also while it is about to enter, and they may have found it already.
    fn may_get_from(&self) -> Option<MeshId> {
        self.mesh()
    }

    /// What its frames are built with.
    fn encoder(&self) -> &dyn Encoder {
        &Silent
    }

    /// Whether the client uses Rialto's additions to its protocol and so understands them.
    fn uses_additions(&self) -> bool {
        false
    }

    /// Whether this session is told of such news, published on a topic that it follows.
    fn hears(&self, news: &NewsRecord) -> bool {
        let _ = news;
        false
    }

    /// Writes frames, or says why not.
    fn send(&self, frames: &Bytes) -> Sent;

    /// Writes a frame however many wait: for what is rare and must not be missed.
    fn tell(&self, frame: Bytes);

    /// Resolves when there is room again; `false` when the session is over.
    fn drained(&self) -> BoxFuture<'static, bool>;

    /// The author's own form of an event: with the echo of a request, the author's name for a message.
    fn own_form(&self, event: &LogEvent) -> Bytes {
        self.encoder().event(event)
    }

    /// The log of a channel that it is in began anew with this epoch: what stood in the one before and was not sent yet never will be.
    fn log_began_anew(&self, channel: ChannelId, epoch: Epoch) {
        let _ = (channel, epoch);
    }

    /// What tells this client to load a channel anew; `None` for a client that would not understand.
    fn reset_form(&self, channel: ChannelId, epoch: Epoch) -> Option<Bytes> {
        let _ = (channel, epoch);
        None
    }

    /// A channel that the session watches got this, which was just sent.
    fn watched(&self, channel: ChannelId, event: &LogEvent) {
        let _ = (channel, event);
    }

    /// News of a channel that the session is in may have been missed for a while.
    fn missed_in_channel(&self) {}

    /// A direct channel with `peer` appeared in the user's list.
    fn direct_opened(self: Arc<Self>, peer: UserId) {
        let _ = peer;
    }

    /// News of the mesh that it follows, in the order in which they were published.
    fn mesh_news(&self, news: &MeshNews) {
        let _ = news;
    }

    /// News for the user, or of the mesh, may have been missed for a while.
    fn missed_news(self: Arc<Self>) {}

    /// The user's read mark moved, by this or another session.
    fn read_moved(&self, news: &NewsRecord) {
        let _ = news;
    }

    /// The session's own user has another name.
    fn renamed(&self, name: &Username) {
        let _ = name;
    }

    /// A letter from another session or node.
    fn signal(self: Arc<Self>, signal: Signal);
}
