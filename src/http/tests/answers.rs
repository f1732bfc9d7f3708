//! Files, health and figures.

use std::time::Duration;

use axum::http::HeaderValue;

use super::support::Node;
use crate::http::Settings;

#[tokio::test]
async fn what_is_not_there_is_404_and_what_can_not_be_done_405() {
    let node = Node::start(Settings::default()).await;
    for path in ["/nothing", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/..%2fCargo.toml", "//etc/passwd", "/nothing/"] {
        let answer = node.get(path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(node.ask("DELETE", "/index.html", &[]).await.status, 405);
    assert_eq!(node.ask("DELETE", "/healthz", &[]).await.status, 405);
}

#[tokio::test]
async fn a_folder_replaces_the_app_and_brings_its_own_policy() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "<title>mine</title>").unwrap();
    let settings = Settings { client_location: Some(folder.path().into()), ..Settings::default() };
    let node = Node::start(settings.clone()).await;
    let answer = node.get("/", &[]).await;
    assert_eq!((answer.status, answer.text()), (200, "<title>mine</title>"));
    assert_eq!(answer.header("content-security-policy"), None);
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(node.get("/main.js", &[]).await.status, 404);
    let policy = Some(HeaderValue::from_static("default-src *"));
    let node = Node::start(Settings { content_security_policy: policy.clone(), ..settings }).await;
    assert_eq!(node.get("/", &[]).await.header("content-security-policy"), Some("default-src *"));
    let node = Node::start(Settings { content_security_policy: policy, ..Settings::default() }).await;
    assert_eq!(node.get("/", &[]).await.header("content-security-policy"), Some("default-src *"));
}

#[tokio::test]
async fn readiness_says_what_is_missing() {
    let node = Node::start(Settings::default()).await;
    let ready = async || {
        let answer = node.get("/readyz", &[]).await;
        (answer.status, answer.text().to_owned())
    };
    assert_eq!(node.get("/healthz", &[]).await.status, 200);
    assert_eq!(ready().await, (503, r#"{"ready":false,"store":false,"bus":false,"draining":false}"#.into()));
    node.floors.readiness.set_store(true);
    assert_eq!(ready().await, (503, r#"{"ready":false,"store":true,"bus":false,"draining":false}"#.into()));
    node.floors.readiness.set_bus(true);
    assert_eq!(ready().await, (200, r#"{"ready":true,"store":true,"bus":true,"draining":false}"#.into()));
    node.floors.sessions.drain(Duration::from_millis(1)).await;
    assert_eq!(ready().await, (503, r#"{"ready":false,"store":true,"bus":true,"draining":true}"#.into()));
    assert_eq!(node.get("/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn figures_are_for_those_who_know_the_token() {
    let open = Node::start(Settings::default()).await;
    let answer = open.get("/metrics", &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    assert!(answer.text().contains("rialto_sessions_open 0\n") && answer.text().ends_with("# EOF\n"));
    let node = Node::start(Settings { metrics_token: Some("sesame".into()), ..Settings::default() }).await;
    for wrong in [&[][..], &["Authorization: Bearer sesam"], &["Authorization: Bearer sesame2"], &["Authorization: Basic sesame"]] {
        let answer = node.get("/metrics", wrong).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{wrong:?}");
    }
    assert_eq!(node.get("/metrics", &["Authorization: Bearer sesame"]).await.status, 200);
}
