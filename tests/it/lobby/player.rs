//! A client of the lobby protocol: a few words for what tests do.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::client::{Client, text};
use crate::support::node::Node;

/// A connection that knows who it is.
pub struct Player {
    pub wire: Client,
    /// The node that it is connected to.
    pub node: SocketAddr,
    pub id: String,
    pub token: String,
}

impl Player {
    /// Connects, with whatever stands behind the path, and hears who it is.
    pub async fn connect(node: &Node, query: &str) -> Self {
        Self::connect_at(node, &format!("/lobby/ws{query}")).await
    }

    /// As [`Player::connect`], at any path.
    pub async fn connect_at(node: &Node, path: &str) -> Self {
        let wire = Client::open_at(node.address(), path, None).await.expect("the node accepts the connection");
        let mut player = Self { wire, node: node.address(), id: String::new(), token: String::new() };
        player.identified().await;
        player
    }

    /// Makes a room; answers its code, too.
    pub async fn create(node: &Node, wishes: Value) -> (Self, String) {
        let mut player = Self::connect(node, "").await;
        player.send("createRoom", wishes).await;
        let code = text(&player.told("roomCreated").await["roomCode"]);
        (player, code)
    }

    /// Joins a room.
    pub async fn join(node: &Node, code: &str, can_host: Option<bool>) -> Self {
        let mut player = Self::connect(node, "").await;
        player.ask_to_join(code, can_host).await;
        player.joined(false, false).await;
        player
    }

    /// Joins a room, or hears why not; whether as host, too.
    pub async fn try_join(node: &Node, code: &str, can_host: Option<bool>) -> Result<(Self, bool), String> {
        let mut player = Self::connect(node, "").await;
        player.ask_to_join(code, can_host).await;
        let answers = |message: &Value| message["type"] == "roomJoined" || message["type"] == "error";
        let answer = player.wire.expect("an answer", answers).await;
        if answer["type"] == "error" { Err(text(&answer["errorType"])) } else { Ok((player, answer["data"]["clientIsHost"] == true)) }
    }

    /// Comes back by a token.
    pub async fn back(node: &Node, token: &str) -> Self {
        Self::connect(node, &format!("?token={token}")).await
    }

    /// `joinRoom`.
    pub async fn ask_to_join(&mut self, code: &str, can_host: Option<bool>) {
        let data = match can_host {
            Some(can_host) => json!({ "roomCode": code, "canHost": can_host }),
            None => json!({ "roomCode": code }),
        };
        self.send("joinRoom", data).await;
    }

    /// Waits for `identity` and is that from now on.
    pub async fn identified(&mut self) {
        let identity = self.told("identity").await;
        (self.id, self.token) = (text(&identity["clientId"]), text(&identity["token"]));
    }

    /// Waits for `roomJoined`.
    pub async fn joined(&self, is_host: bool, reconnected: bool) {
        assert_eq!(self.told("roomJoined").await, json!({ "clientIsHost": is_host, "reconnected": reconnected }));
    }

    /// Sends a message; `null` data is left out.
    pub async fn send(&mut self, kind: &str, data: Value) {
        let message = if data.is_null() { json!({ "type": kind }) } else { json!({ "type": kind, "data": data }) };
        self.wire.send_json(message).await;
    }

    /// Waits for a message of this type and takes it; answers its data.
    pub async fn told(&self, kind: &str) -> Value {
        self.wire.expect(kind, |message| message["type"] == kind).await["data"].clone()
    }

    /// Waits for an error and answers its type.
    pub async fn error(&self) -> String {
        let error = self.wire.expect("an error", |message| message["type"] == "error").await;
        assert!(error["errorMessage"].is_string() && error.as_object().unwrap().len() == 3, "{error}");
        text(&error["errorType"])
    }

    /// Sends a message that fails; answers the error's type.
    pub async fn refused(&mut self, kind: &str, data: Value) -> String {
        self.send(kind, data).await;
        self.error().await
    }

    /// When this returns, everything that was sent before it has been answered.
    pub async fn fence(&mut self) {
        assert_eq!(self.refused("fence", Value::Null).await, "badMessage");
    }

    /// Every message so far of this type: its data.
    pub fn all(&self, kind: &str) -> Vec<Value> {
        self.wire.received().iter().filter(|message| message["type"] == kind).map(|message| message["data"].clone()).collect()
    }

    /// Whom this client takes for the host: itself, or the one it heard of last.
    pub fn is_host(&self) -> bool {
        let received = self.wire.received();
        let mut roles = received.iter().filter_map(|message| match message["type"].as_str() {
            Some("roomCreated") => Some(true),
            Some("roomJoined" | "hostMigrated") => message["data"]["clientIsHost"].as_bool(),
            _ => None,
        });
        roles.next_back().unwrap_or_default()
    }
}

/// Whether an offer of the guest arrives at the host, and its answer at the guest.
pub async fn connect_peers(guest: &mut Player, host: &mut Player, offer: Value) {
    guest.send("guestOfferSignal", json!({ "offerSignal": offer })).await;
    assert_eq!(host.told("guestOfferSignal").await, json!({ "offerSignal": offer, "clientId": guest.id }));
    host.send("hostAnswerSignal", json!({ "answerSignal": offer, "clientId": guest.id })).await;
    assert_eq!(guest.told("hostAnswerSignal").await, json!({ "answerSignal": offer }));
}

/// An answer over HTTP.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.body))
    }
}

/// A request to `/rooms`, perhaps of a page of this origin.
pub async fn rooms(address: SocketAddr, method: &str, origin: Option<&str>) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let origin = origin.map_or_else(String::new, |origin| format!("Origin: {origin}\r\n"));
    let head = format!("{method} /rooms HTTP/1.1\r\nHost: {address}\r\n{origin}Content-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer { status: head[9..12].parse().unwrap(), head: head.to_lowercase(), body: body.to_owned() }
}

/// Makes a room over HTTP; answers its code.
pub async fn post_room(node: &Node) -> String {
    let answer = rooms(node.address(), "POST", None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    text(&answer.json()["code"])
}
