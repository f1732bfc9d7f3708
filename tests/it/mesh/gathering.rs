//! Many who come in the same instant: of any two exactly one has the other in its list.

use std::collections::{HashMap, HashSet};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::peer::Peer;
use crate::chat::site::Site;
use crate::support::client::text;
use crate::support::undisturbed::undisturbed;

everywhere!(of_any_two_exactly_one_offers_to_the_other with [("RATE_MESSAGES", "0")]);

async fn of_any_two_exactly_one_offers_to_the_other(site: Site) {
    gather(&site, 40).await;
}

mod three_nodes {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_two_hundred_who_come_at_once_exactly_one_of_any_two_lists_the_other() {
        let site = Site::on_redis(3, &[("RATE_MESSAGES", "0")]).await;
        gather(&site, 200).await;
    }
}

async fn gather(site: &Site, count: usize) {
    undisturbed(async || gather_in(&uuid::Uuid::new_v4().to_string(), site, count).await).await;
}

/// So many connect at once, and each offers to everybody in its list. Answers whether the nodes reached the store all the time: so many at
/// once are much for a machine that does other things too, and whoever is told that it did not has to try again.
async fn gather_in(room: &str, site: &Site, count: usize) -> bool {
    let query = format!("?events=1&room={room}");
    let came: Option<Vec<Peer>> = join_all((0..count).map(|index| Peer::try_come(site.any(index), &query))).await.into_iter().collect();
    let Some(mut peers) = came else { return false };
    // Each says who it is by its place among these, and hears the identifiers of those whom it did not know.
    for (index, peer) in peers.iter_mut().enumerate() {
        for before in peer.before.clone() {
            peer.offer(&before, json!(index)).await;
        }
    }
    // Nobody waits for an offer that was refused.
    let nobody = uuid::Uuid::new_v4().to_string();
    let is_unavailable = |frame: &Value| frame["error"] == "unavailable";
    let was_refused = async |peer: &mut Peer| {
        peer.candidate(&nobody, json!(null)).await;
        peer.wire.expect("the last answer", |frame| frame["toPeerId"] == nobody.as_str() || is_unavailable(frame)).await;
        peer.wire.received().iter().any(is_unavailable)
    };
    if join_all(peers.iter_mut().map(was_refused)).await.contains(&true) {
        return false;
    }
    for peer in &peers {
        let others = count - 1 - peer.before.len();
        peer.wire
            .until("every newcomer has offered", |received| received.iter().filter(|frame| frame["type"] == "offer").count() >= others)
            .await;
    }
    let mut ids: HashMap<String, usize> = HashMap::new();
    for peer in &peers {
        for frame in peer.wire.received().iter().filter(|frame| frame["type"] == "offer") {
            let index = frame["offer"].as_u64().unwrap() as usize;
            assert_eq!(*ids.entry(text(&frame["fromPeerId"])).or_insert(index), index, "an identifier is one peer's");
        }
    }
    // The one that nobody heard of came first of all.
    let heard_of: HashSet<usize> = ids.values().copied().collect();
    let first: Vec<usize> = (0..count).filter(|index| !heard_of.contains(index)).collect();
    assert_eq!((first.len(), ids.len()), (1, count - 1));
    assert!(peers[first[0]].before.is_empty());
    let first_id = peers.iter().flat_map(|peer| &peer.before).find(|id| !ids.contains_key(*id)).cloned();
    ids.extend(first_id.map(|id| (id, first[0])));

    let lists: Vec<HashSet<usize>> = peers.iter().map(|peer| peer.before.iter().map(|id| ids[id]).collect()).collect();
    for (one, list) in lists.iter().enumerate() {
        assert!(!list.contains(&one), "nobody has itself");
        assert_eq!(list.len(), peers[one].before.len(), "nobody is listed twice");
        for (other, others_list) in lists.iter().enumerate().filter(|(other, _)| *other != one) {
            assert!(list.contains(&other) != others_list.contains(&one), "{one} and {other}");
        }
    }
    for (index, peer) in peers.iter().enumerate() {
        let received = peer.wire.received();
        assert_eq!(received[0]["type"], "connected-peers", "the list comes before any offer");
        let is_reached = |frame: &Value| frame["type"] != "error" || frame["toPeerId"] == nobody.as_str();
        assert!(received.iter().all(is_reached), "everybody can be reached");
        // Whoever offers to it is not in its list, and offers once.
        let offers: Vec<usize> =
            received.iter().filter(|frame| frame["type"] == "offer").map(|frame| ids[&text(&frame["fromPeerId"])]).collect();
        let distinct: HashSet<usize> = offers.iter().copied().collect();
        assert_eq!((distinct.len(), distinct.is_disjoint(&lists[index])), (offers.len(), true));
        // And they are exactly those of whose coming it is told.
        peer.wire
            .until("all news came", |received| received.iter().filter(|frame| frame["type"] == "peer-connected").count() >= offers.len())
            .await;
        let told: Vec<usize> = peer
            .wire
            .received()
            .iter()
            .filter(|frame| frame["type"] == "peer-connected")
            .map(|frame| ids[&text(&frame["peerId"])])
            .collect();
        assert_eq!((told.len(), told.into_iter().collect::<HashSet<_>>()), (offers.len(), distinct));
    }
    true
}
