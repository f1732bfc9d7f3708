//! The web app that is in the binary.

use super::support::Node;
use crate::http::Settings;

#[tokio::test]
async fn the_built_in_app_is_served_with_its_headers() {
    let node = Node::start(Settings::default()).await;
    let answer = node.get("/", &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    assert!(answer.header("permissions-policy").unwrap().contains("camera=(self)"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(node.get("/index.html", &[]).await.body, answer.body);
    let head = node.ask("HEAD", "/index.html", &[]).await;
    assert_eq!((head.status, head.header("etag")), (200, answer.header("etag")));
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let node = Node::start(Settings::default()).await;
    let first = node.get("/index.html", &[]).await;
    let tag = format!("If-None-Match: \"other\", {}", first.header("etag").unwrap());
    let second = node.get("/index.html", &[&tag]).await;
    assert_eq!((second.status, second.body.len()), (304, 0));
    assert_eq!(second.header("etag"), first.header("etag"));
    assert!(second.header("content-security-policy").is_some());
    assert_eq!(node.get("/index.html", &["If-None-Match: \"other\""]).await.status, 200);
}

#[tokio::test]
async fn files_are_compressed_for_those_who_understand() {
    let node = Node::start(Settings::default()).await;
    let packed = node.get("/index.html", &["Accept-Encoding: gzip"]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.header("vary").unwrap().eq_ignore_ascii_case("accept-encoding"));
    assert_eq!(node.get("/index.html", &[]).await.header("content-encoding"), None);
}

#[tokio::test]
async fn what_a_page_names_may_be_kept_for_ever() {
    let node = Node::start(Settings::default()).await;
    let page = node.get("/", &[]).await;
    let main = page.text().split('"').find(|part| part.starts_with("/v/") && part.ends_with("/main.js")).unwrap();
    let kept = node.get(main, &[]).await;
    assert_eq!(kept.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(kept.header("cache-control"), Some("max-age=31536000, immutable"));
    assert_eq!(kept.header("content-security-policy"), None);
    let plain = node.get("/main.js", &[]).await;
    assert_eq!(plain.header("cache-control"), Some("no-cache"));
    assert_eq!(plain.body, kept.body);
}

#[tokio::test]
async fn the_styles_of_a_page_are_one_answer() {
    let node = Node::start(Settings::default()).await;
    let page = node.get("/", &[]).await;
    let links: Vec<&str> = page.text().split('"').filter(|part| part.starts_with("/v/") && part.ends_with(".css")).collect();
    let [styles] = links[..] else { panic!("{links:?}") };
    let all = node.get(styles, &[]).await;
    assert_eq!((all.status, all.header("content-type")), (200, Some("text/css; charset=utf-8")));
    let first = node.get("/ui/tokens.css", &[]).await;
    assert!(all.body.starts_with(&first.body) && all.body.len() > first.body.len());
    assert_eq!(node.get("/ui/tokens.css,nothing.css", &[]).await.status, 404);
}

#[tokio::test]
async fn what_another_version_names_is_given_but_not_to_keep() {
    let node = Node::start(Settings::default()).await;
    let other = node.get("/v/0123456789abcdef/main.js", &[]).await;
    assert_eq!((other.status, other.header("cache-control")), (200, Some("no-cache")));
    assert_eq!(node.get("/v/0123456789abcdef/nothing.js", &[]).await.status, 404);
    assert_eq!(node.get("/v/0123456789abcdef/", &[]).await.header("cache-control"), Some("no-cache"));
}

#[tokio::test]
async fn the_manifest_is_known_for_one() {
    let node = Node::start(Settings::default()).await;
    assert_eq!(node.get("/manifest.webmanifest", &[]).await.header("content-type"), Some("application/manifest+json"));
}
