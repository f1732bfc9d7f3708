//! Seeing channels without joining them: unread counts, presence, typing, read marks. (+)

use serde_json::{Value, json};

use super::site::Site;
use crate::support::client::{Client, seqs, text, texts};

everywhere!(
    named_channels_are_watched,
    a_strangers_first_message_arrives,
    unread_counts_follow_what_is_written_and_read,
    a_watcher_who_joins_gets_everything_once,
    the_people_in_view_come_and_go,
    typing_is_told_to_the_channel,
    reading_is_told_to_oneself_and_the_peer,
    a_sign_out_ends_watching,
);

async fn named_channels_are_watched(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    bob.say("", "before").await;
    let channels = ann.watch(json!({ "recipientUUIDs": ["", bob.uuid()] })).await;
    assert_eq!(channels.len(), 2);
    let of = |recipient: &str| channels.iter().find(|channel| channel["recipientUUID"] == recipient).unwrap();
    assert_eq!((&of("")["count"], &of("")["seq"], &of("")["last"]["Message"]), (&json!(1), &json!(1), &json!("before")));
    assert_eq!((&of(&bob.uuid())["count"], &of(&bob.uuid())["seq"], of(&bob.uuid()).get("last")), (&json!(0), &json!(0), None));

    bob.say("", "to all").await;
    bob.say(&ann.uuid(), "to ann").await;
    ann.hears("to all").await;
    ann.hears("to ann").await;
    // Each `watch` is the whole list.
    ann.watch(json!({ "recipientUUIDs": [bob.uuid()] })).await;
    bob.say("", "to nobody").await;
    bob.say(&ann.uuid(), "to ann again").await;
    ann.hears("to ann again").await;
    ann.watch(json!({})).await;
    bob.say(&ann.uuid(), "unheard").await;
    let mut eve = Client::guest(site.here()).await;
    eve.watch(json!({ "recipientUUIDs": [""] })).await;
    bob.say("", "still there").await;
    eve.hears("still there").await;
    assert_eq!(texts(&ann.messages()), ["to all", "to ann", "to ann again"]);

    let nobody = "00000000-0000-4000-8000-000000000000";
    for bad in [
        json!({ "recipientUUIDs": [1] }),
        json!({ "recipientUUIDs": "" }),
        json!({ "all": "yes" }),
        json!({ "recipientUUIDs": vec![nobody; 201] }),
    ] {
        assert_eq!(ann.refused("watch", bad).await, 16);
    }
}

async fn a_strangers_first_message_arrives(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    assert_eq!(ann.watch(json!({ "all": true })).await, Vec::<Value>::new());
    let mut bob = Client::guest(site.there()).await;
    for words in ["hello", "I am bob", "and who are you?"] {
        bob.post(&ann.uuid(), words).await;
    }
    ann.hears("and who are you?").await;
    assert_eq!(texts(&ann.messages()), ["hello", "I am bob", "and who are you?"]);
    assert_eq!(seqs(&ann.messages()), [1, 2, 3]);
    // What one begins oneself is seen by one's other sessions.
    let mut elsewhere = Client::resume(site.there(), &ann.account()).await;
    elsewhere.watch(json!({ "all": true })).await;
    let carol = Client::guest(site.there()).await;
    ann.say(&carol.uuid(), "hello, carol").await;
    elsewhere.hears("hello, carol").await;
    ann.say(&carol.uuid(), "are you there?").await;
    elsewhere.hears("are you there?").await;
    assert_eq!(ann.messages().len(), 5);
    assert_eq!(elsewhere.messages().len(), 2);
    // Later it is in the list.
    let channels = Client::resume(site.here(), &ann.account()).await.watch(json!({ "all": true })).await;
    let peers: Vec<_> = channels.iter().map(|channel| text(&channel["recipientUUID"])).collect();
    assert_eq!(peers, [carol.uuid(), bob.uuid()], "those last written to come first");
}

async fn unread_counts_follow_what_is_written_and_read(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    bob.say(&ann.uuid(), "one").await;
    let channels = ann.watch(json!({ "all": true })).await;
    assert_eq!((&channels[0]["count"], &channels[0]["last"]["Message"]), (&json!(1), &json!("one")));
    bob.say(&ann.uuid(), "two").await;
    let unread = ann.unread(2).await;
    assert_eq!((&unread["recipientUUID"], &unread["seq"], &unread["last"]["Message"]), (&json!(bob.uuid()), &json!(2), &json!("two")));
    let mut elsewhere = Client::resume(site.there(), &ann.account()).await;
    elsewhere.watch(json!({ "all": true })).await;
    elsewhere.ask("read", json!({ "recipientUUID": bob.uuid(), "seq": 2 })).await;
    ann.unread(0).await;
    bob.say(&ann.uuid(), "three").await;
    assert_eq!(ann.unread(1).await["seq"], 3);
    // Marks only go forward, and never beyond the end.
    ann.ask("read", json!({ "recipientUUID": bob.uuid(), "seq": 1 })).await;
    ann.ask("read", json!({ "recipientUUID": bob.uuid(), "seq": 1_000 })).await;
    bob.say(&ann.uuid(), "four").await;
    ann.hears("four").await;
    let channels = Client::resume(site.there(), &ann.account()).await.watch(json!({ "all": true })).await;
    assert_eq!((&channels[0]["count"], &channels[0]["seq"]), (&json!(1), &json!(4)));
}

