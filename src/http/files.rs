//! The web app: built in, or a folder of the operator's.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::Router;
use rust_embed::{Embed, EmbeddedFile};
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;

use super::Settings;

/// The built-in app loads nothing from elsewhere and runs no inline script. WebSocket addresses are named by scheme because
/// older browsers do not count them to 'self'.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; \
     media-src 'self' blob: mediastream:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/public/"]
struct BuiltIn;

/// Answers with files.
#[derive(Clone)]
pub(super) struct Files {
    router: Router,
}

impl Files {
    pub(super) fn new(settings: &Settings) -> Self {
        let policy = settings.content_security_policy.clone();
        let router = match &settings.client_location {
            Some(folder) => {
                let folder = ServeDir::new(folder);
                Router::new().fallback_service(tower::service_fn(move |request: Request| {
                    let (folder, policy) = (folder.clone(), policy.clone());
                    async move {
                        let response = folder.oneshot(request).await.into_response();
                        Ok::<_, Infallible>(with_policy(response, policy))
                    }
                }))
            }
            None => {
                let policy = policy.unwrap_or(HeaderValue::from_static(POLICY));
                Router::new().fallback(move |request: Request| async move { with_policy(built_in(&request), Some(policy)) })
            }
        };
        Self { router: router.layer(CompressionLayer::new()) }
    }

    pub(super) async fn answer(self, request: Request) -> Response {
        self.router.oneshot(request).await.into_response()
    }

    pub(super) fn into_service(self) -> Router {
        self.router
    }
}

fn with_policy(mut response: Response, policy: Option<HeaderValue>) -> Response {
    if let Some(policy) = policy {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// A file of the built-in app, or that the browser has it already. Names carry no version, so it is asked for each time.
fn built_in(request: &Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    let file = if path.is_empty() || path.ends_with('/') { BuiltIn::get(&format!("{path}index.html")) } else { BuiltIn::get(path) };
    let Some(file) = file else { return (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response() };
    let tag = tag(&file);
    let known = request.headers().get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let known = known.is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag || known.trim() == "*"));
    let content = content_type(&file);
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(Body::from(file.data)) };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(VARY, ACCEPT_ENCODING.into());
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    if let (false, Ok(content)) = (known, HeaderValue::try_from(content)) {
        headers.insert(CONTENT_TYPE, content);
    }
    response
}

/// Weak: the same file goes out compressed or not.
fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{digits}\"")
}

fn content_type(file: &EmbeddedFile) -> String {
    let kind = file.metadata.mimetype();
    if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind.to_owned() }
}
