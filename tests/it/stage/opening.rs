//! From the connection to the room.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::visitor::{PASSWORD, Visitor, connect, event, make_room};
use crate::chat::site::Site;
use crate::support::client::{Client, text};

everywhere!(
    without_a_known_room_a_new_one_is_made,
    a_known_room_is_opened_on_any_node,
    who_comes_in_is_told_what_was_said_and_who_is_there,
    one_address_makes_so_many_rooms with [("RATE_ROOMS", "3/1h")],
    an_unused_room_goes with [("ROOM_IDLE_SECONDS", "8")],
    the_protocol_has_a_path_of_its_own with [("MOUNTS", "/show=stage,/chat=chat")],
);

async fn without_a_known_room_a_new_one_is_made(site: Site) {
    let mut rooms = HashSet::new();
    let queries =
        ["", "?", "?room", "?room=", "?room=abc", "?room=-1", "?room=0", "?room=1.5", "?room=12345", "?Room=1", "?x=%ff&room=%00"];
    for query in queries {
        let wire = connect(site.here(), query).await;
        let room = text(&event(&wire, "created_room").await);
        assert_eq!(wire.closed().await.0, 1000);
        assert_eq!(wire.received().len(), 1, "nothing but the room's number");
        assert!((1..1 << 53).contains(&room.parse::<u64>().unwrap()));
        rooms.insert(room);
    }
    assert_eq!(rooms.len(), queries.len());
    let numbers = rooms.iter().map(|room| room.parse::<u64>().unwrap());
    assert!(numbers.max().unwrap() > 1 << 45, "they are all over the range");
}

async fn a_known_room_is_opened_on_any_node(site: Site) {
    let room = make_room(site.here()).await;
    for node in [site.here(), site.there()] {
        let visitor = Visitor::enter(node, &room).await;
        assert_eq!(visitor.joined, json!({ "room_id": room.parse::<u64>().unwrap(), "chat_log": [], "visitors": [] }));
        let kinds: Vec<_> = visitor.wire.received().iter().map(|frame| frame["type"].clone()).collect();
        assert_eq!(kinds, ["event", "question"]);
    }
    let other = make_room(site.there()).await;
    let mut here = Visitor::come(site.here(), &room).await;
    let mut elsewhere = Visitor::come(site.here(), &other).await;
    here.say("to this room").await;
    here.hears("to this room").await;
    assert_eq!(elsewhere.guests().await, [elsewhere.card()]);
    assert_eq!(elsewhere.all("user_message"), Vec::<Value>::new());
}

async fn who_comes_in_is_told_what_was_said_and_who_is_there(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::member(site.here(), &room, "ann").await;
    let mut bob = Visitor::come(site.there(), &room).await;
    for number in 0..60 {
        for (visitor, letter) in [(&mut ann, 'a'), (&mut bob, 'b')] {
            visitor.say(&format!("{letter}{number}")).await;
            visitor.hears(&format!("{letter}{number}")).await;
        }
    }
    let late = Visitor::enter(site.there(), &room).await;
    let log = late.joined["chat_log"].as_array().unwrap();
    let texts: Vec<_> = log.iter().map(|message| text(&message["text"])).collect();
    assert_eq!(texts, (10..60).flat_map(|number| [format!("a{number}"), format!("b{number}")]).collect::<Vec<_>>());
    assert_eq!(log[98], json!({ "text": "a59", "from_user_name": "ann", "from_user_id": ann.id, "user_verified": true }));
    assert_eq!(log[99], json!({ "text": "b59", "from_user_name": bob.name, "from_user_id": bob.id, "user_verified": false }));
    assert_eq!(late.joined["visitors"], json!([ann.card(), bob.card()]));

    // Who is not logged in hears what is said all the same, and is no visitor.
    ann.say("who is there?").await;
    late.hears("who is there?").await;
    assert_eq!(bob.guests().await, [ann.card(), bob.card()]);

    // What was said stays under the number; the name is today's.
    ann.order("set_user_name", json!({ "name": "Anna" })).await;
    ann.event("user_name_change").await;
    let later = Visitor::enter(site.here(), &room).await;
    assert_eq!(later.joined["chat_log"][99]["from_user_name"], "Anna");
    assert_eq!(later.joined["visitors"][0], json!({ "id": ann.id, "name": "Anna" }));
}

async fn one_address_makes_so_many_rooms(site: Site) {
    let room = make_room(site.here()).await;
    make_room(site.there()).await;
    make_room(site.here()).await;
    for node in [site.here(), site.there()] {
        let wire = connect(node, "?room=abc").await;
        assert_eq!(event(&wire, "error").await["status_code"], 429);
        assert_eq!(wire.closed().await.0, 1008);
    }
    // Rooms that are there are open to everybody.
    Visitor::enter(site.there(), &room).await;
}

async fn an_unused_room_goes(site: Site) {
    /// Longer than an unused room stays.
    const IDLE: Duration = Duration::from_millis(8_500);
    let (used, left, unused) = (make_room(site.here()).await, make_room(site.here()).await, make_room(site.here()).await);
    let bob = Visitor::come(site.there(), &left).await;
    bob.wire.close().await;
    let mut ann = Visitor::come(site.here(), &used).await;
    ann.say("still here").await;
    // Each attempt makes another room, and none of them is this one.
    let gone = async |room: &str| {
        let wire = connect(site.there(), &format!("?room={room}")).await;
        wire.until("an answer", |received| !received.is_empty()).await;
        wire.received()[0]["data"]["event"] == "created_room"
    };
    // What is asked for is used: the other two are left alone meanwhile.
    let begun = Instant::now();
    while begun.elapsed() < IDLE {
        ann.guests().await;
        sleep(Duration::from_millis(20)).await;
    }
    assert!(gone(&unused).await);
    let late = Visitor::enter(site.there(), &used).await;
    assert_eq!(late.joined["chat_log"][0]["text"], "still here");
    // A node that stood still noticed late that he went.
    while !gone(&left).await {
        assert!(begun.elapsed() < IDLE * 9, "the room stays");
        sleep(IDLE).await;
    }
}

async fn the_protocol_has_a_path_of_its_own(site: Site) {
    let wire = Client::open_at(site.here().address(), "/show?room=1", None).await.unwrap();
    event(&wire, "created_room").await;
    let wire = Client::open_at(site.there().address(), "/chat", None).await.unwrap();
    wire.expect_type("ready").await;
}

#[tokio::test]
async fn rooms_and_what_was_said_survive_kill_9() {
    let mut site = Site::embedded(&[]).await;
    let room = make_room(site.here()).await;
    let mut ann = Visitor::member(site.here(), &room, "ann").await;
    ann.say("remember this").await;
    ann.hears("remember this").await;
    site.nodes[0].kill9();
    let node = site.nodes[0].again().await;
    site.nodes = vec![node];
    let mut back = Visitor::enter(site.here(), &room).await;
    assert_eq!(back.joined["chat_log"][0]["text"], "remember this");
    assert_eq!(back.joined["visitors"], json!([]), "nobody is a ghost");
    back.order("validate_user_name_password", json!({ "name": "ann", "password": PASSWORD })).await;
    back.logged_in().await;
    assert_eq!(back.id, ann.id);
}
