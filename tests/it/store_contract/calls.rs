//! Who is in which call: the latest summary, until it is taken back or its media node is gone.

use std::time::Duration;

use bytes::Bytes;
use rialto::ids::RoomId;

use super::TestStore;
use super::vocabulary::*;

async fn call(store: &TestStore, room: RoomId) -> Option<Bytes> {
    store.other().calls(&[room]).await.unwrap().remove(0)
}

pub async fn a_call_is_as_it_was_told_last_and_ends(store: TestStore) {
    let (room, other, silent) = (RoomId::random(), RoomId::random(), RoomId::random());
    assert_eq!(call(&store, room).await, None);
    let (one, two) = (Bytes::from_static(b"one"), Bytes::from_static(b"two \xff"));
    store.tell_call(room, &one, LONG).await.unwrap();
    store.tell_call(other, &one, LONG).await.unwrap();
    store.tell_call(room, &two, LONG).await.unwrap();
    assert_eq!(store.other().calls(&[other, silent, room, other]).await.unwrap(), [Some(one.clone()), None, Some(two), Some(one.clone())]);
    assert_eq!(store.calls(&[]).await.unwrap(), Vec::<Option<Bytes>>::new());
    for _ in 0..2 {
        store.end_call(room).await.unwrap();
        assert_eq!(call(&store, room).await, None);
    }
    assert_eq!(call(&store, other).await, Some(one));
}

pub async fn a_call_of_which_nothing_is_told_any_more_is_forgotten(store: TestStore) {
    let (room, kept) = (RoomId::random(), RoomId::random());
    let summary = Bytes::from_static(b"who");
    store.tell_call(room, &summary, Duration::from_millis(50)).await.unwrap();
    store.tell_call(kept, &summary, Duration::from_millis(50)).await.unwrap();
    store.tell_call(kept, &summary, LONG).await.unwrap();
    eventually("it is forgotten", || async { call(&store, room).await.is_none() }).await;
    assert_eq!(call(&store, kept).await, Some(summary));
}
