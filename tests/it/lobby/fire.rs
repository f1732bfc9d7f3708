//! Everything at once: people who come, go and come back elsewhere, hosts that vanish, nodes that are killed. `FIRE_ROUNDS` of 15 steps each (4, unless
//! it is set), `FIRE_SEED` for others than the usual.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::player::{Player, connect_peers};
use crate::chat::site::Site;

/// Longer than a dead node takes to be noticed, and a grace, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Steps between two quiet moments.
const STEPS: usize = 15;
/// What is answered where a host is away, and where the store was out of reach for a moment: the same may be tried again.
const LATER: [&str; 2] = ["hostDisconnected", "unavailable"];
/// With so many nobody new comes.
const CROWD: usize = 20;
/// So long it is known of a room that it has ended, and of a client in no room who it is; in seconds.
const KNOWN: i64 = 3_600;

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
        Self { site, code, here: vec![host, guest], away: Vec::new(), version: 0, dice: Dice(seed.max(1)) }
    }

    async fn step(&mut self) {
        let (node, who) = (self.dice.roll(3), self.dice.roll(self.here.len()));
        match self.dice.roll(10) {
            0..3 if self.here.len() < CROWD => {
                // While a host is away nobody new gets in.
                match Player::try_join(&self.site.nodes[node], &self.code, None).await {
                    Ok((player, _)) => self.here.push(player),
                    Err(error) => assert!(LATER.contains(&error.as_str()), "{error}"),
                }
            }
            0..5 if self.here.len() > 2 => {
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
        let patience = Instant::now() + PATIENCE;
        loop {
            let player = Player::back(&self.site.nodes[node], token).await;
            assert_eq!(player.id, id);
            let answers = |message: &Value| message["type"] == "roomJoined" || message["type"] == "error";
            let answer = player.wire.expect("an answer", answers).await;
            if answer["type"] == "roomJoined" {
                return self.here.push(player);
            }
            // Who has lost its place is not taken while the host is away, and may try again.
            assert!(LATER.contains(&answer["errorType"].as_str().unwrap()), "{answer}");
            assert!(Instant::now() < patience, "there never was another host");
            player.wire.close().await;
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn save(&mut self) {
        self.version += 1;
        let version = self.version;
        let Some(host) = self.here.iter_mut().find(|player| player.is_host()) else { return };
        host.send("saveSnapshot", json!({ "version": version, "state": version })).await;
        let answer = host.wire.expect("an answer", |message| ["snapshotSaved", "error"].contains(&message["type"].as_str().unwrap())).await;
        let saved = answer["type"] == "snapshotSaved" || ["notHost", "unavailable"].contains(&answer["errorType"].as_str().unwrap());
        assert!(saved, "{answer}");
    }

    async fn kill_the_host(&mut self) {
        if let Some(index) = self.here.iter().position(Player::is_host).filter(|_| self.here.len() > 1) {
            let host = self.here.swap_remove(index);
            self.away.push((host.id.clone(), host.token.clone()));
            // Without a word.
            drop(host);
        }
    }

    /// Everybody on that node comes back elsewhere, as themselves. The node starts again, or another one in its place.
    async fn kill_a_node(&mut self) {
        let index = self.dice.roll(3);
        let killed = self.site.nodes[index].address();
        self.site.nodes[index].kill9();
        let (lost, here): (Vec<Player>, Vec<Player>) = std::mem::take(&mut self.here).into_iter().partition(|player| player.node == killed);
        self.here = here;
        for player in lost {
            player.wire.closed().await;
            self.come_back((index + 1) % 3, &player.id, &player.token).await;
        }
        self.site.nodes[index] = if self.dice.roll(2) == 0 { self.site.nodes[index].again().await } else { self.site.another(&[]).await };
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

    /// Everybody goes; after the times there is no room.
    async fn all_go(&mut self) {
        let gone = std::mem::take(&mut self.here);
        self.away.extend(gone.iter().map(|player| (player.id.clone(), player.token.clone())));
        join_all(gone.into_iter().map(|player| player.wire.close())).await;
        let patience = Instant::now() + PATIENCE;
        loop {
            // Whoever is let in before the end of the last connection was noticed must not become host.
            match Player::try_join(self.site.here(), &self.code, Some(false)).await {
                Err(error) if error == "noRoomFound" => return,
                Err(error) => assert!(LATER.contains(&error.as_str()), "{error}"),
                Ok((player, is_host)) => {
                    assert!(!is_host);
                    self.away.push((player.id.clone(), player.token.clone()));
                    player.wire.close().await;
                }
            }
            assert!(Instant::now() < patience, "the room stays");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Nobody who ever was in the room gets into one by its token; and what is left in the store ends by itself, soon, and is of nobody of them.
    async fn nothing_is_left(&self) {
        for (index, (id, token)) in self.away.iter().enumerate() {
            let mut player = Player::back(self.site.any(index), token).await;
            assert_eq!(&player.id, id);
            player.fence().await;
            assert_eq!(player.all("roomJoined"), Vec::<Value>::new());
            player.wire.close().await;
        }
        let patience = Instant::now() + PATIENCE;
        loop {
            let left = self.left();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < patience, "left over: {left:?}");
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// What should not be in the store any more.
    fn left(&self) -> Vec<(String, i64)> {
        let of = |what: &str| self.site.keys(&format!("rialto:{what}"));
        let end = format!("rialto:{{l:{}}}:end", self.code);
        // A connection in no room, whose node was killed, is the only client that nobody could forget.
        let is_stranger = |key: &str| key.starts_with("rialto:lc:") && !self.away.iter().any(|(id, _)| key.ends_with(id.as_str()));
        let may_stay = |key: &str, ends: i64| (0..=KNOWN).contains(&ends) && (key == end || is_stranger(key));
        // The rooms' index, rooms, clients, and what is on whose account.
        let keys = ["{lobbies}", "{l:", "lc:", "la:"].into_iter().flat_map(of);
        let mut left: Vec<_> = keys.filter(|(key, ends)| !may_stay(key, *ends)).collect();
        left.extend(of("cnt:").into_iter().filter(|(_, ends)| *ends < 0));
        left
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

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: a whole number")))
}

async fn under_fire(seed: u64) {
    let rounds = setting("FIRE_ROUNDS", 4);
    println!("FIRE_SEED={seed} FIRE_ROUNDS={rounds}");
    let mut game = Game::new(seed).await;
    for round in 0..rounds {
        for _ in 0..STEPS {
            game.step().await;
        }
        if round % 2 == 0 {
            game.kill_the_host().await;
        } else {
            game.kill_a_node().await;
        }
        game.is_quiet().await;
    }
    game.all_go().await;
    game.nothing_is_left().await;
}

mod three_nodes {
    use super::*;

    #[tokio::test]
    async fn a_lobby_under_fire() {
        under_fire(setting("FIRE_SEED", 0x5eed)).await;
    }

    #[tokio::test]
    async fn and_once_more() {
        under_fire(setting("FIRE_SEED", 0xfeed_beef - 1) + 1).await;
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
        assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
        let late = Player::back(&site.nodes[2], &late.token).await;
        late.joined(false, true).await;
        assert_eq!(host.told("guestReconnected").await["clientId"], late.id.as_str());
    }

    #[tokio::test]
    async fn a_game_goes_on_although_its_hosts_node_was_killed() {
        // The room's own grace counts, whoever lets the time pass.
        let site = Site::on_redis(3, &[("LOBBY_GRACE_SECONDS", "600")]).await;
        let (mut host, code) = Player::create(&site.nodes[1], json!({ "graceSeconds": 1 })).await;
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
