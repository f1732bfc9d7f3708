//! A room's lease against the simplest thing that could be right: who has it, and every epoch there ever was.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rialto::ids::{NodeId, RoomEpoch, RoomId};
use rialto::store::leases::{ByHolder, Lease};

use super::TestStore;
use super::vocabulary::LONG;

/// What some node does, perhaps with an epoch of long ago.
#[derive(Clone, Debug)]
enum Step {
    Claim { candidates: Vec<usize>, back: usize },
    Renew { node: usize, back: usize },
    HandOver { node: usize, back: usize, to: usize },
    Release { node: usize, back: usize },
}

const NODES: usize = 3;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (node, back) = (0..NODES, prop_oneof![3 => Just(0), 1 => 1..4_usize]);
    let step = prop_oneof![
        3 => (proptest::collection::vec(node.clone(), 0..3), back.clone()).prop_map(|(candidates, back)| Step::Claim { candidates, back }),
        2 => (node.clone(), back.clone()).prop_map(|(node, back)| Step::Renew { node, back }),
        2 => (node.clone(), back.clone(), node.clone()).prop_map(|(node, back, to)| Step::HandOver { node, back, to }),
        1 => (node, back).prop_map(|(node, back)| Step::Release { node, back }),
    ];
    proptest::collection::vec(step, 1..40)
}

#[derive(Default)]
struct Model {
    holder: Option<NodeId>,
    /// Each later than the one before.
    epochs: Vec<RoomEpoch>,
}

impl Model {
    /// The epoch so many grants ago.
    fn epoch(&self, back: usize) -> RoomEpoch {
        self.epochs.iter().rev().nth(back).copied().unwrap_or_default()
    }

    fn is_held_by(&self, node: NodeId, epoch: RoomEpoch) -> bool {
        self.holder == Some(node) && epoch == self.epoch(0)
    }

    /// The lease is the one that it was.
    fn knows(&self, lease: Option<Lease>) -> bool {
        lease.map(|lease| (lease.node, lease.epoch)) == self.holder.map(|node| (node, self.epoch(0)))
    }

    /// A new lease must be this node's, in a later epoch than any.
    fn grant(&mut self, node: NodeId, lease: Lease) -> Result<(), TestCaseError> {
        prop_assert_eq!(lease.node, node);
        prop_assert!(lease.epoch > self.epoch(0), "{:?} after {:?}", lease, self.epochs);
        self.holder = Some(node);
        self.epochs.push(lease.epoch);
        Ok(())
    }
}

pub async fn a_lease_behaves_like_its_model(store: TestStore) {
    let runtime = tokio::runtime::Handle::current();
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    // The runner is synchronous; the store is not.
    tokio::task::block_in_place(|| {
        runner.run(&steps(), |steps| runtime.block_on(follow(&store, steps))).unwrap_or_else(|failure| panic!("{failure}"));
    });
}

/// Takes each step in the store and in the model and compares.
async fn follow(store: &TestStore, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (room, nodes, mut model) = (RoomId::random(), [(); NODES].map(|()| NodeId::random()), Model::default());
    for (turn, step) in steps.into_iter().enumerate() {
        let here = store.either(turn);
        match step {
            Step::Claim { candidates, back } => {
                let candidates: Vec<NodeId> = candidates.into_iter().map(|node| nodes[node]).collect();
                let claimed = here.claim_room(room, &candidates, model.epoch(back), LONG).await.unwrap();
                match (model.holder, candidates.first()) {
                    (None, Some(first)) => model.grant(*first, claimed.unwrap())?,
                    _ => prop_assert!(model.knows(claimed), "{:?}", claimed),
                }
            }
            Step::Renew { node, back } => {
                let (node, epoch) = (nodes[node], model.epoch(back));
                let renewed = here.renew_rooms(node, &[(room, epoch)], LONG).await.unwrap();
                match (model.is_held_by(node, epoch), &renewed[..]) {
                    (true, [ByHolder::Done(lease)]) => prop_assert!(model.knows(Some(*lease))),
                    (false, [ByHolder::Refused(lease)]) => prop_assert!(model.knows(*lease)),
                    _ => prop_assert!(false, "{:?}", renewed),
                }
            }
            Step::HandOver { node, back, to } => {
                let (node, epoch) = (nodes[node], model.epoch(back));
                match (model.is_held_by(node, epoch), here.hand_over_room(room, node, epoch, nodes[to], LONG).await.unwrap()) {
                    (true, ByHolder::Done(lease)) => model.grant(nodes[to], lease)?,
                    (false, ByHolder::Refused(lease)) => prop_assert!(model.knows(lease)),
                    (_, outcome) => prop_assert!(false, "{:?}", outcome),
                }
            }
            Step::Release { node, back } => {
                let (node, epoch) = (nodes[node], model.epoch(back));
                let is_held = model.is_held_by(node, epoch);
                prop_assert_eq!(here.release_room(room, node, epoch).await.unwrap(), is_held);
                if is_held {
                    model.holder = None;
                }
            }
        }
        let there = store.either(turn + 1);
        prop_assert!(model.knows(there.room_leases(&[room]).await.unwrap().remove(0)));
        for node in nodes {
            let rooms: Vec<RoomId> = there.rooms_of(node).await.unwrap().into_iter().map(|(room, _)| room).collect();
            prop_assert_eq!(rooms, if model.holder == Some(node) { vec![room] } else { vec![] });
        }
    }
    Ok(())
}
