//! Words for calls, for clients that answer no offers.

use std::time::Instant;

use serde_json::{Value, json};

use super::client::{Client, PATIENCE};

/// Not now, but soon perhaps: no media node has answered in time.
const UNAVAILABLE: u64 = 17;

impl Client {
    /// Joins a call, again if it is told to try again; answers `callJoined`.
    pub async fn call(&mut self, which: Value) -> Value {
        let start = Instant::now();
        loop {
            let mut answer = self.request("callJoin", which.clone()).await;
            if answer["error"]["code"] != UNAVAILABLE || start.elapsed() > PATIENCE {
                assert_eq!(answer["type"], "callJoined", "{answer}");
                return answer["callJoined"].take();
            }
        }
    }

    /// Waits for the next offer.
    pub async fn offered(&self) -> Value {
        self.expect_type("callOffer").await["callOffer"].clone()
    }

    /// The highest number of a connection so far.
    pub fn newest_connection(&self) -> u64 {
        self.received_of("callOffer").iter().filter_map(|offer| offer["connection"].as_u64()).max().unwrap()
    }

    /// Waits for the news that these people are in a channel's call, in any order: who comes back after a move may be another first.
    pub async fn sees_in_call(&self, recipient: &str, people: &[&Client]) {
        let users: Vec<_> = people.iter().map(|who| json!({ "UUID": who.uuid(), "Username": who.name(), "OnLine": true })).collect();
        let fits = |news: &Value| {
            let told = news["participants"].as_array();
            news["recipientUUID"] == recipient
                && told.is_some_and(|told| told.len() == users.len() && users.iter().all(|who| told.contains(who)))
        };
        self.expect(&format!("callChanged in {recipient:?} with {users:?}"), |v| fits(&v["callChanged"])).await;
    }
}
