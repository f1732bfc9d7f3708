//! A client of the rooms protocol: a few words for what tests do.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Error;

use crate::support::client::{Client, PATIENCE, text};
use crate::support::node::Node;

/// The server's address.
pub const SERVER: &str = "ground control";

/// A connection to a room.
pub struct Guest {
    pub wire: Client,
    /// Once it is known.
    pub id: String,
    fences: usize,
}

/// Connects with a query or a cookie; an error is the status and the words of the refusal.
pub async fn knock(node: &Node, slug: &str, query: &str, cookie: Option<&str>) -> Result<Guest, (u16, String)> {
    let headers: Vec<_> = cookie.map(|cookie| ("cookie", cookie)).into_iter().collect();
    match Client::open_with(node.address(), &format!("/room/{slug}/ws{query}"), &headers).await {
        Ok(wire) => Ok(Guest { wire, id: String::new(), fences: 0 }),
        Err(Error::Http(answer)) => {
            let words = answer.body().as_deref().unwrap_or_default();
            Err((answer.status().as_u16(), String::from_utf8_lossy(words).trim().to_owned()))
        }
        Err(error) => panic!("{error}"),
    }
}

impl Guest {
    /// Into an open room, without knowing yet who it is.
    pub async fn enter(node: &Node, slug: &str) -> Self {
        knock(node, slug, "", None).await.expect("the room is open")
    }

    /// Into an open room.
    pub async fn come(node: &Node, slug: &str) -> Self {
        Self::enter(node, slug).await.introduced().await
    }

    /// Has learnt who it is.
    pub async fn introduced(mut self) -> Self {
        self.send(SERVER, "ping", json!("who am I?")).await;
        self.id = text(&self.message("pong").await["receiver"]);
        // What was withheld until then: at least its own coming.
        self.told().await;
        self
    }

    /// Sends a message.
    pub async fn send(&mut self, receiver: &str, kind: &str, data: Value) {
        self.wire.send_json(json!({ "sender": "somebody else", "receiver": receiver, "type": kind, "data": data })).await;
    }

    /// Waits for a message of this type and takes it.
    pub async fn message(&self, kind: &str) -> Value {
        self.wire.expect(kind, |message| message["type"] == kind).await
    }

    /// Waits for an error and takes it; answers its words.
    pub async fn error(&self) -> String {
        let error = self.message("error").await;
        assert_eq!(error["sender"], SERVER);
        text(&error["data"])
    }

    /// Waits until told that these guests are in the room.
    pub async fn sees(&self, others: &[&Guest]) {
        let ids = sorted(others.iter().map(|guest| guest.id.clone()).collect());
        self.wire.until(&format!("{ids:?} are in the room"), |received| last_told(received) == Some(ids.clone())).await;
    }

    /// Who is in the room, as asked.
    pub async fn asks_who_is_there(&mut self) -> Vec<String> {
        self.send(SERVER, "get-room-info", Value::Null).await;
        ids(&self.told().await)
    }

    /// Asks until nobody else is in the room.
    pub async fn is_alone(&mut self) {
        let alone = async {
            while self.asks_who_is_there().await.len() > 1 {
                sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(PATIENCE, alone).await.expect("the others have left");
    }

    /// Waits for a `room-info` for this guest alone.
    async fn told(&self) -> Value {
        self.wire.expect("room-info", |message| message["type"] == "room-info" && message["receiver"] == self.id.as_str()).await
    }

    /// When this returns, everything that was sent before it has been answered.
    pub async fn fence(&mut self) {
        self.fences += 1;
        let kind = format!("fence {}", self.fences);
        self.send(SERVER, &kind, Value::Null).await;
        let words = format!("Unknown message type: {kind}");
        self.wire.expect(&kind, |message| message["type"] == "error" && message["data"] == words.as_str()).await;
    }

    /// Every message of this type so far.
    pub fn all(&self, kind: &str) -> Vec<Value> {
        self.wire.received().into_iter().filter(|message| message["type"] == kind).collect()
    }
}

/// The identifiers in a `room-info`, sorted.
pub fn ids(info: &Value) -> Vec<String> {
    sorted(info["data"]["clients"].as_array().unwrap().iter().map(|client| text(&client["id"])).collect())
}

/// Of these guests, sorted.
pub fn ids_of(guests: &[&Guest]) -> Vec<String> {
    sorted(guests.iter().map(|guest| guest.id.clone()).collect())
}

fn last_told(received: &[Value]) -> Option<Vec<String>> {
    received.iter().rev().find(|message| message["type"] == "room-info").map(ids)
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}
