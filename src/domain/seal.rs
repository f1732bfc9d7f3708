//! Digests with the secret that all nodes share.

use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;

/// HMAC (RFC 2104) with this secret; what it is about is added to it.
pub(super) fn keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC fills a short key up with zeros itself, but takes a whole block without a possible error.
    let mut key = [0; 64];
    key[..32].copy_from_slice(secret);
    Hmac::<Sha256>::new(&key.into())
}
