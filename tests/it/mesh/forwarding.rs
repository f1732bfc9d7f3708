//! Offers, answers and candidates reach whom they are for, as they are, in order, once.

use std::time::Duration;

use serde_json::{Value, json};

use super::peer::{Peer, RawPeer};
use crate::chat::site::Site;
use crate::support::client::{Client, Pace, text};

everywhere!(
    peers_get_a_connection,
    values_arrive_as_they_were_written,
    what_one_sends_to_another_arrives_in_order_and_once with [("RATE_MESSAGES", "0")],
    who_is_not_connected_is_named_to_the_sender,
    who_does_not_read_is_not_reached_and_closed with [("RATE_MESSAGES", "0"), ("STALL_SECONDS", "1")],
    nobody_speaks_for_another,
    the_log_knows_nothing_of_what_is_forwarded with [("RUST_LOG", "rialto=trace")],
);

/// Two peers of one mesh, at the two ends of the site; the second has the first in its list.
async fn two(site: &Site) -> (Peer, Peer) {
    let mut ann = Peer::come(site.here(), "").await;
    let bob = Peer::come_to(site.there(), "", &[&ann]).await;
    ann.id = bob.before[0].clone();
    (ann, bob)
}

async fn peers_get_a_connection(site: Site) {
    let (mut ann, mut bob) = two(&site).await;
    let (offer, answer) = (json!({ "type": "offer", "sdp": "v=0\r\n" }), json!({ "type": "answer", "sdp": "v=0\r\nwell\r\n" }));
    let candidate = json!({ "candidate": "candidate:1 1 udp 1 192.0.2.1 1 typ host", "sdpMid": "0", "sdpMLineIndex": 0 });
    bob.offer(&ann.id, offer.clone()).await;
    bob.candidate(&ann.id, candidate.clone()).await;
    bob.candidate(&ann.id, Value::Null).await;
    let got = |kind: &'static str| ann.wire.expect(kind, move |frame| frame["type"] == kind && frame["offer"] != "hello");
    assert_eq!(got("offer").await, json!({ "type": "offer", "offer": offer, "fromPeerId": bob.id }));
    assert_eq!(got("icecandidate").await, json!({ "type": "icecandidate", "candidate": candidate, "fromPeerId": bob.id }));
    assert_eq!(got("icecandidate").await, json!({ "type": "icecandidate", "candidate": null, "fromPeerId": bob.id }));
    ann.answer(&bob.id, answer.clone()).await;
    ann.candidate(&bob.id, candidate.clone()).await;
    assert_eq!(bob.wire.expect_type("answer").await, json!({ "type": "answer", "answer": answer, "fromPeerId": ann.id }));
    assert_eq!(bob.wire.expect_type("icecandidate").await, json!({ "type": "icecandidate", "candidate": candidate, "fromPeerId": ann.id }));
    let forwarded = site.here().metric("rialto_signals_forwarded_total").await;
    assert!(forwarded >= 2.0, "{forwarded}");
}

async fn values_arrive_as_they_were_written(site: Site) {
    let mut ann = Peer::come(site.here(), "").await;
    let mut raw = RawPeer::come_to(site.there(), &ann).await;
    let eve = Peer::come_to(site.there(), "", &[&ann]).await;
    let anns = eve.before[0].clone();
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let long = format!("\"{}\"", "x".repeat(60_000));
    let values = [
        "null",
        "false",
        "-0",
        "0.1000",
        "1E2",
        "1e400",
        "12345678901234567890123",
        "\"\"",
        "\"\\u00fc\\/ü\\n\\u0000\"",
        "\"\\ud800\"",
        "[]",
        "{ \"b\" : 1,\"a\":[ 2,\t3 ] }",
        "{\"a\":1,\"a\":2}",
        "{\"type\":\"error\",\"toPeerId\":\"x\",\"fromPeerId\":\"y\"}",
        &deep,
        &long,
    ];
    // The first is of the newcomer.
    assert!(raw.text().await.contains("hello"));
    for json in values {
        for (action, kind, field) in [
            ("forward-offer", "offer", "offer"),
            ("forward-answer", "answer", "answer"),
            ("forward-icecandidate", "icecandidate", "candidate"),
        ] {
            ann.wire.send_text(format!("{{\"toPeerId\":\"{}\", \"{field}\" : {json} ,\"action\":\"{action}\",\"more\":1}}", raw.id)).await;
            assert_eq!(raw.text().await, format!("{{\"type\":\"{kind}\",\"{field}\":{json},\"fromPeerId\":\"{anns}\"}}"));
        }
    }
}

