//! What a room with a name takes whom for, and who may be in its call.

use std::net::IpAddr;

use super::{DoorError, NamedRooms};
use crate::ids::{RoomId, Slug, UserId};
use crate::store::named_rooms::{NamedRoom, Sight};

impl NamedRooms {
    /// Whether there is a place for this guest, or for somebody new: in a full room only for who is in it.
    ///
    /// # Errors
    /// [`DoorError::Full`], and what the store says.
    pub async fn has_place(&self, sight: &Sight, guest: Option<UserId>) -> Result<(), DoorError> {
        if !sight.room.is_full(sight.guests) {
            return Ok(());
        }
        match guest {
            Some(guest) if self.has_guest(&sight.room, guest).await? => Ok(()),
            _ => Err(DoorError::Full),
        }
    }

    /// Which call is meant. Without a pass it is the call of everybody who has the link, whatever rooms there are: so nobody finds out rooms
    /// by calling, and who is in a call by link stays in it when a room of that slug is made. With a pass it is the call of that room, and
    /// where guests are counted only whoever is in the room may be in it.
    ///
    /// # Errors
    /// [`DoorError::NoSuchRoom`] if the pass is none, or its room is gone, also where there is another one of the same slug by now;
    /// [`DoorError::Full`], [`DoorError::Outside`], and what the store says.
    pub async fn call(&self, slug: &Slug, pass: Option<&str>) -> Result<RoomId, DoorError> {
        let Some(pass) = pass else { return Ok(call_of_link(slug)) };
        let claim = self.passes.read(slug, pass).ok_or(DoorError::NoSuchRoom)?;
        let sight = self.store.named_room(slug).await?.filter(|sight| sight.room.id == claim.room).ok_or(DoorError::NoSuchRoom)?;
        // A pass is not a place: there are as many as were asked for.
        if sight.room.guest_limit > 0 && !self.has_guest(&sight.room, claim.guest).await? {
            return Err(if sight.room.is_full(sight.guests) { DoorError::Full } else { DoorError::Outside });
        }
        Ok(call_of_room(&sight.room))
    }

    /// The room of a slug, as somebody without a pass to it finds it. Fails for an address that has tried too many slugs in vain.
    pub(super) async fn guess(&self, slug: &Slug, from: IpAddr) -> Result<Sight, DoorError> {
        // A guess counts as failed until it has succeeded: otherwise any number could be under way at once.
        self.spend("room-misses", &[], from, self.limits.rooms).await?;
        let sight = self.store.named_room(slug).await?.ok_or(DoorError::NoSuchRoom)?;
        self.tally.take_back(&*self.store, "room-misses", &[], from, self.limits.rooms).await?;
        Ok(sight)
    }
}

/// The call of those who have a link, and nothing else.
fn call_of_link(slug: &Slug) -> RoomId {
    RoomId::named(&format!("room:{}", slug.as_str()))
}

/// The call of a room with a name: by its identifier, so that no link and no later room of the same slug leads to it. No slug has a blank.
fn call_of_room(room: &NamedRoom) -> RoomId {
    RoomId::named(&format!("room {}", room.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RoomName;

    #[test]
    fn no_link_leads_to_the_call_of_a_room() {
        let name = RoomName::parse("Blue").unwrap();
        let made = || NamedRoom {
            id: RoomId::random(),
            slug: name.slug().unwrap(),
            name: name.clone(),
            password: None,
            public: false,
            guest_limit: 0,
        };
        let (first, later) = (made(), made());
        assert_ne!(call_of_room(&first), call_of_link(&first.slug));
        assert_ne!(call_of_room(&first), call_of_room(&later), "another room of the same slug");
        assert_eq!(call_of_room(&first), call_of_room(&first.clone()));
    }
}
