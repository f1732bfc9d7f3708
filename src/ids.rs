//! Identifiers and other values parsed once at the edge: past the wire types nobody handles a raw `String`.
//!
//! Units: [`Micros`] are microseconds since the Unix epoch, by the store's clock wherever the store decides.

mod lobby;
mod network;
mod secret;
mod text;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use lobby::LobbyCode;
pub use network::customer;
pub use secret::{AccessKey, Password, PasswordHash, TokenDigest};
pub use text::{ClientId, Emoji, FoldedName, InvalidText, MessageText, RequestId, RoomName, Slug, Username};

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new random identifier (UUID version 4).
            #[must_use]
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A person's account.
    UserId
);
uuid_id!(
    /// One WebSocket connection, `SUUID` on the wire of the chat dialect.
    SessionId
);
uuid_id!(
    /// One message, for ever.
    MessageId
);
uuid_id!(
    /// One run of one node: a restart is another node, so that nothing is confused with its previous life.
    NodeId
);
uuid_id!(
    /// A channel: the general one, or the one of an unordered pair of users.
    ChannelId
);
uuid_id!(
    /// Somebody in a lobby, through all of their connections.
    LobbyClientId
);
uuid_id!(
    /// A room in which people hear and see each other, served by one media node at a time.
    RoomId
);

uuid_id!(
    /// Peers who find each other, and nobody else.
    MeshId
);

/// Namespace of the UUIDv5 names below; any constant would do, it must only never change.
const NAMESPACE: Uuid = Uuid::from_u128(0x7269_616c_746f_5f63_6861_6e6e_656c_7331);

impl ChannelId {
    /// The channel that everybody may join.
    #[must_use]
    pub fn general() -> Self {
        Self(Uuid::new_v5(&NAMESPACE, b"general"))
    }

    /// The direct channel of two users; both ends compute the same one. With oneself it is a notebook.
    #[must_use]
    pub fn direct(one: UserId, other: UserId) -> Self {
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        let mut name = [0; 32];
        name[..16].copy_from_slice(low.0.as_bytes());
        name[16..].copy_from_slice(high.0.as_bytes());
        Self(Uuid::new_v5(&NAMESPACE, &name))
    }

    /// What is said in a room with a number.
    #[must_use]
    pub fn of_room(room: RoomNumber) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, format!("stage room {room}").as_bytes()))
    }

    /// Who is in a room with a name. Nothing is kept of what is said there.
    #[must_use]
    pub fn of_slug(slug: &Slug) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, format!("named room {}", slug.as_str()).as_bytes()))
    }
}

impl RoomId {
    /// The room of a channel's calls.
    #[must_use]
    pub fn of_channel(channel: ChannelId) -> Self {
        Self(channel.0)
    }

    /// The room that everybody finds who has this link, whatever the dialect.
    #[must_use]
    pub fn named(slug: &str) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, format!("room {slug}").as_bytes()))
    }
}

impl MeshId {
    /// The mesh of those who came to this mount and named this room, or none.
    #[must_use]
    pub fn of(mount: &str, room: Option<&str>) -> Self {
        // No mount has a space in its path.
        let name = room.map_or_else(|| format!("mesh {mount}"), |room| format!("mesh {mount} {room}"));
        Self(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }
}

/// A room's number, by which people share it: from 1 to 2^53 - 1, so that JavaScript has it exactly. Random, so that nobody guesses one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomNumber(u64);

impl RoomNumber {
    /// The greatest.
    const MAX: u64 = (1 << 53) - 1;

    /// A number from random bits.
    #[must_use]
    pub fn from_random(bits: u64) -> Self {
        Self((bits & Self::MAX).max(1))
    }

    /// The number itself.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for RoomNumber {
    type Err = InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| plain && (1..=Self::MAX).contains(number));
        number.map(Self).ok_or(InvalidText("a room's number is a whole number from 1 to 2^53 - 1"))
    }
}

impl fmt::Display for RoomNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a session lives: `node/session`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionRef {
    /// The node that holds the socket.
    pub node: NodeId,
    /// The session on it.
    pub session: SessionId,
}

impl fmt::Display for SessionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.node, self.session)
    }
}

impl FromStr for SessionRef {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (node, session) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self { node: node.parse()?, session: session.parse()? })
    }
}

/// Microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl Micros {
    /// Whole milliseconds since the Unix epoch.
    #[must_use]
    pub fn millis(self) -> u64 {
        self.0 / 1_000
    }

    /// This instant plus a duration.
    #[must_use]
    pub fn plus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// A channel's generation. It grows when the store lost data, so that a [`Seq`] never names two messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// Which of a room's holders in succession is meant: it grows each time the room is given to a media node, also when the store lost
/// its data. What carries another one than the present comes too late and is dropped. 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomEpoch(pub u64);

/// A channel's own message number: 1, 2, 3 … without a gap within an [`Epoch`]. 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// A place in a channel's log. Messages stand at `(seq, 0)`; what happened to earlier messages afterwards
/// (edits, deletions, reactions) at `(seq, 1)`, `(seq, 2)` … behind the message that was the newest then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The newest message's number at this place.
    pub seq: Seq,
    /// 0 for the message itself, then the number of the event behind it.
    pub sub: u32,
}

impl Position {
    /// The place of message `seq` itself.
    #[must_use]
    pub fn message(seq: u64) -> Self {
        Self { seq: Seq(seq), sub: 0 }
    }
}

impl fmt::Display for Position {
    /// The form of a Redis stream entry ID.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.seq.0, self.sub)
    }
}

impl FromStr for Position {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seq, sub) = text.split_once('-').unwrap_or((text, "0"));
        Ok(Self { seq: Seq(seq.parse()?), sub: sub.parse()? })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_direct_channel_is_the_same_from_both_ends() {
        let (one, other) = (UserId::random(), UserId::random());
        assert_eq!(ChannelId::direct(one, other), ChannelId::direct(other, one));
        assert_ne!(ChannelId::direct(one, one), ChannelId::direct(one, other));
        assert_ne!(ChannelId::general(), ChannelId::direct(one, one));
    }

    #[test]
    fn room_numbers_are_whole_and_exact_in_javascript() {
        assert_eq!("9007199254740991".parse::<RoomNumber>().unwrap().get(), 9_007_199_254_740_991);
        assert_eq!("007".parse::<RoomNumber>().unwrap().to_string(), "7");
        for bad in ["", "0", "-1", "+1", "1.5", "1e3", " 1", "a", "9007199254740992", "99999999999999999999"] {
            assert!(bad.parse::<RoomNumber>().is_err(), "{bad:?}");
        }
        assert_eq!((RoomNumber::from_random(0).get(), RoomNumber::from_random(u64::MAX).get()), (1, RoomNumber::MAX));
    }

    #[test]
    fn meshes_are_apart_by_mount_and_room() {
        let meshes = [("/", None), ("/", Some("")), ("/", Some("a")), ("/a", None), ("/a", Some("a")), ("/a", Some("a a"))];
        let distinct: std::collections::HashSet<MeshId> = meshes.iter().map(|(mount, room)| MeshId::of(mount, *room)).collect();
        assert_eq!(distinct.len(), meshes.len());
        assert_eq!(MeshId::of("/a", Some("b")), MeshId::of("/a", Some("b")));
    }

    #[test]
    fn positions_order_and_print_as_stream_ids() {
        let edit: Position = "9-2".parse().unwrap();
        assert!(Position::message(9) < edit && edit < Position::message(10));
        assert_eq!(edit.to_string(), "9-2");
    }
}
