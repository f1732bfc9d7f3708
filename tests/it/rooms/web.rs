//! Rooms over HTTP, as a browser or a program asks.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::client;
use crate::support::node::Node;

const PATIENCE: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The cookie that was set, as it goes back.
    pub fn cookie(&self) -> String {
        let cookie = self.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {self:?}"));
        cookie.split(';').next().unwrap().to_owned()
    }
}

/// Asks, with these further headers.
pub async fn ask(node: &Node, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}",
        node.address()
    );
    let exchange = async {
        let mut stream = TcpStream::connect(node.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let text = timeout(PATIENCE, exchange).await.expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a whole answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// `GET`, as a page.
pub async fn page(node: &Node, path: &str, headers: &[(&str, &str)]) -> Answer {
    let accept = ("Accept", "text/html,application/xhtml+xml,application/json;q=0.9");
    ask(node, "GET", path, &[headers, &[accept]].concat(), "").await
}

/// Waits until a room's page, asked for with these headers, has this status.
pub async fn until_page(node: &Node, path: &str, headers: &[(&str, &str)], status: u16) {
    let becomes = async {
        while page(node, path, headers).await.status != status {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(client::PATIENCE, becomes).await.unwrap_or_else(|_| panic!("{path} never answers with {status}"));
}

/// `GET`, as JSON.
pub async fn get_json(node: &Node, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(node, "GET", path, &[headers, &[("Accept", "application/json")]].concat(), "").await
}

/// `POST` of JSON.
pub async fn post_json(node: &Node, path: &str, body: &Value) -> Answer {
    ask(node, "POST", path, &[("Content-Type", "application/json")], &body.to_string()).await
}

/// `POST` of a form.
pub async fn post_form(node: &Node, path: &str, body: &str) -> Answer {
    ask(node, "POST", path, &[("Content-Type", "application/x-www-form-urlencoded")], body).await
}

/// Makes an open room; answers its slug.
pub async fn make_room(node: &Node, name: &str) -> String {
    make(node, json!({ "name": name })).await
}

/// Makes a room; answers its slug.
pub async fn make(node: &Node, wish: Value) -> String {
    let made = post_json(node, "/room", &wish).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["room_id"].as_str().unwrap().to_owned()
}
