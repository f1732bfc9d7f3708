//! Values that are used but never shown.

use std::fmt;

/// A password or key from the settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for whoever needs it to work with.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Any text.
pub(super) fn any(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text))
}

/// A key to sign with: too short would be guessed.
pub(super) fn long(text: &str) -> Result<Secret, String> {
    match text.chars().count() {
        0..32 => Err(format!("has {} characters and needs at least 32", text.chars().count())),
        _ => Ok(Secret::new(text)),
    }
}
