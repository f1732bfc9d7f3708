//! A client of the mesh protocol: a few words for what tests do.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::client::{Client, PATIENCE, text};
use crate::support::node::Node;

/// A connection to a mesh.
pub struct Peer {
    pub wire: Client,
    /// Who came before, as told.
    pub before: Vec<String>,
    /// Only the others are told; see [`Peer::learn_ids`].
    pub id: String,
}

/// Connects to whatever stands behind the path of the protocol.
pub async fn connect(node: &Node, query: &str) -> Client {
    Client::open_at(node.address(), &format!("/mesh/ws{query}"), None).await.expect("the node accepts the connection")
}

/// The peers of a message with a list of them.
pub fn ids(message: &Value) -> Vec<String> {
    message["peerIds"].as_array().expect("a list of peers").iter().map(text).collect()
}

impl Peer {
    /// Into a mesh.
    pub async fn come(node: &Node, query: &str) -> Self {
        Self::entered(connect(node, query).await).await
    }

    /// As [`Peer::come`]; `None`: the node does not reach the store, and wants it to come back.
    pub async fn try_come(node: &Node, query: &str) -> Option<Self> {
        let wire = connect(node, query).await;
        let Some(list) = wire.find("who is there", |frame| frame["type"] == "connected-peers").await else {
            assert_eq!(wire.closed().await.0, 1012);
            return None;
        };
        Some(Self { wire, before: ids(&list), id: String::new() })
    }

    /// As [`Peer::come`], of an open connection.
    pub async fn entered(wire: Client) -> Self {
        let list = wire.expect_type("connected-peers").await;
        assert_eq!(list.as_object().unwrap().len(), 2, "{list}");
        Self { wire, before: ids(&list), id: String::new() }
    }

    /// Into a mesh where nobody else comes at the same time; `others` came before, and learn this one's identifier by its offer.
    pub async fn come_to(node: &Node, query: &str, others: &[&Self]) -> Self {
        let mut peer = Self::come(node, query).await;
        for before in peer.before.clone() {
            peer.offer(&before, json!("hello")).await;
        }
        for other in others {
            peer.id = text(&other.wire.expect("an offer", |frame| frame["offer"] == "hello").await["fromPeerId"]);
        }
        peer
    }

    /// Sends an offer.
    pub async fn offer(&mut self, to: &str, offer: Value) {
        self.wire.send_json(json!({ "action": "forward-offer", "offer": offer, "toPeerId": to })).await;
    }

    /// Sends an answer.
    pub async fn answer(&mut self, to: &str, answer: Value) {
        self.wire.send_json(json!({ "action": "forward-answer", "answer": answer, "toPeerId": to })).await;
    }

    /// Sends a candidate.
    pub async fn candidate(&mut self, to: &str, candidate: Value) {
        self.wire.send_json(json!({ "action": "forward-icecandidate", "candidate": candidate, "toPeerId": to })).await;
    }

    /// Waits for the error that says that this peer is not connected.
    pub async fn misses(&self, to: &str) {
        let expected = json!({ "type": "error", "error": "peer-not-connected", "toPeerId": to });
        self.wire.expect("the error of a missing peer", |frame| *frame == expected).await;
    }

    /// When this returns, everything that was sent before it has been answered by the node.
    pub async fn fence(&mut self) {
        let nobody = uuid::Uuid::new_v4().to_string();
        self.candidate(&nobody, Value::Null).await;
        self.misses(&nobody).await;
    }

    /// Waits for news of a peer. (+)
    pub async fn hears(&self, kind: &str, of: &str) {
        let expected = json!({ "type": kind, "peerId": of });
        self.wire.expect(kind, |frame| *frame == expected).await;
    }
}

/// A peer that sees what it gets as it is written, also what most parsers do not take.
pub struct RawPeer {
    socket: WebSocketStream<TcpStream>,
    pub id: String,
}

impl RawPeer {
    /// Into a mesh where `other` is alone, which learns this one's identifier by its offer.
    pub async fn come_to(node: &Node, other: &Peer) -> Self {
        let stream = TcpStream::connect(node.address()).await.unwrap();
        let (socket, _) = client_async(format!("ws://{}/mesh/ws", node.address()), stream).await.unwrap();
        let mut peer = Self { socket, id: String::new() };
        let before = ids(&serde_json::from_str(&peer.text().await).unwrap()).remove(0);
        let offer = json!({ "action": "forward-offer", "offer": "raw", "toPeerId": before });
        peer.socket.send(Message::text(offer.to_string())).await.unwrap();
        peer.id = text(&other.wire.expect("an offer", |frame| frame["offer"] == "raw").await["fromPeerId"]);
        peer
    }

    /// The next text.
    pub async fn text(&mut self) -> String {
        let message = timeout(PATIENCE, self.socket.next()).await.expect("a text comes").expect("the connection stands").unwrap();
        message.into_text().unwrap().to_string()
    }
}
