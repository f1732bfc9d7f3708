//! What people type to meet in a lobby.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidText;

/// Lower-case letters and digits without those that look alike: 0 and o, 1, l and i.
const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// Characters of a code.
const LENGTH: usize = 5;

/// The code of a room, by which people share it; 31^5 there are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct LobbyCode([u8; LENGTH]);

impl LobbyCode {
    /// A code from random bits; each as likely as any other, to one in 2^39.
    #[must_use]
    pub fn from_random(mut bits: u64) -> Self {
        let base = ALPHABET.len() as u64;
        Self([(); LENGTH].map(|()| {
            let index = usize::try_from(bits % base).unwrap_or_default();
            bits /= base;
            ALPHABET[index]
        }))
    }
}

impl FromStr for LobbyCode {
    type Err = InvalidText;
    /// People write capitals and blanks around it; what else is no code is nobody's.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let folded = text.trim().to_ascii_lowercase();
        let code = <[u8; LENGTH]>::try_from(folded.as_bytes()).ok().filter(|code| code.iter().all(|byte| ALPHABET.contains(byte)));
        code.map(Self).ok_or(InvalidText("a room code is 5 lower-case letters and digits without 0, o, 1, l and i"))
    }
}

impl TryFrom<String> for LobbyCode {
    type Error = InvalidText;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<LobbyCode> for String {
    fn from(code: LobbyCode) -> Self {
        code.to_string()
    }
}

impl fmt::Display for LobbyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl fmt::Debug for LobbyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LobbyCode({self})")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_no_characters_that_look_alike() {
        for bits in [0, 1, 30, 31, u64::MAX, 0x1234_5678_9abc_def0] {
            let code = LobbyCode::from_random(bits);
            assert_eq!(code.to_string().parse::<LobbyCode>().unwrap(), code);
        }
        assert_eq!(" ABCDE ".parse::<LobbyCode>().unwrap().to_string(), "abcde");
        for bad in ["", "abcd", "abcdef", "abcd0", "abcdo", "abcd1", "abcdl", "abcdi", "ab cd", "äbcd", "abcd{"] {
            assert!(bad.parse::<LobbyCode>().is_err(), "{bad}");
        }
    }
}
