//! What a connection was opened for.

use std::any::Any;
use std::fmt;

/// What a dialect gave a client that it let in: to be dropped if no connection comes of it.
type Ticket = Box<dyn Any + Send + Sync>;

/// The request target of the handshake (RFC 9112, section 3.2), taken apart: what the mount's path left open, and the query; and its cookies.
#[derive(Default)]
pub struct Target {
    parameters: Vec<(String, String)>,
    query: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
    ticket: Option<Ticket>,
}

impl Target {
    /// From names and values, decoded.
    #[must_use]
    pub fn new(parameters: Vec<(String, String)>, query: Vec<(String, String)>) -> Self {
        Self { parameters, query, ..Self::default() }
    }

    /// With cookies (RFC 6265, section 4.2), names and values as they came.
    #[must_use]
    pub fn with_cookies(self, cookies: Vec<(String, String)>) -> Self {
        Self { cookies, ..self }
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

    /// The value of a cookie; the first, if it is there more than once.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        find(&self.cookies, name)
    }

    /// Keeps something for the conversation to come, in the place of what was kept before.
    pub fn give(&mut self, ticket: impl Any + Send + Sync) {
        self.ticket = Some(Box::new(ticket));
    }

    /// What was kept, if it is of this kind.
    pub fn take<T: Any>(&mut self) -> Option<T> {
        let kept = self.ticket.take()?;
        kept.downcast().ok().map(|ticket| *ticket)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Queries and cookies may hold secrets.
        f.debug_struct("Target").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
