//! Calls as clients see them who answer no offers: who is in which, and what is offered to them. (+)

use serde_json::{Value, json};

use super::site::Site;
use crate::support::client::Client;

everywhere!(
    who_is_in_no_call_is_told_so,
    what_is_no_call_cannot_be_joined,
    people_in_a_call_are_shown_to_each_other_and_to_the_channel,
    a_call_of_two_is_named_by_either_end,
    who_comes_later_sees_that_there_is_a_call,
    a_room_with_a_name_needs_no_channel,
    a_session_is_in_one_call_at_a_time,
    who_is_gone_has_left_the_call,
    another_connection_is_offered_on_demand,
    a_full_call_takes_nobody_else with [("MEDIA_MAX_PARTICIPANTS", "2")],
    an_answer_may_be_long with [("MAX_FRAME_BYTES", "4096")],
    turn_credentials_are_ones_own with [
        ("STUN_HOST", "stun.example.org"), ("TURN_HOST", "2001:db8::7"), ("TURN_PORT", "443"), ("TURN_STATIC_AUTH_SECRET", "of the site")
    ],
);

async fn who_is_in_no_call_is_told_so(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let (participant, answer) = (ann.session().to_owned(), json!({ "type": "answer", "sdp": "v=0\r\n", "connection": 1, "offer": 1 }));
    for (kind, payload) in [
        ("callAnswer", answer.clone()),
        ("callCandidate", json!({ "candidate": "" })),
        ("callPublish", json!({ "source": "camera", "on": true })),
        ("callState", json!({ "hand": true })),
        ("callSubscribe", json!({ "participant": participant, "source": "camera", "height": 360 })),
        ("callRestart", json!({})),
    ] {
        let refused = ann.request(kind, payload).await;
        assert_eq!((&refused["error"]["code"], &refused["error"]["error"]), (&json!(16), &json!("not in a call")), "{kind}");
    }
    assert_eq!(ann.ask("callLeave", json!({})).await, json!({}));
    let mut nobody = Client::connect(site.here()).await;
    assert_eq!(nobody.refused("callJoin", json!({})).await, 14);
    assert_eq!(nobody.refused("callAnswer", answer).await, 14);
}

async fn what_is_no_call_cannot_be_joined(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    for bad in ["", "a b", "../a", "café", &"x".repeat(65)] {
        assert_eq!(ann.refused("callJoin", json!({ "room": bad })).await, 16, "{bad:?}");
    }
    for bad in [json!({ "recipientUUID": "bob" }), json!({ "muted": "camera" }), json!({ "audio": 1 })] {
        assert_eq!(ann.refused("callJoin", bad).await, 16);
    }
    assert_eq!(ann.refused("callJoin", json!({ "recipientUUID": "00000000-0000-4000-8000-000000000000" })).await, 10);
    bob.ask("block", json!({ "userUUID": ann.uuid(), "on": true })).await;
    assert_eq!(ann.refused("callJoin", json!({ "recipientUUID": bob.uuid() })).await, 18);
    assert_eq!(ann.refused("callState", json!({ "hand": true })).await, 16, "she is in none of them");
}

async fn people_in_a_call_are_shown_to_each_other_and_to_the_channel(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    let mut eve = Client::guest(site.there()).await;
    eve.watch(json!({ "recipientUUIDs": [""] })).await;
    let joined = ann.call(json!({ "recipientUUID": "", "audio": true, "muted": ["microphone"] })).await;
    assert_eq!((&joined["recipientUUID"], &joined["participant"], &joined["mode"]), (&json!(""), &json!(ann.session()), &json!("sfu")));
    assert_eq!(joined["iceServers"], json!([]));
    let offer = ann.offered().await;
    assert!(offer["sdp"].as_str().unwrap().starts_with("v=0\r\n"), "{offer}");
    assert_eq!((&offer["type"], &offer["lines"][0]["source"]), (&json!("offer"), &json!("microphone")));
    eve.sees_in_call("", &[&ann]).await;

    let joined = bob.call(json!({ "video": true })).await;
    assert_eq!(joined["participants"].as_array().unwrap().len(), 2);
    let offer = bob.offered().await;
    assert_eq!(offer["lines"][0]["source"], "camera");
    let tracks = ann.expect("both are there", |v| v["callTracks"]["participants"].as_array().is_some_and(|all| all.len() == 2)).await;
    assert!(one_of(&tracks, &ann).is_some());
    assert_eq!(one_of(&tracks, &bob).unwrap()["user"], json!({ "UUID": bob.uuid(), "Username": bob.name(), "OnLine": true }));
    eve.sees_in_call("", &[&ann, &bob]).await;

    bob.ask("callState", json!({ "hand": true, "reaction": "👋" })).await;
    ann.expect("a hand", |v| one_of(v, &bob).is_some_and(|bob| bob["hand"] == true)).await;
    ann.expect("a reaction", |v| v["callState"] == json!({ "participant": bob.session(), "reaction": "👋" })).await;
    assert_eq!(bob.refused("callState", json!({ "reaction": "x" })).await, 16);

    ann.ask("callLeave", json!({})).await;
    eve.sees_in_call("", &[&bob]).await;
    bob.expect("alone", |v| v["callTracks"]["participants"].as_array().is_some_and(|all| all.len() == 1)).await;
    bob.ask("callLeave", json!({})).await;
    eve.sees_in_call("", &[]).await;
}

