//! Digests with the secret that all nodes share.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// HMAC (RFC 2104) with this secret; what it is about is added to it.
pub(super) fn keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC fills a short key up with zeros itself, but takes a whole block without a possible error.
    let mut key = [0; 64];
    key[..32].copy_from_slice(secret);
    Hmac::<Sha256>::new(&key.into())
}

/// What clients show to be believed: identifiers and the digest about them, fit for a cookie (RFC 6265, section 4.1.1) and a query.
pub(super) fn sealed(content: &[u8], digest: Hmac<Sha256>) -> String {
    URL_SAFE_NO_PAD.encode([content, &digest.finalize().into_bytes()].concat())
}

/// What was sealed; nothing, if the digest about it is another one. Takes as long whatever it is that differs.
pub(super) fn opened<const N: usize>(text: &str, digest: impl FnOnce(&[u8; N]) -> Hmac<Sha256>) -> Option<[u8; N]> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (content, signature) = bytes.split_first_chunk::<N>()?;
    digest(content).verify_slice(signature).ok()?;
    Some(*content)
}
