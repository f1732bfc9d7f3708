//! Nodes that carry calls, each a process, on a real Redis: what clients of chat nodes notice of them when they stop, freeze or lose a room.
//! (+)

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rialto::cluster::placement::LEASE;
use rialto::ids::{ChannelId, NodeId, RoomId};
use rialto::store::Leases as _;
use rialto::store::leases::{ByHolder, Lease};
use rialto::store::redis::{RedisSettings, RedisStore};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::store_contract::vocabulary::eventually;
use crate::support::client::Client;
use crate::support::node::{Node, Settings};
use crate::support::redis::{RedisServer, connect, free_port, wait_until};
use crate::support::undisturbed::undisturbed;

/// How long a call may stand still when its node is stopped, on a busy machine.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(15);

/// A cluster: who speaks with clients, and who carries calls.
struct Cluster {
    chat: Node,
    media: Vec<Node>,
    store: Arc<RedisStore>,
    settings: Settings,
    redis: RedisServer,
}

impl Cluster {
    async fn start(media: usize) -> Self {
        let redis = tokio::task::spawn_blocking(RedisServer::start).await.unwrap();
        let settings = Settings::redis(&redis.url()).with("MEDIA_SHARDS", 1);
        let chat = Node::start(&settings.clone().with("ROLE", "chat")).await;
        let media_settings = settings.clone().with("ROLE", "media");
        let media = futures_util::future::join_all((0..media).map(|_| Node::start(&media_settings))).await;
        let store = Arc::new(connect(RedisSettings::new(redis.url().parse().unwrap())).await);
        Self { chat, media, store, settings, redis }
    }

