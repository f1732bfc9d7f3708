//! Text that people and clients write, within the limits of the chat protocol.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Why a text was refused; fit to be shown to whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidText(pub &'static str);

/// Stands behind characters that are to be shown as an emoji.
const EMOJI_STYLE: char = '\u{fe0f}';

/// A username as its owner writes it: 1 to 32 characters after trimming, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Username(String);

impl Username {
    /// Trims and checks.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > 32 {
            return Err(InvalidText("a username is 1 to 32 characters long"));
        }
        if text.chars().any(|c| c.is_control() || is_invisible(c)) || text.chars().all(|c| c == EMOJI_STYLE) {
            return Err(InvalidText("a username has no control or invisible characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which names are compared: NFKC, case folded, NFKC again, without the mark that asks for an emoji in colour.
    #[must_use]
    pub fn folded(&self) -> FoldedName {
        let compatible: String = self.0.nfkc().collect();
        FoldedName(caseless::default_case_fold_str(&compatible).nfkc().filter(|c| *c != EMOJI_STYLE).collect())
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Two names with the same folded form are one name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FoldedName(String);

impl FoldedName {
    /// The folded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Characters that show nothing and would let two names look alike: what Unicode calls ignorable by default, the annotation
/// marks, and the blank of Braille.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A message's text, byte for byte as sent. It is not trimmed and never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageText(String);

impl MessageText {
    /// 1 to `max` characters.
    pub fn parse(text: String, max: usize) -> Result<Self, InvalidText> {
        if text.is_empty() {
            return Err(InvalidText("a message has at least one character"));
        }
        // Counting is only needed where the bytes do not already show that it fits.
        if text.len() > max && text.chars().count() > max {
            return Err(InvalidText("the message is too long"));
        }
        Ok(Self(text))
    }

    /// The text of a deleted message.
    #[must_use]
    pub fn erased() -> Self {
        Self(String::new())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MessageText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageText({} bytes)", self.0.len())
    }
}

macro_rules! short_text {
    ($(#[$doc:meta])* $name:ident, $min:literal, $max:literal, $why:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks the length in characters.
            pub fn parse(text: String) -> Result<Self, InvalidText> {
                let length = text.chars().count();
                if ($min..=$max).contains(&length) { Ok(Self(text)) } else { Err(InvalidText($why)) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

short_text!(
    /// A client's own name for a message, by which a retry is recognised.
    ClientId, 1, 64, "a clientID is 1 to 64 characters long"
);
short_text!(
    /// A client's own name for a request, echoed on its answer.
    RequestId, 0, 64, "an id is at most 64 characters long"
);

/// What a room is called: 1 to 100 characters after trimming, no control or invisible characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomName(String);

impl RoomName {
    /// Trims and checks.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > 100 {
            return Err(InvalidText("a room's name is 1 to 100 characters long"));
        }
        if text.chars().any(|c| c.is_control() || is_invisible(c)) {
            return Err(InvalidText("a room's name has no control or invisible characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in ASCII, lower case, its words joined by dashes, at most 64 characters.
    ///
    /// # Errors
    /// Nothing of it is left.
    pub fn slug(&self) -> Result<Slug, InvalidText> {
        let mut slug = String::new();
        for c in self.0.nfkd() {
            match ascii(c) {
                Some(letters) => slug.push_str(letters),
                None if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
                // What carries an accent stands before it; what encloses letters is no gap.
                None if !(c.is_ascii() || is_dash(c)) || matches!(c, '\'' | '"') => {}
                None if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
                None => {}
            }
        }
        slug.truncate(Slug::LONGEST);
        Slug::parse(slug.trim_end_matches('-').to_owned()).map_err(|_| InvalidText("a room's name needs letters or digits of ASCII"))
    }
}

/// Letters that ASCII writes as others, and that do not come apart by themselves (Unicode, UAX #15).
fn ascii(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' | 'ẞ' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ø' | 'Ø' => "o",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'þ' | 'Þ' => "th",
        'ı' => "i",
        _ => return None,
    })
}

/// Hyphens and dashes of Unicode's general punctuation.
fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}')
}

/// The name of a room in a link: 1 to 64 of `A-Z a-z 0-9 _ -`. Case matters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slug(String);

impl Slug {
    /// So many characters at most.
    const LONGEST: usize = 64;

    /// Checks length and characters.
    pub fn parse(text: String) -> Result<Self, InvalidText> {
        let fits =
            (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if fits { Ok(Self(text)) } else { Err(InvalidText("a room's name is 1 to 64 of A-Z, a-z, 0-9, _ and -")) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What somebody reacts with: one emoji of Unicode's recommended set (RGI, UTS #51), which can take several characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Emoji(String);

impl Emoji {
    /// Takes the emoji in its full form, however it was written: with or without what asks for colour.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let found = emojis::get(text).ok_or(InvalidText("a reaction is one emoji"))?;
        Ok(Self(found.as_str().to_owned()))
    }

    /// The emoji.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_fold_alike() {
        let fold = |name| Username::parse(name).unwrap().folded();
        assert_eq!(fold("Straße"), fold("STRASSE"));
        assert_eq!(fold("ﬁn"), fold("FIN"));
        assert_ne!(fold("ann"), fold("anna"));
        // Emoji bring their variation selector along; it does not make another name.
        assert_eq!(fold("ann\u{2764}\u{fe0f}"), fold("ann\u{2764}"));
    }

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(Username::parse("  ann ").unwrap().as_str(), "ann");
        for bad in ["", "   ", "a\u{0}b", "a\u{202e}b", "ann\u{ad}", "ann\u{3164}", "\u{e0041}ann", &"x".repeat(33)] {
            assert!(Username::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Username::parse(&"é".repeat(32)).is_ok());
    }

    #[test]
    fn a_reaction_is_one_emoji() {
        for emoji in ["👍", "👍🏽", "❤️", "👩‍👩‍👧", "🇮🇹", "1️⃣"] {
            assert_eq!(Emoji::parse(emoji).unwrap().as_str(), emoji);
        }
        assert_eq!(Emoji::parse("❤").unwrap(), Emoji::parse("❤\u{fe0f}").unwrap());
        for other in ["", " ", "x", "1", "ADMIN", "__proto__", "👍👍", "👍\u{200b}", "\u{202e}abc", "\u{a9c5}", "\n"] {
            assert!(Emoji::parse(other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_rooms_name_fits_into_a_link() {
        for good in ["a", "Weekly_call-2", &"x".repeat(64)] {
            assert_eq!(Slug::parse(good.to_owned()).unwrap().as_str(), good);
        }
        for bad in ["", " ", "a b", "a/b", "../a", "a%20b", "café", "a.b", &"x".repeat(65)] {
            assert!(Slug::parse(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_rooms_slug_is_its_name_in_ascii() {
        for (name, slug) in [
            ("The Blue Room", "the-blue-room"),
            ("  Café   &  Bar! ", "cafe-bar"),
            ("Ann's \"Office\" 7", "anns-office-7"),
            ("Straße – Øst_1", "strasse-ost-1"),
            ("--a--b--", "a-b"),
            ("ＦＵＬＬ", "full"),
            ("日本 x", "x"),
        ] {
            assert_eq!(RoomName::parse(name).unwrap().slug().unwrap().as_str(), slug, "{name}");
        }
        for nothing in ["日本", "!?", "-", "🎉"] {
            assert!(RoomName::parse(nothing).unwrap().slug().is_err(), "{nothing}");
        }
        assert_eq!(RoomName::parse(&"ab ".repeat(30)).unwrap().slug().unwrap().as_str().len(), 64);
        for bad in ["", "  ", "a\nb", "a\u{202e}b", &"x".repeat(101)] {
            assert!(RoomName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn messages_keep_every_byte() {
        let text = " \n two  spaces \t".to_owned();
        assert_eq!(MessageText::parse(text.clone(), 100).unwrap().as_str(), text);
        assert!(MessageText::parse("é".repeat(10), 10).is_ok());
        assert!(MessageText::parse("é".repeat(11), 10).is_err());
        assert!(MessageText::parse(String::new(), 10).is_err());
    }
}
