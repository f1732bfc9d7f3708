//! Which passwords are good enough where people choose them in passing.

use crate::ids::{InvalidText, Password};

/// The rule, as it is told.
const RULE: InvalidText =
    InvalidText("a password has at least 8 characters, among them a letter, a digit and a special character, and at most 72 bytes");
/// Characters that it has at least.
const LEAST: usize = 8;

/// Takes a password that keeps the rule.
///
/// # Errors
/// The rule in words.
pub fn check(text: String) -> Result<Password, InvalidText> {
    let has = |kind: fn(char) -> bool| text.chars().any(kind);
    let is_special = |c: char| !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control();
    if text.chars().count() < LEAST || !has(char::is_alphabetic) || !has(|c| c.is_ascii_digit()) || !has(is_special) {
        return Err(RULE);
    }
    Password::parse(text).map_err(|_| RULE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_kept() {
        for good in ["secret-1", "pässwört_7", "1234567!a", "a1!\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}"] {
            assert!(check(good.to_owned()).is_ok(), "{good}");
        }
        let long = format!("a1!{}", "x".repeat(70));
        for bad in ["", "a1!", "secret-x", "secret12", "1234567!", "a1 bbbbb", "a1\u{7}bbbbb", &long] {
            assert_eq!(check(bad.to_owned()).err(), Some(RULE), "{bad:?}");
        }
        assert!(check(long[..72].to_owned()).is_ok());
    }
}
