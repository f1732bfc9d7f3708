//! Redis comes back empty.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::player::{Player, connect_peers};
use crate::faults::crew::{nodes, wait_for};
use crate::support::node::Settings;
use crate::support::redis::RedisServer;

mod two_nodes {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_room_goes_on_after_redis_came_back_empty() {
        let mut redis = wait_for(RedisServer::start);
        let nodes = nodes(2, &Settings::redis(&redis.url()).with("LOBBY_GRACE_SECONDS", 5)).await;
        let (mut host, code) = Player::create(&nodes[0], Value::Null).await;
        let mut guest = Player::join(&nodes[1], &code, None).await;
        connect_peers(&mut guest, &mut host, json!("before")).await;
        let heir = Player::join(&nodes[1], &code, None).await;
        wait_for(|| redis.kill());
        assert_eq!(guest.refused("guestOfferSignal", json!({ "offerSignal": 1 })).await, "unavailable");
        wait_for(|| redis.restart_empty());
        let newcomer = loop {
            match Player::try_join(&nodes[1], &code, None).await {
                Ok((newcomer, is_host)) => break (!is_host).then_some(newcomer).unwrap(),
                Err(error) => assert!(["noRoomFound", "unavailable", "tooMany"].contains(&error.as_str()), "{error}"),
            }
            sleep(Duration::from_millis(500)).await;
        };
        connect_peers(&mut guest, &mut host, json!("after")).await;
        // Its time goes on, too, and so does who everybody is.
        let token = guest.token.clone();
        guest.wire.close().await;
        assert_eq!(host.told("guestDisconnected").await["clientId"], guest.id.as_str());
        Player::back(&nodes[0], &token).await.joined(false, true).await;
        host.wire.close().await;
        for other in [&heir, &newcomer] {
            assert_eq!(other.told("hostMigrated").await["term"], 2);
            assert_eq!(other.all("roomClosed"), Vec::<Value>::new());
        }
    }
}
