//! Origins of browser pages.

use std::fmt;

/// `scheme://host[:port]`, lower case, as browsers send it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// Checks the form of an origin and brings it into the spelling of browsers.
    pub fn parse(text: &str) -> Result<Self, String> {
        let origin = text.trim().trim_end_matches('/').to_lowercase();
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")).unwrap_or_default();
        if host.is_empty() || host.contains(['/', '?', '#', '@', '*', ' ']) {
            return Err(format!("`{}` is not an origin (http:// or https://, host, and no path)", text.trim()));
        }
        let default_port = if origin.starts_with("https:") { ":443" } else { ":80" };
        Ok(Self(origin.strip_suffix(default_port).unwrap_or(&origin).to_owned()))
    }

    /// The origin's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The origins that may connect besides the node's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(pub Vec<Origin>);

pub(super) fn parse(text: &str) -> Result<Origins, String> {
    text.split(',').filter(|part| !part.trim().is_empty()).map(Origin::parse).collect::<Result<_, _>>().map(Origins)
}
