//! Cookies (RFC 6265).

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

/// Every cookie of a request, in its order.
pub(super) fn all(headers: &HeaderMap) -> Vec<(String, String)> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches('"').to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn cookies_are_pairs() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; b=\"x=y\";c; d="));
        headers.append(COOKIE, HeaderValue::from_static("a=2"));
        let pairs = [("a", "1"), ("b", "x=y"), ("d", ""), ("a", "2")];
        assert_eq!(all(&headers), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
