//! The AsyncAPI document.

use serde_json::Value;

use super::support::Node;
use crate::http::Settings;

#[tokio::test]
async fn what_is_spoken_is_described() {
    // Also where there is no web app.
    let node = Node::start(Settings { no_app: true, ..Settings::default() }).await;
    let answer = node.get("/asyncapi.json", &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let document: Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!((document["asyncapi"].as_str(), document["info"]["title"].as_str()), (Some("3.0.0"), Some("Rialto")));
    assert_eq!((answer.header("cache-control"), answer.header("access-control-allow-origin")), (Some("no-cache"), Some("*")));

    let tag = format!("If-None-Match: {}", answer.header("etag").unwrap());
    let again = node.get("/asyncapi.json", &[&tag]).await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, answer.header("etag")));
    assert_eq!(node.get("/asyncapi.json", &["Accept-Encoding: gzip"]).await.header("content-encoding"), Some("gzip"));
}
