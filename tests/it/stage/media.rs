//! Video: what is offered, whose it is, and what becomes of it when the media node does not go on.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rialto::cluster::calls::PATIENCE;
use serde_json::{Value, json};

use super::answering::{sdp, values};
use super::visitor::{PASSWORD, Visitor, is_event, make_room};
use crate::chat::site::Site;
use crate::support::client::text;
use crate::support::node::{Node, Settings};
use crate::support::redis::RedisServer;

everywhere!(
    the_server_offers_also_before_login,
    a_stream_has_the_name_of_its_publisher,
    who_publishes_before_login_is_named_afterwards,
    only_who_asks_for_additions_gets_them,
    what_is_published_changes_on_demand,
    without_media_there_is_nothing_to_answer,
    who_is_gone_has_left_the_video,
    an_answer_may_be_long with [("MAX_FRAME_BYTES", "8192")],
);

/// Events of the original protocol.
const ORIGINAL: [&str; 12] = [
    "joined_room",
    "user_logged_in",
    "user_entered_chat",
    "user_exited_chat",
    "user_message",
    "user_name_change",
    "streamid_user_name",
    "current_guests",
    "offer",
    "candidate",
    "error",
    "created_room",
];

async fn the_server_offers_also_before_login(site: Site) {
    let room = make_room(site.here()).await;
    for order in ["media_request", "request_media"] {
        let mut ann = Visitor::enter(site.there(), &room).await;
        ann.order(order, json!({ "audio": true, "video": true })).await;
        let offer = ann.offered().await;
        assert_eq!(offer.as_object().unwrap().len(), 2, "an RTCSessionDescriptionInit and nothing else");
        let wanted = sdp(&offer).split("\r\nm=").filter(|section| section.contains("a=recvonly")).map(|section| &section[..5]);
        assert_eq!(wanted.collect::<Vec<_>>(), ["audio", "video"]);
        let candidate = ann.event("candidate").await;
        let candidate: Value = serde_json::from_str(candidate.as_str().expect("a candidate is a string")).unwrap();
        assert!(text(&candidate["candidate"]).starts_with("candidate:"));
        assert_eq!(candidate["sdpMid"], values(sdp(&offer), "mid")[0]);
        let names: Vec<_> = ann.wire.received().iter().map(|frame| frame["data"]["event"].clone()).collect();
        let place = |name: &str| names.iter().position(|other| other == name).unwrap();
        assert!(place("offer") < place("candidate"));
        ann.answer(&offer, "stream-1").await;
        ann.order("candidate", json!(json!({ "candidate": "", "sdpMid": "0", "sdpMLineIndex": 0 }).to_string())).await;
        ann.order("candidate", json!("null")).await;
        ann.guests().await;
        assert_eq!(ann.all("error"), Vec::<Value>::new());
    }
}

