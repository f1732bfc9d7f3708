//! A client of the stage protocol: a few words for what tests do.

use serde_json::{Value, json};

use crate::support::client::{Client, text};
use crate::support::node::Node;

/// A password that keeps the rule.
pub const PASSWORD: &str = "secret-1";

/// A connection to a room.
pub struct Visitor {
    pub wire: Client,
    /// `joined_room`.
    pub joined: Value,
    /// Once logged in.
    pub name: String,
    pub id: u64,
    pub token: String,
}

/// Connects to whatever stands behind the path of the protocol.
pub async fn connect(node: &Node, query: &str) -> Client {
    Client::open_at(node.address(), &format!("/stage/ws{query}"), None).await.expect("the node accepts the connection")
}

/// Makes a room; answers its number.
pub async fn make_room(node: &Node) -> String {
    let wire = connect(node, "").await;
    let room = text(&event(&wire, "created_room").await);
    assert_eq!(wire.closed().await.0, 1000);
    room
}

/// Waits for an event and takes it; answers its data.
pub async fn event(wire: &Client, name: &str) -> Value {
    wire.expect(name, |frame| is_event(frame, name)).await["data"]["data"].clone()
}

/// Whether a frame is this event.
pub fn is_event(frame: &Value, name: &str) -> bool {
    frame["type"] == "event" && frame["data"]["event"] == name
}

impl Visitor {
    /// Into a room, and not logged in.
    pub async fn enter(node: &Node, room: &str) -> Self {
        let wire = connect(node, &format!("?room={room}")).await;
        let joined = event(&wire, "joined_room").await;
        let visitor = Self { wire, joined, name: String::new(), id: 0, token: String::new() };
        visitor.question("access_token").await;
        visitor
    }

    /// Into a room, and logged in as somebody new.
    pub async fn come(node: &Node, room: &str) -> Self {
        let mut visitor = Self::enter(node, room).await;
        visitor.order("validate_access_token", json!("")).await;
        visitor.logged_in().await;
        visitor.question("credentials").await;
        visitor
    }

    /// Into a room, and logged in by a token.
    pub async fn come_back(node: &Node, room: &str, token: &str) -> Self {
        let mut visitor = Self::enter(node, room).await;
        visitor.order("validate_access_token", json!(token)).await;
        visitor.logged_in().await;
        visitor
    }

    /// Into a room, as a member of this name.
    pub async fn member(node: &Node, room: &str, name: &str) -> Self {
        let mut visitor = Self::come(node, room).await;
        visitor.order("set_user_password", json!({ "password": PASSWORD })).await;
        visitor.event("user_message").await;
        visitor.order("set_user_name", json!({ "name": name })).await;
        visitor.event("user_name_change").await;
        visitor.event("streamid_user_name").await;
        visitor.name = name.to_owned();
        visitor
    }

    /// Waits until logged in, and takes what is told with it.
    pub async fn logged_in(&mut self) {
        let data = self.event("user_logged_in").await;
        (self.name, self.token) = (text(&data["name"]), text(&data["access_token"]));
        self.id = data["id"].as_u64().expect("an identifier is a number");
        let name = self.name.clone();
        self.wire.expect("the own coming", |frame| is_event(frame, "user_entered_chat") && frame["data"]["data"] == name.as_str()).await;
    }

    /// Sends a work order.
    pub async fn order(&mut self, order: &str, details: Value) {
        self.wire.send_json(json!({ "order": order, "details": details })).await;
    }

    /// Says something to the whole room.
    pub async fn say(&mut self, words: &str) {
        self.order("user_message", json!({ "text": words })).await;
    }

    /// Waits for an event and takes it; answers its data.
    pub async fn event(&self, name: &str) -> Value {
        event(&self.wire, name).await
    }

    /// Waits for a question.
    pub async fn question(&self, what: &str) {
        self.wire.expect(what, |frame| *frame == json!({ "type": "question", "data": { "ask": what } })).await;
    }

    /// Waits for an error: its code and words.
    pub async fn error(&self) -> (u64, String) {
        let error = self.event("error").await;
        assert_eq!(error["public"], true);
        assert_eq!(error.as_object().unwrap().len(), 3, "{error}");
        (error["status_code"].as_u64().unwrap(), text(&error["message"]))
    }

    /// Waits for a message with these words.
    pub async fn hears(&self, words: &str) -> Value {
        self.wire.expect(words, |frame| is_event(frame, "user_message") && frame["data"]["data"]["text"] == words).await["data"]["data"]
            .clone()
    }

    /// Who is in the room. When this returns, everything that was ordered before it has been answered.
    pub async fn guests(&mut self) -> Vec<Value> {
        self.wire.send_json(json!({ "order": "get_current_guests" })).await;
        self.event("current_guests").await.as_array().unwrap().clone()
    }

    /// The data of every such event so far.
    pub fn all(&self, name: &str) -> Vec<Value> {
        self.wire.received().iter().filter(|frame| is_event(frame, name)).map(|frame| frame["data"]["data"].clone()).collect()
    }

    /// This visitor as others see it.
    pub fn card(&self) -> Value {
        json!({ "id": self.id, "name": self.name })
    }
}
