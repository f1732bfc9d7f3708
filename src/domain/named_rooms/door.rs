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

    /// Which call a link leads to. If there is a room with this name it is that room's own, and only whoever may be in the room may be in
    /// the call: where guests are counted, only whoever is in the room. If there is none, it is the call of everybody who has the link,
    /// unless a pass shows that a room is meant.
    ///
    /// # Errors
    /// [`DoorError::PasswordNeeded`], [`DoorError::Full`], [`DoorError::Outside`], [`DoorError::NoSuchRoom`] if there is a pass and no room,
    /// [`DoorError::SlowDown`] for who holds no pass and tried too many names, and what the store says.
    pub async fn call(&self, slug: &Slug, pass: Option<&str>, from: IpAddr) -> Result<RoomId, DoorError> {
        let claim = pass.and_then(|pass| self.passes.read(slug, pass));
        if claim.is_none() {
            self.may_guess(from).await?;
        }
        let Some(sight) = self.store.named_room(slug).await? else {
            if pass.is_none() {
                return Ok(call_of_link(slug));
            }
            if claim.is_none() {
                self.guessed(from).await?;
            }
            return Err(DoorError::NoSuchRoom);
        };
        let guest = claim.filter(|claim| claim.room == sight.room.id).map(|claim| claim.guest);
        if guest.is_none() && sight.room.password.is_some() {
            // By calling nobody finds out rooms faster than by looking for their pages.
            self.guessed(from).await?;
            return Err(DoorError::PasswordNeeded);
        }
        self.has_place(&sight, guest).await?;
        if sight.room.guest_limit > 0 {
            // A pass is not a place: there are as many as were asked for.
            let is_in = match guest {
                Some(guest) => self.has_guest(&sight.room, guest).await?,
                None => false,
            };
            if !is_in {
                return Err(DoorError::Outside);
            }
        }
        Ok(call_of_room(&sight.room))
    }

    /// Fails for an address that has tried too many slugs.
    pub(super) async fn may_guess(&self, from: IpAddr) -> Result<(), DoorError> {
        Ok(self.tally.check(&*self.store, "room-misses", &[], from, self.limits.rooms).await?)
    }

    /// Counts a slug that was tried without knowing more than that.
    pub(super) async fn guessed(&self, from: IpAddr) -> Result<(), DoorError> {
        if let Some((_, window)) = self.limits.rooms {
            self.store.count(&self.tally.key("room-misses", &[], from), window).await?;
        }
        Ok(())
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
