//! Rooms that people give a name, a password and a limit, and who is in them.
//!
//! * A room is known by its slug, its guests are the members of the channel of that slug ([`ChannelId::of_slug`]): they are listed, leave and
//!   are reaped as members are ([`super::Channels`]).
//! * A guest's identifier ([`Member::user`]) is in a room once. The limit and that are kept by [`NamedRooms::admit`] alone, in one step.
//! * A room goes when it was not used for a while, by the store's clock. While people are in it, their node keeps it.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Result;
use super::channels::Member;
use super::topics::News;
use crate::ids::{ChannelId, PasswordHash, RoomId, RoomName, Slug, UserId};

/// No room takes more guests: so many can be listed and told of each other.
pub const MAX_GUESTS: usize = 2_000;

/// A room as it was made. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedRoom {
    /// Random: a room that is made later under the same slug is another one.
    pub id: RoomId,
    /// By which it is found.
    pub slug: Slug,
    /// As its maker wrote it.
    pub name: RoomName,
    /// What whoever wants to come in has to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordHash>,
    /// It is on the list for everybody.
    #[serde(default)]
    pub public: bool,
    /// At most so many guests; 0: as many as any room takes ([`MAX_GUESTS`]).
    #[serde(default)]
    pub guest_limit: u32,
}

impl NamedRoom {
    /// The channel whose members its guests are.
    #[must_use]
    pub fn channel(&self) -> ChannelId {
        ChannelId::of_slug(&self.slug)
    }

    /// Whether `guests` are all that it takes.
    #[must_use]
    pub fn is_full(&self, guests: usize) -> bool {
        guests >= self.limit()
    }

    /// At most so many guests.
    #[must_use]
    pub fn limit(&self) -> usize {
        match self.guest_limit {
            0 => MAX_GUESTS,
            limit => MAX_GUESTS.min(limit as usize),
        }
    }
}

/// A room as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Which.
    pub room: NamedRoom,
    /// How many are in it.
    pub guests: usize,
    /// Since somebody last did something in it.
    pub idle_for: Duration,
}

/// What became of a wish to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// In, by this identifier.
    In(UserId),
    /// There are as many guests as it takes.
    Full,
    /// There is no such room, or another one by now.
    Gone,
}

/// How a room is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Somebody has just done something there.
    pub active: bool,
    /// People are in it: if it is not there, the store has lost it, and it is written anew. Its guests are not.
    pub anew: bool,
}

/// What became of a wish to keep a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was there.
    There,
    /// It was not there.
    Missing,
    /// Another one is there under its slug.
    Replaced,
}

/// Rooms with names.
#[async_trait]
pub trait NamedRooms: Send + Sync {
    /// Makes a room that stays for `idle`. `false`: there is another one with this slug.
    async fn found(&self, room: &NamedRoom, idle: Duration) -> Result<bool>;

    /// The room with this slug.
    async fn named_room(&self, slug: &Slug) -> Result<Option<Sight>>;

    /// Adds a guest, by the identifier that it wants or, where that one is in the room already, by `other`; the room then stays for another
    /// `idle`, and `announce` is published. The membership is first written into the node's holdings ([`super::nodes::Holding`]).
    async fn admit(&self, room: &NamedRoom, guest: &Member, other: UserId, idle: Duration, announce: &News) -> Result<Admission>;

    /// Writes what a guest is called now. `false`, and nothing published: it is not in the room.
    async fn rename_guest(&self, channel: ChannelId, guest: &Member, announce: &News) -> Result<bool>;

    /// Lets a room stay for another `idle`, unless another one has its slug.
    async fn keep_named_room(&self, room: &NamedRoom, idle: Duration, keep: Keep) -> Result<Kept>;

    /// At most `limit` rooms that are on the list for everybody, in no promised order.
    async fn public_rooms(&self, limit: usize) -> Result<Vec<Sight>>;

    /// Removes what rooms that are gone have left, of `limit` rooms at most. Answers of how many: as many as `limit` means that there may be more.
    async fn sweep_named_rooms(&self, limit: usize) -> Result<usize>;
}
