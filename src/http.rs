//! Everything a node answers over HTTP: WebSocket upgrades, the web app, health and figures.
//!
//! | path | answers |
//! |---|---|
//! | each [`Mount`] | the WebSocket handshake of its dialect |
//! | `/healthz` | 200 while the process lives |
//! | `/readyz` | 200 while the node can serve, else 503; which part is missing is in its JSON |
//! | `/metrics` | figures for Prometheus |
//! | `/asyncapi.json` | the AsyncAPI document of all protocols |
//! | `/room`, `/public`, `/chat/{slug}` | rooms with a name, where their protocol is mounted |
//! | `/rooms`, where lobbies are spoken | makes a lobby (POST), lists those that all may see (GET) |
//! | anything else | a file of the web app, or 404; on a node without the app always 404 |

mod client;
mod cookies;
mod description;
mod etag;
mod files;
mod health;
mod listen;
mod lobby;
mod mount;
mod origin;
mod rooms;
#[cfg(test)]
mod tests;
mod upgrade;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::http::header::{HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;

pub use self::health::Readiness;
pub use self::listen::{listen, serve};
pub use self::lobby::routes as lobby_routes;
pub use self::mount::{InvalidMount, Mount};
pub use self::origin::Origins;
pub use self::rooms::RoomDesk;
use crate::metrics::Metrics;
use crate::session::Sessions;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What the HTTP floor is told from outside. Nothing in it is secret but the token.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// There is no web app here: everything that is no mount, health or figures is a 404.
    pub no_app: bool,
    /// `CLIENT_LOCATION`: a folder that is served instead of the built-in web app.
    pub client_location: Option<PathBuf>,
    /// `CONTENT_SECURITY_POLICY`: replaces the built-in app's policy; the only one where `client_location` is set.
    pub content_security_policy: Option<HeaderValue>,
    /// `METRICS_TOKEN`: what `/metrics` wants as `Authorization: Bearer …`; open to everybody if `None`.
    pub metrics_token: Option<String>,
    /// `TRUSTED_PROXY_HOPS`: how many proxies in front append to X-Forwarded-For; 0: the header is ignored.
    pub trusted_proxy_hops: usize,
}

/// The floors that HTTP leads to.
#[derive(Clone)]
pub struct Floors {
    /// Takes over upgraded connections.
    pub sessions: Arc<Sessions>,
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// What `/readyz` shows.
    pub readiness: Arc<Readiness>,
    /// Rooms with a name; `None`: their protocol is not spoken here.
    pub rooms: Option<RoomDesk>,
}

/// The whole of a node's HTTP service, for [`serve`].
///
/// # Errors
/// A mount's path can not be routed, or is taken.
pub fn router(mounts: Vec<Mount>, settings: &Settings, floors: &Floors) -> Result<Router, InvalidMount> {
    mount::check(&mounts, if floors.rooms.is_some() { &rooms::TAKEN } else { &[] })?;
    let app = files::Files::new(settings);
    let mut router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(health::readyz).with_state(floors.clone()))
        .route("/metrics", get(health::metrics).with_state(health::Figures::new(floors, settings)))
        .merge(description::routes());
    for mount in mounts {
        let path = mount.path.clone();
        let gate = upgrade::Gate::new(mount, settings, floors, app.clone());
        router = router.route(&path, get(upgrade::upgrade).with_state(gate));
    }
    if let Some(desk) = &floors.rooms {
        router = router.merge(rooms::router(desk.clone(), settings, app.clone()));
    }
    let router = if settings.no_app { router } else { router.fallback_service(app.into_service()) };
    Ok(router.layer(map_response(harden)))
}

/// Headers that hold for every answer, and those that hold for documents.
async fn harden(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let is_part = response.extensions().get::<files::Part>().is_some();
        let headers = response.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if is_part {
            return response;
        }
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(
            PERMISSIONS_POLICY,
            HeaderValue::from_static("camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()"),
        );
    }
    response
}
