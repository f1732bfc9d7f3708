//! What a client shows to be itself again: its identifier, signed. Nothing is kept for it.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use crate::domain::seal::{keyed, opened, sealed};
use crate::ids::LobbyClientId;

/// Signs with the secret that all nodes share.
#[derive(Clone)]
pub(super) struct Signer {
    secret: [u8; 32],
}

impl Signer {
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// For this client alone.
    pub(super) fn token(&self, client: LobbyClientId) -> String {
        sealed(client.0.as_bytes(), self.mac(client.0.as_bytes()))
    }

    /// Whose token this is; nobody's, unless it was signed here.
    pub(super) fn client(&self, token: &str) -> Option<LobbyClientId> {
        opened(token, |id| self.mac(id)).map(|id| LobbyClientId(Uuid::from_bytes(id)))
    }

    fn mac(&self, client: &[u8; 16]) -> Hmac<Sha256> {
        let mut mac = keyed(&self.secret);
        mac.update(b"lobby token\0");
        mac.update(client);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_signed_here_is_a_token() {
        let (here, elsewhere) = (Signer::new([1; 32]), Signer::new([2; 32]));
        let client = LobbyClientId::random();
        let token = here.token(client);
        assert_eq!(here.client(&token), Some(client));
        assert_eq!(elsewhere.client(&token), None);
        let other = here.token(LobbyClientId::random());
        let forged = format!("{}{}", &token[..21], &other[21..]);
        for bad in ["", "x", &token[1..], &forged, &format!("{token}A"), &client.to_string()] {
            assert_eq!(here.client(bad), None, "{bad}");
        }
    }
}