async fn what_one_sends_to_another_arrives_in_order_and_once(site: Site) {
    const EACH: usize = 400;
    let (mut ann, mut bob) = two(&site).await;
    let (anns, bobs) = (ann.id.clone(), bob.id.clone());
    let both = |number: usize| (json!(number), number.is_multiple_of(3));
    tokio::join!(
        async {
            for (number, is_offer) in (0..EACH).map(both) {
                if is_offer { ann.offer(&bobs, number).await } else { ann.candidate(&bobs, number).await }
            }
        },
        async {
            for (number, is_answer) in (0..EACH).map(both) {
                if is_answer { bob.answer(&anns, number).await } else { bob.candidate(&anns, number).await }
            }
        }
    );
    for peer in [&ann, &bob] {
        let numbers = |received: &[Value]| -> Vec<u64> {
            let value = |frame: &Value| ["offer", "answer", "candidate"].iter().find_map(|field| frame[*field].as_u64());
            received.iter().filter_map(value).collect()
        };
        peer.wire.until("everything came", |received| numbers(received).len() >= EACH).await;
        assert!(numbers(&peer.wire.received()).into_iter().eq(0..EACH as u64));
    }
}

async fn who_is_not_connected_is_named_to_the_sender(site: Site) {
    let (mut ann, bob) = two(&site).await;
    let id = bob.id.clone();
    bob.wire.close().await;
    // It may take a moment until that is known; whatever is sent is forwarded or comes back.
    ann.offer(&id, json!(1)).await;
    ann.misses(&id).await;
    let upper = ann.id.to_uppercase();
    // Nor is anybody a peer who speaks another protocol.
    let stranger = Client::guest(site.here()).await;
    for nobody in [stranger.session(), uuid::Uuid::new_v4().to_string().as_str(), "", "nobody", "*", &"x".repeat(1_000), &upper] {
        ann.candidate(nobody, Value::Null).await;
        ann.misses(nobody).await;
    }
    // A peer that came later can be found as well as one in the list, also by somebody who has never heard from it.
    let mut late = Peer::come(site.there(), "?events=1").await;
    let watcher = Peer::come(site.here(), "?events=1").await;
    let watchers = text(&late.wire.expect_type("peer-connected").await["peerId"]);
    late.offer(&watchers, json!("found")).await;
    watcher.wire.expect("the offer", |frame| frame["offer"] == "found").await;
}

async fn who_does_not_read_is_not_reached_and_closed(site: Site) {
    let mut ann = Peer::come(site.here(), "?events=1").await;
    let bob = Peer::come_to(site.there(), "", &[&ann]).await;
    let eve = Peer::come_to(site.there(), "", &[&ann, &bob]).await;
    bob.wire.read_at(Pace::Stopped);
    let large = json!("x".repeat(60_000));
    let missed = |ann: &Peer| ann.wire.received().iter().any(|frame| frame["error"] == "peer-not-connected");
    while !missed(&ann) {
        ann.offer(&bob.id, large.clone()).await;
    }
    // Nobody else notices, once what is between the nodes has gone through.
    let offers = async {
        loop {
            ann.offer(&eve.id, json!("and you?")).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        _ = eve.wire.expect("the offer", |frame| frame["offer"] == "and you?") => {}
        () = offers => {}
    }
    ann.hears("peer-disconnected", &bob.id).await;
    bob.wire.read_at(Pace::Full);
    assert!([1006, 1013].contains(&bob.wire.closed().await.0));
}

async fn nobody_speaks_for_another(site: Site) {
    let (mut ann, bob) = two(&site).await;
    let eve = Peer::come_to(site.there(), "", &[&ann, &bob]).await;
    let forged = json!({
        "action": "forward-offer", "offer": "from eve", "toPeerId": bob.id, "fromPeerId": eve.id, "peerId": eve.id, "type": "answer",
    });
    ann.wire.send_json(forged).await;
    let got = bob.wire.expect("the offer", |frame| frame["offer"] == "from eve").await;
    assert_eq!(got, json!({ "type": "offer", "offer": "from eve", "fromPeerId": ann.id }));
}

async fn the_log_knows_nothing_of_what_is_forwarded(site: Site) {
    let (mut ann, bob) = two(&site).await;
    ann.offer(&bob.id, json!("in confidence")).await;
    bob.wire.expect("the offer", |frame| frame["offer"] == "in confidence").await;
    ann.wire.send_text("{\"action\":\"in confidence\"}").await;
    ann.wire.expect_type("error").await;
    for node in &site.nodes {
        assert!(!node.log().iter().any(|line| line.contains("in confidence")));
    }
}
