//! The WebSocket handshake.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Query, RawPathParams, Request, State};
use axum::http::header::{CONNECTION, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

use super::files::Files;
use super::{Floors, Mount, Settings, client, cookies};
use crate::session::socket::{self, Socket};
use crate::session::{Target, Turned};

/// Length of 16 bytes in base64.
const KEY_LENGTH: usize = 24;

/// What a mount's requests go through.
#[derive(Clone)]
pub(super) struct Gate {
    mount: Mount,
    floors: Floors,
    hops: usize,
    app: Files,
}

impl Gate {
    pub(super) fn new(mount: Mount, settings: &Settings, floors: &Floors, app: Files) -> Self {
        Self { mount, floors: floors.clone(), hops: settings.trusted_proxy_hops, app }
    }
}

/// Why a handshake is refused. The texts are the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("This address speaks WebSocket: send Connection: Upgrade and Upgrade: websocket.")]
    NoUpgrade,
    #[error("Only version 13 of the WebSocket protocol is spoken here.")]
    Version,
    #[error("Sec-WebSocket-Key must be 16 bytes in base64.")]
    Key,
    #[error(
        "Pages of this origin may not connect; its operator can add it to ALLOWED_ORIGINS, or to the list of this protocol if it has one."
    )]
    Origin,
    #[error("This node is being stopped; connect again.")]
    Draining,
}

impl IntoResponse for Turned {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::FORBIDDEN);
        let mut response = (status, format!("{}\n", self.reason)).into_response();
        if let Some(after) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after.as_secs() + 1));
        }
        response
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NoUpgrade | Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Key => StatusCode::BAD_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut response = (status, format!("{self}\n")).into_response();
        let headers = response.headers_mut();
        match self {
            Self::NoUpgrade | Self::Version => {
                headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            Self::Draining => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::Key | Self::Origin => {}
        }
        response
    }
}

/// Answers at a mount. At `/`, what is no handshake is a request for the web app.
pub(super) async fn upgrade(
    State(gate): State<Gate>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    parameters: RawPathParams,
    mut request: Request,
) -> Response {
    if gate.mount.path == "/" && !names(request.headers(), &UPGRADE, "websocket") {
        return gate.app.answer(request).await;
    }
    let accept = match check(&gate, &request) {
        Ok(accept) => accept,
        Err(refused) => {
            gate.floors.metrics.handshakes_refused.inc();
            return refused.into_response();
        }
    };
    let address = client::address(request.headers(), peer, gate.hops);
    let mut target = target(&parameters, request.uri()).with_cookies(cookies::all(request.headers()));
    if let Err(turned) = gate.mount.dialect.admit(&mut target, address).await {
        gate.floors.metrics.handshakes_refused.inc();
        return turned.into_response();
    }
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgraded.await {
            Ok(upgraded) => {
                let (socket, leftover) = take_apart(upgraded);
                // A task of its own: this one's memory still has room for the handshake.
                tokio::spawn(async move {
                    gate.floors.sessions.serve(socket, leftover, Arc::clone(&gate.mount.dialect), target, address).await;
                });
            }
            Err(error) => tracing::debug!(%error, "the connection ended within its handshake"),
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// The answer to the key of a good handshake.
fn check(gate: &Gate, request: &Request) -> Result<HeaderValue, Refused> {
    let headers = request.headers();
    if request.method() != Method::GET || !names(headers, &CONNECTION, "upgrade") || !names(headers, &UPGRADE, "websocket") {
        return Err(Refused::NoUpgrade);
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refused::Version);
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let well_formed = key.len() == KEY_LENGTH && key.ends_with(b"==") && key[..KEY_LENGTH - 2].iter().all(base64);
    if !well_formed {
        return Err(Refused::Key);
    }
    if !gate.mount.origins.accept(headers) {
        return Err(Refused::Origin);
    }
    if gate.floors.sessions.is_draining() {
        return Err(Refused::Draining);
    }
    HeaderValue::try_from(derive_accept_key(key)).map_err(|_| Refused::Key)
}

/// What the dialect gets to know of the request.
fn target(parameters: &RawPathParams, uri: &Uri) -> Target {
    let parameters = parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    // Whatever stands behind the question mark makes pairs of text.
    let query = Query::<Vec<(String, String)>>::try_from_uri(uri).map_or_else(|_| Vec::new(), |Query(pairs)| pairs);
    Target::new(parameters, query)
}

/// Whether a header's comma-separated list names `token`.
fn names(headers: &HeaderMap, header: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(header);
    values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim().eq_ignore_ascii_case(token))
}

/// The bare TCP connection where there is one, and what was read behind the handshake. Copied: it is a slice of hyper's buffer,
/// which would live as long.
fn take_apart(upgraded: Upgraded) -> (Box<dyn Socket>, Bytes) {
    match downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => (socket::direct(parts.io.into_inner()), Bytes::copy_from_slice(&parts.read_buf)),
        Err(upgraded) => (socket::upgraded(TokioIo::new(upgraded)), Bytes::new()),
    }
}
