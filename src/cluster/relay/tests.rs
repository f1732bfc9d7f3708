//! Two nodes over one embedded store, and the letters about calls between them.

#![allow(clippy::unwrap_used, clippy::panic)]

use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::cluster::Bus;
use crate::ids::{MeshId, RoomEpoch, RoomId};
use crate::store::embedded::{EmbeddedSettings, EmbeddedStore};
use crate::store::nodes::NodeInfo;
use crate::store::record::calls::{Ask, Tell};
use crate::store::record::meshes::{Forward, Kind};

type Taken = (SessionId, Option<SessionRef>, Signal);

/// A desk that hands on what it takes.
struct Tray(mpsc::UnboundedSender<Taken>);

impl Desk for Tray {
    fn letter(&self, to: SessionId, reply_to: Option<SessionRef>, signal: Signal) {
        self.0.send((to, reply_to, signal)).unwrap();
    }
}

fn tray() -> (Arc<Tray>, mpsc::UnboundedReceiver<Taken>) {
    let (sender, taken) = mpsc::unbounded_channel();
    (Arc::new(Tray(sender)), taken)
}

async fn next(tray: &mut mpsc::UnboundedReceiver<Taken>) -> Taken {
    timeout(PATIENCE, tray.recv()).await.unwrap().unwrap()
}

fn store() -> (Arc<dyn Store>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let settings = EmbeddedSettings { dir: folder.path().to_owned(), history_max: 1, history_max_age: None };
    (Arc::new(EmbeddedStore::open(settings).unwrap()), folder)
}

/// A node that reads its letters.
async fn node(store: &Arc<dyn Store>) -> Arc<Relay> {
    let (node, metrics) = (NodeId::random(), Metrics::new());
    store.beat(node, &NodeInfo::default()).await.unwrap();
    let hub = Hub::new(node, store.clone(), Bus::new(node, store.clone(), metrics.clone()).0, metrics.clone());
    let relay = Relay::new(store.clone(), hub, metrics);
    tokio::spawn(relay.clone().read());
    relay
}

fn ask() -> Signal {
    Signal::CallAsk { room: RoomId::named("room:here"), epoch: RoomEpoch(7), ask: Box::new(Ask::Leave) }
}

fn tell() -> Signal {
    Signal::CallTell { room: RoomId::named("room:here"), epoch: RoomEpoch(7), tell: Box::new(Tell::Moved) }
}

fn returned(to: SessionId, signal: Signal) -> Signal {
    Signal::Undeliverable { to, signal: Box::new(signal) }
}

#[tokio::test]
async fn letters_about_calls_go_to_desks() {
    let (store, _folder) = store();
    let (chat, media) = (node(&store).await, node(&store).await);
    let ((calls_desk, mut calls), (media_desk, mut agent)) = (tray(), tray());
    chat.set_calls_desk(calls_desk);
    media.set_media_desk(media_desk);
    let participant = SessionRef { node: chat.node, session: SessionId::random() };
    let agent_of = |node| SessionRef { node, session: participant.session };

    chat.send(agent_of(media.node), Some(participant), ask());
    assert_eq!(next(&mut agent).await, (participant.session, Some(participant), ask()));
    media.send(participant, Some(agent_of(media.node)), tell());
    assert_eq!(next(&mut calls).await, (participant.session, Some(agent_of(media.node)), tell()));

    // The participant is gone, as its desk finds.
    chat.undeliverable(participant.session, Some(agent_of(media.node)), tell());
    assert_eq!(next(&mut agent).await, (participant.session, None, returned(participant.session, tell())));
    // The media node is gone, or serves no rooms.
    for node in [NodeId::random(), chat.node] {
        chat.send(agent_of(node), Some(participant), ask());
        assert_eq!(next(&mut calls).await, (participant.session, None, returned(participant.session, ask())));
    }
    // The participant's node knows no calls.
    media.send(agent_of(media.node), Some(agent_of(media.node)), tell());
    assert_eq!(next(&mut agent).await, (participant.session, None, returned(participant.session, tell())));
    // What nobody wants to know of is dropped.
    chat.undeliverable(participant.session, None, tell());
    media.undeliverable(participant.session, None, returned(participant.session, tell()));
    assert!(calls.is_empty() && agent.is_empty());
}

#[tokio::test]
async fn a_node_that_serves_rooms_and_has_participants_sends_itself_letters() {
    let (store, _folder) = store();
    let all = node(&store).await;
    let ((calls_desk, mut calls), (media_desk, mut agent)) = (tray(), tray());
    all.set_calls_desk(calls_desk);
    all.set_media_desk(media_desk);
    let here = SessionRef { node: all.node, session: SessionId::random() };
    all.send(here, Some(here), ask());
    all.send(here, Some(here), tell());
    assert_eq!(agent.try_recv().unwrap(), (here.session, Some(here), ask()));
    assert_eq!(calls.try_recv().unwrap(), (here.session, Some(here), tell()));
    // Once closed it keeps no desk, which may itself keep the relay.
    all.close();
    all.send(here, Some(here), ask());
    assert!(calls.recv().await.is_none() && agent.recv().await.is_none());
}

#[tokio::test]
async fn what_is_for_several_sessions_is_one_letter_to_their_node() {
    let (store, _folder) = store();
    let (here, there) = (node(&store).await, node(&store).await);
    let ((calls_desk, mut calls), (media_desk, mut agent)) = (tray(), tray());
    there.set_calls_desk(calls_desk);
    here.set_media_desk(media_desk);
    let sessions = [(); 3].map(|()| SessionId::random());
    let asks = SessionRef { node: here.node, session: SessionId::random() };
    here.send_to_all(sessions.map(|session| SessionRef { node: there.node, session }), Some(asks), &tell());
    let mut told = Vec::new();
    for _ in sessions {
        let (to, reply_to, signal) = next(&mut calls).await;
        assert_eq!((reply_to, signal), (Some(asks), tell()));
        told.push(to);
    }
    assert!(sessions.iter().all(|session| told.contains(session)));
    assert_eq!(here.metrics.relay_letters_out.get(), 1);
    // Nobody is there: that is told of each.
    here.send_to_all(sessions.map(|session| SessionRef { node: NodeId::random(), session }), Some(asks), &tell());
    for _ in sessions {
        assert!(matches!(next(&mut agent).await.2, Signal::Undeliverable { .. }));
    }
}

#[tokio::test]
async fn what_waits_for_a_node_is_bounded_in_bytes() {
    let (store, _folder) = store();
    let (here, there) = (node(&store).await, node(&store).await);
    let at = |node| SessionRef { node, session: SessionId::random() };
    let from = at(here.node);
    let forward = Forward { mesh: MeshId::random(), from, what: Kind::Offer, json: "1".repeat(QUEUE_BYTES / 4) };
    let send = || here.send(at(there.node), Some(from), Signal::Forward(Box::new(forward.clone())));
    let returned = || here.metrics.relay_undeliverable.get();
    // The writer has no turn until this waits for something.
    (0..3).for_each(|_| send());
    assert_eq!(returned(), 0);
    send();
    // It comes back, and its sender is not there.
    assert_eq!(returned(), 2);
    let gone_out = async |letters| {
        while here.metrics.relay_letters_out.get() < letters {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, gone_out(3)).await.unwrap();
    // There is room again.
    send();
    timeout(PATIENCE, gone_out(4)).await.unwrap();
}
