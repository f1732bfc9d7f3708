//! The bytes of what is stored, published and sent between nodes: JSON with a version, so that upgrades roll.
//!
//! **The rule for changes**: a version only *adds* optional fields, kinds or enum values to the one before it. A node reads its own
//! version, the previous one (what is missing has a default) and the next one (unknown fields are ignored, an unknown kind is
//! [`Decoded::Unknown`] and skipped). Anything further away is refused as unreadable. `tests/it/versions.rs` holds the
//! previous version's bytes.
//!
//! Version 2 added to version 1: `via`, `edited`, `deleted`, `rev` and `reactions` of a message, the log kinds `changed` and `reacted`.

use std::collections::BTreeMap;
use std::fmt::Display;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub mod calls;
pub mod guests;
pub mod lobby;
pub mod meshes;

use self::calls::{Ask, Tell};
use self::guests::GuestMessage;
use self::lobby::LobbyLetter;
use self::meshes::Forward;
use super::StoreError;
use crate::ids::{
    ChannelId, ClientId, Emoji, MessageId, MessageText, Micros, NodeId, RoomEpoch, RoomId, Seq, SessionId, SessionRef, TokenDigest, UserId,
    Username,
};

/// The version that this build writes.
pub const VERSION: u8 = 2;
/// The oldest version that this build reads.
pub const OLDEST: u8 = 1;
/// The version after this one, which may only have added to it.
const NEXT: u8 = VERSION + 1;

/// A message as stored. Its number and time stand beside it in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// For ever the same.
    pub id: MessageId,
    /// Who wrote it.
    pub from: UserId,
    /// The writer's name then; shown where the account is gone.
    pub name: Username,
    /// To whom, in a direct channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<UserId>,
    /// That user's name then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_name: Option<Username>,
    /// Whether that user was online then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub to_online: bool,
    /// What it says; empty once deleted.
    pub text: MessageText,
    /// The writer's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The session it was written in, which takes it for its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<SessionId>,
    /// When it was last edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Micros>,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Micros>,
    /// How often it was changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rev: u32,
    /// Who reacted with what.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reactions: BTreeMap<String, Vec<UserId>>,
    /// What the writer's account was then, for readers to whom users are numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub badge: Option<Badge>,
}

/// What is shown of an account besides its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Badge {
    /// Its serial number.
    pub number: u64,
    /// It has a password: only who knows it can be this user.
    pub verified: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// An entry of a channel's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum LogRecord {
    /// A message was posted.
    Message(MessageRecord),
    /// A message was edited or deleted.
    Changed {
        /// Which.
        seq: Seq,
        /// When it was posted.
        posted: Micros,
        /// Its new form.
        message: MessageRecord,
    },
    /// Somebody reacted, or took it back.
    Reacted {
        /// To which message.
        seq: Seq,
        /// Who.
        user: UserId,
        /// Their name.
        name: Username,
        /// The other user of a direct channel, as `user` sees it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<UserId>,
        /// With what.
        emoji: Emoji,
        /// Set, or taken back.
        on: bool,
    },
}

/// A user with a name, where others are told of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Their name at that moment.
    pub name: Username,
}

/// News: published, never stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[allow(missing_docs, reason = "`session` acts, `who` is its user, `to` the other end of a direct channel as `who` sees it")]
pub enum NewsRecord {
    /// A session joined the channel.
    Joined { session: SessionId, who: Person, to: Option<UserId> },
    /// A session left the channel, or died.
    Left { session: SessionId, who: UserId, to: Option<UserId> },
    /// A user's last session in the channel has left or died; told where users count and not their sessions.
    Exited { who: Person, number: u64 },
    /// Somebody has another name now, who publishes these streams in the channel's call.
    Renamed { who: Person, streams: Vec<String> },
    /// Somebody is typing in the channel.
    Typing { session: SessionId, who: Person, to: Option<UserId> },
    /// Somebody has read the channel up to this message.
    Read { session: SessionId, who: UserId, to: Option<UserId>, channel: ChannelId, seq: Seq },
    /// A user came online or went offline.
    Online { who: Person, online: bool },
    /// A user signed in.
    SignedIn { session: SessionId, who: Person },
    /// A user has another name, or was deleted (`deleted`).
    UserChanged {
        who: Person,
        online: bool,
        #[serde(default)]
        deleted: bool,
    },
    /// Who is in the channel's call now; nobody: it is over. Told by its media node.
    Call { channel: ChannelId, people: Vec<Person> },
    /// A direct channel appeared in the user's list.
    DirectOpened { peer: UserId },
    /// Other guests are in the room with a name than before; `renamed`: one has said what it is called.
    Guests {
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        renamed: bool,
    },
}

