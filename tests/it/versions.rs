//! Two versions at once, as while an upgrade rolls over a cluster: each understands what the other stores, publishes and sends.
//!
//! `tests/fixtures/v1` holds bytes as version 1 wrote them, and [`v1`] what that version made of bytes. Neither is ever changed.

mod serving;
mod v1;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rialto::ids::{Emoji, MessageId, MessageText, Micros, NodeId, Seq, SessionId, SessionRef, TokenDigest, UserId, Username};
use rialto::store::nodes::{MediaInfo, MediaLoad, NodeInfo};
use rialto::store::record::{
    Decoded, Envelope, Expulsion, LogRecord, MessageRecord, NewsRecord, OLDEST, Person, Signal, VERSION, decode, encode,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The bytes of one record of version 1.
fn fixture(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1")
}

#[test]
fn this_version_reads_all_that_the_one_before_wrote() {
    assert_eq!((VERSION, OLDEST), (2, 1), "with a new version, this needs the bytes of the present one");
    assert_eq!(reads_all::<LogRecord>("log"), 3);
    assert_eq!(reads_all::<NewsRecord>("news"), 8);
    assert_eq!(reads_all::<Envelope>("letters"), 3);
    let Ok(Decoded::Known(stored)) = decode::<MessageRecord>(fixture("log/message.json").as_bytes()) else { panic!("unreadable") };
    assert_eq!((stored.text.as_str(), stored.rev, stored.edited, stored.via), ("from the old days", 0, None, None));
}

/// Nothing of it gets lost: written again it is the same, but for the version.
fn reads_all<T: DeserializeOwned + Serialize>(kind: &str) -> usize {
    let files: Vec<_> = fs::read_dir(folder().join(kind)).unwrap().map(|file| file.unwrap().path()).collect();
    for file in &files {
        let bytes = fs::read(file).unwrap();
        let Ok(Decoded::Known(record)) = decode::<T>(&bytes) else { panic!("{} is not understood", file.display()) };
        let mut before: Value = serde_json::from_slice(&bytes).unwrap();
        let after: Value = serde_json::from_slice(&encode(&record)).unwrap();
        assert_eq!(before["v"], 1);
        before["v"] = VERSION.into();
        assert_eq!(after, before, "{}", file.display());
    }
    files.len()
}

#[test]
fn the_version_before_reads_what_this_one_writes_and_skips_what_it_does_not_know() {
    let message = message();
    let read = v1::decode::<v1::LogRecord>(&encode(&LogRecord::Message(message.clone())));
    let Some(v1::LogRecord::Message(old)) = read else { panic!("a message is not understood") };
    assert_eq!((old.id, old.from, old.to, old.to_online), (message.id.0, message.from.0, message.to.map(|to| to.0), true));
    assert_eq!((old.name.as_str(), old.to_name.as_deref()), ("Ann", Some("Bob")));
    assert_eq!((old.text.as_str(), old.client_id.as_deref()), ("hello", Some("attempt 8")));
    // A message that this version has changed is stored in its new form.
    assert_eq!(v1::decode::<v1::MessageRecord>(&encode(&message)).unwrap().text, "hello");

    let changed = LogRecord::Changed { seq: Seq(3), posted: Micros(9), message: message.clone() };
    assert_eq!(v1::decode::<v1::LogRecord>(&encode(&changed)), None);
    let emoji = Emoji::parse("👍").unwrap();
    let reacted = LogRecord::Reacted { seq: Seq(3), user: message.from, name: name("Ann"), to: None, emoji, on: true };
    assert_eq!(v1::decode::<v1::LogRecord>(&encode(&reacted)), None);
}

#[test]
fn news_and_letters_go_both_ways() {
    let (session, bob) = (SessionId::random(), Person { id: UserId::random(), name: name("Bob") });
    let who = v1::Person { id: bob.id.0, name: "Bob".to_owned() };
    let understood = |news: NewsRecord, expected: v1::NewsRecord| assert_eq!(v1::decode::<v1::NewsRecord>(&encode(&news)), Some(expected));
    let peer = UserId::random();
    understood(
        NewsRecord::Joined { session, who: bob.clone(), to: Some(peer) },
        v1::NewsRecord::Joined { session: session.0, who: who.clone(), to: Some(peer.0) },
    );
    understood(NewsRecord::Left { session, who: bob.id, to: None }, v1::NewsRecord::Left { session: session.0, who: bob.id.0, to: None });
    understood(NewsRecord::Online { who: bob.clone(), online: false }, v1::NewsRecord::Online { who: who.clone(), online: false });
    understood(NewsRecord::SignedIn { session, who: bob.clone() }, v1::NewsRecord::SignedIn { session: session.0, who: who.clone() });
    understood(
        NewsRecord::UserChanged { who: bob.clone(), online: true, deleted: true },
        v1::NewsRecord::UserChanged { who, online: true, deleted: true },
    );
    understood(NewsRecord::DirectOpened { peer }, v1::NewsRecord::DirectOpened { peer: peer.0 });

    let at = SessionRef { node: NodeId::random(), session };
    let key = TokenDigest("00ff".to_owned());
    let letter = |signal| Envelope { from: at.node, number: 7, to: session, also: Vec::new(), reply_to: Some(at), signal };
    let ended = v1::decode::<v1::Envelope>(&encode(&letter(Signal::KeyEnded { key: key.clone() }))).unwrap();
    assert_eq!((ended.from, ended.number, ended.to), (at.node.0, 7, session.0));
    assert_eq!(ended.reply_to, Some(v1::SessionRef { node: at.node.0, session: session.0 }));
    assert_eq!(ended.signal, v1::Signal::KeyEnded { key: key.0.clone() });
    for (why, expected) in [(Expulsion::Kicked, "kicked"), (Expulsion::Banned, "banned"), (Expulsion::Deleted, "deleted")] {
        let expelled = v1::decode::<v1::Envelope>(&encode(&letter(Signal::Expelled { user: bob.id, why }))).unwrap();
        assert_eq!(expelled.signal, v1::Signal::Expelled { user: bob.id.0, why: expected.to_owned() });
    }
    let back = Signal::Undeliverable { to: session, signal: Box::new(Signal::KeyEnded { key }) };
    assert!(matches!(v1::decode::<v1::Envelope>(&encode(&letter(back))).unwrap().signal, v1::Signal::Undeliverable { .. }));
}

#[test]
fn nodes_know_each_other_across_versions() {
    let bytes = fixture("nodes/chat.json");
    let known: NodeInfo = serde_json::from_str(&bytes).unwrap();
    let (role, version) = ("chat".to_owned(), "0.1.0".to_owned());
    let old = NodeInfo { role, version, sessions: 7, draining: true, media: None, signaling: None };
    assert_eq!(known, old);
    assert_eq!(serde_json::to_string(&old).unwrap(), bytes, "a node without media says what it always said");

    let media = MediaInfo { addresses: vec!["192.0.2.1:7000".parse().unwrap()], load: MediaLoad { rooms: 1, participants: 2, egress: 3 } };
    let new = NodeInfo { role: "media".to_owned(), media: Some(media), ..old };
    let mut text: Value = serde_json::to_value(&new).unwrap();
    let read: v1::NodeInfo = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(read, v1::NodeInfo { role: "media".to_owned(), version: "0.1.0".to_owned(), sessions: 7, draining: true });

    // What the next version adds is ignored, and of what it may leave out nothing is needed.
    text["media"]["load"]["gpus"] = 4.into();
    text["media"]["region"] = "lido".into();
    assert_eq!(serde_json::from_value::<NodeInfo>(text.clone()).unwrap(), new);
    text["media"] = serde_json::json!({ "load": { "rooms": 1 } });
    let least = MediaInfo { addresses: Vec::new(), load: MediaLoad { rooms: 1, ..MediaLoad::default() } };
    assert_eq!(serde_json::from_value::<NodeInfo>(text).unwrap().media, Some(least));
}

#[test]
fn what_is_further_away_is_refused_and_what_the_next_one_adds_is_skipped() {
    let next = |version: u8| fixture("log/message.json").replacen("\"v\":1", &format!("\"v\":{version},\"novelty\":[1]"), 1);
    assert!(matches!(decode::<LogRecord>(next(VERSION + 1).as_bytes()), Ok(Decoded::Known(_))));
    assert!(decode::<LogRecord>(next(VERSION + 2).as_bytes()).is_err());
    let strange = format!("{{\"v\":{},\"kind\":\"pinned\",\"seq\":3}}", VERSION + 1);
    assert!(matches!(decode::<LogRecord>(strange.as_bytes()), Ok(Decoded::Unknown)));
    assert!(decode::<LogRecord>(strange.replace(&format!("\"v\":{}", VERSION + 1), "\"v\":1").as_bytes()).is_err());
}

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

/// With everything that version 2 added.
fn message() -> MessageRecord {
    let reader = UserId::random();
    MessageRecord {
        id: MessageId::random(),
        from: UserId::random(),
        name: name("Ann"),
        to: Some(reader),
        to_name: Some(name("Bob")),
        to_online: true,
        text: MessageText::parse("hello".to_owned(), 10).unwrap(),
        client_id: Some(rialto::ids::ClientId::parse("attempt 8".to_owned()).unwrap()),
        via: Some(SessionId::random()),
        edited: Some(Micros(1)),
        deleted: Some(Micros(2)),
        rev: 3,
        reactions: BTreeMap::from([("👍".to_owned(), vec![reader])]),
        badge: None,
    }
}
