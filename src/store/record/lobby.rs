//! Lobbies: a room as it is kept, whom a client was last, and what nodes say to each other about them. The rules that change a room are the
//! domain's; the rule for changes of these types is that of [`super`].

use serde::{Deserialize, Serialize};

use crate::ids::{LobbyClientId, LobbyCode, Micros, SessionRef};

/// A room. It is changed whole, from one revision to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LobbyRecord {
    /// When it was made: its code may have been another room's before.
    #[serde(default)]
    pub born: Micros,
    /// Rises whenever somebody becomes host; what a host of an earlier term says is void.
    pub term: u64,
    /// The host, always one of the members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<LobbyClientId>,
    /// Who is in the room, also those whose connection ended a moment ago; in the order in which they came.
    #[serde(default)]
    pub members: Vec<LobbyMember>,
    /// How many have come so far.
    #[serde(default)]
    pub joins: u64,
    /// Who was told to leave lately, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kicked: Vec<LobbyClientId>,
    /// What whoever made it wants it to be.
    #[serde(default)]
    pub wishes: LobbyWishes,
    /// The version of the snapshot, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<i64>,
    /// Since when there is no host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostless: Option<Micros>,
    /// Since when nobody is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty: Option<Micros>,
    /// On whose account it goes: the digest of the address that it was made from.
    #[serde(default)]
    pub account: String,
}

/// What a room is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LobbyWishes {
    /// Shown in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// So many besides the host fit in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_guests: Option<u32>,
    /// Everybody sees it in the list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public: bool,
    /// A client that dropped keeps its place for so many seconds, at most as long as the setting says; without it as long as that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<u64>,
    /// JSON of the game's own, shown in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}

/// Somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LobbyMember {
    /// Who.
    pub id: LobbyClientId,
    /// The number of this coming; who comes back within the grace keeps it.
    pub joined: u64,
    /// What it said about being host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can_host: Option<bool>,
    /// It speaks in messages; else it came with a code in its address, and is told nothing that it did not ask for.
    #[serde(default)]
    pub speaks: bool,
    /// Where its connection is; nowhere, if it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<SessionRef>,
    /// When its connection ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Micros>,
    /// How often its connection ended so far.
    #[serde(default)]
    pub drops: u32,
    /// The term when its connection ended last.
    #[serde(default)]
    pub term: u64,
}

/// Where a client is, so that its next connection finds its way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LobbyClientRecord {
    /// Its latest connection.
    pub at: SessionRef,
    /// The room that it entered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<LobbyCode>,
    /// When that room was made.
    #[serde(default)]
    pub born: Micros,
    /// What it said there about being host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can_host: Option<bool>,
    /// It speaks in messages.
    #[serde(default)]
    pub speaks: bool,
    /// That room did not take it back: this connection is in none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside: bool,
}

/// A letter to a session of a client in a lobby.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LobbyLetter {
    /// For whom: a session may be another client by now.
    pub to: LobbyClientId,
    /// The room; none, where the letter is about the client itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<LobbyCode>,
    /// What.
    pub say: LobbySay,
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "camelCase")]
pub enum LobbySay {
    /// The room has changed: look.
    Look,
    /// The client has another connection now.
    Displaced,
    /// Something for the other end of a peer connection.
    Signal {
        /// From whom.
        from: LobbyClientId,
        /// Where that one is, to be told if nobody is there to get it.
        reply_to: SessionRef,
        /// What kind.
        kind: LobbySignal,
        /// Its JSON, as it was written.
        signal: String,
    },
}

/// The kinds of signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LobbySignal {
    /// A guest's offer.
    GuestOffer,
    /// The host's answer to it.
    HostAnswer,
    /// A guest's ICE candidate.
    GuestCandidate,
    /// The host's ICE candidate.
    HostCandidate,
}

impl LobbySignal {
    /// Whether guests send it, to the host; else the host does, to a guest.
    #[must_use]
    pub fn is_guests(self) -> bool {
        matches!(self, Self::GuestOffer | Self::GuestCandidate)
    }
}
