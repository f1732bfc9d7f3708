//! A channel's log against the simplest thing that could be right: a list in memory.

use std::collections::HashMap;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rialto::ids::{ChannelId, Position, Seq, UserId};
use rialto::store::channels::{Amended, Amendment, Appended, Range};

use super::TestStore;
use super::vocabulary::*;

#[derive(Clone, Debug)]
enum Step {
    /// Posts; with a client identifier it may be a retry.
    Append {
        client: Option<u8>,
    },
    /// Changes a message that may not be there, maybe from a form that it does not have any more.
    Amend {
        seq: u64,
        stale: bool,
    },
    Page {
        range: Range,
        limit: usize,
    },
    Tail {
        behind: Position,
        limit: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let range = prop_oneof![
        Just(Range::Latest),
        (0..30u64).prop_map(|seq| Range::Before(Seq(seq))),
        (0..30u64).prop_map(|seq| Range::After(Seq(seq))),
    ];
    let step = prop_oneof![
        4 => proptest::option::of(0..6u8).prop_map(|client| Step::Append { client }),
        2 => (0..25u64, proptest::bool::weighted(0.2)).prop_map(|(seq, stale)| Step::Amend { seq, stale }),
        1 => (range, 0..12usize).prop_map(|(range, limit)| Step::Page { range, limit }),
        1 => (0..30u64, 0..4u32, 0..12usize)
            .prop_map(|(seq, sub, limit)| Step::Tail { behind: Position { seq: Seq(seq), sub }, limit }),
    ];
    proptest::collection::vec(step, 1..60)
}

/// What the log should hold.
#[derive(Default)]
struct Model {
    /// Each entry's place, the place before it and its bytes.
    entries: Vec<(Position, Position, Bytes)>,
    /// Each message's present bytes.
    messages: Vec<Bytes>,
    /// Under which client identifier which message was posted.
    clients: HashMap<u8, usize>,
}

impl Model {
    fn head(&self) -> Position {
        self.entries.last().map_or(Position::default(), |(position, _, _)| *position)
    }

    fn push(&mut self, position: Position, body: Bytes) {
        self.entries.push((position, self.head(), body));
    }

    fn page(&self, range: Range, limit: usize) -> (Vec<(u64, Bytes)>, bool) {
        let all = self.messages.iter().cloned().enumerate().map(|(index, bytes)| (index as u64 + 1, bytes));
        let mut wanted: Vec<_> = match range {
            Range::Latest => all.collect(),
            Range::Before(seq) => all.filter(|(number, _)| *number < seq.0).collect(),
            Range::After(seq) => all.filter(|(number, _)| *number > seq.0).collect(),
        };
        let more = wanted.len() > limit;
        match range {
            Range::After(_) => wanted.truncate(limit),
            _ => drop(wanted.drain(..wanted.len().saturating_sub(limit))),
        }
        (wanted, more)
    }

    fn tail(&self, behind: Position, limit: usize) -> Vec<(Position, Position, Bytes)> {
        self.entries.iter().filter(|(position, _, _)| *position > behind).take(limit).cloned().collect()
    }
}

pub async fn a_log_behaves_like_its_model(store: TestStore) {
    let runtime = tokio::runtime::Handle::current();
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    // The runner is synchronous; the store is not.
    tokio::task::block_in_place(|| {
        runner.run(&steps(), |steps| runtime.block_on(follow(&store, steps))).unwrap_or_else(|failure| panic!("{failure}"));
    });
}

/// Takes each step in the store and in the model and compares.
async fn follow(store: &TestStore, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (channel, user, mut model) = (channel(), UserId::random(), Model::default());
    for (turn, step) in steps.into_iter().enumerate() {
        let here = store.either(turn);
        match step {
            Step::Append { client } => {
                let message = match client {
                    Some(client) => retried(&turn.to_string(), user, &client.to_string()),
                    None => message(&turn.to_string()),
                };
                let body = message.body.clone();
                match (here.append(channel, message).await.unwrap(), client.and_then(|client| model.clients.get(&client))) {
                    (Appended::Duplicate(earlier), Some(index)) => {
                        prop_assert_eq!((earlier.seq, &earlier.record), (Seq(*index as u64 + 1), &model.messages[*index]));
                    }
                    (Appended::Stored(stored), None) => {
                        let position = Position::message(model.messages.len() as u64 + 1);
                        prop_assert_eq!(stored.position, position);
                        model.push(position, body.clone());
                        // A store may turn the entry's bytes into a message record of other bytes.
                        let kept = here.message(channel, position.seq).await.unwrap().unwrap().record;
                        prop_assert_eq!(text_of(&kept), text_of(&body));
                        model.messages.push(kept);
                        model.clients.extend(client.map(|client| (client, model.messages.len() - 1)));
                    }
                    (appended, known) => prop_assert!(false, "{:?} where the model knows {:?}", appended, known),
                }
            }
            Step::Amend { seq, stale } => amend(store, channel, &mut model, turn, seq, stale).await?,
            Step::Page { range, limit } => {
                let page = here.page(channel, range, limit).await.unwrap();
                let messages: Vec<_> = page.messages.into_iter().map(|message| (message.seq.0, message.record)).collect();
                prop_assert_eq!((messages, page.more), model.page(range, limit));
                prop_assert_eq!(page.head.position, model.head());
            }
            Step::Tail { behind, limit } => {
                let tail = here.tail(channel, behind, limit).await.unwrap();
                let entries: Vec<_> = tail.entries.into_iter().map(|entry| (entry.position, entry.previous, entry.body)).collect();
                prop_assert_eq!(entries, model.tail(behind, limit));
                prop_assert_eq!(tail.head.position, model.head());
            }
        }
    }
    Ok(())
}

async fn amend(store: &TestStore, channel: ChannelId, model: &mut Model, turn: usize, seq: u64, stale: bool) -> Result<(), TestCaseError> {
    let index = usize::try_from(seq).unwrap().wrapping_sub(1);
    let change = match model.messages.get(index) {
        Some(_) => change_to(&**store, channel, seq, &format!("changed in turn {turn}")).await,
        None => {
            let nothing = Bytes::from_static(b"{}");
            Amendment { seq: Seq(seq), from: nothing.clone(), to: nothing.clone(), entry: nothing }
        }
    };
    let change = if stale { Amendment { from: Bytes::from_static(b"{\"v\":2}"), ..change } } else { change };
    let outcome = store.either(turn).amend(channel, change.clone()).await.unwrap();
    if index >= model.messages.len() {
        prop_assert_eq!(outcome, Amended::Gone);
    } else if stale {
        prop_assert_eq!(outcome, Amended::Conflict);
    } else {
        let head = model.head();
        let position = Position { sub: head.sub + 1, ..head };
        prop_assert!(matches!(outcome, Amended::Stored(stored) if stored.position == position), "{:?}", outcome);
        model.push(position, change.entry);
        model.messages[index] = change.to;
    }
    Ok(())
}
