//! Words for calls, for clients that answer no offers.

use serde_json::{Value, json};

use super::client::Client;

impl Client {
    /// Joins a call; answers `callJoined`.
    pub async fn call(&mut self, which: Value) -> Value {
        let mut answer = self.request("callJoin", which).await;
        assert_eq!(answer["type"], "callJoined", "{answer}");
        answer["callJoined"].take()
    }

    /// Waits for the next offer.
    pub async fn offered(&self) -> Value {
        self.expect_type("callOffer").await["callOffer"].clone()
    }

    /// The highest number of a connection so far.
    pub fn newest_connection(&self) -> u64 {
        self.received_of("callOffer").iter().filter_map(|offer| offer["connection"].as_u64()).max().unwrap()
    }

    /// Waits for the news that these people, in this order, are in a channel's call.
    pub async fn sees_in_call(&self, recipient: &str, people: &[&Client]) {
        let users: Vec<_> = people.iter().map(|who| json!({ "UUID": who.uuid(), "Username": who.name(), "OnLine": true })).collect();
        let expected = json!({ "recipientUUID": recipient, "participants": users });
        self.expect(&format!("callChanged {expected}"), |v| v["callChanged"] == expected).await;
    }
}
