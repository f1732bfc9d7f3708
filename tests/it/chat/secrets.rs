//! Nobody speaks, reads or signs out for another, and nobody's secrets are told.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use super::site::Site;
use crate::support::client::Client;
use crate::support::node::Node;

everywhere!(
    a_field_makes_nobody_somebody_else,
    errors_give_back_no_secrets,
    pages_of_other_origins_do_not_get_in with [("ALLOWED_ORIGINS", "https://chat.example.org")],
    the_log_knows_no_secrets with [("RUST_LOG", "info,rialto=trace"), ("MODERATORS", "moderator")],
);

async fn a_field_makes_nobody_somebody_else(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::sign_in(site.there(), "bob", "secret of bob").await;
    let mut eve = Client::sign_in(site.there(), "eve", "secret of eve").await;
    ann.join("").await;
    bob.join("").await;
    eve.join("").await;
    let forged = |client: &Client, key: &str| json!({ "SUUID": client.session(), "userUUID": client.uuid(), "userAccessKey": key, "Sender": { "UUID": client.uuid() } });
    // Signed in as eve, she stays eve, even with a key that is right.
    for key in ["", "x", ann.account().key.as_str()] {
        let mut frame = forged(&ann, key);
        frame["type"] = json!("channelMessage");
        frame["channelMessage"] =
            json!({ "message": format!("forged with {} characters", key.len()), "SenderUUID": ann.uuid(), "userUUID": ann.uuid() });
        eve.send_json(frame).await;
        let heard = bob.hears(&format!("forged with {} characters", key.len())).await;
        assert_eq!((&heard["SenderUUID"], &heard["Sender"]["Username"]), (&json!(eve.uuid()), &json!("eve")));
    }
    for kind in ["channelLeave", "channelJoin", "typing"] {
        let mut frame = forged(&ann, "x");
        frame["type"] = json!(kind);
        frame[kind] = json!({ "recipientUUID": "" });
        eve.send_json(frame).await;
    }
    let left = bob.expect_type("channelLeave").await;
    assert_eq!((&left["userUUID"], &left["SUUID"]), (&json!(eve.uuid()), &json!(eve.session())));
    // The answer goes to who asked, whatever session the request names.
    let mut frame = forged(&ann, "x");
    frame["type"] = json!("exportAccount");
    eve.send_json(frame).await;
    assert_eq!(eve.expect_type("exportAccount").await["exportAccount"]["user"]["Username"], "eve");
    let mut frame = forged(&ann, "x");
    frame["type"] = json!("signOut");
    frame["signOut"] = json!({ "uuid": ann.uuid() });
    eve.send_json(frame).await;
    assert_eq!(eve.expect_type("signOut").await["signOut"]["uuid"], eve.uuid());
    // Ann has noticed nothing of all this.
    ann.say("", "I am still here").await;
    assert_eq!(ann.received_of("signOut").len() + ann.received_of("exportAccount").len(), 0);
    // A sign-in that failed changes nothing.
    assert_eq!(bob.refused("signIn", json!({ "username": "ann", "password": "a guess" })).await, 4);
    assert_eq!(bob.say("", "who am I?").await["SenderUUID"], bob.uuid());
}

async fn errors_give_back_no_secrets(site: Site) {
    let mut client = Client::connect(site.here()).await;
    let secret = "0123456789abcdef";
    let frames = [
        json!({ "type": "signIn", "signIn": { "username": "", "password": secret } }),
        json!({ "type": "signUp", "signUp": { "username": "x", "password": secret, "Password": secret, "passwordAgain": [secret] }, "id": 7 }),
        json!({ "type": "users", "userUUID": "x", "userAccessKey": secret, "accessKey": secret }),
        json!({ "type": "dance", "dance": { "deep": [{ "password": secret, "accessKey": secret, "kept": 1 }] }, "userAccessKey": secret }),
        json!({ "type": "account", "account": { "password": secret, "username": 7 } }),
        json!({ "type": "deleteAccount", "deleteAccount": { "password": secret } }),
    ];
    for frame in frames {
        client.send_json(frame.clone()).await;
        let error = client.expect_type("error").await;
        assert!(!error.to_string().contains(secret), "{frame}: {error}");
        assert_eq!(error["error"]["payload"]["type"], frame["type"]);
    }
    assert_eq!(client.received()[4]["error"]["payload"]["dance"], json!({ "deep": [{ "kept": 1 }] }));
    client.send_text(format!("{{\"type\":\"signIn\",\"signIn\":{{\"password\":\"{secret}\"")).await;
    assert_eq!(client.expect_error().await, (1, json!("")));
}

