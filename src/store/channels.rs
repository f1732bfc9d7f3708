//! A channel's log of messages and who is joined.
//!
//! The log is the truth; what is published on the channel's topic is only the quick way to it. Every entry names the
//! one before it ([`Entry::previous`]), so that a reader of the topic knows when it missed something and reads the log.

use async_trait::async_trait;
use bytes::Bytes;

use super::record::{NewsRecord, Person};
use super::{Result, topics::News};
use crate::ids::{ChannelId, ClientId, Epoch, MessageId, Micros, Position, Seq, SessionRef, UserId, Username};

/// One thing that happened in a channel, as logged and as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The channel's generation when it was written.
    pub epoch: Epoch,
    /// Where it stands.
    pub position: Position,
    /// Where the entry before it stands; `(0, 0)` before the first.
    pub previous: Position,
    /// When the store took it, by the store's clock.
    pub at: Micros,
    /// An encoded [`super::record::LogRecord`].
    pub body: Bytes,
}

/// The newest place of a channel's log that somebody has seen, with which lost data is noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The generation it belongs to.
    pub epoch: Epoch,
    /// The place.
    pub position: Position,
    /// The message that stood at `(position.seq, 0)`, where it is known.
    pub message: Option<MessageId>,
}

/// The end of a channel's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The channel's generation. A channel that nobody ever used gets one when it is first looked at.
    pub epoch: Epoch,
    /// The newest entry.
    pub position: Position,
    /// The lowest message number that is still kept; the next one to come while the log is empty.
    pub oldest: Seq,
}

/// A message to be logged.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Chosen by the caller, random.
    pub id: MessageId,
    /// Of two appends with the same pair within five minutes only the first is stored.
    pub dedup: Option<(UserId, ClientId)>,
    /// An encoded [`super::record::LogRecord::Message`].
    pub body: Bytes,
    /// The newest place this node has seen; a fresh channel's epoch will be above it.
    pub known: Known,
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is in the log, at this place.
    Stored(Stored),
    /// An earlier append with the same user and client identifier is; this is it, in its present form.
    Duplicate(StoredMessage),
}

/// Where an entry was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The channel's generation.
    pub epoch: Epoch,
    /// The place.
    pub position: Position,
    /// By the store's clock.
    pub at: Micros,
    /// Whether as many replicas as `ACK_REPLICAS` wants have it. If not, it must not be acknowledged yet:
    /// see [`Channels::settle`].
    pub replicated: bool,
}

/// A message in its present form: as posted, or as it was last changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its number.
    pub seq: Seq,
    /// When it was posted, by the store's clock.
    pub at: Micros,
    /// An encoded [`super::record::MessageRecord`].
    pub record: Bytes,
}

/// A change of a message that is already in the log.
#[derive(Clone, Debug)]
pub struct Amendment {
    /// Which message.
    pub seq: Seq,
    /// The bytes that the change was made from. If the message has others by now, nothing happens ([`Amended::Conflict`]).
    pub from: Bytes,
    /// Its new bytes: an encoded [`super::record::MessageRecord`].
    pub to: Bytes,
    /// The log entry that tells of it: an encoded [`super::record::LogRecord`].
    pub entry: Bytes,
}

/// What became of an amendment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amended {
    /// Done, and logged here.
    Stored(Stored),
    /// Somebody else changed it in between; read it again.
    Conflict,
    /// The message is not kept any more, or never was.
    Gone,
}

/// Which messages to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// The newest.
    Latest,
    /// Those with a number below this one, the newest of them.
    Before(Seq),
    /// Those with a number above this one, the oldest of them.
    After(Seq),
}

/// Messages in order, oldest first, with the head of the log at the same instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The messages.
    pub messages: Vec<StoredMessage>,
    /// The log's end when they were read.
    pub head: Head,
    /// Whether there are more in the direction asked for.
    pub more: bool,
}

/// Entries in order with the head of the log at the same instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// The entries behind the place asked for. Their `previous` links are as when they were logged.
    pub entries: Vec<Entry>,
    /// The log's end when they were read.
    pub head: Head,
}

/// Somebody who is joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The session.
    pub at: SessionRef,
    /// Its user.
    pub user: UserId,
    /// The user's name when joining.
    pub username: Username,
    /// The other end of a direct channel, as this user sees it; in a room with a name, who the guest's pass says that it is.
    pub peer: Option<UserId>,
    /// The account's number, in a channel where users count and not their sessions: there only a user's first session to join
    /// and its last to leave are announced.
    pub number: Option<u64>,
}

impl Member {
    /// The news that this member, who is called so today, has left.
    #[must_use]
    pub fn departure(&self, name: Username) -> NewsRecord {
        match self.number {
            Some(number) => NewsRecord::Exited { who: Person { id: self.user, name }, number },
            None => NewsRecord::Left { session: self.at.session, who: self.user, to: self.peer },
        }
    }
}

/// Channels: members, log, dedup.
#[async_trait]
pub trait Channels: Send + Sync {
    /// Adds a member (joining again changes nothing) and, if it was new, is to be announced, and the channel has at most
    /// `announce_up_to` members with it, publishes `announce`. Answers whether it was new. The membership is first written into the
    /// node's holdings, so that a reaper finds it.
    async fn join(&self, channel: ChannelId, member: &Member, announce: &News, announce_up_to: usize) -> Result<bool>;

    /// Removes a member; `true`, and `announce` published where that is due, if it was one.
    async fn leave(&self, channel: ChannelId, at: SessionRef, announce: &News) -> Result<bool>;

    /// At most `limit` members.
    async fn members(&self, channel: ChannelId, limit: usize) -> Result<Vec<Member>>;

    /// The membership of one session.
    async fn member(&self, channel: ChannelId, at: SessionRef) -> Result<Option<Member>>;

    /// Logs a message and publishes its entry. When it answers, the message is as safe as `ACK_REPLICAS` or fsync make it.
    async fn append(&self, channel: ChannelId, message: NewMessage) -> Result<Appended>;

    /// Changes a message and logs and publishes the entry that tells of it.
    async fn amend(&self, channel: ChannelId, amendment: Amendment) -> Result<Amended>;

    /// Waits until everything written to this channel before is on as many replicas as wanted. For an append that answered
    /// `replicated: false`; an error means that it still is not.
    async fn settle(&self, channel: ChannelId) -> Result<()>;

    /// Reads messages in their present form; `limit` at most.
    async fn page(&self, channel: ChannelId, range: Range, limit: usize) -> Result<Page>;

    /// One message in its present form.
    async fn message(&self, channel: ChannelId, seq: Seq) -> Result<Option<StoredMessage>>;

    /// Reads the entries behind a place, `limit` at most.
    async fn tail(&self, channel: ChannelId, behind: Position, limit: usize) -> Result<Tail>;

    /// The log's ends, of several channels at once, in this order.
    async fn heads(&self, channels: &[ChannelId]) -> Result<Vec<Head>>;

    /// Compares what somebody has seen with what is there. If the store lost any of it (the log ends earlier, or another
    /// message stands there), the channel gets a new epoch, which is published as [`super::topics::Payload::Reset`]. Answers the head.
    async fn verify(&self, channel: ChannelId, known: Known) -> Result<Head>;
}
