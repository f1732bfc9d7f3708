//! What a client shows to be itself again: its identifier, signed. Nothing is kept for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use crate::domain::seal::keyed;
use crate::ids::LobbyClientId;

/// Bytes of an identifier.
const ID: usize = 16;

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
        let mut bytes = client.0.as_bytes().to_vec();
        bytes.extend(self.mac(client).finalize().into_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whose token this is; nobody's, unless it was signed here.
    pub(super) fn client(&self, token: &str) -> Option<LobbyClientId> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, signature) = bytes.split_at_checked(ID)?;
        let client = LobbyClientId(Uuid::from_slice(id).ok()?);
        self.mac(client).verify_slice(signature).ok()?;
        Some(client)
    }

    fn mac(&self, client: LobbyClientId) -> Hmac<Sha256> {
        let mut mac = keyed(&self.secret);
        mac.update(b"lobby token\0");
        mac.update(client.0.as_bytes());
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
