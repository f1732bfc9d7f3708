//! Messages that change after they were written: edits, deletions, reactions. (+)

use serde_json::{Value, json};

use super::site::Site;
use crate::support::client::{Client, seqs, text};

everywhere!(
    authors_change_their_own_messages,
    moderators_change_messages_in_general_only with [("MODERATORS", "mia, max")],
    reactions_are_set_and_taken_back,
    what_cannot_be_changed_is_refused,
);

async fn authors_change_their_own_messages(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    ann.ask("channelJoin", json!({})).await;
    bob.ask("channelJoin", json!({})).await;
    let said = ann.say("", "helo").await;
    ann.ask("editMessage", json!({ "recipientUUID": "", "seq": 1, "message": "hello" })).await;
    for client in [&ann, &bob] {
        let changed = client.expect_type("messageChanged").await["messageChanged"].clone();
        assert!(text(&changed["EditedAt"]).ends_with('Z'));
        for field in ["UUID", "Seq", "SenderUUID", "CreatedAt"] {
            assert_eq!(changed[field], said[field], "{field}");
        }
        assert_eq!((&changed["Message"], changed.get("DeletedAt")), (&json!("hello"), None));
    }
    for (kind, payload) in [("editMessage", json!({ "seq": 1, "message": "forged" })), ("deleteMessage", json!({ "seq": 1 }))] {
        assert_eq!(bob.refused(kind, payload).await, 18);
    }
    ann.ask("deleteMessage", json!({ "seq": 1 })).await;
    let changed = bob.expect_type("messageChanged").await["messageChanged"].clone();
    assert_eq!((&changed["Message"], &changed["Seq"]), (&json!(""), &json!(1)));
    assert!(text(&changed["DeletedAt"]).ends_with('Z'));
    assert_eq!(seqs(&[bob.say("", "next").await]), [2], "changes take no number");
    let history = bob.ask("channelHistory", json!({})).await["messages"].clone();
    assert_eq!((&history[0]["Message"], &history[0]["DeletedAt"]), (&json!(""), &changed["DeletedAt"]));
    assert_eq!(ann.refused("editMessage", json!({ "seq": 1, "message": "back" })).await, 7, "gone is gone");

    // In a direct channel it is the same.
    ann.say(&bob.uuid(), "psst").await;
    assert_eq!(bob.refused("deleteMessage", json!({ "recipientUUID": ann.uuid(), "seq": 1 })).await, 18);
    bob.ask("channelJoin", json!({ "recipientUUID": ann.uuid() })).await;
    ann.ask("editMessage", json!({ "recipientUUID": bob.uuid(), "seq": 1, "message": "psst!" })).await;
    bob.expect("the edit", |v| v["messageChanged"]["Message"] == "psst!").await;
}

async fn moderators_change_messages_in_general_only(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.here()).await;
    let mut mia = Client::sign_in(site.there(), "Mia", "secret of mia").await;
    ann.ask("channelJoin", json!({})).await;
    ann.say("", "rude words").await;
    mia.ask("editMessage", json!({ "seq": 1, "message": "kind words" })).await;
    let changed = ann.expect_type("messageChanged").await["messageChanged"].clone();
    assert_eq!((&changed["Message"], &changed["SenderUUID"]), (&json!("kind words"), &json!(ann.uuid())));
    mia.ask("deleteMessage", json!({ "seq": 1 })).await;
    ann.expect("the deletion", |v| v["messageChanged"]["Message"] == "").await;

    ann.say(&mia.uuid(), "for your eyes").await;
    assert_eq!(mia.refused("editMessage", json!({ "recipientUUID": ann.uuid(), "seq": 1, "message": "forged" })).await, 18);
    ann.say(&bob.uuid(), "not for yours").await;
    // There is no way to name another's direct channel: this one would be her own with bob.
    assert_eq!(mia.refused("deleteMessage", json!({ "recipientUUID": bob.uuid(), "seq": 1 })).await, 7);
    let history = bob.ask("channelHistory", json!({ "recipientUUID": ann.uuid() })).await;
    assert_eq!(history["messages"][0]["Message"], "not for yours");
}

async fn reactions_are_set_and_taken_back(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::guest(site.there()).await;
    ann.ask("channelJoin", json!({})).await;
    bob.ask("channelJoin", json!({})).await;
    bob.say("", "look").await;
    let react = |on: bool| json!({ "recipientUUID": "", "seq": 1, "emoji": "👍", "on": on });
    ann.ask("react", react(true)).await;
    let told = bob.expect_type("reacted").await["reacted"].clone();
    let user = json!({ "UUID": ann.uuid(), "Username": "ann", "OnLine": true });
    assert_eq!(told, json!({ "recipientUUID": "", "seq": 1, "emoji": "👍", "on": true, "user": user }));
    bob.ask("react", react(true)).await;
    ann.ask("react", react(true)).await;
    let history = bob.ask("channelHistory", json!({})).await;
    assert_eq!(history["messages"][0]["Reactions"], json!({ "👍": [ann.uuid(), bob.uuid()] }));
    ann.ask("react", react(false)).await;
    bob.expect("taken back", |v| v["reacted"]["on"] == false).await;
    ann.ask("react", react(false)).await;
    bob.ask("react", react(false)).await;
    ann.expect("taken back by bob", |v| v["reacted"]["on"] == false && v["reacted"]["user"]["UUID"] == bob.uuid()).await;
    assert_eq!(ann.received_of("reacted").len(), 4, "what changes nothing is not told");
    assert_eq!(bob.ask("channelHistory", json!({})).await["messages"][0].get("Reactions"), None);
}

async fn what_cannot_be_changed_is_refused(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    ann.say("", "hello").await;
    for seq in [0, 2, 1_000_000] {
        assert_eq!(ann.refused("editMessage", json!({ "seq": seq, "message": "x" })).await, 7);
        assert_eq!(ann.refused("deleteMessage", json!({ "seq": seq })).await, 7);
        assert_eq!(ann.refused("react", json!({ "seq": seq, "emoji": "👍", "on": true })).await, 7);
    }
    let malformed = [
        ("editMessage", json!({ "seq": 1 })),
        ("editMessage", json!({ "message": "x" })),
        ("editMessage", json!({ "seq": 1, "message": "" })),
        ("editMessage", json!({ "seq": "1", "message": "x" })),
        ("deleteMessage", Value::Null),
        ("deleteMessage", json!({ "seq": -1 })),
        ("react", json!({ "seq": 1, "on": true })),
        ("react", json!({ "seq": 1, "emoji": "👍" })),
        ("react", json!({ "seq": 1, "emoji": "", "on": true })),
        ("react", json!({ "seq": 1, "emoji": "👍".repeat(100), "on": true })),
        ("react", json!({ "seq": 1, "emoji": "__proto__", "on": true })),
        ("react", json!({ "seq": 1, "emoji": "👍", "on": "yes" })),
    ];
    for (kind, payload) in malformed {
        assert_eq!(ann.refused(kind, payload.clone()).await, 16, "{kind} {payload}");
    }
}