async fn a_stream_has_the_name_of_its_publisher(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::member(site.here(), &room, "ann").await;
    let mut bob = Visitor::come(site.there(), &room).await;
    ann.publish(json!({ "audio": true, "video": true }), "stream-of-ann").await;
    bob.order("media_request", json!({ "audio": false, "video": false })).await;
    bob.offered_with("msid:stream-of-ann").await;
    bob.order("identify_streamid", json!("stream-of-ann")).await;
    assert_eq!(bob.event("streamid_user_name").await, json!({ "stream_id": "stream-of-ann", "name": "ann" }));
    bob.order("identify_streamid", json!("no such stream")).await;
    assert_eq!(bob.error().await.0, 400);

    ann.order("set_user_name", json!({ "name": "Anna" })).await;
    for visitor in [&ann, &bob] {
        assert_eq!(visitor.event("streamid_user_name").await, json!({ "stream_id": "stream-of-ann", "name": "Anna" }));
    }
    bob.order("identify_streamid", json!("stream-of-ann")).await;
    assert_eq!(bob.event("streamid_user_name").await["name"], "Anna");

    // Who publishes nothing any more still has a name.
    ann.order("media_request", json!({ "audio": false, "video": false })).await;
    let gone = async {
        loop {
            bob.order("identify_streamid", json!("stream-of-ann")).await;
            if bob.event("streamid_user_name").await == json!({ "name": "Anna" }) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::support::client::PATIENCE, gone).await.expect("the stream ends");
}

async fn who_publishes_before_login_is_named_afterwards(site: Site) {
    let room = make_room(site.here()).await;
    let mut bob = Visitor::come(site.there(), &room).await;
    let mut ann = Visitor::enter(site.here(), &room).await;
    ann.publish(json!({ "audio": true, "video": false }), "early").await;
    bob.order("media_request", json!({ "audio": false, "video": false })).await;
    bob.offered_with("msid:early").await;
    bob.order("identify_streamid", json!("early")).await;
    assert_eq!(bob.error().await.0, 400);
    ann.order("validate_access_token", json!("")).await;
    ann.logged_in().await;
    assert_eq!(bob.event("streamid_user_name").await, json!({ "stream_id": "early", "name": ann.name }));
}

async fn only_who_asks_for_additions_gets_them(site: Site) {
    let room = make_room(site.here()).await;
    let mut old = Visitor::come(site.there(), &room).await;
    old.publish(json!({ "audio": true, "video": true }), "old").await;
    let mut ann = Visitor::come(site.here(), &room).await;
    ann.order("media_request", json!({ "audio": true, "video": false, "v": 2 })).await;
    assert_eq!(ann.event("ice_servers").await, json!([]));
    let offer = ann.offered().await;
    assert!(offer["connection"].is_u64() && offer["offer"].is_u64());
    assert_eq!(offer["lines"][0]["source"], "microphone");
    ann.answer(&offer, "new").await;
    let is_told = |frame: &Value| {
        let of = |participant: &Value| participant["name"] == old.name.as_str() && participant["tracks"][0]["stream_id"] == "old";
        frame["data"]["event"] == "tracks_changed" && frame["data"]["data"]["participants"].as_array().unwrap().iter().any(of)
    };
    let told = ann.wire.expect("the tracks", is_told).await["data"]["data"].clone();
    let participants = told["participants"].as_array().unwrap();
    let own = participants.iter().find(|participant| participant["id"] == ann.id).expect("oneself is among them");
    assert_eq!(own["name"], ann.name.as_str());

    ann.order("mute", json!({ "muted": ["microphone"] })).await;
    let is_muted = |frame: &Value| {
        let of = |participant: &Value| participant["tracks"].as_array().unwrap().iter().any(|track| track["muted"] == true);
        frame["data"]["event"] == "tracks_changed" && frame["data"]["data"]["participants"].as_array().unwrap().iter().any(of)
    };
    ann.wire.expect("the silence", is_muted).await;
    ann.order("subscribe", json!({ "stream_id": "old", "quality": "low" })).await;
    ann.order("share_screen", json!({ "on": true })).await;
    loop {
        let offer = ann.offered().await;
        ann.answer(&offer, "screen").await;
        if offer["lines"].as_array().unwrap().iter().any(|line| line["source"] == "screen") {
            break;
        }
    }
    ann.order("restart_media", Value::Null).await;
    loop {
        let another = ann.offered().await;
        if another["connection"].as_u64() > offer["connection"].as_u64() {
            break;
        }
    }
    for (order, details) in [
        ("subscribe", json!({ "stream_id": "nobody's", "quality": "low" })),
        ("subscribe", json!({ "stream_id": "old", "quality": "best" })),
        ("mute", json!({ "muted": "microphone" })),
        ("share_screen", json!({})),
    ] {
        ann.order(order, details).await;
        assert_eq!(ann.error().await.0, 400, "{order}");
    }
    ann.order("leave_media", Value::Null).await;
    assert_eq!(ann.event("media_left").await, json!({}));
    for order in ["mute", "share_screen", "subscribe", "leave_media", "restart_media"] {
        ann.order(order, json!({})).await;
        old.order(order, json!({})).await;
        assert_eq!((ann.error().await.0, old.error().await.0), (400, 400), "{order}");
    }
    let names: BTreeSet<String> =
        old.wire.received().iter().filter(|frame| frame["type"] == "event").map(|frame| text(&frame["data"]["event"])).collect();
    assert!(names.iter().all(|name| ORIGINAL.contains(&name.as_str())), "{names:?}");
}

async fn what_is_published_changes_on_demand(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::come(site.there(), &room).await;
    let first = ann.publish(json!({ "audio": true, "video": false }), "one").await;
    ann.order("media_request", json!({ "audio": true, "video": true })).await;
    let second = ann.offered().await;
    let of = |offer: &Value, name: &str| values(sdp(offer), name).into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(of(&second, "ice-ufrag")[0], of(&first, "ice-ufrag")[0], "the same connection");
    assert!(of(&second, "mid").starts_with(&of(&first, "mid")), "with one more line");
    assert_eq!(sdp(&second).matches("\r\nm=video").count(), 1);
}

async fn without_media_there_is_nothing_to_answer(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::come(site.here(), &room).await;
    let answer = json!(json!({ "type": "answer", "sdp": "v=0\r\n" }).to_string());
    for (order, details) in [("answer", answer.clone()), ("candidate", json!("{}")), ("identify_streamid", json!("x"))] {
        ann.order(order, details).await;
        assert_eq!(ann.error().await.0, 400, "{order}");
    }
    for bad in [json!({ "audio": 1 }), json!({ "audio": "yes" }), json!([true, true]), json!("x"), Value::Null, json!({ "v": "2" })] {
        ann.order("media_request", bad).await;
        assert_eq!(ann.error().await.0, 400);
    }
    ann.order("media_request", json!({ "audio": true, "video": true })).await;
    ann.offered().await;
    for bad in [json!({}), json!("{"), json!("[]"), json!("7"), json!({ "type": "answer", "sdp": "v=0" }), json!(""), Value::Null] {
        ann.order("answer", bad).await;
        assert_eq!(ann.error().await.0, 400);
    }
    for bad in [r#"{"type":"offer","sdp":"v=0"}"#, r#"{"type":"answer"}"#, r#"{"type":"answer","sdp":7}"#, r#"{"type":"answer","sdp":"x"}"#]
    {
        ann.order("answer", json!(bad)).await;
        assert_eq!(ann.error().await.0, 400, "{bad}");
    }
    for bad in [json!({}), json!("{"), json!("[]"), json!(r#"{"candidate":7}"#)] {
        ann.order("candidate", bad).await;
        assert_eq!(ann.error().await.0, 400);
    }
    // One that is an answer, but not to this offer.
    ann.order("answer", answer.clone()).await;
    assert_eq!(ann.error().await.0, 400);
    ann.guests().await;
    assert!(ann.wire.is_open());
}

async fn who_is_gone_has_left_the_video(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::come(site.here(), &room).await;
    ann.order("media_request", json!({ "audio": false, "video": false, "v": 2 })).await;
    let there = |count: usize| {
        move |frame: &Value| {
            frame["data"]["event"] == "tracks_changed" && frame["data"]["data"]["participants"].as_array().unwrap().len() == count
        }
    };
    ann.wire.expect("alone", there(1)).await;
    let mut bob = Visitor::come(site.there(), &room).await;
    bob.publish(json!({ "audio": true, "video": false }), "bob").await;
    ann.wire.expect("both", there(2)).await;
    bob.wire.close().await;
    ann.wire.expect("alone again", there(1)).await;
    // Another login does not end it.
    let mut carol = Visitor::member(site.there(), &room, "carol").await;
    let mut dave = Visitor::come(site.there(), &room).await;
    dave.publish(json!({ "audio": true, "video": false }), "dave").await;
    ann.wire.expect("both", there(2)).await;
    // Its own node has to know of the stream, or there is none to be called otherwise.
    let known = async {
        loop {
            dave.order("identify_streamid", json!("dave")).await;
            let answer = |frame: &Value| is_event(frame, "streamid_user_name") || is_event(frame, "error");
            if is_event(&dave.wire.expect("who publishes it", answer).await, "streamid_user_name") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::support::client::PATIENCE, known).await.expect("the stream is known");
    dave.order("validate_user_name_password", json!({ "name": "carol", "password": PASSWORD })).await;
    dave.logged_in().await;
    assert_eq!(carol.event("streamid_user_name").await, json!({ "stream_id": "dave", "name": "carol" }));
    carol.guests().await;
}

async fn an_answer_may_be_long(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::come(site.here(), &room).await;
    let long = json!(json!({ "type": "answer", "sdp": format!("v=0\r\n{}", "x".repeat(9_000)) }).to_string());
    ann.order("answer", long.clone()).await;
    assert_eq!(ann.error().await.0, 413, "not of one who has nothing to answer");
    ann.order("media_request", json!({ "audio": true, "video": true })).await;
    ann.offered().await;
    ann.order("answer", long).await;
    assert_eq!(ann.error().await.0, 400, "it is looked at");
    ann.say(&"x".repeat(9_000)).await;
    assert_eq!(ann.error().await.0, 413);
}

/// The media node dies under clients that have one connection for good.
mod three_nodes {
    use super::*;

    #[tokio::test]
    async fn the_original_client_goes_on_with_its_only_connection() {
        let redis = tokio::task::spawn_blocking(RedisServer::start).await.unwrap();
        let node = |role: &'static str| {
            let settings = Settings::redis(&redis.url()).with("ROLE", role);
            async move { Node::start(&settings).await }
        };
        let (chat, one, other) = tokio::join!(node("chat"), node("media"), node("media"));
        let room = make_room(&chat).await;
        let mut ann = Visitor::come(&chat, &room).await;
        let before = ann.publish(json!({ "audio": true, "video": true }), "stream-of-ann").await;
        let mut bob = Visitor::come(&chat, &room).await;
        bob.order("media_request", json!({ "audio": true, "video": false })).await;
        // He does not answer: he owes it.
        let owed = bob.offered().await;
        let serving = loop {
            match (one.metric("rialto_media_rooms").await, other.metric("rialto_media_rooms").await) {
                (1.0, 0.0) => break &one,
                (0.0, 1.0) => break &other,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        serving.kill9();
        let of = |offer: &Value, name: &str| values(sdp(offer), name).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let moved = |client: &Visitor, before: &Value| {
            let old = of(before, "ice-ufrag")[0].clone();
            let mut offers = client.all("offer").into_iter().map(|offer| serde_json::from_str::<Value>(offer.as_str().unwrap()).unwrap());
            offers.rfind(|offer| of(offer, "ice-ufrag")[0] != old)
        };
        for (client, before) in [(&ann, &before), (&bob, &owed)] {
            client.wire.until("an offer of the other media node", |_| moved(client, before).is_some()).await;
            let after = moved(client, before).unwrap();
            assert!(of(&after, "mid").starts_with(&of(before, "mid")), "the lines keep their places");
            assert_ne!(of(&after, "fingerprint")[0], of(before, "fingerprint")[0]);
            let origin = |offer: &Value| sdp(offer).lines().nth(1).unwrap().split(' ').nth(1).unwrap().to_owned();
            assert_eq!(origin(&after), origin(before), "it is the same session");
        }
        // What he owed to the dead one is of no use, whatever it says; then he is asked again, and answers.
        let sent = bob.all("offer").len();
        bob.order("answer", json!(json!({ "type": "answer", "sdp": "v=0\r\nowed" }).to_string())).await;
        bob.wire.until("he is offered it again", |_| bob.all("offer").len() > sent).await;
        assert_eq!(bob.all("error"), Vec::<Value>::new());
        let again = moved(&bob, &owed).unwrap();
        bob.answer(&again, "stream-of-bob").await;
        // Her tracks come to him at the other node: she answers whatever she is offered.
        let mut answered = moved(&ann, &before).unwrap();
        ann.answer(&answered, "stream-of-ann").await;
        let heard = |client: &Visitor, what: &str| client.all("offer").iter().any(|offer| offer.as_str().unwrap().contains(what));
        let everything = async {
            while !heard(&ann, "msid:stream-of-bob") {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let newest = moved(&ann, &before).unwrap();
                if newest != answered {
                    answered = newest;
                    ann.answer(&answered, "stream-of-ann").await;
                }
            }
        };
        tokio::time::timeout(crate::support::client::PATIENCE, everything).await.expect("his stream is offered to her");
    }

    #[tokio::test]
    async fn without_a_media_node_nobody_waits_for_long() {
        let redis = tokio::task::spawn_blocking(RedisServer::start).await.unwrap();
        let chat = Node::start(&Settings::redis(&redis.url()).with("ROLE", "chat")).await;
        let room = make_room(&chat).await;
        let mut ann = Visitor::come(&chat, &room).await;
        let asked = Instant::now();
        ann.order("media_request", json!({ "audio": true, "video": true })).await;
        assert_eq!(ann.error().await.0, 503);
        assert!(asked.elapsed() < PATIENCE * 2, "it took {:?}", asked.elapsed());
        let _media = Node::start(&Settings::redis(&redis.url()).with("ROLE", "media")).await;
        // A chat node may take some seconds to hear of it, as long as somebody who asks is willing to wait.
        let offered = async {
            loop {
                ann.order("media_request", json!({ "audio": true, "video": true })).await;
                let answer = |frame: &Value| is_event(frame, "offer") || is_event(frame, "error");
                let answer = ann.wire.expect("an answer", answer).await;
                if is_event(&answer, "offer") {
                    return;
                }
                assert_eq!(answer["data"]["data"]["status_code"], 503);
            }
        };
        tokio::time::timeout(Duration::from_secs(40), offered).await.expect("the media node is found");
    }
}
