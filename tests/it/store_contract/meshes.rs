//! Who is in which mesh, and who is told of whom.

use std::collections::HashSet;

use rialto::ids::{MeshId, NodeId, SessionId, SessionRef};
use rialto::store::meshes::Entered;
use rialto::store::nodes::Holding;
use rialto::store::record::meshes::{come, gone};
use rialto::store::topics::{Payload, Topic};
use rialto::store::{Result, Store};

use super::TestStore;
use super::vocabulary::*;

/// More than any mesh here has.
const MOST: usize = 1_000;

/// Enters a mesh that is not full.
pub async fn enter(store: &dyn Store, mesh: MeshId, at: SessionRef) -> Result<Vec<SessionRef>> {
    match store.enter_mesh(mesh, at, MOST, &come(mesh, at.session)).await? {
        Entered::Among(before) => Ok(before),
        Entered::Full => panic!("the mesh is full"),
    }
}

/// Leaves a mesh.
pub async fn leave(store: &dyn Store, mesh: MeshId, at: SessionRef) -> Result<bool> {
    store.leave_mesh(mesh, at, &gone(mesh, at.session)).await
}

pub async fn a_newcomer_is_told_who_came_before_it(store: TestStore) {
    let (mesh, peers) = (MeshId::random(), [(); 4].map(|()| session()));
    for (turn, peer) in peers.iter().enumerate() {
        assert_eq!(enter(store.either(turn), mesh, *peer).await.unwrap(), peers[..turn]);
    }
    assert_eq!(store.other().peers(mesh).await.unwrap(), peers);
    assert_eq!(store.peer(mesh, peers[1].session).await.unwrap(), Some(peers[1]));

    // Meshes are apart, and whoever has left is in none.
    assert_eq!(enter(&*store, MeshId::random(), session()).await.unwrap(), []);
    assert_eq!(store.peer(MeshId::random(), peers[1].session).await.unwrap(), None);
    assert!(leave(store.other(), mesh, peers[1]).await.unwrap());
    assert_eq!(store.peer(mesh, peers[1].session).await.unwrap(), None);
    let late = session();
    assert_eq!(enter(&*store, mesh, late).await.unwrap(), [peers[0], peers[2], peers[3]]);
    for peer in [peers[0], peers[2], peers[3], late] {
        assert!(leave(&*store, mesh, peer).await.unwrap());
    }
    assert_eq!(store.peers(mesh).await.unwrap(), []);
}

pub async fn of_any_two_who_enter_at_once_exactly_one_is_told_of_the_other(store: TestStore) {
    let mesh = MeshId::random();
    let peers: Vec<SessionRef> = (0..120).map(|_| session()).collect();
    let entered = at_once(peers.iter().enumerate().map(|(turn, peer)| enter(store.either(turn), mesh, *peer))).await;
    let lists: Vec<HashSet<SessionRef>> = entered.into_iter().map(HashSet::from_iter).collect();
    for (one, list) in peers.iter().zip(&lists) {
        assert!(!list.contains(one), "nobody is told of itself");
        for (other, others_list) in peers.iter().zip(&lists).filter(|(other, _)| *other != one) {
            assert!(list.contains(other) != others_list.contains(one));
        }
    }
}

pub async fn entering_again_changes_nothing(store: TestStore) {
    let (mesh, topic) = (MeshId::random(), Topic::Mesh);
    let [ann, bob, eve] = [(); 3].map(|()| session());
    let mut ear = Ear::on(store.other(), &[topic(mesh)]).await;
    for peer in [ann, bob, eve] {
        enter(&*store, mesh, peer).await.unwrap();
    }
    // As after an answer that was lost: eve has bob in her list, so bob must not get her.
    assert_eq!(enter(store.other(), mesh, bob).await.unwrap(), [ann]);
    leave(&*store, mesh, ann).await.unwrap();
    assert_eq!(enter(store.other(), mesh, bob).await.unwrap(), []);
    assert!(!leave(store.other(), mesh, ann).await.unwrap());
    assert_eq!(store.peers(mesh).await.unwrap(), [bob, eve]);
    let told: Vec<Payload> = [come(mesh, ann.session), come(mesh, bob.session), come(mesh, eve.session), gone(mesh, ann.session)]
        .map(|news| Payload::News(news.body))
        .into();
    assert_eq!(ear.so_far(&*store, topic(mesh)).await, told);
}

pub async fn a_full_mesh_lets_nobody_in(store: TestStore) {
    let (mesh, [ann, bob, eve]) = (MeshId::random(), [(); 3].map(|()| session()));
    let enter = async |peer: SessionRef| store.enter_mesh(mesh, peer, 2, &come(mesh, peer.session)).await.unwrap();
    assert_eq!(enter(ann).await, Entered::Among(vec![]));
    assert_eq!(enter(bob).await, Entered::Among(vec![ann]));
    assert_eq!(enter(eve).await, Entered::Full);
    assert_eq!(enter(bob).await, Entered::Among(vec![ann]), "it is in already");
    assert_eq!((store.peers(mesh).await.unwrap(), store.holdings(eve.node, 10).await.unwrap()), (vec![ann, bob], vec![]));
    leave(store.other(), mesh, ann).await.unwrap();
    assert_eq!(enter(eve).await, Entered::Among(vec![bob]));
}

pub async fn a_lost_peer_is_written_anew_behind_the_others(store: TestStore) {
    let (mesh, elsewhere, node) = (MeshId::random(), MeshId::random(), NodeId::random());
    let [lost, kept, other] = [(); 3].map(|()| session_on(node));
    let stranger = session();
    for peer in [kept, stranger] {
        enter(&*store, mesh, peer).await.unwrap();
    }
    let mut ear = Ear::on(&*store, &[Topic::Mesh(mesh)]).await;
    let all = [(mesh, kept.session), (mesh, lost.session), (elsewhere, other.session)];
    for turn in 0..2 {
        store.either(turn).keep_peers(node, &all).await.unwrap();
        assert_eq!(store.peers(mesh).await.unwrap(), [kept, stranger, lost]);
    }
    assert_eq!(store.other().peers(elsewhere).await.unwrap(), [other]);
    assert_eq!(ear.so_far(&*store, Topic::Mesh(mesh)).await, [], "nobody was told that it had gone");
    let held: HashSet<Holding> = store.holdings(node, 10).await.unwrap().into_iter().collect();
    assert_eq!(held, HashSet::from(all.map(|(mesh, session)| Holding::Peer(mesh, session))));
    store.keep_peers(node, &[]).await.unwrap();
}

pub async fn a_place_in_a_mesh_is_among_the_holdings(store: TestStore) {
    let (mesh, ann) = (MeshId::random(), session());
    enter(&*store, mesh, ann).await.unwrap();
    assert_eq!(store.other().holdings(ann.node, 10).await.unwrap(), [Holding::Peer(mesh, ann.session)]);
    leave(store.other(), mesh, ann).await.unwrap();
    assert_eq!(store.holdings(ann.node, 10).await.unwrap(), []);
    // Whoever is gone already is let go as well.
    store.keep_peers(ann.node, &[(mesh, ann.session)]).await.unwrap();
    store.release(ann.node, &[Holding::Peer(mesh, SessionId::random())]).await.unwrap();
    assert_eq!(store.holdings(ann.node, 10).await.unwrap(), [Holding::Peer(mesh, ann.session)]);
}
