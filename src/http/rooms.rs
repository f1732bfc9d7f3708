//! Rooms with a name over HTTP: making one, its page, its password, the list of those for everybody.
//!
//! | path | answers |
//! |---|---|
//! | `POST /room` | makes a room: 201 for JSON, 303 to its page for a form |
//! | `GET /room/{slug}` | the app, or what is known of the room as JSON, where `Accept` asks for that; `?token=` is a pass as the cookie is; the app also with a refusal |
//! | `POST /room/{slug}` (form), `POST /room/{slug}/join` (JSON) | lets in who knows the password, or was let in before |
//! | `GET /public` | the app, or the rooms for everybody as JSON |
//! | `GET /chat/{slug}` | 308 to the room's page |

mod answers;
mod wish;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::{IF_NONE_MATCH, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use self::answers::{answer, kept_by_nobody, listed, put, refusal, wants_json, wants_page};
use self::wish::{Fields, Form};
use super::files::Files;
use super::{Settings, client, cookies};
use crate::dialect::rooms::{cookie_name, turned};
use crate::domain::NamedRooms;
use crate::domain::named_rooms::{Admitted, DoorError};
use crate::session::Turned;
use crate::store::named_rooms::Sight;

/// Far more than any form has.
const LONGEST_BODY: usize = 16 * 1024;
/// A pass is worth something for as long as its room is there; a browser need not keep it longer than a day.
const COOKIE_SECONDS: u32 = 86_400;
/// Paths that are taken where rooms are served, names made equal.
pub(super) const TAKEN: [&str; 5] = ["/room", "/room/{}", "/room/{}/join", "/public", "/chat/{}"];

/// What rooms over HTTP need.
#[derive(Clone)]
pub struct RoomDesk {
    /// The rules.
    pub rooms: Arc<NamedRooms>,
    /// Whose pages may make rooms and come in.
    pub origins: super::Origins,
}

#[derive(Clone)]
struct Desk {
    desk: RoomDesk,
    hops: usize,
    app: Files,
}

/// The routes of rooms.
pub(super) fn router(desk: RoomDesk, settings: &Settings, app: Files) -> Router {
    Router::new()
        .route("/room", post(make))
        .route("/room/{slug}", get(page).post(let_in))
        .route("/room/{slug}/join", post(let_in))
        .route("/public", get(public))
        .route("/chat/{slug}", get(elsewhere))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .with_state(Desk { desk, hops: settings.trusted_proxy_hops, app })
}

/// A request, as far as rooms look at it.
struct Asked {
    from: IpAddr,
    headers: HeaderMap,
    body: Bytes,
}

/// Makes a room.
async fn make(State(desk): State<Desk>, ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap, body: Bytes) -> Response {
    let asked = desk.asked(peer, headers, body);
    let form = Form::of(&asked.headers);
    let made = async {
        desk.check_origin(&asked.headers)?;
        let wish = Fields::read(form, &asked.body)?.wish()?;
        desk.desk.rooms.make(wish, asked.from).await.map_err(turned)
    };
    match made.await {
        Ok(admitted) if form == Form::Urlencoded => desk.to_the_page(&asked.headers, &admitted),
        Ok(admitted) => {
            let room = &admitted.room;
            let told = json!({
                "room_id": room.slug,
                "name": room.name,
                "public": room.public,
                "guest_limit": room.guest_limit,
                "protected": room.password.is_some(),
                "client_id": admitted.guest,
                "token": admitted.pass,
            });
            let mut response = (StatusCode::CREATED, answer(&told)).into_response();
            desk.set_cookie(&asked.headers, &mut response, &admitted);
            put(&mut response, LOCATION, &address(&admitted));
            response
        }
        Err(turned) => refusal(form, turned),
    }
}

/// Lets somebody in, by a form or by JSON.
async fn let_in(
    State(desk): State<Desk>,
    Path(slug): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = desk.asked(peer, headers, body);
    let form = Form::of(&asked.headers);
    let let_in = async {
        desk.check_origin(&asked.headers)?;
        let password = Fields::read(form, &asked.body)?.password()?;
        let passes = passes(&slug, &asked.headers);
        let passes: Vec<&str> = passes.iter().map(String::as_str).collect();
        desk.desk.rooms.let_in(&slug, &passes, password, asked.from).await.map_err(turned)
    };
    match let_in.await {
        Ok(admitted) if form == Form::Urlencoded => desk.to_the_page(&asked.headers, &admitted),
        Ok(admitted) => {
            let mut response = answer(&json!({ "room_id": admitted.room.slug, "client_id": admitted.guest, "token": admitted.pass }));
            desk.set_cookie(&asked.headers, &mut response, &admitted);
            response
        }
        Err(turned) => refusal(form, turned),
    }
}

/// The room's page.
async fn page(
    State(desk): State<Desk>,
    Path(slug): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    let form = if wants_json(&head.headers) { Form::Json } else { Form::Urlencoded };
    let from = client::address(&head.headers, peer, desk.hops);
    let seen = desk.see(&slug, token(&head.uri), &head.headers, from).await;
    let (sight, holder) = match seen {
        Ok(seen) => seen,
        Err(error) => return desk.turned_away(&head.headers, form, turned(error)).await,
    };
    let mut response = match form {
        Form::Json => {
            let room = &sight.room;
            let mut told = listed(&sight);
            // Whether the browser's cookie is good, so that a page knows whether to ask for the password.
            told["admitted"] = json!(holder || room.password.is_none());
            answer(&told)
        }
        Form::Urlencoded => desk.app(&head.headers).await,
    };
    if !holder && sight.room.password.is_none() {
        desk.set_cookie(&head.headers, &mut response, &desk.desk.rooms.issue(sight.room));
    }
    kept_by_nobody(&mut response);
    response
}

/// The rooms for everybody.
async fn public(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    if !wants_json(&headers) {
        let mut response = desk.app(&headers).await;
        kept_by_nobody(&mut response);
        return response;
    }
    match desk.desk.rooms.public().await {
        Ok(rooms) => answer(&json!({ "rooms": rooms.iter().map(listed).collect::<Vec<_>>() })),
        Err(error) => refusal(Form::Json, turned(error.into())),
    }
}

/// Rooms were once elsewhere.
async fn elsewhere(Path(slug): Path<String>) -> Response {
    let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
    // What is no slug names no room, and would be no address.
    let plain = slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if !plain {
        return StatusCode::NOT_FOUND.into_response();
    }
    put(&mut response, LOCATION, &format!("/room/{slug}"));
    response
}

impl Desk {
    fn asked(&self, peer: SocketAddr, headers: HeaderMap, body: Bytes) -> Asked {
        Asked { from: client::address(&headers, peer, self.hops), headers, body }
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Turned> {
        if self.desk.origins.accept(headers) {
            return Ok(());
        }
        let reason = "Pages of this origin may not do this; its operator can add it to ALLOWED_ORIGINS.".to_owned();
        Err(Turned { status: 403, reason, retry_after: None })
    }

    /// The room, and whether the request comes with a good pass. A full one only whoever is in it sees: that page is being loaded anew.
    async fn see(&self, slug: &str, token: Option<String>, headers: &HeaderMap, from: IpAddr) -> Result<(Sight, bool), DoorError> {
        let cookies = passes(slug, headers);
        let passes: Vec<&str> = token.iter().chain(&cookies).map(String::as_str).collect();
        let (sight, holder) = self.desk.rooms.look(slug, &passes, from).await?;
        self.desk.rooms.has_place(&sight, holder).await?;
        Ok((sight, holder.is_some()))
    }

    /// A refusal. A browser gets the app with it, which says what there is to be said; whoever names no page, the words alone.
    async fn turned_away(&self, headers: &HeaderMap, form: Form, turned: Turned) -> Response {
        let mut refused = refusal(form, turned);
        kept_by_nobody(&mut refused);
        if !wants_page(headers) {
            return refused;
        }
        let mut page = self.app(headers).await;
        if !page.status().is_success() {
            return refused;
        }
        *page.status_mut() = refused.status();
        if let Some(after) = refused.headers().get(RETRY_AFTER) {
            page.headers_mut().insert(RETRY_AFTER, after.clone());
        }
        kept_by_nobody(&mut page);
        page
    }

    async fn app(&self, headers: &HeaderMap) -> Response {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static("/");
        *request.headers_mut() = headers.clone();
        // The same bytes may be another room's page, with another cookie.
        request.headers_mut().remove(IF_NONE_MATCH);
        self.app.clone().answer(request).await
    }

    fn to_the_page(&self, headers: &HeaderMap, admitted: &Admitted) -> Response {
        let mut response = StatusCode::SEE_OTHER.into_response();
        put(&mut response, LOCATION, &address(admitted));
        self.set_cookie(headers, &mut response, admitted);
        response
    }

    fn set_cookie(&self, headers: &HeaderMap, response: &mut Response, admitted: &Admitted) {
        let secure = if client::is_https(headers, self.hops) { "; Secure" } else { "" };
        let name = cookie_name(admitted.room.slug.as_str());
        let cookie = format!("{name}={}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}", admitted.pass);
        put(response, SET_COOKIE, &cookie);
        kept_by_nobody(response);
    }
}

/// The passes that a browser sends along for this room.
fn passes(slug: &str, headers: &HeaderMap) -> Vec<String> {
    let name = cookie_name(slug);
    cookies::all(headers).into_iter().filter(|(known, _)| *known == name).map(|(_, pass)| pass).collect()
}

/// The pass that is in the address, for a program that keeps no cookies.
fn token(address: &Uri) -> Option<String> {
    let Query(mut query) = Query::<HashMap<String, String>>::try_from_uri(address).ok()?;
    query.remove("token")
}

fn address(admitted: &Admitted) -> String {
    format!("/room/{}", admitted.room.slug.as_str())
}
