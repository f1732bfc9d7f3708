//! Everything at once: people who come, go and come back elsewhere, hosts that vanish, nodes that are killed.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::player::{Player, connect_peers};
use crate::chat::site::Site;

/// Longer than a dead node takes to be noticed, and a grace, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// A room, who is in it, and who could come back.
struct Game {
    site: Site,
    code: String,
    here: Vec<Player>,
    away: Vec<(String, String)>,
    version: i64,
    dice: Dice,
}

impl Game {
    async fn new(seed: u64) -> Self {
        let site =
            Site::on_redis(3, &[("LOBBY_GRACE_SECONDS", "1"), ("LOBBY_ROOM_TIMEOUT_SECONDS", "2"), ("LOBBY_SNAPSHOT_SECONDS", "3")]).await;
        let (host, code) = Player::create(site.here(), Value::Null).await;
        let guest = Player::join(site.there(), &code, None).await;
        Self { site, code, here: vec![host, guest], away: Vec::new(), version: 0, dice: Dice(seed) }
    }

    async fn step(&mut self) {
        let (node, who) = (self.dice.roll(3), self.dice.roll(self.here.len()));
        match self.dice.roll(10) {
            0..3 => {
                // While a host is away nobody new gets in.
                match Player::try_join(&self.site.nodes[node], &self.code, None).await {
                    Ok((player, _)) => self.here.push(player),
                    Err(error) => assert_eq!(error, "hostDisconnected"),
                }
            }
            3..5 if self.here.len() > 2 => {
                let player = self.here.swap_remove(who);
                self.away.push((player.id.clone(), player.token.clone()));
                player.wire.close().await;
            }
            5..8 if !self.away.is_empty() => {
                let (id, token) = self.away.swap_remove(who % self.away.len());
                self.come_back(node, &id, &token).await;
            }
            8 => self.save().await,
            _ => {
                // The half-open connection of somebody who is back already.
                let (id, token) = (self.here[who].id.clone(), self.here[who].token.clone());
                let before = self.here.swap_remove(who);
                self.come_back(node, &id, &token).await;
                assert!([4002, 1006].contains(&before.wire.closed().await.0));
            }
        }
    }

    async fn come_back(&mut self, node: usize, id: &str, token: &str) {
        let player = Player::back(&self.site.nodes[node], token).await;
        assert_eq!(player.id, id);
        player.told("roomJoined").await;
        self.here.push(player);
    }

    async fn save(&mut self) {
        self.version += 1;
        let version = self.version;
        let Some(host) = self.here.iter_mut().find(|player| player.is_host()) else { return };
        host.send("saveSnapshot", json!({ "version": version, "state": version })).await;
        let answer = host.wire.expect("an answer", |message| ["snapshotSaved", "error"].contains(&message["type"].as_str().unwrap())).await;
        assert!(answer["type"] == "snapshotSaved" || answer["errorType"] == "notHost", "{answer}");
    }

    async fn kill_the_host(&mut self) {
        if let Some(index) = self.here.iter().position(Player::is_host).filter(|_| self.here.len() > 1) {
            let host = self.here.swap_remove(index);
            self.away.push((host.id.clone(), host.token.clone()));
            // Without a word.
            drop(host);
        }
    }

    /// Everybody on that node comes back elsewhere, as themselves.
    async fn kill_a_node(&mut self) {
        let index = self.dice.roll(3);
        self.site.nodes[index].kill9();
        // What it left on the wire is read to its end.
        sleep_until(|| false, Duration::from_millis(100)).await;
        let (lost, here): (Vec<Player>, Vec<Player>) =
            std::mem::take(&mut self.here).into_iter().partition(|player| !player.wire.is_open());
        self.here = here;
        for player in lost {
            self.come_back((index + 1) % 3, &player.id, &player.token).await;
        }
        self.site.nodes[index] = self.site.nodes[index].again().await;
    }

    /// When nothing happens for a while there is one host, and all know who.
    async fn is_quiet(&mut self) {
        let agree = || {
            let hosts: Vec<&Player> = self.here.iter().filter(|player| player.is_host()).collect();
            let [host] = hosts[..] else { return false };
            self.here.iter().all(|player| knows(player, &host.id))
        };
        sleep_until(agree, PATIENCE).await;
        assert!(agree(), "who is host? {:?}", self.here.iter().map(|player| (&player.id, player.wire.received())).collect::<Vec<_>>());
        let host = self.here.iter().position(Player::is_host).unwrap();
        let mut host = self.here.swap_remove(host);
        for guest in &mut self.here {
            connect_peers(guest, &mut host, json!("quiet")).await;
        }
        let versions: Vec<i64> = host.all("snapshot").iter().map(|snapshot| snapshot["version"].as_i64().unwrap()).collect();
        assert!(versions.is_sorted() && versions.iter().all(|version| *version <= self.version));
        if let Some(version) = versions.last() {
            assert_eq!(host.refused("saveSnapshot", json!({ "version": version, "state": 0 })).await, "staleSnapshot");
        }
        self.here.push(host);
    }

