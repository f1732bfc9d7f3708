//! The web app: built in, or a folder of the operator's.

use std::convert::Infallible;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{IntoResponse, Response};
use axum::routing::Router;
use tower::ServiceExt;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;

use self::built_in::BuiltIn;
use super::Settings;

mod built_in;
mod plain;

/// The built-in app loads nothing from elsewhere and runs no inline script. WebSocket addresses are named by scheme because
/// older browsers do not count them to 'self'.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; \
     media-src 'self' blob: mediastream:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Of Brotli it is the best that takes no noticeable time, of gzip nearly so.
const COMPRESSION: i32 = 5;

/// Marks an answer as part of a page: what holds for documents would only be weight on it, a hundred times.
#[derive(Clone, Copy)]
pub(super) struct Part;

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
                        let mut response = folder.oneshot(request).await.into_response();
                        // Browsers else guess how long a file will do, and mix old modules with new ones.
                        response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
                        Ok::<_, Infallible>(with_policy(response, policy))
                    }
                }))
            }
            None => {
                let policy = policy.unwrap_or(HeaderValue::from_static(POLICY));
                let files = BuiltIn::new();
                Router::new().fallback(move |request: Request| async move { with_policy(files.answer(&request), Some(policy)) })
            }
        };
        Self { router: router.layer(CompressionLayer::new().quality(CompressionLevel::Precise(COMPRESSION))) }
    }

    pub(super) async fn answer(self, request: Request) -> Response {
        self.router.oneshot(request).await.into_response()
    }

    pub(super) fn into_service(self) -> Router {
        self.router
    }
}

fn with_policy(mut response: Response, policy: Option<HeaderValue>) -> Response {
    if let (Some(policy), None) = (policy, response.extensions().get::<Part>()) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}
