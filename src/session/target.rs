//! What a connection was opened for.

/// The request target of the handshake (RFC 9112, section 3.2), taken apart: what the mount's path left open, and the query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    parameters: Vec<(String, String)>,
    query: Vec<(String, String)>,
}

impl Target {
    /// From names and values, decoded.
    #[must_use]
    pub fn new(parameters: Vec<(String, String)>, query: Vec<(String, String)>) -> Self {
        Self { parameters, query }
    }

    /// What stands in the place of `{name}` in the mount's path.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.parameters, name)
    }

    /// The value of `name` in the query; the first, if it is there more than once.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
