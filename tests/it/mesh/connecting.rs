//! Who is told of whom.

use std::time::Duration;

use rialto::ids::SessionId;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::peer::{Peer, connect, ids};
use crate::chat::site::Site;
use crate::support::client::{Client, text};

everywhere!(
    a_newcomer_is_told_who_came_before_it,
    rooms_and_mounts_keep_meshes_apart with [("MOUNTS", "/mesh/ws=mesh,/other=mesh,/ws=chat")],
    who_does_not_ask_for_additions_gets_none with [("STUN_HOST", "stun.example.org")],
    ice_servers_come_first with [
        ("STUN_HOST", "stun.example.org"), ("TURN_HOST", "turn.example.org"), ("TURN_STATIC_AUTH_SECRET", "the turn secret")
    ],
    events_tell_of_everybody_who_comes_and_goes_later,
    a_full_mesh_lets_nobody_in with [("MESH_MAX_PEERS", "2")],
    pages_of_any_origin_may_connect,
    only_pages_of_listed_origins_may_connect with [("MESH_ORIGINS", "https://mesh.example.org")],
);

async fn a_newcomer_is_told_who_came_before_it(site: Site) {
    let mut ann = Peer::come(site.here(), "").await;
    assert_eq!(ann.before, Vec::<String>::new());
    let bob = Peer::come_to(site.there(), "", &[&ann]).await;
    ann.id = bob.before[0].clone();
    let eve = Peer::come_to(site.here(), "", &[&ann, &bob]).await;
    assert_eq!((&bob.before, &eve.before), (&vec![ann.id.clone()], &vec![ann.id.clone(), bob.id.clone()]));
    // Identifiers are of one form, and everybody has another.
    for id in [&ann.id, &bob.id, &eve.id] {
        assert_eq!(id.parse::<SessionId>().unwrap().to_string(), **id);
    }
    assert!(ann.id != bob.id && bob.id != eve.id && eve.id != ann.id);
}

async fn rooms_and_mounts_keep_meshes_apart(site: Site) {
    let plain = Peer::come(site.here(), "").await;
    let mut room = Peer::come(site.there(), "?room=lido").await;
    let other_room = Peer::come(site.here(), "?room=Lido").await;
    let open = |path: &'static str| Client::open_at(site.there().address(), path, None);
    let other_mount = Peer::entered(open("/other").await.unwrap()).await;
    let room_of_other_mount = Peer::entered(open("/other?room=lido").await.unwrap()).await;
    for peer in [&plain, &room, &other_room, &other_mount, &room_of_other_mount] {
        assert_eq!(peer.before, Vec::<String>::new());
    }
    let mut second = Peer::come(site.here(), "?room=lido").await;
    assert_eq!(second.before.len(), 1);
    assert_eq!(Peer::come(site.there(), "?room=").await.before.len(), 1, "no name is no room");

    // Nor is anything forwarded from one to the other, on the same node or another.
    let mut stranger = Peer::come(site.here(), "?room=elsewhere").await;
    let rooms = second.before[0].clone();
    second.offer(&rooms, json!(1)).await;
    let seconds = text(&room.wire.expect_type("offer").await["fromPeerId"]);
    for peer in [&rooms, &seconds] {
        stranger.offer(peer, json!("let me in")).await;
        stranger.misses(peer).await;
    }
    room.fence().await;
    second.fence().await;
    let offers = |peer: &Peer| peer.wire.received().iter().filter(|frame| frame["type"] == "offer").count();
    assert_eq!((offers(&room), offers(&second)), (1, 0));
}

async fn who_does_not_ask_for_additions_gets_none(site: Site) {
    let mut ann = Peer::come(site.here(), "?ice=0&events=yes").await;
    let bob = Peer::come_to(site.there(), "", &[&ann]).await;
    bob.wire.close().await;
    ann.fence().await;
    let mut eve = Peer::come(site.there(), "").await;
    eve.fence().await;
    for peer in [&ann, &eve] {
        let kinds: Vec<String> = peer.wire.received().iter().map(|frame| text(&frame["type"])).collect();
        assert!(kinds.iter().all(|kind| ["connected-peers", "offer", "error"].contains(&kind.as_str())), "{kinds:?}");
    }
}

