//! Names, passwords, messages and rates: what is just allowed and what is not any more.

use serde_json::{Value, json};

use super::site::Site;
use crate::support::client::Client;

everywhere!(
    names_have_limits_and_fold,
    passwords_have_limits,
    messages_have_limits with [("MAX_MESSAGE_CHARS", "100")],
    identifiers_have_limits_and_come_back,
    requests_have_a_rate with [("RATE_MESSAGES", "20,1")],
    passwords_wait_in_a_queue_that_ends with [("BCRYPT_COST", "9"), ("BCRYPT_QUEUE", "4")],
    failures_slow_one_name_at_one_address with [("RATE_SIGNIN_FAILURES", "3/15m")],
    one_address_makes_so_many_accounts with [("RATE_ACCOUNTS", "3/15m")],
);

async fn names_have_limits_and_fold(site: Site) {
    let mut client = Client::connect(site.here()).await;
    for bad in ["", "   ", "a\nb", "a\u{0}b", &"x".repeat(33)] {
        for kind in ["signIn", "signUp"] {
            assert_eq!(client.refused(kind, json!({ "username": bad, "password": "secret" })).await, 16, "{bad:?}");
        }
    }
    assert_eq!(client.refused("signIn", json!({ "password": "secret" })).await, 16);
    client.ask_to_sign_up(&"é".repeat(32)).await;
    let uuid = client.ask_to_sign_up("Straße").await;
    let mut other = Client::connect(site.there()).await;
    for same in ["STRASSE", " straße ", "ｓｔｒａｓｓｅ"] {
        assert_eq!(other.refused("signUp", json!({ "username": same, "password": "secret" })).await, 5, "{same}");
        other.send("signIn", json!({ "username": same, "password": "secret" })).await;
        assert_eq!(other.authorized().await.uuid, uuid);
    }
}

async fn passwords_have_limits(site: Site) {
    let mut client = Client::connect(site.here()).await;
    for bad in [String::new(), "x".repeat(73), "é".repeat(37)] {
        for kind in ["signIn", "signUp"] {
            assert_eq!(client.refused(kind, json!({ "username": "ann", "password": bad })).await, 16, "{} bytes", bad.len());
        }
    }
    assert_eq!(client.refused("signIn", json!({ "username": "ann" })).await, 16);
    let longest = "é".repeat(36);
    client.send("signUp", json!({ "username": "ann", "password": longest })).await;
    client.authorized().await;
    Client::sign_in(site.there(), "ann", &longest).await;
    let mut other = Client::connect(site.there()).await;
    assert_eq!(other.refused("signIn", json!({ "username": "ann", "password": &longest[..70] })).await, 4);
    assert_eq!(client.refused("account", json!({ "password": "x".repeat(73) })).await, 16);
}

async fn messages_have_limits(site: Site) {
    let mut ann = Client::guest(site.here()).await;
    let mut bob = Client::guest(site.there()).await;
    bob.join("").await;
    for bad in [String::new(), "é".repeat(101)] {
        assert_eq!(ann.refused("channelMessage", json!({ "message": bad })).await, 16);
    }
    let longest = "𝄞".repeat(100);
    ann.say("", &longest).await;
    bob.hears(&longest).await;
    ann.join("").await;
    assert_eq!(ann.refused("editMessage", json!({ "seq": 1, "message": "é".repeat(101) })).await, 16);
    assert_eq!(bob.messages().len(), 1);
}

async fn identifiers_have_limits_and_come_back(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let long = "é".repeat(64);
    for id in ["", "7", long.as_str()] {
        ann.send_json(json!({ "type": "users", "id": id })).await;
        ann.expect("the answer", |v| v["type"] == "users" && v["id"] == id).await;
        ann.send_json(json!({ "type": "channelMessage", "channelMessage": { "message": "with id" }, "id": id })).await;
        ann.expect("the message", |v| v["type"] == "channelMessage" && v["id"] == id).await;
        ann.send_json(json!({ "type": "channelMessage", "channelMessage": {}, "id": id })).await;
        assert_eq!(ann.expect("the error", |v| v["type"] == "error" && v["id"] == id).await["error"]["code"], 16);
    }
    for id in [json!("é".repeat(65)), json!(7), json!(null), json!({})] {
        ann.send_json(json!({ "type": "users", "id": id })).await;
        let error = ann.expect_type("error").await;
        assert_eq!((&error["error"]["code"], error.get("id")), (&json!(16), None));
    }
    assert_eq!(ann.refused("channelMessage", json!({ "message": "x", "clientID": "é".repeat(65) })).await, 16);
    // In joined channels the echo is the author's session's only.
    let mut bob = Client::guest(site.there()).await;
    bob.join("").await;
    ann.join("").await;
    ann.ask("channelMessage", json!({ "message": "whose?" })).await;
    assert_eq!(bob.expect("the message", |v| v["channelMessage"]["Message"] == "whose?").await.get("id"), None);
}