    /// Everybody goes; after the times nothing is left.
    async fn all_go(self) {
        join_all(self.here.into_iter().map(|player| player.wire.close())).await;
        let patience = Instant::now() + PATIENCE;
        loop {
            // Whoever is let in before the end of the last connection was noticed must not become host.
            match Player::try_join(self.site.here(), &self.code, Some(false)).await {
                Err(error) if error == "noRoomFound" => return,
                Err(error) => assert_eq!(error, "hostDisconnected"),
                Ok(_) => {}
            }
            assert!(Instant::now() < patience, "the room stays");
        }
    }
}

/// Whether a player, by the last it was told since it came, knows this host or had no other.
fn knows(player: &Player, host: &str) -> bool {
    let received = player.wire.received();
    let told =
        received.iter().rev().take_while(|message| message["type"] != "roomJoined").find(|message| message["type"] == "hostMigrated");
    let is_away = received
        .iter()
        .rev()
        .find(|message| ["hostDisconnected", "hostReconnected", "hostMigrated", "roomJoined"].contains(&message["type"].as_str().unwrap()));
    told.is_none_or(|told| told["data"]["hostId"] == host) && is_away.is_none_or(|message| message["type"] != "hostDisconnected")
}

async fn sleep_until(holds: impl Fn() -> bool, patience: Duration) {
    let patience = Instant::now() + patience;
    while !holds() && Instant::now() < patience {
        sleep(Duration::from_millis(20)).await;
    }
}

async fn under_fire(seed: u64) {
    let mut game = Game::new(seed).await;
    for round in 0..4 {
        for _ in 0..15 {
            game.step().await;
        }
        match round {
            0 | 2 => game.kill_the_host().await,
            1 => game.kill_a_node().await,
            _ => {}
        }
        game.is_quiet().await;
    }
    game.all_go().await;
}

mod three_nodes {
    use super::*;

    #[tokio::test]
    async fn a_lobby_under_fire() {
        under_fire(0x5eed).await;
    }

    #[tokio::test]
    async fn and_once_more() {
        under_fire(0xfeed_beef).await;
    }

    #[tokio::test]
    async fn who_was_on_a_killed_node_comes_back_elsewhere_as_itself() {
        let site = Site::on_redis(3, &[]).await;
        let (mut host, code) = Player::create(&site.nodes[0], Value::Null).await;
        let gone = Player::join(&site.nodes[1], &code, None).await;
        let late = Player::join(&site.nodes[1], &code, None).await;
        let begun = Instant::now();
        site.nodes[1].kill9();
        let mut back = Player::back(&site.nodes[2], &gone.token).await;
        assert_eq!(back.id, gone.id);
        back.joined(false, true).await;
        connect_peers(&mut back, &mut host, json!("at once")).await;
        assert_eq!(host.told("guestDisconnected").await["clientId"], late.id.as_str());
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        let late = Player::back(&site.nodes[2], &late.token).await;
        late.joined(false, true).await;
        assert_eq!(host.told("guestReconnected").await["clientId"], late.id.as_str());
    }

    #[tokio::test]
    async fn a_game_goes_on_although_its_hosts_node_was_killed() {
        let site = Site::on_redis(3, &[("LOBBY_GRACE_SECONDS", "1")]).await;
        let (mut host, code) = Player::create(&site.nodes[1], Value::Null).await;
        host.send("saveSnapshot", json!({ "version": 1, "state": "game" })).await;
        host.told("snapshotSaved").await;
        let mut heir = Player::join(&site.nodes[0], &code, None).await;
        let mut other = Player::join(&site.nodes[2], &code, None).await;
        site.nodes[1].kill9();
        assert_eq!(heir.told("hostMigrated").await["clientIsHost"], true);
        assert_eq!(heir.told("snapshot").await, json!({ "version": 1, "state": "game" }));
        assert_eq!(other.told("hostMigrated").await["hostId"], heir.id.as_str());
        connect_peers(&mut other, &mut heir, json!("on")).await;
        let old = Player::back(&site.nodes[0], &host.token).await;
        old.joined(false, false).await;
    }
}
