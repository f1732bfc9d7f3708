//! Which version of something the browser has (RFC 9110, section 8.8.3).

use axum::http::HeaderMap;
use axum::http::header::IF_NONE_MATCH;
use sha2::{Digest, Sha256};

/// As many bytes of a digest tell versions apart.
const TAG: usize = 8;

/// Weak: the same goes out compressed or not.
pub(super) fn weak(digest: &str) -> String {
    format!("W/\"{digest}\"")
}

/// The digits of a digest that tell versions apart.
pub(super) fn digits(all: Sha256) -> String {
    all.finalize()[..TAG].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether whoever asks has this version already.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    known.is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag || known.trim() == "*"))
}