/// What `callTracks` says of a participant, whose place among them may change when a call moves.
fn one_of<'a>(tracks: &'a Value, who: &Client) -> Option<&'a Value> {
    tracks["callTracks"]["participants"].as_array()?.iter().find(|one| one["participant"] == who.session())
}

async fn a_call_of_two_is_named_by_either_end(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    ann.watch(json!({ "all": true })).await;
    bob.watch(json!({ "all": true })).await;
    // They have never written to each other.
    let joined = ann.call(json!({ "recipientUUID": bob.uuid() })).await;
    assert_eq!(joined["recipientUUID"], bob.uuid().as_str());
    bob.sees_in_call(&ann.uuid(), &[&ann]).await;
    ann.sees_in_call(&bob.uuid(), &[&ann]).await;
    bob.call(json!({ "recipientUUID": ann.uuid() })).await;
    ann.sees_in_call(&bob.uuid(), &[&ann, &bob]).await;
}

async fn who_comes_later_sees_that_there_is_a_call(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    ann.watch(json!({ "recipientUUIDs": [""] })).await;
    ann.call(json!({})).await;
    ann.sees_in_call("", &[&ann]).await;
    let expected = json!({ "participants": [{ "UUID": ann.uuid(), "Username": ann.name(), "OnLine": true }] });
    let mut bob = Client::guest(site.there()).await;
    let channels = bob.watch(json!({ "recipientUUIDs": ["", ann.uuid()] })).await;
    let of = |recipient: &str| channels.iter().find(|channel| channel["recipientUUID"] == recipient).unwrap();
    assert_eq!((&of("")["call"], of(&ann.uuid()).get("call")), (&expected, None));
    assert_eq!(bob.ask("channelJoin", json!({})).await["call"], expected);
    ann.ask("callLeave", json!({})).await;
    bob.sees_in_call("", &[]).await;
    assert_eq!(bob.ask("channelJoin", json!({})).await.get("call"), None);
}

async fn a_room_with_a_name_needs_no_channel(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    let joined = ann.call(json!({ "room": "weekly_1-A" })).await;
    assert_eq!((&joined["room"], joined.get("recipientUUID")), (&json!("weekly_1-A"), None));
    assert_eq!(bob.call(json!({ "room": "weekly_1-A" })).await["participants"].as_array().unwrap().len(), 2);
    assert_eq!(bob.call(json!({ "room": "weekly_1-a" })).await["participants"].as_array().unwrap().len(), 1);
}

async fn a_session_is_in_one_call_at_a_time(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut eve = Client::guest(site.there()).await;
    eve.watch(json!({ "recipientUUIDs": [""] })).await;
    ann.call(json!({ "audio": true })).await;
    let first = ann.offered().await;
    eve.sees_in_call("", &[&ann]).await;
    ann.call(json!({ "room": "elsewhere", "audio": true })).await;
    let second = ann.offered().await;
    eve.sees_in_call("", &[]).await;
    let number = |offer: &Value, of: &str| offer[of].as_u64().unwrap();
    assert!(number(&second, "connection") > number(&first, "connection") && number(&second, "offer") > number(&first, "offer"));
    // One that nobody waits for any more is answered all the same.
    for _ in 0..2 {
        ann.send_json(json!({ "type": "callJoin", "callJoin": { "room": "third" }, "id": "early" })).await;
    }
    ann.call(json!({})).await;
    for _ in 0..2 {
        let answer = ann.expect("an answer", |v| v["id"] == "early").await;
        assert!(answer["type"] == "callJoined" || answer["error"]["code"] == 11, "{answer}");
    }
    eve.sees_in_call("", &[&ann]).await;
}

