//! Whose pages may open a connection.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Origins that a mount accepts. Clients that send no `Origin` are no browsers and always accepted.
#[derive(Clone, Debug, Default)]
pub enum Origins {
    /// Every page.
    Any,
    /// Pages of this node's own address.
    #[default]
    Same,
    /// Those, and pages of these origins, such as `https://example.org`.
    SameOr(Vec<String>),
}

impl Origins {
    pub(super) fn accept(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return matches!(self, Self::Any) };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        match self {
            Self::Any => true,
            Self::Same => is_same(origin, host),
            Self::SameOr(others) => {
                is_same(origin, host) || others.iter().any(|other| other.trim_end_matches('/').eq_ignore_ascii_case(origin))
            }
        }
    }
}

/// Whether the origin's host and port are those that the request went to. The scheme is not known behind a proxy.
fn is_same(origin: &str, host: Option<&str>) -> bool {
    let Some(host) = host else { return false };
    let (authority, default_port) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(authority), _) => (authority, ":443"),
        (_, Some(authority)) => (authority, ":80"),
        _ => return false,
    };
    let bare = |text: &str| text.strip_suffix(default_port).unwrap_or(text).to_ascii_lowercase();
    bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::*;

    fn accepts(origins: &Origins, origin: &'static str, host: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(host));
        headers.insert(ORIGIN, HeaderValue::from_static(origin));
        origins.accept(&headers)
    }

    #[test]
    fn only_the_own_pages_and_those_allowed() {
        let same = Origins::Same;
        assert!(accepts(&same, "https://chat.example", "chat.example"));
        assert!(accepts(&same, "https://Chat.example", "chat.EXAMPLE:443"));
        assert!(accepts(&same, "http://localhost:8080", "localhost:8080"));
        assert!(!accepts(&same, "http://localhost:3000", "localhost:8080"));
        assert!(!accepts(&same, "https://chat.example.evil", "chat.example"));
        assert!(!accepts(&same, "https://chat.example:80", "chat.example"));
        assert!(!accepts(&same, "null", "chat.example"));
        assert!(!accepts(&same, "file://", ""));
        let more = Origins::SameOr(vec!["https://app.example/".into()]);
        assert!(accepts(&more, "https://app.example", "chat.example"));
        assert!(!accepts(&more, "http://app.example", "chat.example"));
        assert!(accepts(&Origins::Any, "null", "chat.example"));
        assert!(same.accept(&HeaderMap::new()));
    }
}
