//! The short texts of a session description, each checked once. None can hold a space or a line break, so none can smuggle in a line.

use std::fmt;

use rand::{CryptoRng, RngExt};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::SessionId;
use crate::store::record::calls::Source;

/// A text does not have the form that its kind asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidToken(pub &'static str);

macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $min:literal ..= $max:literal, $allowed:path, $why:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks length and characters.
            ///
            /// # Errors
            /// Says what is wrong.
            pub fn parse(text: &str) -> Result<Self, InvalidToken> {
                if ($min..=$max).contains(&text.len()) && text.bytes().all($allowed) { Ok(Self(text.to_owned())) } else { Err(InvalidToken($why)) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidToken;

            fn try_from(text: String) -> Result<Self, InvalidToken> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(token: $name) -> Self {
                token.0
            }
        }
    };
}

macro_rules! shown {
    ($($name:ident),*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        })*
    };
}

token! {
    /// Names an m-line (RFC 5888, section 4). At most 16 bytes, so that it fits into a one-byte header extension (RFC 8285).
    Mid, 1..=16, is_token, "a mid is 1 to 16 token characters"
}
token! {
    /// Names a simulcast layer (RFC 8852, section 3.1: letters and digits). At most 16 bytes, as for [`Mid`].
    Rid, 1..=16, is_alphanumeric, "a rid is 1 to 16 letters and digits"
}
token! {
    /// Names a media stream, as its publisher's browser drew it (RFC 8830, section 2).
    StreamId, 1..=64, is_token, "a stream ID is 1 to 64 token characters"
}
token! {
    /// Names a track within a stream (RFC 8830, section 2).
    TrackId, 1..=64, is_token, "a track ID is 1 to 64 token characters"
}
token! {
    /// ICE's user name fragment (RFC 8839, section 5.4).
    Ufrag, 4..=256, is_ice, "an ICE user name fragment is 4 to 256 letters, digits, + or /"
}
token! {
    /// ICE's password (RFC 8839, section 5.4). It is not shown by `Debug`.
    Password, 22..=256, is_ice, "an ICE password is 22 to 256 letters, digits, + or /"
}
shown!(Mid, Rid, StreamId, TrackId, Ufrag);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What a side of ICE is known by, for one run until the next restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Stands in the user name of connectivity checks, readable to whoever sees a packet.
    pub ufrag: Ufrag,
    /// Authenticates connectivity checks; only signaling carries it.
    pub password: Password,
}

impl Credentials {
    /// New ones: 48 random bits for the fragment, so that it names the participant among all of a node, and 144 for the password (RFC 8445,
    /// section 5.3, asks for 24 and 128).
    pub fn random(random: &mut impl CryptoRng) -> Self {
        Self { ufrag: Ufrag(ice_characters(8, random)), password: Password(ice_characters(24, random)) }
    }
}

impl StreamId {
    /// A new one, for a stream that came without.
    pub fn random(random: &mut impl CryptoRng) -> Self {
        Self(Uuid::from_u128(random.random()).to_string())
    }
}

impl TrackId {
    /// The track of this name of a session.
    #[must_use]
    pub fn of(session: SessionId, source: Source) -> Self {
        Self(format!("{session}.{}", name(source)))
    }

    /// What it is the track of, if it was made by [`TrackId::of`].
    #[must_use]
    pub fn origin(&self) -> Option<(SessionId, Source)> {
        let (session, track) = self.0.split_once('.')?;
        let sources = [Source::Microphone, Source::Camera, Source::Screen, Source::ScreenAudio];
        let source = sources.into_iter().find(|source| name(*source) == track)?;
        Some((session.parse().ok()?, source))
    }
}

fn name(source: Source) -> &'static str {
    match source {
        Source::Microphone => "microphone",
        Source::Camera => "camera",
        Source::Screen => "screen",
        Source::ScreenAudio => "screenAudio",
    }
}

fn ice_characters(count: usize, random: &mut impl CryptoRng) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..count).map(|_| char::from(ALPHABET[usize::from(random.random::<u8>() % 64)])).collect()
}

/// RFC 8866, section 9: token-char.
fn is_token(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x27 | 0x2a..=0x2b | 0x2d..=0x2e | 0x30..=0x39 | 0x41..=0x5a | 0x5e..=0x7e)
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// RFC 8839, section 5.1: ice-char.
fn is_ice(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn names_of_browsers_pass_and_line_breaks_do_not() {
        for name in ["{1f2e3d4c-0000-4000-8000-5e6f7a8b9c0d}", "1f2e3d4c-0000", "-"] {
            assert_eq!(StreamId::parse(name).unwrap().as_str(), name);
        }
        for name in ["", "a b", "a\r\na=sendrecv", "ä", &"x".repeat(65)] {
            assert!(StreamId::parse(name).is_err(), "{name:?}");
        }
        assert!(Rid::parse("q-1").is_err());
        assert!(Ufrag::parse("abc").is_err());
        assert!(serde_json::from_str::<Mid>("\"a b\"").is_err());
    }

    #[test]
    fn credentials_are_random_well_formed_and_kept_out_of_logs() {
        let mut random = StdRng::seed_from_u64(1);
        let (one, two) = (Credentials::random(&mut random), Credentials::random(&mut random));
        assert_ne!(one, two);
        assert!(Ufrag::parse(one.ufrag.as_str()).is_ok() && Password::parse(one.password.as_str()).is_ok());
        assert!(!format!("{one:?}").contains(one.password.as_str()));
    }
}
