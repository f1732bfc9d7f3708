//! Letters between nodes.

use std::time::Duration;

use bytes::Bytes;
use rialto::ids::NodeId;
use rialto::store::Store;
use rialto::store::nodes::{Capacity, Delivered, Letter, NodeInfo};

use super::TestStore;
use super::vocabulary::*;

async fn living_node(store: &dyn Store) -> NodeId {
    let node = NodeId::random();
    store.beat(node, &NodeInfo::default()).await.unwrap();
    node
}

fn letters(numbers: std::ops::Range<u32>) -> Vec<Bytes> {
    numbers.map(|number| Bytes::from(number.to_string())).collect()
}

fn bodies(letters: Vec<Letter>) -> Vec<Bytes> {
    letters.into_iter().map(|letter| letter.body).collect()
}

pub async fn letters_arrive_in_order(store: TestStore) {
    let node = living_node(&*store).await;
    assert_eq!(store.deliver(node, &letters(0..3), most(100)).await.unwrap(), Delivered::Done);
    assert_eq!(store.other().deliver(node, &letters(3..5), most(100)).await.unwrap(), Delivered::Done);
    let first = store.other().collect(node, "", 2, PATIENCE).await.unwrap();
    assert_eq!(bodies(first.clone()), letters(0..2));
    let rest = store.collect(node, &first[1].cursor, 100, PATIENCE).await.unwrap();
    assert_eq!(bodies(rest.clone()), letters(2..5));
    assert_eq!(bodies(store.collect(node, "", 100, PATIENCE).await.unwrap()), letters(0..5), "reading removes nothing");
    let last = &rest.last().unwrap().cursor;
    assert_eq!(store.collect(node, last, 100, Duration::from_millis(10)).await.unwrap(), []);
}

pub async fn a_reader_waits_for_letters(store: TestStore) {
    let node = living_node(&*store).await;
    let reading = store.collect(node, "", 100, PATIENCE);
    let writing = async {
        // The reader may or may not wait by now; it must not matter.
        tokio::task::yield_now().await;
        store.other().deliver(node, &letters(0..1), most(100)).await
    };
    let (read, written) = tokio::join!(reading, writing);
    assert_eq!(written.unwrap(), Delivered::Done);
    assert_eq!(bodies(read.unwrap()), letters(0..1));
}

pub async fn what_was_handed_over_is_trimmed(store: TestStore) {
    let node = living_node(&*store).await;
    store.deliver(node, &letters(0..5), most(5)).await.unwrap();
    let read = store.collect(node, "", 3, PATIENCE).await.unwrap();
    store.trim_inbox(node, &read[2].cursor).await.unwrap();
    assert_eq!(bodies(store.other().collect(node, "", 100, PATIENCE).await.unwrap()), letters(3..5));
    // There is room again, and a cursor is never used twice.
    assert_eq!(store.deliver(node, &letters(5..8), most(5)).await.unwrap(), Delivered::Done);
    let rest = store.collect(node, &read[2].cursor, 100, PATIENCE).await.unwrap();
    assert_eq!(bodies(rest.clone()), letters(3..8));
    store.trim_inbox(node, &rest.last().unwrap().cursor).await.unwrap();
    store.deliver(node, &letters(8..9), most(5)).await.unwrap();
    let after_all = store.collect(node, &rest.last().unwrap().cursor, 100, PATIENCE).await.unwrap();
    assert_eq!(bodies(after_all), letters(8..9));
}

pub async fn a_full_inbox_takes_nothing(store: TestStore) {
    let node = living_node(&*store).await;
    assert_eq!(store.deliver(node, &letters(0..3), most(4)).await.unwrap(), Delivered::Done);
    assert_eq!(store.deliver(node, &letters(3..5), most(4)).await.unwrap(), Delivered::Full);
    assert_eq!(bodies(store.collect(node, "", 100, PATIENCE).await.unwrap()), letters(0..3), "all or nothing");
    assert_eq!(store.deliver(node, &letters(3..4), most(4)).await.unwrap(), Delivered::Done);
}

pub async fn letters_that_are_too_long_fill_an_inbox_as_well(store: TestStore) {
    let (node, long) = (living_node(&*store).await, [Bytes::from(vec![b'x'; 20_000])]);
    let capacity = Capacity { letters: 100, bytes: 70_000 };
    let mut taken = 0;
    while store.either(taken).deliver(node, &long, capacity).await.unwrap() == Delivered::Done {
        taken += 1;
    }
    assert!((2..=3).contains(&taken), "{taken}");
    let read = store.collect(node, "", 100, PATIENCE).await.unwrap();
    assert_eq!(read.len(), taken);
    store.trim_inbox(node, &read.last().unwrap().cursor).await.unwrap();
    assert_eq!(store.deliver(node, &long, capacity).await.unwrap(), Delivered::Done, "there is room again");
}

pub async fn nobody_writes_to_a_node_that_is_not_there(store: TestStore) {
    let nobody = NodeId::random();
    assert_eq!(store.deliver(nobody, &letters(0..1), most(100)).await.unwrap(), Delivered::NoSuchNode);
    assert_eq!(store.collect(nobody, "", 100, Duration::ZERO).await.unwrap(), []);
}
