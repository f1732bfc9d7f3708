//! Values that must never be printed. Their `Debug` shows a name only and there is no `Display`.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// bcrypt looks at no more than this many bytes.
const MAX_PASSWORD_BYTES: usize = 72;

/// A password as typed: 1 to 72 bytes.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Checks the length; what bcrypt would cut off silently is refused instead.
    pub fn parse(text: String) -> Result<Self, super::InvalidText> {
        match text.len() {
            1..=MAX_PASSWORD_BYTES => Ok(Self(text)),
            _ => Err(super::InvalidText("a password is 1 to 72 bytes long")),
        }
    }

    /// The bytes for the hash function, and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A bcrypt hash in its usual `$2b$…` form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

/// What a client shows instead of a password once signed in: 256 random bits, base16.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey(String);

impl AccessKey {
    /// Makes a key of 32 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(hex(&bytes))
    }

    /// Takes whatever a client sent; a wrong key is simply not found.
    #[must_use]
    pub fn from_client(text: String) -> Self {
        Self(text)
    }

    /// The key's text, to be sent to its owner only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored instead of the key.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(hex(&Sha256::digest(self.0.as_bytes())))
    }
}

/// SHA-256 of an [`AccessKey`], base16. It finds a key's record but is no key itself.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenDigest(pub String);

macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
redacted!(Password, PasswordHash, AccessKey, TokenDigest);

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        let key = AccessKey::from_random([7; 32]);
        assert_eq!(format!("{key:?} {:?}", key.digest()), "AccessKey(…) TokenDigest(…)");
        assert_eq!(key.expose().len(), 64);
    }

    #[test]
    fn passwords_are_measured_in_bytes() {
        assert!(Password::parse(String::new()).is_err());
        assert!(Password::parse("ä".repeat(36)).is_ok());
        assert!(Password::parse("ä".repeat(37)).is_err());
    }
}