    /// The node that carries the general channel's call, and another.
    async fn holder_and_other(&self) -> (&Node, &Node) {
        let [one, other] = &self.media[..] else { panic!("two") };
        loop {
            // Told once a second.
            match (one.metric("rialto_media_rooms").await, other.metric("rialto_media_rooms").await) {
                (1.0, 0.0) => return (one, other),
                (0.0, 1.0) => return (other, one),
                _ => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    async fn lease(&self) -> Option<Lease> {
        self.store.room_leases(&[general()]).await.unwrap().remove(0)
    }
}

fn general() -> RoomId {
    RoomId::of_channel(ChannelId::general())
}

/// Joins the general channel's call; answers the first offer.
async fn call(client: &mut Client) -> Value {
    client.call(json!({ "audio": true })).await;
    client.offered().await
}

/// Waits for an offer that is for another connection than this one was.
async fn another_connection(client: &Client, before: &Value) {
    let is_another = |frame: &Value| frame["type"] == "callOffer" && frame["callOffer"]["connection"] != before["connection"];
    client.expect("an offer of another connection", is_another).await;
}

/// The client's participants, by name.
fn participants(frame: &Value) -> Vec<String> {
    let participants = frame["participants"].as_array().unwrap().iter();
    participants.map(|participant| participant["user"]["Username"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Waits until the client sees just these in its call.
async fn sees(client: &Client, names: &[String]) {
    let seen = |frames: &[Value]| {
        let last = frames.iter().rev().find(|frame| frame["type"] == "callTracks");
        last.is_some_and(|frame| participants(&frame["callTracks"]) == names)
    };
    client.until(&format!("{names:?} are in the call"), seen).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_media_node_carries_calls_and_does_nothing_else() {
    let cluster = Cluster::start(1).await;
    let media = &cluster.media[0];
    assert_eq!(media.get("/healthz").await.0, 200);
    eventually("it is ready", || async { media.get("/readyz").await.0 == 200 }).await;
    for path in ["/", "/index.html", "/ws"] {
        assert_eq!(media.get(path).await.0, 404, "{path}");
    }
    let (mut ann, mut bob, mut cem) =
        (Client::guest(&cluster.chat).await, Client::guest(&cluster.chat).await, Client::guest(&cluster.chat).await);
    cem.join("").await;
    let offer = call(&mut ann).await;
    let (sdp, lines) = (offer["sdp"].as_str().unwrap(), &offer["lines"]);
    assert!(sdp.contains("a=ice-lite") && sdp.contains("a=candidate:") && sdp.contains(" 127.0.0.1 "), "{sdp}");
    assert_eq!(lines[0]["source"], "microphone");
    sees(&ann, &[ann.name()]).await;
    call(&mut bob).await;
    sees(&ann, &[ann.name(), bob.name()]).await;
    sees(&bob, &[ann.name(), bob.name()]).await;
    eventually("it has told of its call", || async {
        media.metric("rialto_media_rooms").await == 1.0 && media.metric("rialto_media_participants").await == 2.0
    })
    .await;
    // Who is only in the channel hears of it, too.
    cem.expect("both are in the call", |frame| {
        frame["type"] == "callChanged" && frame["callChanged"]["participants"].as_array().is_some_and(|people| people.len() == 2)
    })
    .await;

    // Nobody is left: neither is the room.
    ann.ask("callLeave", json!({})).await;
    sees(&bob, &[bob.name()]).await;
    bob.close().await;
    eventually("the room is given up", || async { cluster.lease().await.is_none() }).await;
    cem.expect("the call is over", |frame| {
        frame["type"] == "callChanged" && frame["callChanged"]["participants"].as_array().is_some_and(Vec::is_empty)
    })
    .await;
    eventually("it carries nothing", || async { media.metric("rialto_media_participants").await == 0.0 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_media_node_that_is_stopped_hands_its_calls_over() {
    undisturbed(a_media_node_is_stopped).await;
}

async fn a_media_node_is_stopped() -> bool {
    let cluster = Cluster::start(2).await;
    let (mut ann, mut bob) = (Client::guest(&cluster.chat).await, Client::guest(&cluster.chat).await);
    let offers = [call(&mut ann).await, call(&mut bob).await];
    sees(&bob, &[ann.name(), bob.name()]).await;
    let (leaving, staying) = cluster.holder_and_other().await;
    let before = cluster.lease().await.unwrap();
    if [leaving, staying, &cluster.chat].into_iter().any(Node::has_seen_a_move) {
        return false;
    }
    leaving.sigterm();
    for client in [&ann, &bob] {
        client.expect_type("callMoved").await;
    }
    let told = Instant::now();
    for (client, before) in [&ann, &bob].into_iter().zip(&offers) {
        another_connection(client, before).await;
    }
    assert!(told.elapsed() < HANDED_OVER_WITHIN, "it took {:?}", told.elapsed());
    assert!(leaving.wait().await.success());
    if leaving.lost_a_room() {
        return false;
    }
    leaving.logged("a room was handed over").await;
    let after = cluster.lease().await.unwrap();
    assert!(after.node != before.node && after.epoch > before.epoch);
    eventually("the other one has told of it", || async { staying.metric("rialto_media_participants").await == 2.0 }).await;
    let moves = [&ann, &bob].map(|client| client.received_of("callMoved"));
    if staying.refused_leases().await > 0.0 {
        return false;
    }
    assert_eq!(moves, [[json!({})], [json!({})]], "once, and nobody had to wait");
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_media_node_that_froze_harms_nothing_when_it_wakes() {
    undisturbed(a_media_node_freezes).await;
}

async fn a_media_node_freezes() -> bool {
    let cluster = Cluster::start(2).await;
    let mut ann = Client::guest(&cluster.chat).await;
    let offer = call(&mut ann).await;
    let (frozen, other) = cluster.holder_and_other().await;
    let before = cluster.lease().await.unwrap();
    if [frozen, other, &cluster.chat].into_iter().any(Node::has_seen_a_move) {
        return false;
    }
    frozen.pause(true);
    let since = Instant::now();
    another_connection(&ann, &offer).await;
    assert!(since.elapsed() < LEASE * 8, "it took {:?}", since.elapsed());
    let after = cluster.lease().await.unwrap();
    assert!(after.node != before.node && after.epoch > before.epoch);
    frozen.pause(false);
    eventually("it is refused, and has given the room up", || async {
        frozen.refused_leases().await >= 1.0 && frozen.metric("rialto_media_rooms").await == 0.0
    })
    .await;
    let now = cluster.lease().await.unwrap();
    // What it still had to say is of no interest to anybody.
    let mut bob = Client::guest(&cluster.chat).await;
    call(&mut bob).await;
    sees(&ann, &[ann.name(), bob.name()]).await;
    let moves = ann.received_of("callMoved").len();
    if other.refused_leases().await > 0.0 {
        return false;
    }
    assert_eq!((now.node, now.epoch, moves), (after.node, after.epoch, 1));
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_was_given_to_another_behind_its_holders_back_goes_on_there() {
    let cluster = Cluster::start(1).await;
    let mut ann = Client::guest(&cluster.chat).await;
    let offer = call(&mut ann).await;
    let held = cluster.lease().await.unwrap();
    // To a node that does not even live.
    let nobody = NodeId::random();
    let taken = cluster.store.hand_over_room(general(), held.node, held.epoch, nobody, LEASE).await.unwrap();
    assert!(matches!(taken, ByHolder::Done(_)));
    another_connection(&ann, &offer).await;
    let after = cluster.lease().await.unwrap();
    assert_eq!(after.node, held.node, "there is no other");
    assert!(after.epoch.0 > held.epoch.0 + 1);
    assert!(cluster.media[0].refused_leases().await >= 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_away_for_longer_than_a_lease_lasts_ends_no_call() {
    undisturbed(redis_is_away).await;
}

async fn redis_is_away() -> bool {
    let mut cluster = Cluster::start(2).await;
    let (mut ann, mut bob) = (Client::guest(&cluster.chat).await, Client::guest(&cluster.chat).await);
    call(&mut ann).await;
    call(&mut bob).await;
    sees(&ann, &[ann.name(), bob.name()]).await;
    let before = cluster.lease().await.unwrap();
    tokio::task::block_in_place(|| {
        cluster.redis.kill();
        let killed = Instant::now();
        wait_until("the lease has run out", || killed.elapsed() > LEASE * 2);
        cluster.redis.restart();
    });
    // What was asked meanwhile, or is asked now, is told as soon as it is certain whose the room is.
    bob.ask("callState", json!({ "hand": true })).await;
    ann.expect("his hand", |frame| {
        let people = frame["callTracks"]["participants"].as_array();
        people.is_some_and(|people| people.iter().any(|participant| participant["hand"] == true))
    })
    .await;
    let after = cluster.lease().await.unwrap();
    let moves = [&ann, &bob].map(|client| client.received_of("callMoved").len());
    // Of what it holds a node renews the lease within a second and a half, or the chat node looks for another.
    if cluster.media.iter().chain([&cluster.chat]).any(Node::has_seen_a_move) {
        return false;
    }
    assert_eq!((after.node, after.epoch, moves), (before.node, before.epoch, [0, 0]));
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_participants_of_a_killed_chat_node_leave_their_calls() {
    let cluster = Cluster::start(1).await;
    let killed = Node::start(&cluster.settings.clone().with("ROLE", "chat")).await;
    let (mut ann, mut bob) = (Client::guest(&cluster.chat).await, Client::guest(&killed).await);
    call(&mut ann).await;
    call(&mut bob).await;
    sees(&ann, &[ann.name(), bob.name()]).await;
    killed.kill9();
    sees(&ann, &[ann.name()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_alone_carries_its_own_calls() {
    let node = Node::start(&Settings::embedded()).await;
    let (mut ann, mut bob) = (Client::guest(&node).await, Client::guest(&node).await);
    call(&mut ann).await;
    let offer = call(&mut bob).await;
    assert!(offer["sdp"].as_str().unwrap().contains(" 127.0.0.1 "), "{offer}");
    sees(&ann, &[ann.name(), bob.name()]).await;
    node.sigterm();
    assert!(node.wait().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_of_calls_that_is_taken_stops_the_start_with_words() {
    let port = free_port();
    let taken = std::net::UdpSocket::bind(("127.0.0.1", port)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rialto"));
    command.env_clear().current_dir(folder.path()).envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("MEDIA_SHARDS", "1")]);
    command.env("MEDIA_PORT", port.to_string());
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(!ended.status.success());
    let words = String::from_utf8(ended.stderr).unwrap();
    assert!(words.contains(&format!("cannot bind 127.0.0.1:{port} for UDP and TCP (MEDIA_PORT, MEDIA_SHARDS)")), "{words}");
    drop(taken);
}
