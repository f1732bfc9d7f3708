//! What a DTLS certificate is recognised by.

use std::fmt;

/// The SHA-256 of a certificate (RFC 8122, section 5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// From the hash.
    #[must_use]
    pub fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// From an attribute's value, `sha-256` and 32 bytes in hexadecimal between colons. Other hashes are none.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (hash, text) = value.split_once(' ')?;
        if !hash.eq_ignore_ascii_case("sha-256") {
            return None;
        }
        let mut digest = [0; 32];
        let mut parts = text.trim().split(':');
        for byte in &mut digest {
            let part = parts.next().filter(|part| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            *byte = u8::from_str_radix(part, 16).ok()?;
        }
        parts.next().is_none().then_some(Self(digest))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha-256 ")?;
        for (place, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if place == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let fingerprint = Fingerprint::new(std::array::from_fn(|place| u8::try_from(place * 7).unwrap()));
        let text = fingerprint.to_string();
        assert_eq!(Fingerprint::parse(&text), Some(fingerprint));
        assert_eq!(Fingerprint::parse(&text.to_lowercase()), Some(fingerprint));
        for wrong in [text.replace("256", "1"), format!("{text}:00"), text[..text.len() - 3].to_owned(), text.replace("07", "+7")] {
            assert_eq!(Fingerprint::parse(&wrong), None, "{wrong}");
        }
    }
}
