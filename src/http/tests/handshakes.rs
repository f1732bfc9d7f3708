//! Good and bad WebSocket handshakes.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::connect_async;
use tungstenite::Message;

use super::support::Node;
use crate::http::Settings;

const GOOD: [&str; 4] =
    ["Connection: keep-alive, Upgrade", "Upgrade: WebSocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];

#[tokio::test]
async fn a_client_library_connects_at_every_mount() {
    let node = Node::start(Settings::default()).await;
    for path in ["/ws", "/", "/any/thing"] {
        let (mut client, _) = connect_async(format!("ws://{}{path}", node.address)).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("127.0.0.1"));
        client.send(Message::text("hello")).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("hello"));
        client.close(None).await.unwrap();
    }
}

#[tokio::test]
async fn the_dialect_is_told_what_was_asked_for() {
    let node = Node::start(Settings::default()).await;
    for (target, told) in [
        ("/any/a%20room", [("parameter name", "a room"), ("parameter other", "nothing"), ("query room", "nothing")]),
        ("/any/x?room=7&room=8", [("parameter name", "x"), ("query room", "7"), ("query name", "nothing")]),
        ("/ws?room=a%26b+c&empty=&bare", [("query room", "a&b c"), ("query empty", ""), ("query bare", "")]),
        ("/ws?%ff=&&=x&room=%ff", [("parameter name", "nothing"), ("query room", "\u{fffd}"), ("query none", "nothing")]),
    ] {
        let (mut client, _) = connect_async(format!("ws://{}{target}", node.address)).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("127.0.0.1"));
        for (question, answer) in told {
            client.send(Message::text(question)).await.unwrap();
            assert_eq!(client.next().await.unwrap().unwrap(), Message::text(answer), "{target}: {question}");
        }
    }
    assert_eq!(node.get("/any/%ff", &GOOD).await.status, 400, "no text");
}

#[tokio::test]
async fn the_answer_is_that_of_the_standard() {
    let node = Node::start(Settings::default()).await;
    let mut answer = node.get("/ws", &GOOD).await;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    let mut greeting = [0; 11];
    answer.stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"\x81\x09127.0.0.1");
}

#[tokio::test]
async fn frames_sent_with_the_handshake_are_not_lost() {
    let node = Node::start(Settings::default()).await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    let mut request = format!("GET /ws HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n", GOOD.join("\r\n")).into_bytes();
    request.extend_from_slice(b"\x81\x85\0\0\0\0early");
    stream.write_all(&request).await.unwrap();
    let mut received = Vec::new();
    while !received.ends_with(b"\x81\x05early") {
        received.push(stream.read_u8().await.unwrap());
    }
}

#[tokio::test]
async fn bad_handshakes_are_refused_with_words() {
    let node = Node::start(Settings::default()).await;
    let without = |omit: usize| GOOD.iter().enumerate().filter(move |(index, _)| *index != omit).map(|(_, header)| *header);
    let with = |omit: usize, header: &'static str| without(omit).chain([header]).collect::<Vec<_>>();
    let cases: [(u16, Vec<&str>); 11] = [
        (426, vec![]),
        (426, without(0).collect()),
        (426, without(1).collect()),
        (426, with(1, "Upgrade: h2c")),
        (426, without(2).collect()),
        (426, with(2, "Sec-WebSocket-Version: 8")),
        (400, without(3).collect()),
        (400, with(3, "Sec-WebSocket-Key: short")),
        (400, with(3, "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==")),
        (403, with(9, "Origin: https://evil.example")),
        (403, with(9, "Origin: null")),
    ];
    for (status, headers) in &cases {
        let answer = node.get("/ws", headers).await;
        assert_eq!(answer.status, *status, "{headers:?}");
        assert!(answer.text().len() > 20, "{headers:?}");
        if *status == 426 {
            assert_eq!(answer.header("upgrade"), Some("websocket"));
            assert_eq!(answer.header("sec-websocket-version"), Some("13"));
        }
    }
    assert_eq!(node.ask("POST", "/ws", &GOOD).await.status, 405);
    assert_eq!(node.floors.metrics.handshakes_refused.get(), cases.len() as u64);
    assert!(node.floors.sessions.is_empty());
}

#[tokio::test]
async fn good_origins_are_accepted() {
    let node = Node::start(Settings::default()).await;
    let own = format!("Origin: http://{}", node.address);
    for origin in [own.as_str(), "Origin: https://app.example"] {
        assert_eq!(node.get("/ws", &[&GOOD[..], &[origin]].concat()).await.status, 101, "{origin}");
    }
    assert_eq!(node.get("/any/x", &[&GOOD[..], &["Origin: https://evil.example"]].concat()).await.status, 101);
}

#[tokio::test]
async fn the_clients_address_is_behind_the_trusted_proxies() {
    for (hops, expected) in [(0, "127.0.0.1"), (1, "2.2.2.2"), (2, "1.1.1.1")] {
        let node = Node::start(Settings { trusted_proxy_hops: hops, ..Settings::default() }).await;
        let mut answer = node.get("/ws", &[&GOOD[..], &["X-Forwarded-For: 1.1.1.1, 2.2.2.2"]].concat()).await;
        let mut greeting = vec![0; 2 + expected.len()];
        answer.stream.read_exact(&mut greeting).await.unwrap();
        assert_eq!(&greeting[2..], expected.as_bytes());
    }
}

#[tokio::test]
async fn a_draining_node_takes_no_new_connections() {
    let node = Node::start(Settings::default()).await;
    node.floors.sessions.drain(Duration::from_millis(1)).await;
    let answer = node.get("/ws", &GOOD).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
}
