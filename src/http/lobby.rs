//! Lobbies over HTTP: `POST /rooms` makes a room, `GET /rooms` lists those that all may see. Pages of other origins may ask (CORS).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL,
    CONTENT_TYPE, ORIGIN, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::post;
use axum::{Router, http::header::HeaderName};
use serde_json::{Value, json};

use super::{Origins, client};
use crate::domain::Lobbies;
use crate::domain::lobbies::{Listed, LobbyError};
use crate::store::record::lobby::LobbyWishes;

#[derive(Clone)]
struct Desk {
    lobbies: Arc<Lobbies>,
    origins: Origins,
    hops: usize,
}

/// The routes, to be merged into a node's own. `hops`: proxies that are trusted.
pub fn routes(lobbies: Arc<Lobbies>, origins: Origins, hops: usize) -> Router {
    Router::new().route("/rooms", post(make).get(list).options(ask)).with_state(Desk { lobbies, origins, hops })
}

async fn make(State(desk): State<Desk>, ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap) -> Response {
    if !desk.origins.accept(&headers) {
        return desk.foreign();
    }
    let from = client::address(&headers, peer, desk.hops);
    match desk.lobbies.make(from, LobbyWishes::default()).await {
        Ok(code) => desk.answer(&headers, StatusCode::OK, &json!({ "code": code }).to_string()),
        Err(error) => desk.failed(&headers, &error),
    }
}

async fn list(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    if !desk.origins.accept(&headers) {
        return desk.foreign();
    }
    match desk.lobbies.list().await {
        Ok(rooms) => {
            let rooms: Vec<String> = rooms.iter().map(listed).collect();
            desk.answer(&headers, StatusCode::OK, &format!("{{\"rooms\":[{}]}}", rooms.join(",")))
        }
        Err(error) => desk.failed(&headers, &error),
    }
}

/// A browser asks whether it may.
async fn ask(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    if !desk.origins.accept(&headers) {
        return desk.foreign();
    }
    let mut response = desk.answer(&headers, StatusCode::NO_CONTENT, "");
    let allow = response.headers_mut();
    for (name, value) in
        [(ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"), (ACCESS_CONTROL_ALLOW_HEADERS, "content-type"), (ACCESS_CONTROL_MAX_AGE, "86400")]
    {
        allow.insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Desk {
    fn answer(&self, asked: &HeaderMap, status: StatusCode, body: &str) -> Response {
        let mut response = Response::new(Body::from(body.to_owned()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let fixed: [(HeaderName, &str); 3] =
            [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
        headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
        match (&self.origins, asked.get(ORIGIN)) {
            (Origins::Any, _) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
            (_, Some(origin)) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                headers.insert(VARY, HeaderValue::from_static("origin"));
            }
            (_, None) => {}
        }
        response
    }

    fn foreign(&self) -> Response {
        let mut response =
            Response::new(Body::from("Pages of this origin may not use lobbies; the operator can add it to LOBBY_ORIGINS.\n"));
        *response.status_mut() = StatusCode::FORBIDDEN;
        response
    }

    /// As the errors of the protocol are.
    fn failed(&self, asked: &HeaderMap, error: &LobbyError) -> Response {
        let (status, kind, message) = match error {
            LobbyError::SlowDown(_) | LobbyError::TooMuch => (StatusCode::TOO_MANY_REQUESTS, "tooMany", error.to_string()),
            LobbyError::Refused(_) | LobbyError::Store(_) => {
                tracing::debug!(%error, "a lobby was not made or listed");
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the backend is unavailable; try again".to_owned())
            }
        };
        let body = json!({ "type": "error", "errorType": kind, "errorMessage": message }).to_string();
        let mut response = self.answer(asked, status, &body);
        if let LobbyError::SlowDown(after) = error {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        response
    }
}

/// The metadata stand in it letter by letter: JSON that the host wrote need not be what a `Value` can hold, such as 1e400.
fn listed(room: &Listed) -> String {
    let name = Value::from(room.wishes.name.as_deref());
    let metadata = room.wishes.metadata.as_deref().unwrap_or("null");
    let (code, guests, most) = (Value::from(room.code.to_string()), room.guests, room.max_guests);
    format!(r#"{{"code":{code},"name":{name},"guests":{guests},"maxGuests":{most},"metadata":{metadata}}}"#)
}