async fn a_watcher_who_joins_gets_everything_once(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    ann.watch(json!({ "recipientUUIDs": ["", bob.uuid()], "all": true })).await;
    bob.say("", "1").await;
    ann.hears("1").await;
    ann.join("").await;
    bob.say("", "2").await;
    ann.send("channelLeave", json!({ "recipientUUID": "" })).await;
    ann.expect_type("channelLeave").await;
    bob.say("", "3").await;
    ann.join(&bob.uuid()).await;
    bob.say(&ann.uuid(), "4").await;
    ann.say(&bob.uuid(), "5").await;
    bob.say("", "6").await;
    ann.hears("6").await;
    ann.hears("4").await;
    let mut all = texts(&ann.messages());
    all.sort();
    assert_eq!(all, ["1", "2", "3", "4", "5", "6"]);
}

async fn the_people_in_view_come_and_go(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    bob.say(&ann.uuid(), "hello").await;
    ann.watch(json!({ "all": true })).await;
    let presence = |online: bool| json!({ "UUID": bob.uuid(), "Username": "bob", "OnLine": online });
    let (here, gone) = (presence(true), presence(false));
    // That he came may still be on its way to the node. That he goes is told on the same topic, so it comes behind that.
    bob.close().await;
    ann.expect("bob offline", |v| v["presence"] == gone).await;
    let before = ann.received_of("presence").len();
    let told = |frames: &[Value]| -> Vec<Value> {
        frames.iter().filter(|v| v["type"] == "presence").skip(before).map(|v| v["presence"].clone()).collect()
    };

    let bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    let mut second = Client::resume(site.here(), &bob.account()).await;
    second.ask("users", Value::Null).await;
    bob.close().await;
    second.close().await;
    ann.until("bob is offline", |frames| told(frames).ends_with(std::slice::from_ref(&gone))).await;
    let bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    ann.until("bob is online", |frames| told(frames).ends_with(std::slice::from_ref(&here))).await;
    bob.close().await;
    ann.until("bob is offline again", |frames| told(frames).ends_with(std::slice::from_ref(&gone))).await;
    assert_eq!(told(&ann.received()), [here.clone(), gone.clone(), here, gone], "a second session changes nothing");
}

async fn typing_is_told_to_the_channel(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::guest(site.there()).await;
    ann.join("").await;
    bob.ask("channelJoin", json!({})).await;
    ann.send("typing", json!({ "recipientUUID": "" })).await;
    let typing = bob.expect_type("typing").await;
    let user = json!({ "UUID": ann.uuid(), "Username": "ann", "OnLine": true });
    assert_eq!(typing["typing"], json!({ "recipientUUID": "", "user": user }));
    bob.watch(json!({ "all": true })).await;
    ann.say(&bob.uuid(), "hello").await;
    bob.hears("hello").await;
    ann.send("typing", json!({ "recipientUUID": bob.uuid() })).await;
    bob.expect_type("typing").await;
    assert_eq!(ann.received_of("typing"), Vec::<Value>::new());
}

async fn reading_is_told_to_oneself_and_the_peer(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    let mut ann_too = Client::resume(site.there(), &ann.account()).await;
    ann_too.watch(json!({})).await;
    bob.watch(json!({})).await;
    bob.say(&ann.uuid(), "hello").await;
    bob.say("", "hello, all").await;
    ann.ask("read", json!({ "recipientUUID": bob.uuid(), "seq": 1 })).await;
    for client in [&ann_too, &bob] {
        // The channel is named as whoever read it named it.
        let expected = json!({ "recipientUUID": bob.uuid(), "userUUID": ann.uuid(), "seq": 1 });
        assert_eq!(client.expect_type("read").await["read"], expected);
    }
    ann.ask("read", json!({ "recipientUUID": "", "seq": 1 })).await;
    ann_too.expect("the mark in the general channel", |v| v["read"]["recipientUUID"] == "").await;
    ann.ask("read", json!({ "recipientUUID": bob.uuid(), "seq": 1 })).await;
    bob.say(&ann.uuid(), "again").await;
    ann.ask("read", json!({ "recipientUUID": bob.uuid(), "seq": 2 })).await;
    bob.expect_type("read").await;
    assert_eq!(bob.received_of("read").len(), 2, "what is read in the general channel is nobody else's business");
}

async fn a_sign_out_ends_watching(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    ann.watch(json!({ "recipientUUIDs": [""], "all": true })).await;
    let (ann_uuid, bob_uuid) = (ann.uuid(), bob.uuid());
    ann.ask("signOut", json!({})).await;
    bob.say("", "to all").await;
    bob.say(&ann_uuid, "to ann").await;
    let mut eve = Client::guest(site.here()).await;
    eve.watch(json!({ "recipientUUIDs": ["", bob_uuid] })).await;
    bob.say("", "more").await;
    eve.hears("more").await;
    ann.fence().await;
    assert_eq!(ann.messages(), Vec::<Value>::new());
}

impl Client {
    /// Waits for the push that so many messages are unread in one channel.
    async fn unread(&self, count: u64) -> Value {
        let fits =
            |frame: &Value| frame["type"] == "unread" && frame.get("id").is_none() && frame["unread"]["channels"][0]["count"] == count;
        self.expect(&format!("{count} unread"), fits).await["unread"]["channels"][0].clone()
    }
}
