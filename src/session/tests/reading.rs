//! What comes from the client.

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tungstenite::Message;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use super::support::{Server, Told, assert_alive, close_code, next_text, over_both};
use crate::session::{Limits, Rate};

fn small() -> Limits {
    Limits { max_frame_bytes: 1000, ..Limits::default() }
}

#[tokio::test]
async fn requests_are_handled_one_by_one_in_order() {
    over_both(|below| async move {
        let mut server = Server::start(below, Limits::default()).await;
        let mut client = server.client().await;
        for number in 0..400 {
            client.feed(Message::text(format!("echo {number}"))).await.unwrap();
        }
        client.flush().await.unwrap();
        for number in 0..400 {
            assert_eq!(next_text(&mut client).await, number.to_string());
            assert_eq!(server.told().await, Told::Text(format!("echo {number}")));
        }
        drop(client);
        assert_eq!(server.told().await, Told::Closed);
    })
    .await;
}

#[tokio::test]
async fn binary_and_large_frames_are_refused_and_the_connection_stays() {
    over_both(|below| async move {
        let mut server = Server::start(below, small()).await;
        let mut client = server.client().await;
        client.send(Message::binary(vec![1, 2, 3])).await.unwrap();
        assert_eq!(server.told().await, Told::Binary);
        for length in [1001, 4000] {
            client.send(Message::text("x".repeat(length))).await.unwrap();
            assert_eq!(server.told().await, Told::TooLarge);
        }
        let most = "x".repeat(1000);
        client.send(Message::text(most.clone())).await.unwrap();
        assert_eq!(server.told().await, Told::Text(most));
        assert_alive(&mut client).await;
    })
    .await;
}

#[tokio::test]
async fn far_too_large_closes_with_1009() {
    over_both(|below| async move {
        let mut server = Server::start(below, small()).await;
        let mut client = server.client().await;
        client.send(Message::text("x".repeat(4001))).await.unwrap();
        assert_eq!(close_code(&mut client).await.0, 1009);
        assert_eq!(server.told().await, Told::Closed);
    })
    .await;
}

#[tokio::test]
async fn fragments_are_joined_with_pings_between_them() {
    over_both(|below| async move {
        let mut server = Server::start(below, small()).await;
        let mut client = server.client().await;
        for round in 0..3 {
            client.send(Message::Frame(Frame::message("echo a", OpCode::Data(Data::Text), false))).await.unwrap();
            client.send(Message::Ping(vec![round].into())).await.unwrap();
            assert_eq!(client.next().await.unwrap().unwrap(), Message::Pong(vec![round].into()));
            client.send(Message::Frame(Frame::message("b", OpCode::Data(Data::Continue), false))).await.unwrap();
            client.send(Message::Frame(Frame::message("c", OpCode::Data(Data::Continue), true))).await.unwrap();
            assert_eq!(next_text(&mut client).await, "abc");
        }
    })
    .await;
}

#[tokio::test]
async fn text_that_is_not_utf8_closes_with_1007() {
    over_both(|below| async move {
        let mut server = Server::start(below, small()).await;
        let mut client = server.client().await;
        client.send(Message::Frame(Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true))).await.unwrap();
        assert_eq!(close_code(&mut client).await.0, 1007);
        assert_eq!(server.told().await, Told::Closed);
    })
    .await;
}

#[tokio::test]
async fn an_unmasked_frame_closes_with_1002() {
    over_both(|below| async move {
        let mut server = Server::start(below, small()).await;
        let mut client = server.client().await;
        client.get_mut().write_all(b"\x81\x02hi").await.unwrap();
        assert_eq!(close_code(&mut client).await.0, 1002);
        assert_eq!(server.told().await, Told::Closed);
    })
    .await;
}

#[tokio::test]
async fn too_many_requests_are_refused_and_the_connection_stays() {
    over_both(|below| async move {
        let limits = Limits { rate: Some(Rate { burst: 3, per_second: 1 }), ..Limits::default() };
        let mut server = Server::start(below, limits).await;
        let mut client = server.client().await;
        for _ in 0..4 {
            client.feed(Message::text("hello")).await.unwrap();
        }
        client.flush().await.unwrap();
        for _ in 0..3 {
            assert_eq!(server.told().await, Told::Text("hello".into()));
        }
        assert_eq!(server.told().await, Told::TooMany);
        // Accepted again when the bucket has a token again.
        loop {
            client.send(Message::text("hello")).await.unwrap();
            if server.told().await == Told::Text("hello".into()) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(server.metrics.rate_limited.get() >= 1);
    })
    .await;
}
