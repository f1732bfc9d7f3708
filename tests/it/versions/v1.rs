//! What version 1 made of bytes: its definitions as they were, with plain strings where it checked more. Frozen.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// The version after version 1, which it read as well.
const NEXT: u8 = 2;

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct MessageRecord {
    pub id: Uuid,
    pub from: Uuid,
    pub name: String,
    #[serde(default)]
    pub to: Option<Uuid>,
    #[serde(default)]
    pub to_name: Option<String>,
    #[serde(default)]
    pub to_online: bool,
    pub text: String,
    #[serde(default)]
    pub client_id: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum LogRecord {
    Message(MessageRecord),
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Person {
    pub id: Uuid,
    pub name: String,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum NewsRecord {
    Joined { session: Uuid, who: Person, to: Option<Uuid> },
    Left { session: Uuid, who: Uuid, to: Option<Uuid> },
    Typing { session: Uuid, who: Person, to: Option<Uuid> },
    Read { session: Uuid, who: Uuid, to: Option<Uuid>, channel: Uuid, seq: u64 },
    Online { who: Person, online: bool },
    SignedIn { session: Uuid, who: Person },
    UserChanged { who: Person, online: bool, deleted: bool },
    DirectOpened { peer: Uuid },
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct SessionRef {
    pub node: Uuid,
    pub session: Uuid,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Envelope {
    pub from: Uuid,
    pub number: u64,
    pub to: Uuid,
    #[serde(default)]
    pub reply_to: Option<SessionRef>,
    pub signal: Signal,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Signal {
    KeyEnded { key: String },
    Expelled { user: Uuid, why: String },
    Undeliverable { to: Uuid, signal: Box<Signal> },
}

/// What a node told of itself: without a version, for it only gains fields.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct NodeInfo {
    pub role: String,
    pub version: String,
    pub sessions: u64,
    pub draining: bool,
}

#[derive(Deserialize)]
struct Version {
    v: u8,
}

/// `None`: of a kind that came with the next version. Anything else that could not be read was an error.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let version = serde_json::from_slice::<Version>(bytes).expect("every record has a version").v;
    assert!((1..=NEXT).contains(&version), "version 1 refuses version {version}");
    match serde_json::from_slice(bytes) {
        Ok(record) => Some(record),
        Err(_) if version == NEXT => None,
        Err(error) => panic!("version 1 cannot read its own: {error}"),
    }
}
