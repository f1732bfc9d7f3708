//! Is the process alive, can it serve, and what has it done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Floors, Settings};
use crate::metrics::Metrics;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether the node can serve; kept up to date by those who know. Nothing is ready at first.
#[derive(Debug, Default)]
pub struct Readiness {
    store: AtomicBool,
    bus: AtomicBool,
}

impl Readiness {
    /// The store answered, or did not.
    pub fn set_store(&self, answers: bool) {
        self.store.store(answers, Ordering::Relaxed);
    }

    /// The node heard its own probe on the bus, or did not.
    pub fn set_bus(&self, heard: bool) {
        self.bus.store(heard, Ordering::Relaxed);
    }
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    store: bool,
    bus: bool,
    draining: bool,
}

pub(super) async fn readyz(State(floors): State<Floors>) -> Response {
    let store = floors.readiness.store.load(Ordering::Relaxed);
    let bus = floors.readiness.bus.load(Ordering::Relaxed);
    let draining = floors.sessions.is_draining();
    let ready = store && bus && !draining;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match serde_json::to_string(&Ready { ready, store, bus, draining }) {
        Ok(json) => (status, [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], json).into_response(),
        Err(error) => {
            tracing::error!(%error, "readiness could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What `/metrics` needs. Only a digest of the token is kept, and digests are compared: how long that takes tells nothing
/// about the token.
#[derive(Clone)]
pub(super) struct Figures {
    metrics: Arc<Metrics>,
    token: Option<[u8; 32]>,
}

impl Figures {
    pub(super) fn new(floors: &Floors, settings: &Settings) -> Self {
        Self { metrics: Arc::clone(&floors.metrics), token: settings.metrics_token.as_ref().map(|token| Sha256::digest(token).into()) }
    }

    fn admit(&self, headers: &HeaderMap) -> bool {
        let Some(token) = self.token else { return true };
        let given = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        given.is_some_and(|given| <[u8; 32]>::from(Sha256::digest(given)) == token)
    }
}

pub(super) async fn metrics(State(figures): State<Figures>, headers: HeaderMap) -> Response {
    if !figures.admit(&headers) {
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], "the token of METRICS_TOKEN is needed\n").into_response();
    }
    // The runtime counts its tasks itself, so the figure is taken when somebody asks.
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    figures.metrics.tasks_alive.set(i64::try_from(tasks).unwrap_or(i64::MAX));
    match figures.metrics.encode() {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS), (CACHE_CONTROL, "no-store")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "figures could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
