//! Passes into rooms: what a browser keeps in a cookie and a program in a variable, signed with the secret that all nodes share.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use super::seal::{keyed, opened, sealed};
use crate::ids::{RoomId, Slug, UserId};

/// Two identifiers.
const CLAIM: usize = 32;
/// Apart from whatever else is signed with the same secret.
const PURPOSE: &[u8] = b"rialto room pass 1";

/// Who holds a pass, and to which room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The room that was made, not only its slug: another one made later under the same slug is not meant.
    pub room: RoomId,
    /// Who the holder is in that room.
    pub guest: UserId,
}

/// Signs passes and tells forged ones.
#[derive(Clone)]
pub struct Passes {
    /// Shared by all nodes.
    secret: [u8; 32],
}

impl Passes {
    /// `secret` is the same on all nodes.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// The pass.
    #[must_use]
    pub fn sign(&self, slug: &Slug, claim: Claim) -> String {
        let claim = [claim.room.0.into_bytes(), claim.guest.0.into_bytes()].concat();
        sealed(&claim, self.mac(slug, &claim))
    }

    /// What a pass to this slug says; `None` if it was not signed here.
    #[must_use]
    pub fn read(&self, slug: &Slug, pass: &str) -> Option<Claim> {
        let claim = opened::<CLAIM>(pass, |claim| self.mac(slug, claim))?;
        let (room, guest) = claim.split_at(CLAIM / 2);
        Some(Claim { room: RoomId(Uuid::from_slice(room).ok()?), guest: UserId(Uuid::from_slice(guest).ok()?) })
    }

    fn mac(&self, slug: &Slug, claim: &[u8]) -> Hmac<Sha256> {
        let mut mac = keyed(&self.secret);
        for part in [PURPOSE, slug.as_str().as_bytes(), claim] {
            mac.update(part);
            mac.update(&[0]);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(text: &str) -> Slug {
        Slug::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn only_what_was_signed_here_for_this_slug_is_a_pass() {
        let (passes, others) = (Passes::new([7; 32]), Passes::new([8; 32]));
        let claim = Claim { room: RoomId::random(), guest: UserId::random() };
        let pass = passes.sign(&slug("blue"), claim);
        assert_eq!(passes.read(&slug("blue"), &pass), Some(claim));
        assert_eq!(passes.read(&slug("red"), &pass), None);
        assert_eq!(others.read(&slug("blue"), &pass), None);
        for index in 0..pass.len() {
            let mut forged = pass.clone().into_bytes();
            forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
            assert_ne!(passes.read(&slug("blue"), &String::from_utf8(forged).unwrap()), Some(claim), "{index}");
        }
        for bad in ["", "x", &pass[1..], &pass[..40], &format!("{pass}AAAA"), "🎟"] {
            assert_eq!(passes.read(&slug("blue"), bad), None, "{bad}");
        }
    }
}
