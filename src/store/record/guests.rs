//! What guests of a room with a name send each other.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, RoomId, SessionRef, UserId};

/// A message on its way to one guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestMessage {
    /// The room's channel.
    pub channel: ChannelId,
    /// Which of all rooms that had this slug, one after the other, or at once where the store has lost one: it is for its guests alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// The sender's session, which is told if the message cannot be handed over.
    pub from: SessionRef,
    /// The sender.
    pub sender: UserId,
    /// The receiver; `None`: everybody in the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<UserId>,
    /// Of which type it is.
    pub topic: Arc<str>,
    /// Its data, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<JsonText>,
}

/// A JSON value exactly as its sender wrote it. Never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonText(pub Arc<str>);

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonText({} bytes)", self.0.len())
    }
}