/// A letter from one node to a session on another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The node that sent it.
    pub from: NodeId,
    /// Grows from letter to letter of this pair of nodes; one that is not above the last one seen is a retry and is dropped.
    pub number: u64,
    /// For whom.
    pub to: SessionId,
    /// And for these sessions of the same node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<SessionId>,
    /// Who wants to know if it cannot be delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<SessionRef>,
    /// What.
    pub signal: Signal,
}

/// What a node tells a session on another node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[allow(missing_docs, reason = "the variants say it")]
pub enum Signal {
    /// This access key has ended: a session that came in with it is signed out.
    KeyEnded { key: TokenDigest },
    /// The user is told to leave, or is gone; the session is closed.
    Expelled { user: UserId, why: Expulsion },
    /// Something said in a channel to one user only, `message.to`. It is kept nowhere. `from` is told if that user is not there.
    Whisper { channel: ChannelId, from: SessionRef, message: Box<MessageRecord> },
    /// From one peer of a mesh to another.
    Forward(Box<Forward>),
    /// From one guest of a room with a name to another. It is kept nowhere.
    GuestMessage { message: Box<GuestMessage> },
    /// For the media agent of the node: something from the participant that the letter is from (`reply_to`).
    CallAsk { room: RoomId, epoch: RoomEpoch, ask: Box<Ask> },
    /// For the participant `to`, from the media node that serves the room in this epoch (`reply_to`, with the participant's session).
    CallTell { room: RoomId, epoch: RoomEpoch, tell: Box<Tell> },
    /// For somebody in a lobby.
    Lobby { letter: Box<LobbyLetter> },
    /// What `to` (of the original envelope) should have got did not arrive.
    Undeliverable { to: SessionId, signal: Box<Signal> },
}

/// Why a session is ended from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Expulsion {
    /// By a moderator; may come back.
    Kicked,
    /// By a moderator, for a time.
    Banned,
    /// The account was deleted.
    Deleted,
}

/// What decoding gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded<T> {
    /// Understood.
    Known(T),
    /// Written by the next version, of a kind that this one does not know. To be skipped.
    Unknown,
}

#[derive(Serialize)]
struct Written<'a, T> {
    v: u8,
    #[serde(flatten)]
    record: &'a T,
}

#[derive(Deserialize)]
struct Version {
    v: u8,
}

/// Encodes in the present version.
pub fn encode<T: Serialize>(record: &T) -> Bytes {
    #[allow(clippy::expect_used, reason = "plain structs with string keys always serialize")]
    let bytes = serde_json::to_vec(&Written { v: VERSION, record }).expect("records serialize");
    bytes.into()
}

/// Decodes any version within the rule above.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<Decoded<T>, StoreError> {
    // Not `flatten`: with it serde buffers the whole record. Unknown fields, `v` among them, are ignored anyway.
    match serde_json::from_slice::<T>(bytes) {
        Ok(record) => match version(bytes)? {
            OLDEST..=NEXT => Ok(Decoded::Known(record)),
            other => Err(StoreError::Corrupt(format!("version {other}; this build reads {OLDEST} to {}", NEXT))),
        },
        Err(error) => match version(bytes)? {
            NEXT => Ok(Decoded::Unknown),
            v => Err(StoreError::Corrupt(format!("version {v}: {:?} at column {}", error.classify(), error.column()))),
        },
    }
}

/// Decodes what cannot be passed over where it is unknown. `what` it is, is for the error.
pub fn decode_known<T: DeserializeOwned>(bytes: &[u8], what: impl Display) -> Result<T, StoreError> {
    match decode(bytes)? {
        Decoded::Known(record) => Ok(record),
        Decoded::Unknown => Err(StoreError::Corrupt(format!("{what} was written by a newer build"))),
    }
}

fn version(bytes: &[u8]) -> Result<u8, StoreError> {
    serde_json::from_slice::<Version>(bytes).map(|version| version.v).map_err(|_| StoreError::Corrupt("no version".to_owned()))
}
