//! Calls where no media node is alive: participants are told of each other by a chat node, and what they say to each other is brought across
//! nodes. (+)

use std::collections::HashSet;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chat::site::Site;
use crate::store_contract::vocabulary::eventually;
use crate::support::client::Client;
use crate::support::node::{Node, Settings};
use crate::support::undisturbed::undisturbed;

/// How long a call may stand still when its node is gone, or a media node has come.
const GAP: Duration = Duration::from_secs(15);
/// A participant whose node is silent for so long is thought to have left.
const SILENT: Duration = Duration::from_secs(5);

impl Client {
    /// Joins a call that is one of peers.
    async fn call_peers(&mut self, which: Value) -> Value {
        let joined = self.call(which).await;
        assert_eq!((&joined["mode"], &joined["participant"]), (&json!("p2p"), &json!(self.session())));
        joined
    }

    /// Waits until it was told last that the call is of this mode and that these are in it.
    async fn sees(&self, mode: &str, who: &[&Client]) {
        let expected: Vec<&str> = who.iter().map(|client| client.session()).collect();
        let fits = |frames: &[Value]| {
            let last = frames.iter().rev().find(|frame| frame["type"] == "callTracks").map(|frame| &frame["callTracks"]);
            last.is_some_and(|tracks| tracks["mode"] == mode && sessions(tracks) == expected)
        };
        self.until(&format!("{mode} with {expected:?}"), fits).await;
    }

