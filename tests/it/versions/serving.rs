//! A node of this version on a Redis that a node of version 1 has filled, and goes on using.

use rialto::ids::{AccessKey, ChannelId};
use serde_json::{Value, json};

use super::fixture;
use crate::support::client::{Account, Client, seqs, text, texts};
use crate::support::node::{Node, Settings};
use crate::support::redis::RedisServer;

const ANN: &str = "11111111-1111-4111-8111-111111111111";
const BOB: &str = "22222222-2222-4222-8222-222222222222";
/// The session and the access key of the letters.
const SESSION: &str = "33333333-3333-4333-8333-333333333333";
const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const EPOCH: &str = "1700000000000";
const POSTED: &str = "1700000000123456";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_serves_what_the_version_before_stored_and_hears_what_it_says() {
    let old = OldNode { redis: tokio::task::block_in_place(RedisServer::start) };
    let key = AccessKey::from_random([7; 32]);
    old.stores_people(&key);
    old.stores_message(1, "0-0", &fixture("log/message.json"));
    old.stores_message(2, "1-0", &fixture("log/plain_message.json"));

    // Its accounts, keys and messages are there.
    let node = Node::start(&Settings::redis(&old.redis.url())).await;
    let account = Account { uuid: ANN.to_owned(), key: key.expose().to_owned(), name: "Ann".to_owned() };
    let mut ann = Client::resume(&node, &account).await;
    let room = ann.ask("channelJoin", json!({ "recipientUUID": "" })).await;
    let messages = room["messages"].as_array().unwrap();
    assert_eq!(texts(messages), ["from the old days", "they were good days"]);
    assert_eq!((seqs(messages), room["epoch"].to_string()), (vec![1, 2], EPOCH.to_owned()));
    assert_eq!((&messages[0]["clientID"], &messages[0]["CreatedAt"]), (&json!("attempt 7"), &json!("2023-11-14T22:13:20.123456Z")));
    let found = Client::sign_in(&node, "ann", "secret of ann").await;
    assert_eq!(found.uuid(), ANN);

    // What it never could do is done to its messages.
    ann.ask("editMessage", json!({ "recipientUUID": "", "seq": 1, "message": "from the good old days" })).await;
    assert_eq!(ann.expect_type("messageChanged").await["messageChanged"]["Message"], "from the good old days");
    ann.ask("react", json!({ "recipientUUID": "", "seq": 2, "emoji": "👍", "on": true })).await;

    // It goes on writing, and so do we.
    let body = fixture("log/plain_message.json").replace("they were good days", "are they over?").replace("666666666662", "666666666669");
    old.stores_message(3, "2-2", &body);
    old.publishes(&channel_topic(), &format!("1 entry {EPOCH} 3-0 2-2 {POSTED}\n{body}"));
    ann.hears("are they over?").await;
    assert_eq!(ann.say("", "by no means").await["Seq"], 4);

    // Its news are heard.
    old.tells("rialto:t:all", "signed_in");
    ann.expect("bob's sign-in", |frame| frame["sys"]["signIn"]["uuid"] == BOB).await;
    for (news, kind) in [("joined", "sys"), ("left", "channelLeave"), ("typing", "typing")] {
        old.tells(&channel_topic(), news);
        let is_bobs = |frame: &Value| frame["userUUID"] == BOB || frame["typing"]["user"]["UUID"] == BOB;
        ann.expect(news, |frame| frame["type"] == kind && is_bobs(frame)).await;
    }
    old.tells(&format!("rialto:{{u:{ANN}}}:t"), "read");
    assert_eq!(ann.expect_type("read").await["read"]["seq"], 7);

    // And its letters reach whom they are for.
    let line = node.logged("listening").await;
    let id = line.split_whitespace().find_map(|word| word.strip_prefix("node=")).unwrap();
    let letter = fixture("letters/key_ended.json").replace(SESSION, ann.session()).replace(DIGEST, &key.digest().0);
    old.redis.cli(&["XADD", &format!("rialto:{{n:{id}}}:s"), "*", "b", &letter]);
    assert_eq!(text(&ann.expect_type("signOut").await["signOut"]["uuid"]), ANN);
}

/// What a node of version 1 did to Redis.
struct OldNode {
    redis: RedisServer,
}

impl OldNode {
    fn stores_people(&self, key: &AccessKey) {
        let password = bcrypt::hash("secret of ann", 4).unwrap();
        for (serial, id, name) in [("1", ANN, "Ann"), ("2", BOB, "Bob")] {
            let user = format!("rialto:{{u:{id}}}");
            self.redis.cli(&["HSET", &user, "v", "1", "name", name, "serial", serial, "created", POSTED, "password", &password]);
            self.redis.cli(&["SET", &format!("rialto:un:{}", name.to_lowercase()), id]);
            self.redis.cli(&["ZADD", "rialto:{users}", serial, id]);
        }
        self.redis.cli(&["SET", "rialto:{users}:n", "2"]);
        let digest = key.digest().0;
        self.redis.cli(&["SET", &format!("rialto:tok:{digest}"), ANN, "EX", "3600"]);
        self.redis.cli(&["SADD", &format!("rialto:{{u:{ANN}}}:toks"), &digest]);
    }

    fn stores_message(&self, seq: u64, previous: &str, body: &str) {
        let (hash, place, seq) = (channel(), format!("{seq}-0"), seq.to_string());
        let record: Value = serde_json::from_str(body).unwrap();
        let log = format!("{hash}:log");
        let entry = ["XADD", &log, &place, "e", EPOCH, "p", previous, "t", POSTED, "i", record["id"].as_str().unwrap(), "b", body];
        self.redis.cli(&entry);
        self.redis.cli(&["HSET", &hash, "e", EPOCH, "s", &seq, "u", "0", "o", "1"]);
    }

    fn publishes(&self, topic: &str, payload: &str) {
        assert_ne!(self.redis.cli(&["PUBLISH", topic, payload]), "0", "nobody hears {topic}");
    }

    fn tells(&self, topic: &str, news: &str) {
        self.publishes(topic, &format!("1 news\n{}", fixture(&format!("news/{news}.json"))));
    }
}

fn channel() -> String {
    format!("rialto:{{c:{}}}", ChannelId::general())
}

fn channel_topic() -> String {
    format!("{}:t", channel())
}
