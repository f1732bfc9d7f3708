//! What goes to the client.

use std::time::Duration;

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use tokio::time::Instant;
use tungstenite::Message;

use super::support::{Server, Told, assert_alive, close_code, next_text, over_both};
use crate::session::{Limits, Sent, frame};

#[tokio::test]
async fn frames_in_one_buffer_arrive_as_single_messages() {
    over_both(|below| async move {
        let mut server = Server::start(below, Limits::default()).await;
        let mut client = server.client().await;
        let mut batch = BytesMut::new();
        for number in 0..10 {
            frame::text_into(&mut batch, number.to_string());
        }
        assert_eq!(server.session().send(&batch.freeze()), Sent::Done);
        for number in 0..10 {
            assert_eq!(next_text(&mut client).await, number.to_string());
        }
    })
    .await;
}

#[tokio::test]
async fn a_slow_reader_gets_everything_in_order() {
    over_both(|below| async move {
        let limits = Limits { queue_calls: 16, ..Limits::default() };
        let mut server = Server::start(below, limits).await;
        let mut client = server.client().await;
        let session = server.session();
        let sending = tokio::spawn(async move {
            let mut full = 0;
            for number in 0..1000_u32 {
                let frame = frame::text(format!("{number} {}", "x".repeat(2000)));
                while session.send(&frame) == Sent::Full {
                    full += 1;
                    assert!(session.drained().await);
                }
            }
            full
        });
        for number in 0..1000_u32 {
            assert!(next_text(&mut client).await.starts_with(&format!("{number} ")));
            if number % 50 == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await; // slowly
            }
        }
        assert!(sending.await.unwrap() > 0, "the queue was never full");
    })
    .await;
}

#[tokio::test]
async fn nothing_of_a_refused_batch_is_sent() {
    over_both(|below| async move {
        let limits = Limits { queue_bytes: 10_000, ..Limits::default() };
        let mut server = Server::start(below, limits).await;
        let mut client = server.client().await;
        let session = server.session();
        let mut taken = 0;
        while session.send(&frame::text(format!("{taken} {}", "x".repeat(1000)))) == Sent::Done {
            taken += 1;
        }
        session.reply(frame::text("an answer is never refused"));
        for number in 0..taken {
            assert!(next_text(&mut client).await.starts_with(&format!("{number} ")));
        }
        assert_eq!(next_text(&mut client).await, "an answer is never refused");
    })
    .await;
}

#[tokio::test]
async fn who_does_not_take_what_it_must_not_miss_is_closed() {
    over_both(|below| async move {
        let limits = Limits { queue_bytes: 10_000, ..Limits::default() };
        let mut server = Server::start(below, limits).await;
        let mut client = server.client().await;
        let session = server.session();
        let news = frame::text("x".repeat(1000));
        while !session.is_closed() {
            session.push(&news);
        }
        assert_eq!(session.send(&news), Sent::Closed);
        assert_eq!(close_code(&mut client).await.0, 1013);
    })
    .await;
}

#[tokio::test]
async fn a_frame_larger_than_the_bound_passes_an_empty_queue() {
    over_both(|below| async move {
        let limits = Limits { queue_bytes: 1000, ..Limits::default() };
        let mut server = Server::start(below, limits).await;
        let mut client = server.client().await;
        assert_eq!(server.session().send(&frame::text("x".repeat(300_000))), Sent::Done);
        assert_eq!(next_text(&mut client).await.len(), 300_000);
        assert_alive(&mut client).await;
    })
    .await;
}

#[tokio::test]
async fn pongs_never_interleave_with_queued_frames() {
    over_both(|below| async move {
        let mut server = Server::start(below, Limits::default()).await;
        let client = server.client().await;
        let session = server.session();
        let (mut sink, mut stream) = client.split();
        let storm = tokio::spawn(async move {
            for number in 0..300_u32 {
                sink.send(Message::Ping(number.to_be_bytes().to_vec().into())).await.unwrap();
            }
            // Kept, or the connection would be half gone.
            sink
        });
        let sending = tokio::spawn(async move {
            for number in 0..300_u32 {
                let frame = frame::text(format!("{number} {}", "x".repeat(20_000)));
                while session.send(&frame) == Sent::Full {
                    assert!(session.drained().await);
                }
            }
        });
        let (mut texts, mut pongs) = (0_u32, 0_u32);
        while texts < 300 || pongs < 300 {
            match stream.next().await.unwrap().unwrap() {
                Message::Text(text) => {
                    assert!(text.starts_with(&format!("{texts} ")));
                    texts += 1;
                }
                Message::Pong(number) => {
                    assert_eq!(number[..], pongs.to_be_bytes());
                    pongs += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        sending.await.unwrap();
        drop(storm.await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn who_never_reads_is_closed_with_1013_and_others_are_unaffected() {
    over_both(|below| async move {
        let (stall, close_grace) = (Duration::from_millis(300), Duration::from_secs(600));
        let limits = Limits { stall, close_grace, sweep_every: Duration::from_millis(10), rate: None, ..Limits::default() };
        let mut server = Server::start(below, limits).await;
        let mut deaf = server.client().await;
        let session = server.session();
        let mut other = server.client().await;
        let start = Instant::now();
        while session.send(&frame::text("x".repeat(100_000))) == Sent::Done {}
        while !session.is_closed() {
            assert_alive(&mut other).await;
            assert!(matches!(server.told().await, Told::Text(_)));
        }
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert_eq!(session.send(&frame::text("late")), Sent::Closed);
        assert!(!session.drained().await);
        // It wakes up in time to hear why.
        assert_eq!(close_code(&mut deaf).await.0, 1013);
        assert_eq!(server.told().await, Told::Closed);
        assert_alive(&mut other).await;
        assert_eq!(server.sessions.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_does_not_read_is_not_read_from() {
    over_both(|below| async move {
        let limits = Limits { queue_calls: 4, rate: None, ..Limits::default() };
        let mut server = Server::start(below, limits).await;
        let mut client = server.client().await;
        let session = server.session();
        while session.send(&frame::text("x".repeat(100_000))) == Sent::Done {}
        client.send(Message::text("echo heard")).await.unwrap();
        // Whatever the scheduler does, the request is not handled before there is room.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(server.is_silent());
        while next_text(&mut client).await != "heard" {}
        assert_eq!(server.told().await, Told::Text("echo heard".into()));
    })
    .await;
}
