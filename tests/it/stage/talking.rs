//! What is said to all, and what to one.

use serde_json::{Value, json};

use super::visitor::{Visitor, make_room};
use crate::chat::site::Site;

everywhere!(
    what_is_said_reaches_everybody_once_in_order,
    a_direct_message_reaches_its_addressee_only,
    an_absent_addressee_is_an_error,
    a_bad_addressee_is_never_everybody,
    guests_are_listed_once,
);

async fn what_is_said_reaches_everybody_once_in_order(site: Site) {
    const EACH: usize = 20;
    let room = make_room(site.here()).await;
    let mut visitors = Vec::new();
    for index in 0..4 {
        visitors.push(Visitor::come(site.any(index), &room).await);
    }
    for number in 0..EACH {
        for (index, visitor) in visitors.iter_mut().enumerate() {
            visitor.say(&format!("{index} {number}")).await;
        }
    }
    let heard = |visitor: &Visitor| visitor.all("user_message");
    for visitor in &visitors {
        visitor.wire.until("everything is heard", |_| heard(visitor).len() >= 4 * EACH).await;
    }
    for visitor in &mut visitors {
        visitor.guests().await;
        assert_eq!(heard(visitor).len(), 4 * EACH);
    }
    let first = heard(&visitors[0]);
    assert!(visitors.iter().all(|visitor| heard(visitor) == first), "in one order");
    for (index, visitor) in visitors.iter().enumerate() {
        let own: Vec<_> = first.iter().filter(|message| message["from_user_id"] == visitor.id).map(|message| &message["text"]).collect();
        assert_eq!(own, (0..EACH).map(|number| json!(format!("{index} {number}"))).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    }
}

async fn a_direct_message_reaches_its_addressee_only(site: Site) {
    let (room, other) = (make_room(site.here()).await, make_room(site.here()).await);
    let mut ann = Visitor::come(site.here(), &room).await;
    let mut witness = Visitor::come(site.there(), &room).await;
    let mut bob = [Visitor::come(site.there(), &room).await];
    let token = bob[0].token.clone();
    let second = Visitor::come_back(site.here(), &room, &token).await;
    let mut elsewhere = Visitor::come_back(site.there(), &other, &token).await;
    for (field, words) in [("toUserID", "for bob"), ("to_user_id", "again for bob")] {
        ann.order("user_message", json!({ "text": words, field: bob[0].id })).await;
        for session in [&bob[0], &second] {
            let heard = session.hears(words).await;
            let expected = json!({
                "text": words, "from_user_name": ann.name, "from_user_id": ann.id, "user_verified": false, "to_user_id": bob[0].id,
            });
            assert_eq!(heard, expected);
        }
    }
    // What is said to all comes behind it on the same ways, and nothing else has come.
    witness.say("to all").await;
    for visitor in [&ann, &witness] {
        visitor.hears("to all").await;
        assert_eq!(visitor.all("user_message").len(), 1);
    }
    elsewhere.guests().await;
    assert_eq!(elsewhere.all("user_message"), Vec::<Value>::new());
    let late = Visitor::come_back(site.here(), &room, &token).await;
    assert_eq!(late.joined["chat_log"].as_array().unwrap().len(), 1);
    let own = ann.id;
    ann.order("user_message", json!({ "text": "note to self", "toUserID": own })).await;
    ann.hears("note to self").await;
    bob[0].guests().await;
}

async fn an_absent_addressee_is_an_error(site: Site) {
    let (room, other) = (make_room(site.here()).await, make_room(site.here()).await);
    let mut ann = Visitor::come(site.here(), &room).await;
    let elsewhere = Visitor::come(site.there(), &other).await;
    let bob = Visitor::come(site.there(), &room).await;
    let gone = bob.id;
    bob.wire.close().await;
    ann.event("user_exited_chat").await;
    for number in [gone, elsewhere.id, 987_654_321, u64::MAX] {
        ann.order("user_message", json!({ "text": "hello?", "toUserID": number })).await;
        assert_eq!(ann.error().await, (400, "user is not present".to_owned()));
    }
    ann.guests().await;
    assert_eq!(ann.all("user_message"), Vec::<Value>::new());
}

async fn a_bad_addressee_is_never_everybody(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::come(site.here(), &room).await;
    let witness = Visitor::come(site.there(), &room).await;
    for to in ["-1", "1.5", "\"\"", "\"7\"", "true", "false", "[]", "{}", "1e99", "-0", "99999999999999999999"] {
        for field in ["toUserID", "to_user_id"] {
            ann.wire.send_text(format!(r#"{{"order":"user_message","details":{{"text":"secret","{field}":{to}}}}}"#)).await;
            assert_eq!(ann.error().await.0, 400, "{to}");
        }
    }
    for everybody in [json!({ "text": "one" }), json!({ "text": "two", "toUserID": null }), json!({ "text": "three", "toUserID": 0 })] {
        ann.order("user_message", everybody.clone()).await;
        witness.hears(everybody["text"].as_str().unwrap()).await;
    }
    assert_eq!(witness.all("user_message").len(), 3);
}

async fn guests_are_listed_once(site: Site) {
    let room = make_room(site.here()).await;
    let mut ann = Visitor::come(site.here(), &room).await;
    let _second = Visitor::come_back(site.there(), &room, &ann.token).await;
    let bob = Visitor::come(site.there(), &room).await;
    assert_eq!(ann.guests().await, [ann.card(), bob.card()]);
    let late = Visitor::enter(site.here(), &room).await;
    assert_eq!(late.joined["visitors"], json!([ann.card(), bob.card()]));
}
