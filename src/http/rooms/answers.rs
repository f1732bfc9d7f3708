//! Answers about rooms: JSON for programs, words for forms.

use axum::body::Body;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::wish::Form;
use crate::session::Turned;
use crate::store::named_rooms::Sight;

/// A room as the list has it.
pub(super) fn listed(Sight { room, guests, idle_for }: &Sight) -> Value {
    json!({
        "room_id": room.slug,
        "name": room.name,
        "guests": guests,
        "guest_limit": room.guest_limit,
        "minutes_idle": idle_for.as_secs() / 60,
        "protected": room.password.is_some(),
        "public": room.public,
    })
}

/// JSON.
pub(super) fn answer(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store"), (VARY, "Accept")], value.to_string()).into_response()
}

/// A refusal, as whoever asked reads it.
pub(super) fn refusal(form: Form, turned: Turned) -> Response {
    if form == Form::Urlencoded {
        return turned.into_response();
    }
    let words = json!({ "error": turned.reason }).to_string();
    let mut response = turned.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(words);
    response
}

/// Whether JSON is asked for rather than a page.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    first_named(headers) == Some("application/json")
}

/// Whether a page is asked for by name, as browsers do.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    first_named(headers) == Some("text/html")
}

/// Which of the two comes first in `Accept` (RFC 9110, section 12.5.1), if either does.
fn first_named(headers: &HeaderMap) -> Option<&str> {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut ranges = accepted.filter_map(|range| range.split(';').next()).map(str::trim);
    ranges.find(|range| *range == "application/json" || *range == "text/html")
}

/// Whoever keeps it would hand one guest's pass to another.
pub(super) fn kept_by_nobody(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding, Cookie"));
}

/// Everything that is put consists of slugs and passes, which are fit for headers.
pub(super) fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
