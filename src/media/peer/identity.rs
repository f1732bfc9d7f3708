//! Who a media node is: a certificate that it makes when it starts.

use std::fmt;
use std::sync::Arc;

use rtc_crypto::{HashAlgorithm, RTCCrypto, RTCCryptoProvider};
use rtc_dtls::crypto::Certificate;

use crate::media::sdp::Fingerprint;

/// The cryptographic library cannot do what DTLS needs.
#[derive(Debug, thiserror::Error)]
#[error("no certificate could be made: {0}")]
pub struct IdentityError(String);

/// A self-signed certificate, one for all participants of a process. Signaling vouches for it, by its fingerprint (RFC 8827, section 6.5).
#[derive(Clone)]
pub struct Identity {
    pub(in crate::media) provider: Arc<dyn RTCCryptoProvider>,
    pub(in crate::media) certificate: Certificate,
    fingerprint: Fingerprint,
}

impl Identity {
    /// Makes a key pair (P-256) and a certificate.
    ///
    /// # Errors
    /// If the cryptographic library fails, for want of randomness for example.
    pub fn generate() -> Result<Self, IdentityError> {
        let failed = |error: &dyn fmt::Display| IdentityError(error.to_string());
        let provider = rtc_crypto::default_provider().map_err(|error| failed(&error))?;
        // The name is shown to nobody; browsers use "WebRTC" too.
        let certificate =
            Certificate::generate_self_signed(vec!["WebRTC".to_owned()], provider.crypto()).map_err(|error| failed(&error))?;
        let fingerprint = certificate.certificate.first().and_then(|der| digest(der, provider.crypto()));
        let fingerprint = fingerprint.ok_or_else(|| failed(&"no SHA-256"))?;
        Ok(Self { provider, certificate, fingerprint })
    }

    /// What offers say of it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(super) fn crypto(&self) -> &dyn RTCCrypto {
        self.provider.crypto()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// The fingerprint of a certificate in DER.
pub(super) fn digest(der: &[u8], crypto: &dyn RTCCrypto) -> Option<Fingerprint> {
    let digest = crypto.hash(HashAlgorithm::Sha256, der).ok()?;
    digest.try_into().ok().map(Fingerprint::new)
}