async fn who_is_gone_has_left_the_call(site: Site) {
    let mut eve = Client::guest(site.there()).await;
    eve.watch(json!({ "recipientUUIDs": [""] })).await;
    let mut ann = Client::guest(site.here()).await;
    ann.call(json!({})).await;
    eve.sees_in_call("", &[&ann]).await;
    ann.ask("signOut", json!({})).await;
    eve.sees_in_call("", &[]).await;
    let mut bob = Client::guest(site.here()).await;
    bob.call(json!({})).await;
    eve.sees_in_call("", &[&bob]).await;
    bob.close().await;
    eve.sees_in_call("", &[]).await;
    // A connection that breaks.
    let mut carol = Client::guest(site.here()).await;
    carol.call(json!({})).await;
    eve.sees_in_call("", &[&carol]).await;
    drop(carol);
    eve.sees_in_call("", &[]).await;
}

async fn another_connection_is_offered_on_demand(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    ann.call(json!({ "audio": true })).await;
    let first = ann.offered().await;
    ann.ask("callRestart", json!({})).await;
    let mut second = ann.offered().await;
    assert!(second["connection"].as_u64() > first["connection"].as_u64());
    let ufrag = |offer: &Value| offer["sdp"].as_str().unwrap().lines().find(|line| line.starts_with("a=ice-ufrag:")).unwrap().to_owned();
    assert_ne!(ufrag(&first), ufrag(&second));
    let answer =
        |offer: &Value, sdp: &str| json!({ "type": "answer", "sdp": sdp, "connection": offer["connection"], "offer": offer["offer"] });
    // An answer to the first is late, one that is none is refused. The second is late, too, if the call has moved meanwhile.
    ann.ask("callAnswer", answer(&first, "v=0\r\n")).await;
    loop {
        ann.ask("callAnswer", answer(&second, "v=0\r\n")).await;
        let told = ann.expect("a refusal, or a later offer", |v| v["type"] == "error" || v["type"] == "callOffer").await;
        if told["type"] == "error" {
            assert_eq!(told["error"]["code"], 16);
            break;
        }
        second = told["callOffer"].clone();
    }
    assert_eq!(ann.refused("callAnswer", answer(&second, "hello")).await, 16);
    ann.ask("callCandidate", json!({ "candidate": "", "sdpMid": "0", "sdpMLineIndex": 0 })).await;
    assert_eq!(ann.refused("callCandidate", json!({ "sdpMLineIndex": "0" })).await, 16);
}

async fn a_full_call_takes_nobody_else(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    let mut eve = Client::guest(site.there()).await;
    ann.call(json!({})).await;
    bob.call(json!({})).await;
    assert_eq!(eve.refused("callJoin", json!({})).await, 11);
    assert_eq!(eve.refused("callState", json!({ "hand": true })).await, 16);
    bob.ask("callLeave", json!({})).await;
    eve.call(json!({})).await;
}

async fn an_answer_may_be_long(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let long = |length: usize| json!({ "type": "answer", "sdp": format!("v=0\r\n{}", "x".repeat(length)), "connection": 0, "offer": 0 });
    // Not of one who has nothing to answer.
    ann.send("callAnswer", long(5_000)).await;
    assert_eq!(ann.expect_error().await, (16, json!("")));
    ann.call(json!({})).await;
    ann.ask("callAnswer", long(5_000)).await;
    ann.ask("callAnswer", long(14_000)).await;
    ann.send("callState", json!({ "muted": [], "padding": "x".repeat(5_000) })).await;
    assert_eq!(ann.expect_error().await.0, 16);
    ann.send("callAnswer", long(20_000)).await;
    assert_eq!(ann.closed().await.0, 1009);
}

async fn turn_credentials_are_ones_own(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    let servers = ann.call(json!({})).await["iceServers"].clone();
    assert_eq!(servers[0], json!({ "urls": ["stun:stun.example.org:3478"] }));
    let urls = ["turn:[2001:db8::7]:443?transport=udp", "turn:[2001:db8::7]:443?transport=tcp"];
    assert_eq!(servers[1]["urls"], json!(urls));
    let name = servers[1]["username"].as_str().unwrap();
    let (until, user) = name.split_once(':').unwrap();
    assert_eq!(user, ann.uuid());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let left = until.parse::<u64>().unwrap() - now;
    assert!((11 * 3600..=12 * 3600).contains(&left), "{left} s");
    let others = bob.call(json!({})).await["iceServers"].clone();
    assert_ne!(others[1]["credential"], servers[1]["credential"]);
    for node in &site.nodes {
        assert!(node.log().iter().all(|line| !line.contains(servers[1]["credential"].as_str().unwrap())));
    }
}