    /// Offers itself to another participant, who answers; both trickle.
    async fn connects(&mut self, other: &mut Client, link: u64) {
        let lines = json!([{ "mid": "0", "source": "microphone" }, { "mid": "1", "source": "camera" }]);
        self.brings(other, json!({ "link": link, "description": { "type": "offer", "sdp": "v=0\r\noffer" }, "lines": lines })).await;
        let candidate =
            json!({ "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "u" });
        self.brings(other, json!({ "link": link, "candidate": candidate })).await;
        other.brings(self, json!({ "link": link, "description": { "type": "answer", "sdp": "v=0\r\nanswer" }, "lines": [] })).await;
        other.brings(self, json!({ "link": link, "candidate": null })).await;
    }

    async fn brings(&mut self, other: &Client, word: Value) {
        let mut sent = word.clone();
        sent["participant"] = json!(other.session());
        self.ask("callPeer", sent).await;
        let mut expected = word;
        expected["participant"] = json!(self.session());
        other.expect(&format!("{expected}"), |frame| frame["callPeer"] == expected).await;
    }

    /// How many lists of participants it has received.
    fn lists(&self) -> usize {
        self.received_of("callTracks").len()
    }
}

fn sessions(tracks: &Value) -> Vec<&str> {
    tracks["participants"].as_array().unwrap().iter().filter_map(|one| one["participant"].as_str()).collect()
}

/// Two chat nodes on whatever Redis the tests are for.
async fn two_chat_nodes() -> Site {
    Site::on_redis(2, &[("ROLE", "chat")]).await
}

/// The node that serves the only call, and the other.
async fn holder_first(site: &Site) -> (&Node, &Node) {
    let (one, other) = (site.here(), site.there());
    loop {
        // Told once a second.
        match (one.metric("rialto_signaling_rooms").await, other.metric("rialto_signaling_rooms").await) {
            (1.0, 0.0) => return (one, other),
            (0.0, 1.0) => return (other, one),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_bring_four_together_and_refuse_a_fifth() {
    undisturbed(four_come_and_a_fifth).await;
}

async fn four_come_and_a_fifth() -> bool {
    let site = two_chat_nodes().await;
    let (here, there) = (site.here(), site.there());
    let (mut ann, mut bob, mut cem) = (Client::guest(here).await, Client::guest(there).await, Client::guest(there).await);
    let mut eve = Client::guest(here).await;
    eve.watch(json!({ "recipientUUIDs": [""] })).await;
    ann.call_peers(json!({ "audio": true, "video": true, "muted": ["camera"] })).await;
    let joined = bob.call_peers(json!({ "audio": true })).await;
    let stream = ann.session();
    let tracks =
        json!([{ "source": "microphone", "stream": stream, "muted": false }, { "source": "camera", "stream": stream, "muted": true }]);
    assert_eq!((&joined["participants"][0]["tracks"], sessions(&joined)), (&tracks, vec![ann.session(), bob.session()]));
    cem.call_peers(json!({})).await;
    for client in [&ann, &bob, &cem] {
        client.sees("p2p", &[&ann, &bob, &cem]).await;
    }
    // All of the channel know who is in it.
    eve.sees_in_call("", &[&ann, &bob, &cem]).await;
    ann.connects(&mut bob, 1).await;
    bob.connects(&mut cem, 1).await;
    cem.connects(&mut ann, 2).await;

    bob.ask("callState", json!({ "hand": true, "reaction": "👋" })).await;
    bob.ask("callPublish", json!({ "source": "screen", "on": true })).await;
    bob.ask("callSubscribe", json!({ "participant": ann.session(), "source": "camera", "height": 0 })).await;
    ann.expect("a reaction", |v| v["callState"] == json!({ "participant": bob.session(), "reaction": "👋" })).await;
    let shows = |v: &Value| {
        v["callTracks"]["participants"][1]["hand"] == true && v["callTracks"]["participants"][1]["tracks"][1]["source"] == "screen"
    };
    cem.expect("his hand and screen", shows).await;

    let mut dan = Client::guest(here).await;
    dan.call_peers(json!({})).await;
    assert_eq!(eve.refused("callJoin", json!({})).await, 11);
    // There is nobody of that name; and who is gone is gone.
    let to = |participant: &str| json!({ "participant": participant, "link": 1, "candidate": null });
    ann.ask("callPeer", to(eve.session())).await;
    assert_eq!(ann.expect_error().await.0, 16);
    bob.close().await;
    ann.sees("p2p", &[&ann, &cem, &dan]).await;
    eve.call_peers(json!({})).await;
    let told = [&ann, &cem, &dan].map(|client| (client.received_of("callOffer").len(), client.received_of("callMoved").len()));
    if here.refused_leases().await + there.refused_leases().await > 0.0 {
        return false;
    }
    assert_eq!(told, [(0, 0); 3]);
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_go_on_when_one_is_killed_and_with_a_media_node_while_there_is_one() {
    undisturbed(one_is_killed_and_a_media_node_comes_and_goes).await;
}

async fn one_is_killed_and_a_media_node_comes_and_goes() -> bool {
    let site = two_chat_nodes().await;
    let (one, other) = (site.here(), site.there());
    let (first, second) = (Client::guest(one).await, Client::guest(other).await);
    let mut on = [(one.address(), first), (other.address(), second)];
    for (_, client) in &mut on {
        client.call_peers(json!({ "audio": true })).await;
    }
    let (holder, stays) = holder_first(&site).await;
    let [mut ann, mut bob] = [Client::guest(stays).await, Client::guest(stays).await];
    ann.call_peers(json!({ "audio": true })).await;
    bob.call_peers(json!({ "audio": true })).await;
    ann.ask("callState", json!({ "hand": true })).await;
    ann.connects(&mut bob, 1).await;
    on.sort_by_key(|(address, _)| *address != holder.address());
    let [lost, (_, third)] = on;
    bob.expect("a hand", |v| v["callTracks"]["participants"][2]["hand"] == true).await;
    let before = bob.lists();

    if site.nodes.iter().any(Node::has_seen_a_move) {
        return false;
    }
    holder.kill9();
    let killed = Instant::now();
    for client in [&ann, &bob, &third] {
        client.expect_type("callMoved").await;
    }
    bob.brings(&ann, json!({ "link": 1, "candidate": null })).await;
    ann.connects(&mut bob, 2).await;
    assert!(killed.elapsed() < GAP, "it took {:?}", killed.elapsed());
    // Who went down with the node is gone after a while; of the others nobody was ever said to be.
    for client in [&ann, &bob, &third] {
        let left = |frames: &[Value]| {
            let last = frames.iter().rev().find(|frame| frame["type"] == "callTracks").unwrap();
            sessions(&last["callTracks"]).len() == 3
        };
        client.until("the lost one is gone", left).await;
    }
    drop(lost);
    for tracks in &bob.received_of("callTracks")[before..] {
        let there: HashSet<&str> = sessions(tracks).into_iter().collect();
        assert!([&ann, &bob, &third].iter().all(|client| there.contains(client.session())), "{tracks}");
        assert_eq!(tracks["mode"], "p2p");
    }

    // A media node appears, and is lost again.
    let media = site.another(&[("ROLE", "media"), ("MEDIA_SHARDS", "1")]).await;
    let started = Instant::now();
    for client in [&ann, &bob, &third] {
        client.expect_type("callMoved").await;
        assert_eq!(client.offered().await["lines"][0]["source"], "microphone");
    }
    assert!(started.elapsed() < GAP, "it took {:?}", started.elapsed());
    bob.expect("her hand", |v| v["callTracks"]["mode"] == "sfu" && v["callTracks"]["participants"].to_string().contains("\"hand\":true"))
        .await;
    // What was still on its way is no error; later it is one.
    ann.ask("callPeer", json!({ "participant": bob.session(), "link": 3, "candidate": null })).await;
    let late = Instant::now();
    media.kill9();
    let killed = Instant::now();
    for client in [&ann, &bob, &third] {
        let all = |v: &Value| v["callTracks"]["mode"] == "p2p" && sessions(&v["callTracks"]).len() == 3;
        client
            .until("the call is one of peers again", |frames| frames.iter().rev().find(|v| v["type"] == "callTracks").is_some_and(all))
            .await;
    }
    assert!(killed.elapsed() < GAP, "it took {:?}; {:?}", killed.elapsed(), late.elapsed());
    ann.connects(&mut bob, 4).await;
    for client in [&ann, &bob] {
        assert!(client.received_of("error").is_empty() && client.received_of("callEnded").is_empty());
    }
    let moves = [&ann, &bob].map(|client| client.received_of("callMoved").len());
    if stays.refused_leases().await > 0.0 || holder.lost_a_room() || media.lost_a_room() {
        return false;
    }
    assert_eq!(moves, [3, 3]);
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_hand_calls_over_when_one_is_stopped() {
    undisturbed(one_is_stopped).await;
}

async fn one_is_stopped() -> bool {
    let site = two_chat_nodes().await;
    let (one, other) = (site.here(), site.there());
    let mut on = [(one.address(), Client::guest(one).await), (other.address(), Client::guest(other).await)];
    for (_, client) in &mut on {
        client.call_peers(json!({})).await;
    }
    let (holder, stays) = holder_first(&site).await;
    on.sort_by_key(|(address, _)| *address != stays.address());
    let (_, ann) = &on[0];
    if site.nodes.iter().any(Node::has_seen_a_move) {
        return false;
    }
    holder.sigterm();
    let stopped = Instant::now();
    ann.expect_type("callMoved").await;
    ann.sees("p2p", &[ann]).await;
    assert!(stopped.elapsed() < GAP, "it took {:?}", stopped.elapsed());
    assert!(holder.wait().await.success());
    stays.refused_leases().await == 0.0 && !holder.lost_a_room()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_one_that_slept_does_no_harm_when_it_wakes() {
    undisturbed(one_sleeps).await;
}

async fn one_sleeps() -> bool {
    let site = two_chat_nodes().await;
    let mut on = [(site.here().address(), Client::guest(site.here()).await), (site.there().address(), Client::guest(site.there()).await)];
    for (_, client) in &mut on {
        client.call_peers(json!({})).await;
    }
    let (holder, stays) = holder_first(&site).await;
    on.sort_by_key(|(address, _)| *address != stays.address());
    let [(_, mut ann), (_, mut bob)] = on;
    ann.connects(&mut bob, 1).await;
    if site.nodes.iter().any(Node::has_seen_a_move) {
        return false;
    }
    let asleep = Instant::now();
    holder.pause(true);
    ann.expect_type("callMoved").await;
    // What is for him waits until he is there as well.
    ann.ask("callPeer", json!({ "participant": bob.session(), "link": 7, "candidate": null })).await;
    holder.pause(false);
    let slept = asleep.elapsed();
    bob.expect("what waited for him", |v| v["callPeer"] == json!({ "participant": ann.session(), "link": 7, "candidate": null })).await;
    bob.brings(&ann, json!({ "link": 7, "candidate": null })).await;
    eventually("it is refused, and has given the room up", || async {
        holder.refused_leases().await >= 1.0 && holder.metric("rialto_signaling_rooms").await == 0.0
    })
    .await;
    let moves = [&ann, &bob].map(|client| client.received_of("callMoved").len());
    let all_there = |client: &Client| client.received_of("callTracks").iter().skip(1).all(|tracks| sessions(tracks).len() == 2);
    let nobody_left = all_there(&ann) && all_there(&bob);
    if stays.refused_leases().await > 0.0 || slept > SILENT {
        return false;
    }
    assert!(nobody_left, "nobody seemed to leave");
    assert_eq!(moves, [1, 1], "once");
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_without_ports_for_media_brings_people_together() {
    let node = Node::start(&Settings::embedded().with("MEDIA_SHARDS", 0)).await;
    let (mut ann, mut bob) = (Client::guest(&node).await, Client::guest(&node).await);
    ann.call_peers(json!({ "room": "weekly", "audio": true })).await;
    bob.call_peers(json!({ "room": "weekly" })).await;
    ann.connects(&mut bob, 1).await;
    assert_eq!(udp_sockets(node.process()), 0, "nothing comes to it by UDP");
    // A description may be long, as an answer may.
    let long = format!("v=0\r\n{}", "x".repeat(100_000));
    bob.brings(&ann, json!({ "link": 1, "description": { "type": "offer", "sdp": long }, "lines": [] })).await;
    for bad in
        [json!({}), json!({ "participant": bob.session(), "link": 1 }), json!({ "participant": "bob", "link": 1, "candidate": null })]
    {
        assert_eq!(ann.refused("callPeer", bad).await, 16);
    }
    ann.ask("callLeave", json!({})).await;
    bob.sees("p2p", &[&bob]).await;
    let nothing = json!({ "participant": bob.session(), "link": 1, "candidate": null });
    let refused = ann.request("callPeer", nothing.clone()).await;
    assert_eq!((&refused["error"]["code"], &refused["error"]["error"]), (&json!(16), &json!("not in a call")));

    // Where there is a media node, nothing is for peers.
    let node = Node::start(&Settings::embedded().with("MEDIA_SHARDS", 1)).await;
    let mut cem = Client::guest(&node).await;
    assert_eq!(cem.call(json!({})).await["mode"], "sfu");
    cem.ask("callPeer", nothing).await;
    let refused = cem.expect_type("error").await;
    assert_eq!((&refused["error"]["code"], &refused["error"]["error"]), (&json!(16), &json!("not in a peer-to-peer call")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_of_peers_that_is_wanted_so_outgrows_it_with_the_fifth() {
    undisturbed(a_fifth_comes).await;
}

async fn a_fifth_comes() -> bool {
    let node = Node::start(&Settings::embedded().with("MEDIA_SHARDS", 1)).await;
    let mut four = Vec::new();
    for _ in 0..4 {
        let mut client = Client::guest(&node).await;
        // Of those who come later nobody is asked.
        let wants = if four.is_empty() {
            json!({ "room": "weekly", "audio": true, "mode": "p2p" })
        } else {
            json!({ "room": "weekly", "mode": 7 })
        };
        client.call_peers(wants).await;
        four.push(client);
    }
    let [ann, bob, ..] = &mut four[..] else { panic!("four") };
    ann.connects(bob, 1).await;
    let mut eve = Client::guest(&node).await;
    let joined = eve.call(json!({ "room": "weekly", "mode": "p2p" })).await;
    assert_eq!(joined["mode"], "sfu");
    for client in &four {
        client.expect_type("callMoved").await;
        client.expect("all five at the media node", |v| v["callTracks"]["mode"] == "sfu" && sessions(&v["callTracks"]).len() == 5).await;
    }
    let moves: Vec<_> = four.iter().map(|client| client.received_of("callMoved").len()).collect();
    four[0].offered().await;
    // As one who comes to a call that is on.
    let mut fay = Client::guest(&node).await;
    assert_eq!(fay.call(json!({ "room": "weekly", "mode": "p2p" })).await["mode"], "sfu");
    if node.refused_leases().await > 0.0 {
        return false;
    }
    assert_eq!(moves, [1; 4]);
    true
}

/// How many UDP sockets a process has open.
fn udp_sockets(process: u32) -> usize {
    let inode = |line: &str| line.split_whitespace().nth(9).map(str::to_owned);
    let tables = ["udp", "udp6"].map(|table| fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default());
    let udp: HashSet<String> = tables.iter().flat_map(|table| table.lines().skip(1).filter_map(inode)).collect();
    let open = fs::read_dir(format!("/proc/{process}/fd")).unwrap().filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    let sockets = open.filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned));
    sockets.filter(|socket| udp.contains(socket)).count()
}
