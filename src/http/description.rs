//! `/asyncapi.json`: what is spoken here, for programs and those who write them.

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};
use tower_http::compression::CompressionLayer;

use super::etag;
use crate::dialect::asyncapi;

/// Where it is.
pub(super) const PATH: &str = "/asyncapi.json";

/// It is the same on every node of a version, and secret to nobody: pages of any origin may read it.
const HEADERS: [(HeaderName, HeaderValue); 2] =
    [(CACHE_CONTROL, HeaderValue::from_static("no-cache")), (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))];

pub(super) fn routes() -> Router {
    let document = asyncapi::document();
    let tag = etag::weak(&etag::digits(Sha256::new_with_prefix(document)));
    Router::new().route(PATH, get(answer).with_state((document, tag))).layer(CompressionLayer::new())
}

async fn answer(State((document, tag)): State<(&'static str, String)>, headers: HeaderMap) -> Response {
    if etag::is_known(&headers, &tag) {
        return (StatusCode::NOT_MODIFIED, HEADERS, [(ETAG, tag)]).into_response();
    }
    (HEADERS, [(ETAG, tag)], [(CONTENT_TYPE, "application/json")], document).into_response()
}
