//! What a user has open and has read.

use rialto::ids::{Seq, UserId};
use rialto::store::topics::Topic;

use super::TestStore;
use super::vocabulary::*;

pub async fn a_direct_channel_appears_once_and_moves_to_the_top(store: TestStore) {
    let (ann, bob, cid, dan) = (UserId::random(), UserId::random(), UserId::random(), UserId::random());
    let topic = Topic::User(ann);
    let opened = news(topic, "opened");
    let mut ear = Ear::on(store.other(), &[topic]).await;
    let before = store.now().await.unwrap();
    for peer in [bob, cid, dan] {
        assert!(store.touch_direct(ann, peer, &opened).await.unwrap());
    }
    // Its own notebook is one as well.
    assert!(store.touch_direct(ann, ann, &opened).await.unwrap());
    time_passes(&*store, std::time::Duration::from_millis(2)).await;
    assert!(!store.other().touch_direct(ann, bob, &opened).await.unwrap());

    let list = store.other().directs(ann, 10).await.unwrap();
    assert_eq!((list[0].peer, list.len()), (bob, 4));
    assert!(list.is_sorted_by(|newer, older| newer.last >= older.last));
    assert!(list.iter().all(|direct| direct.last >= before));
    assert_eq!(store.directs(ann, 2).await.unwrap(), list[..2]);
    assert_eq!(store.directs(bob, 10).await.unwrap(), [], "each has a list of their own");
    assert_eq!(ear.so_far(&*store, topic).await.len(), 4);

    let at_once_opened = at_once((0..10).map(|turn| store.either(turn).touch_direct(bob, ann, &opened))).await;
    assert_eq!(at_once_opened.into_iter().filter(|new| *new).count(), 1);
}

pub async fn read_marks_only_move_forward(store: TestStore) {
    let (ann, here, there) = (UserId::random(), channel(), channel());
    assert_eq!(store.read_marks(ann, &[here]).await.unwrap(), [Seq(0)]);
    assert!(store.mark_read(ann, here, Seq(5)).await.unwrap());
    assert!(!store.other().mark_read(ann, here, Seq(5)).await.unwrap());
    assert!(!store.mark_read(ann, here, Seq(4)).await.unwrap());
    assert!(!store.mark_read(ann, there, Seq(0)).await.unwrap());
    assert!(store.mark_read(ann, here, Seq(10)).await.unwrap(), "numbers are compared as numbers");
    assert_eq!(store.other().read_marks(ann, &[there, here]).await.unwrap(), [Seq(0), Seq(10)]);
    assert_eq!(store.read_marks(UserId::random(), &[here]).await.unwrap(), [Seq(0)]);

    at_once((11..60).map(|seq| store.either(seq).mark_read(ann, here, Seq(seq as u64)))).await;
    assert_eq!(store.read_marks(ann, &[here]).await.unwrap(), [Seq(59)]);
}

pub async fn blocks_go_one_way(store: TestStore) {
    let (ann, bob, cid) = (UserId::random(), UserId::random(), UserId::random());
    store.set_block(ann, bob, true).await.unwrap();
    store.set_block(ann, bob, true).await.unwrap();
    store.set_block(ann, cid, true).await.unwrap();
    assert!(store.other().blocks(ann, bob).await.unwrap());
    assert!(!store.blocks(bob, ann).await.unwrap());
    let mut blocked = store.other().blocked(ann).await.unwrap();
    blocked.sort();
    let mut both = vec![bob, cid];
    both.sort();
    assert_eq!(blocked, both);

    store.other().set_block(ann, bob, false).await.unwrap();
    store.set_block(ann, bob, false).await.unwrap();
    assert!(!store.blocks(ann, bob).await.unwrap());
    assert_eq!(store.blocked(ann).await.unwrap(), [cid]);
}