async fn requests_have_a_rate(site: Site) {
    let mut ann = Client::connect(site.here()).await;
    for _ in 0..40 {
        ann.send_json(json!({ "type": "dance", "id": "x" })).await;
    }
    let error = ann.expect("too many", |v| v["error"]["code"] == 15).await;
    assert_eq!(error["id"], "x");
    let wait = error["error"]["payload"]["retryAfterMs"].as_u64().unwrap();
    assert!((1..=1_000).contains(&wait), "{wait}");
    assert_eq!(error["error"]["payload"].as_object().unwrap().len(), 1);
    ann.until("all answered", |received| received.len() > 40).await;
    // Others have a rate of their own, and after a while this one may go on.
    Client::guest(site.here()).await;
    loop {
        ann.send("users", Value::Null).await;
        if ann.expect_error().await.0 == 14 {
            break;
        }
    }
}

async fn passwords_wait_in_a_queue_that_ends(site: Site) {
    let node = site.here();
    let mut witness = Client::guest(node).await;
    let sign_ups = futures_util::future::join_all((0..40).map(|index| async move {
        let mut client = Client::connect(node).await;
        let answer = client.request("signUp", json!({ "username": format!("name {index}"), "password": "secret" })).await;
        // Whoever was turned away may try again on the same connection.
        client.fence().await;
        (answer["type"] == "authorized", answer["error"]["code"].clone())
    }));
    let witnessed = async {
        for number in 0..20 {
            witness.say("", &number.to_string()).await;
        }
    };
    let (answers, ()) = tokio::join!(sign_ups, witnessed);
    assert!(answers.iter().any(|(authorized, _)| *authorized));
    assert!(answers.iter().any(|(authorized, _)| !authorized), "the test asks for too little");
    assert!(answers.iter().all(|(authorized, code)| *authorized || *code == 17), "{answers:?}");
}

async fn failures_slow_one_name_at_one_address(site: Site) {
    Client::sign_in(site.here(), "ann", "secret of ann").await;
    Client::sign_in(site.here(), "bob", "secret of bob").await;
    let mut client = Client::connect(site.here()).await;
    for _ in 0..3 {
        assert_eq!(client.refused("signIn", json!({ "username": "ann", "password": "a guess" })).await, 4);
    }
    for node in [site.here(), site.there()] {
        let mut client = Client::connect(node).await;
        let slowed = client.request("signIn", json!({ "username": "ANN", "password": "secret of ann" })).await;
        assert_eq!(slowed["error"]["code"], 15);
        let wait = slowed["error"]["payload"]["retryAfterMs"].as_u64().unwrap();
        assert!((1..=15 * 60 * 1_000).contains(&wait), "{wait}");
        client.send("signIn", json!({ "username": "bob", "password": "secret of bob" })).await;
        client.authorized().await;
    }
}

async fn one_address_makes_so_many_accounts(site: Site) {
    Client::sign_in(site.here(), "ann", "secret of ann").await;
    Client::guest(site.there()).await;
    Client::connect(site.here()).await.ask_to_sign_up("bob").await;
    for node in [site.here(), site.there()] {
        let mut client = Client::connect(node).await;
        for (kind, payload) in [
            ("signIn", json!({ "guest": true })),
            ("signIn", json!({ "username": "cem", "password": "secret of cem" })),
            ("signUp", json!({ "username": "cem", "password": "secret of cem" })),
        ] {
            let refused = client.request(kind, payload).await;
            assert_eq!(refused["error"]["code"], 15, "{refused}");
            let wait = refused["error"]["payload"]["retryAfterMs"].as_u64().unwrap();
            assert!((1..=15 * 60 * 1_000).contains(&wait), "{wait}");
        }
        client.send("signIn", json!({ "username": "ann", "password": "secret of ann" })).await;
        client.authorized().await;
    }
}

impl Client {
    async fn ask_to_sign_up(&mut self, name: &str) -> String {
        self.send("signUp", json!({ "username": name, "password": "secret" })).await;
        self.authorized().await.uuid
    }
}