async fn pages_of_other_origins_do_not_get_in(site: Site) {
    let own = format!("http://{}", site.here().address());
    for good in [own.as_str(), "https://chat.example.org"] {
        Client::connect_from(site.here(), good).await.unwrap();
    }
    for bad in
        ["https://evil.example.org", "http://chat.example.org", "https://chat.example.org.evil.example", "null", "http://127.0.0.1:1"]
    {
        let Err(Error::Http(answer)) = Client::connect_from(site.here(), bad).await else { panic!("{bad} got in") };
        assert_eq!(answer.status(), 403, "{bad}");
    }
    Client::connect(site.here()).await;
}

async fn the_log_knows_no_secrets(site: Site) {
    let said = ["xq-general", "xq-direct", "xq-edited", "xq-typo"];
    let passwords = ["xq-password-1", "xq-password-2", "xq-password-3"];
    let mut ann = Client::sign_in(site.here(), "ann", passwords[0]).await;
    let mut moderator = Client::sign_in(site.there(), "moderator", passwords[1]).await;
    ann.ask("channelJoin", json!({})).await;
    moderator.watch(json!({ "recipientUUIDs": [""], "all": true })).await;
    ann.say("", said[0]).await;
    ann.ask("channelMessage", json!({ "recipientUUID": moderator.uuid(), "message": said[1], "clientID": "xq-client-id" })).await;
    ann.ask("editMessage", json!({ "seq": 1, "message": said[2] })).await;
    assert_eq!(ann.refused("react", json!({ "seq": 1, "emoji": "xq-emoji", "on": true })).await, 16);
    ann.ask("typing", json!({})).await;
    ann.ask("channelHistory", json!({})).await;
    ann.ask("exportAccount", Value::Null).await;
    // What goes wrong is the likeliest to be logged.
    ann.send_text(format!("{{\"type\":\"channelMessage\",\"channelMessage\":{{\"message\":\"{}\"", said[3])).await;
    ann.send("channelMessage", json!({ "message": [said[3]] })).await;
    ann.send(said[3], json!(said[3])).await;
    let mut other = Client::connect(site.there()).await;
    other.refused("signIn", json!({ "username": "ann", "password": passwords[2] })).await;
    other.refused("signUp", json!({ "username": "ann", "password": passwords[2] })).await;
    let mut key = Client::resume(site.there(), &ann.account()).await;
    key.ask("users", Value::Null).await;
    let keys = [ann.account().key, moderator.account().key, "xq-wrong-key".to_owned()];
    other.send_json(json!({ "type": "users", "userUUID": ann.uuid(), "userAccessKey": keys[2] })).await;
    other.expect_error().await;
    ann.ask("account", json!({ "password": passwords[2] })).await;
    key.ask("signOut", json!({})).await;
    moderator.ask("ban", json!({ "userUUID": ann.uuid(), "minutes": 1 })).await;
    for client in [ann, other, key, moderator] {
        client.close().await;
    }
    for node in &site.nodes {
        node.sigterm();
        assert!(node.wait().await.success());
        // What it said last may still be on its way to this process.
        node.logged("stopped").await;
        assert_silent(node, said.iter().chain(&passwords).copied().chain(keys.iter().map(String::as_str)).chain(["xq-"]));
    }
}

fn assert_silent<'a>(node: &Node, secrets: impl Iterator<Item = &'a str>) {
    let log = node.log();
    assert!(log.iter().any(|line| line.contains("stopped")), "the whole log is read");
    for secret in secrets {
        assert!(!log.iter().any(|line| line.contains(secret)), "{secret} in {log:#?}");
    }
    // Clients' addresses are nobody's business either; these clients all have the address that the node listens on.
    for line in log.iter().filter(|line| !line.contains("listening")) {
        assert!(!line.contains("127.0.0.1") || line.to_lowercase().contains("redis"), "{line}");
    }
}

#[tokio::test]
async fn keys_are_long_and_differ() {
    let site = Site::embedded(&[]).await;
    let mut keys = Vec::new();
    for _ in 0..20 {
        keys.push(Client::guest(site.here()).await.account().key);
    }
    assert!(keys.iter().all(|key| key.len() >= 32));
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 20);
}