async fn ice_servers_come_first(site: Site) {
    let ann = Peer::come(site.here(), "?ice=1").await;
    let bob = Peer::come(site.there(), "?room=a&ice=1").await;
    let servers = |peer: &Peer| {
        let first = peer.wire.received().remove(0);
        assert_eq!((first["type"].as_str(), first.as_object().unwrap().len()), (Some("ice-servers"), 2), "{first}");
        first["iceServers"].clone()
    };
    let (anns, bobs) = (servers(&ann), servers(&bob));
    assert_eq!(anns[0], json!({ "urls": ["stun:stun.example.org:3478"] }));
    assert_eq!(anns[1]["urls"], json!(["turn:turn.example.org:3478?transport=udp", "turn:turn.example.org:3478?transport=tcp"]));
    assert_ne!(anns[1]["username"], bobs[1]["username"], "each has its own");
    assert_ne!(anns[1]["credential"], bobs[1]["credential"]);
    for node in &site.nodes {
        assert!(!node.log().iter().any(|line| line.contains(&text(&anns[1]["credential"])) || line.contains("turn secret")));
    }
}

async fn events_tell_of_everybody_who_comes_and_goes_later(site: Site) {
    let first = Peer::come(site.here(), "").await;
    let watcher = Peer::come_to(site.there(), "?events=1", &[&first]).await;
    let bob = Peer::come_to(site.here(), "?events=1", &[&first, &watcher]).await;
    watcher.hears("peer-connected", &bob.id).await;
    let eve = Peer::come_to(site.there(), "", &[&first, &watcher, &bob]).await;
    for peer in [&watcher, &bob] {
        peer.hears("peer-connected", &eve.id).await;
    }
    let (firsts, eves) = (watcher.before[0].clone(), eve.id.clone());
    first.wire.close().await;
    drop(eve);
    for peer in [&watcher, &bob] {
        peer.hears("peer-disconnected", &firsts).await;
        peer.hears("peer-disconnected", &eves).await;
    }
    // Of each once, and never of oneself or of who was in the list.
    let told = |peer: &Peer, kind: &str| -> Vec<String> {
        peer.wire.received().iter().filter(|frame| frame["type"] == kind).map(|frame| text(&frame["peerId"])).collect()
    };
    assert_eq!(told(&watcher, "peer-connected"), [bob.id.clone(), eves.clone()]);
    assert_eq!(told(&bob, "peer-connected"), [eves]);
    assert_eq!((told(&watcher, "peer-disconnected").len(), told(&bob, "peer-disconnected").len()), (2, 2));
    assert_eq!(watcher.wire.received()[0]["type"], "connected-peers", "the list comes before all news");
}

async fn a_full_mesh_lets_nobody_in(site: Site) {
    let ann = Peer::come(site.here(), "").await;
    let _bob = Peer::come(site.there(), "").await;
    let late = connect(site.there(), "").await;
    assert_eq!(late.expect_type("error").await["error"], "mesh-full");
    assert_eq!(late.closed().await.0, 1008);
    Peer::come(site.there(), "?room=another").await;
    ann.wire.close().await;
    // Its place is free as soon as the store knows that it is gone.
    let eve = loop {
        let wire = connect(site.there(), "").await;
        wire.until("an answer", |received| !received.is_empty()).await;
        if wire.received()[0]["type"] == "connected-peers" {
            break wire;
        }
        wire.closed().await;
        sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(ids(&eve.received()[0]).len(), 1);
}

async fn pages_of_any_origin_may_connect(site: Site) {
    for origin in ["https://anywhere.example", "null", "file://"] {
        let wire = Client::open_at(site.here().address(), "/mesh/ws", Some(origin)).await.unwrap();
        wire.expect_type("connected-peers").await;
    }
}

async fn only_pages_of_listed_origins_may_connect(site: Site) {
    let open = |origin: Option<&'static str>| Client::open_at(site.here().address(), "/mesh/ws", origin);
    assert!(open(Some("https://anywhere.example")).await.is_err());
    for welcome in [Some("https://mesh.example.org"), None] {
        let list: Value = open(welcome).await.unwrap().expect_type("connected-peers").await;
        assert!(list["peerIds"].is_array());
    }
}
