//! A mesh against the simplest thing that could be right: a list of who came, in order, and everybody's own list.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rialto::ids::{MeshId, SessionId, SessionRef};

use super::TestStore;
use super::meshes::{enter, leave};
use super::vocabulary::{at_once, session};

/// What happens to some of the peers, whether they are in the mesh or not.
#[derive(Clone, Debug)]
enum Step {
    /// These enter in one instant, on both nodes; some of them for the first time, some once more.
    Enter(Vec<usize>),
    /// These leave in one instant.
    Leave(Vec<usize>),
    /// Their nodes say that they are there.
    Keep(Vec<usize>),
}

const PEERS: usize = 8;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some = || proptest::collection::vec(0..PEERS, 1..6);
    let step = prop_oneof![3 => some().prop_map(Step::Enter), 2 => some().prop_map(Step::Leave), 1 => some().prop_map(Step::Keep)];
    proptest::collection::vec(step, 1..25)
}

#[derive(Default)]
struct Model {
    /// Who is in the mesh, in the order in which they came.
    present: Vec<SessionRef>,
    /// Whom each of them was told of when it came.
    told: HashMap<SessionRef, HashSet<SessionRef>>,
    /// These were put there by their nodes and have no list.
    without_list: HashSet<SessionRef>,
}

pub async fn a_mesh_behaves_like_its_model(store: TestStore) {
    let runtime = tokio::runtime::Handle::current();
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    // The runner is synchronous; the store is not.
    tokio::task::block_in_place(|| {
        runner.run(&steps(), |steps| runtime.block_on(follow(&store, steps))).unwrap_or_else(|failure| panic!("{failure}"));
    });
}

/// Takes each step in the store and in the model and compares.
async fn follow(store: &TestStore, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (mesh, mut peers, mut model) = (MeshId::random(), [(); PEERS].map(|()| session()), Model::default());
    for step in steps {
        match step {
            Step::Enter(who) => {
                let who: Vec<SessionRef> = who.into_iter().map(|peer| peers[peer]).collect();
                let lists = at_once(who.iter().enumerate().map(|(turn, peer)| enter(store.either(turn), mesh, *peer))).await;
                let (known, all) = (model.present.clone(), store.peers(mesh).await.unwrap());
                prop_assert!(all.starts_with(&known), "who was there stays in its place");
                let mut newcomers: Vec<SessionRef> = who.iter().copied().filter(|peer| !known.contains(peer)).collect();
                newcomers.sort_unstable();
                newcomers.dedup();
                prop_assert_eq!(all.len(), known.len() + newcomers.len());
                prop_assert!(newcomers.iter().all(|peer| all.contains(peer)));
                for (peer, list) in who.iter().zip(lists) {
                    // Whoever is before it in the mesh, and nobody else, however often it is asked.
                    let place = all.iter().position(|present| present == peer).unwrap();
                    prop_assert_eq!(&list, &all[..place]);
                    model.told.entry(*peer).or_insert_with(|| list.into_iter().collect());
                }
                model.present = all;
            }
            Step::Leave(who) => {
                let who: Vec<SessionRef> = who.into_iter().map(|peer| peers[peer]).collect();
                let left = at_once(who.iter().enumerate().map(|(turn, peer)| leave(store.either(turn), mesh, *peer))).await;
                for peer in who.iter().copied().collect::<HashSet<_>>() {
                    let times = who.iter().zip(&left).filter(|(other, left)| **other == peer && **left).count();
                    prop_assert_eq!(times, usize::from(model.present.contains(&peer)), "each leaves once");
                    model.present.retain(|present| *present != peer);
                    model.told.remove(&peer);
                    model.without_list.remove(&peer);
                    // A connection that is gone does not come back; another does.
                    for place in &mut peers {
                        if *place == peer {
                            *place = session();
                        }
                    }
                }
            }
            Step::Keep(who) => {
                for peer in who.into_iter().map(|peer| peers[peer]) {
                    store.keep_peers(peer.node, &[(mesh, peer.session)]).await.unwrap();
                    if !model.present.contains(&peer) {
                        model.present.push(peer);
                        model.without_list.insert(peer);
                    }
                }
            }
        }
        let all = store.either(model.present.len()).peers(mesh).await.unwrap();
        prop_assert_eq!(&all, &model.present);
        for peer in &all {
            prop_assert_eq!(store.peer(mesh, peer.session).await.unwrap(), Some(*peer));
        }
        prop_assert_eq!(store.peer(mesh, SessionId::random()).await.unwrap(), None);
        exactly_one_of_two_has_the_other(&model)?;
    }
    Ok(())
}

fn exactly_one_of_two_has_the_other(model: &Model) -> Result<(), TestCaseError> {
    let has = |one: &SessionRef, other: &SessionRef| model.told.get(one).is_some_and(|list| list.contains(other));
    for (index, one) in model.present.iter().enumerate() {
        prop_assert!(!has(one, one));
        for other in model.present[index + 1..].iter().filter(|other| !model.without_list.contains(*other)) {
            prop_assert!(has(other, one) && !has(one, other), "{} and {}", one, other);
        }
    }
    Ok(())
}
