//! Opening, refusing to open, keeping and forgetting.

use std::time::Duration;

use futures_util::StreamExt;
use redb::{Database, TableDefinition};
use rialto::ids::{ChannelId, NodeId, Position, Seq, TokenDigest, UserId};
use rialto::store::channels::Range;
use rialto::store::embedded::OpenError;
use rialto::store::nodes::NodeInfo;
use rialto::store::topics::Topic;
use rialto::store::{Accounts, Channels, Directs, Presence, Registry, Store, Topics};

use super::{open, open_keeping};
use crate::store_contract::vocabulary::*;

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (channel, key) = (ChannelId::general(), TokenDigest("digest".to_owned()));
    let store = open(dir.path()).unwrap();
    let (ann, bob) = (account(&store, "ann").await, account(&store, "bob").await);
    post_many(&store, channel, 3).await;
    change(&store, channel, 2, "changed").await;
    store.put_token(&key, ann.id, LONG).await.unwrap();
    store.touch_direct(ann.id, bob.id, &news(Topic::All, "opened")).await.unwrap();
    store.mark_read(ann.id, channel, Seq(2)).await.unwrap();
    store.set_block(bob.id, ann.id, true).await.unwrap();
    store.secret("cookies", [1; 32]).await.unwrap();
    store.arrive(ann.id, session(), LONG, &news(Topic::All, "on")).await.unwrap();
    let (log, head) = (whole_log(&store, channel).await, store.heads(&[channel]).await.unwrap());
    let unused = ChannelId::direct(ann.id, bob.id);
    let unused_head = store.heads(&[unused]).await.unwrap();
    drop(store);

    let store = open(dir.path()).unwrap();
    assert_eq!(store.users(&[ann.id, bob.id]).await.unwrap(), [Some(ann.clone()), Some(bob.clone())]);
    assert_eq!(store.user_named(&bob.username.folded()).await.unwrap(), Some(bob.clone()));
    assert_eq!(whole_log(&store, channel).await, log);
    assert_eq!(store.heads(&[channel]).await.unwrap(), head);
    assert_eq!(store.heads(&[unused]).await.unwrap(), unused_head);
    assert_eq!(text_of(&store.message(channel, Seq(2)).await.unwrap().unwrap().record), "changed");
    assert_eq!(store.token_user(&key, LONG).await.unwrap(), Some(ann.id));
    assert_eq!(store.directs(ann.id, 10).await.unwrap()[0].peer, bob.id);
    assert_eq!(store.read_marks(ann.id, &[channel]).await.unwrap(), [Seq(2)]);
    assert!(store.blocks(bob.id, ann.id).await.unwrap());
    assert_eq!(store.secret("cookies", [2; 32]).await.unwrap(), [1; 32]);
    assert_eq!(store.online(&[ann.id]).await.unwrap(), [false], "connections end with the process");
    assert_eq!(post(&store, channel, "4").await.position, Position::message(4));
    assert!(account(&store, "cid").await.serial > bob.serial);
}

#[tokio::test]
async fn a_file_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let refusal = open(dir.path()).err().expect("it is in use");
    assert!(matches!(refusal, OpenError::InUse(_)));
    assert!(refusal.to_string().contains("rialto.redb is open in another process"), "{refusal}");
    drop(store);
    open(dir.path()).unwrap();
}

#[tokio::test]
async fn a_file_of_another_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    {
        let database = Database::create(dir.path().join("rialto.redb")).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(TableDefinition::<&str, u64>::new("meta")).unwrap().insert("format", 99).unwrap();
        transaction.commit().unwrap();
    }
    let refusal = open(dir.path()).err().expect("nobody knows format 99");
    assert!(matches!(refusal, OpenError::UnknownFormat { found: 99, .. }));
    assert!(refusal.to_string().contains("has format 99"), "{refusal}");
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("rialto.redb"), "not a database".repeat(1000)).unwrap();
    assert!(matches!(open(dir.path()), Err(OpenError::File(..))));
    let file = dir.path().join("a file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(open(&file), Err(OpenError::Folder(..))));
}

#[tokio::test]
async fn exactly_so_many_messages_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_keeping(dir.path(), 3, None).unwrap();
    let channel = ChannelId::general();
    post_many(&store, channel, 10).await;
    assert_eq!(store.heads(&[channel]).await.unwrap()[0].oldest, Seq(8));
    assert_eq!(whole_log(&store, channel).await.len(), 3);
    drop(store);

    let store = open_keeping(dir.path(), 1, None).unwrap();
    post(&store, channel, "11").await;
    assert_eq!(store.heads(&[channel]).await.unwrap()[0].oldest, Seq(11), "a smaller limit takes effect");
}

#[tokio::test]
async fn old_messages_go_when_a_new_one_comes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_keeping(dir.path(), 100, Some(Duration::from_millis(50))).unwrap();
    let channel = ChannelId::general();
    post_many(&store, channel, 3).await;
    time_passes(&store, Duration::from_millis(60)).await;
    post(&store, channel, "4").await;
    let page = store.page(channel, Range::Latest, 10).await.unwrap();
    assert_eq!((page.messages.len(), page.head.oldest), (1, Seq(4)));
}

#[tokio::test]
async fn a_listener_that_does_not_read_loses_its_connection() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let topic = Topic::User(UserId::random());
    let mut subscriber = store.listen().await.unwrap();
    subscriber.control.subscribe(&[topic]).await.unwrap();
    for _ in 0..100_000 {
        store.publish(&news(topic, "more")).await.unwrap();
    }
    let mut heard = 0;
    while let Some(batch) = subscriber.batches.next().await {
        heard += batch.len();
    }
    assert!(heard > 0 && heard < 100_000);
    assert!(subscriber.control.subscribe(&[Topic::All]).await.is_err());
}

#[tokio::test]
async fn a_node_is_forgotten_with_its_process() {
    let dir = tempfile::tempdir().unwrap();
    let node = NodeId::random();
    let store = open(dir.path()).unwrap();
    store.beat(node, &NodeInfo::default()).await.unwrap();
    drop(store);
    assert!(open(dir.path()).unwrap().nodes().await.unwrap().0.is_empty());
}
