//! How connections end.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncReadExt;
use tokio::time::Instant;
use tungstenite::Message;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode as WireCode;

use super::support::{Below, Server, Told, assert_alive, close_code, next_text, over_both};
use crate::metrics::CloseLabel;
use crate::session::close::CloseCode;
use crate::session::{Limits, Sent, frame};

fn quick() -> Limits {
    Limits {
        ping_every: Duration::from_millis(100),
        close_grace: Duration::from_millis(200),
        sweep_every: Duration::from_millis(10),
        ..Limits::default()
    }
}

#[tokio::test]
async fn the_server_closes_behind_what_is_queued() {
    over_both(|below| async move {
        // So long that a handshake awaited to its timeout would never end.
        let mut server = Server::start(below, Limits { close_grace: Duration::from_secs(600), ..Limits::default() }).await;
        let mut client = server.client().await;
        let session = server.session();
        for _ in 0..20 {
            session.send(&frame::text("x".repeat(20_000)));
        }
        session.close(CloseCode::Kicked, "out");
        session.close(CloseCode::Banned, "only the first counts");
        assert!(session.is_closed());
        for _ in 0..20 {
            assert_eq!(next_text(&mut client).await.len(), 20_000);
        }
        assert_eq!(close_code(&mut client).await, (4001, "out".into()));
        assert_eq!(server.told().await, Told::Closed);
    })
    .await;
}

#[tokio::test]
async fn the_client_closes_and_is_answered() {
    over_both(|below| async move {
        let mut server = Server::start(below, Limits::default()).await;
        let mut client = server.client().await;
        client.close(Some(CloseFrame { code: WireCode::Normal, reason: "bye".into() })).await.unwrap();
        assert_eq!(close_code(&mut client).await, (1000, "bye".into()));
        assert_eq!(server.told().await, Told::Closed);
        assert!(server.is_silent());
    })
    .await;
}

#[tokio::test]
async fn a_panic_ends_its_session_with_1011_and_nothing_else() {
    over_both(|below| async move {
        let mut server = Server::start(below, Limits::default()).await;
        let mut victim = server.client().await;
        let mut other = server.client().await;
        victim.send(Message::text("panic")).await.unwrap();
        assert_eq!(close_code(&mut victim).await.0, 1011);
        assert_eq!(server.told().await, Told::Text("panic".into()));
        assert_eq!(server.told().await, Told::Closed);
        assert!(server.is_silent());
        assert_alive(&mut other).await;
        assert_eq!(server.metrics.handler_panics.get(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_does_not_answer_the_close_is_dropped() {
    over_both(|below| async move {
        let mut server = Server::start(below, Limits { ping_every: Duration::from_secs(60), ..quick() }).await;
        let mut raw = server.raw().await;
        assert_eq!(server.told().await, Told::Opened);
        server.session().close(CloseCode::Normal, "");
        let mut received = Vec::new();
        raw.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"\x88\x02\x03\xe8");
        assert_eq!(server.told().await, Told::Closed);
    })
    .await;
}

#[tokio::test]
async fn who_answers_no_ping_is_closed_and_who_does_is_not() {
    over_both(|below| async move {
        let mut server = Server::start(below, quick()).await;
        let mut alive = server.client().await;
        let mut mute = server.raw().await;
        assert_eq!(server.told().await, Told::Opened);
        // Reading is what answers the pings.
        let living = tokio::spawn(async move { while let Some(Ok(Message::Ping(_))) = alive.next().await {} });
        let mut received = Vec::new();
        mute.read_to_end(&mut received).await.unwrap();
        assert!(received.starts_with(b"\x89\x00\x89\x00\x88"), "{received:?}");
        assert_eq!(received[4..8], [0x88, received[5], 0x0f, 0xa8], "4008");
        assert_eq!(server.told().await, Told::Closed);
        assert!(!living.is_finished());
        assert_eq!(server.sessions.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_does_not_take_leave_in_time_is_ended_and_its_conversation_told_so() {
    over_both(|below| async move {
        let mut server = Server::start(below, Limits { close_grace: Duration::from_secs(600), ..Limits::default() }).await;
        let _silent = [server.client().await, server.client().await];
        server.sessions.drain(Duration::from_millis(50)).await;
        assert_eq!(server.sessions.len(), 2, "nobody has answered");
        server.sessions.end().await;
        assert!(server.sessions.is_empty());
        for _ in 0..2 {
            assert_eq!(server.told().await, Told::Closed);
        }
    })
    .await;
}

#[tokio::test]
async fn draining_spreads_the_closes_and_says_when_to_come_back() {
    const WINDOW: Duration = Duration::from_secs(3);
    over_both(|below| async move {
        let mut server = Server::start(below, Limits::default()).await;
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(server.client().await);
        }
        let sessions = server.sessions.clone();
        let start = Instant::now();
        let draining = tokio::spawn(async move { sessions.drain(WINDOW).await });
        let ends = clients.into_iter().map(|mut client| async move {
            let (code, reason) = close_code(&mut client).await;
            assert_eq!(code, 1001);
            let hint: u64 = reason.strip_prefix("reconnect in ").unwrap().strip_suffix(" ms").unwrap().parse().unwrap();
            assert!(Duration::from_millis(hint) <= WINDOW);
            start.elapsed()
        });
        let ends = futures_util::future::join_all(ends).await;
        draining.await.unwrap();
        let (first, last) = (ends.iter().min().unwrap(), ends.iter().max().unwrap());
        assert!(*last - *first > Duration::from_millis(200), "{ends:?}");
        let all_gone = async {
            while !server.sessions.is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), all_gone).await.unwrap();
        assert!(server.sessions.is_draining());
        for _ in 0..10 {
            assert_eq!(server.told().await, Told::Closed);
        }
        assert_eq!(server.metrics.closes.get_or_create(&CloseLabel { code: 1001 }).get(), 10);
        // Who comes all the same is sent on.
        let mut late = server.client().await;
        assert_eq!(close_code(&mut late).await.0, 1001);
    })
    .await;
}

/// Here the client runs while the session's own task still has the rest to do: so it does where a machine has other things to do as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_the_answer_to_its_close_gets_nothing_more() {
    for _ in 0..200 {
        let mut server = Server::start(Below::Direct, Limits::default()).await;
        let mut client = server.client().await;
        let session = server.session();
        client.close(None).await.unwrap();
        let mut stream = client.into_inner();
        let mut answer = [0];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(session.send(&frame::text("too late")), Sent::Closed);
    }
}
