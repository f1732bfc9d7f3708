//! The words in which the cases are told.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use rialto::ids::{ChannelId, ClientId, MessageId, MessageText, Micros, NodeId, Position, SessionId, SessionRef, UserId, Username};
use rialto::store::accounts::{Named, NewUser, User};
use rialto::store::channels::{Amended, Amendment, Appended, Entry, Known, Member, NewMessage, Stored};
use rialto::store::nodes::Capacity;
use rialto::store::record::{self, Decoded, LogRecord, MessageRecord};
use rialto::store::topics::{Heard, News, Payload, Subscriber, Topic};
use rialto::store::{Result, Store};

/// Longer than anything here takes, on a very busy machine.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// So long that nothing with this lifetime expires during a test.
pub const LONG: Duration = Duration::from_secs(600);

/// An inbox for so many letters, however long they are.
pub fn most(letters: usize) -> Capacity {
    Capacity { letters, bytes: 1 << 30 }
}

/// Asks again until the answer is yes.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let patience = tokio::time::Instant::now() + PATIENCE;
    while !condition().await {
        assert!(tokio::time::Instant::now() < patience, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the store's clock has moved on by this much.
pub async fn time_passes(store: &dyn Store, time: Duration) {
    let then = store.now().await.unwrap().plus(time);
    eventually("time has passed", || async { store.now().await.unwrap() > then }).await;
}

/// Does something in less than a time by the store's clock: what lives for so long was there until the end. Takes twice the time if it
/// was not enough; answers how long it was in the end.
pub async fn in_time<T>(store: &dyn Store, mut time: Duration, act: impl AsyncFn(Duration) -> T) -> (Duration, T) {
    for _ in 0..8 {
        let start = store.now().await.unwrap();
        let done = act(time).await;
        if store.now().await.unwrap() < start.plus(time) {
            return (time, done);
        }
        time *= 2;
    }
    panic!("it takes longer than {time:?}");
}

/// Runs all of these at once.
pub async fn at_once<T>(all: impl IntoIterator<Item = impl Future<Output = Result<T>>>) -> Vec<T> {
    futures_util::future::join_all(all).await.into_iter().map(Result::unwrap).collect()
}

/// A name that nobody else has.
pub fn name(beginning: &str) -> Username {
    let random = UserId::random().0.simple().to_string();
    Username::parse(&format!("{beginning}-{}", &random[..20])).unwrap()
}

/// A wish for a guest account.
pub fn guest(username: &Username) -> NewUser {
    NewUser { id: UserId::random(), username: username.clone(), password: None }
}

/// A fresh account.
pub async fn account(store: &dyn Store, beginning: &str) -> User {
    match store.create_user(guest(&name(beginning))).await.unwrap() {
        Named::Done(user) => user,
        other => panic!("a fresh name was refused: {other:?}"),
    }
}

/// A fresh channel.
pub fn channel() -> ChannelId {
    ChannelId::direct(UserId::random(), UserId::random())
}

/// A fresh session on a fresh node.
pub fn session() -> SessionRef {
    session_on(NodeId::random())
}

/// A fresh session on this node.
pub fn session_on(node: NodeId) -> SessionRef {
    SessionRef { node, session: SessionId::random() }
}

/// A fresh user's membership.
pub fn member() -> Member {
    Member { at: session(), user: UserId::random(), username: name("member"), peer: Some(UserId::random()), number: None }
}

/// News for a topic.
pub fn news(topic: Topic, text: &'static str) -> News {
    News { topic, body: Bytes::from_static(text.as_bytes()) }
}

/// A message's record.
pub fn message_record(id: MessageId, text: &str) -> MessageRecord {
    MessageRecord {
        id,
        from: UserId::random(),
        name: Username::parse("writer").unwrap(),
        to: None,
        to_online: false,
        to_name: None,
        text: MessageText::parse(text.to_owned(), 4000).unwrap(),
        client_id: None,
        via: None,
        edited: None,
        deleted: None,
        rev: 0,
        reactions: Default::default(),
        badge: None,
    }
}

/// A message to be posted.
pub fn message(text: &str) -> NewMessage {
    let id = MessageId::random();
    let body = record::encode(&LogRecord::Message(message_record(id, text)));
    NewMessage { id, dedup: None, body, known: Known::default() }
}

/// The same with a client's own name for it.
pub fn retried(text: &str, user: UserId, client: &str) -> NewMessage {
    NewMessage { dedup: Some((user, ClientId::parse(client.to_owned()).unwrap())), ..message(text) }
}

/// What a record says.
pub fn text_of(record: &[u8]) -> String {
    match record::decode::<MessageRecord>(record).unwrap() {
        Decoded::Known(record) => record.text.as_str().to_owned(),
        Decoded::Unknown => panic!("not a message"),
    }
}

/// Posts a message; it must be stored.
pub async fn post(store: &dyn Store, channel: ChannelId, text: &str) -> Stored {
    stored(store.append(channel, message(text)).await.unwrap())
}

/// Posts messages `1`, `2` … one after another.
pub async fn post_many(store: &dyn Store, channel: ChannelId, count: usize) {
    for number in 1..=count {
        post(store, channel, &number.to_string()).await;
    }
}

/// Where it was stored; it must have been.
pub fn stored(appended: Appended) -> Stored {
    match appended {
        Appended::Stored(stored) => stored,
        Appended::Duplicate(_) => panic!("taken for a duplicate"),
    }
}

/// The change of a message into one with this text.
pub async fn change_to(store: &dyn Store, channel: ChannelId, seq: u64, text: &str) -> Amendment {
    let present = store.message(channel, rialto::ids::Seq(seq)).await.unwrap().expect("the message to be changed");
    let Decoded::Known(mut message) = record::decode::<MessageRecord>(&present.record).unwrap() else { panic!("not a message") };
    message.text = MessageText::parse(text.to_owned(), 4000).unwrap();
    message.rev += 1;
    message.edited = Some(Micros(present.at.0 + 1));
    let to = record::encode(&message);
    let entry = record::encode(&LogRecord::Changed { seq: present.seq, posted: present.at, message });
    Amendment { seq: present.seq, from: present.record, to, entry }
}

/// Changes a message; it must succeed.
pub async fn change(store: &dyn Store, channel: ChannelId, seq: u64, text: &str) -> Stored {
    match store.amend(channel, change_to(store, channel, seq, text).await).await.unwrap() {
        Amended::Stored(stored) => stored,
        other => panic!("not changed: {other:?}"),
    }
}

/// The whole log.
pub async fn whole_log(store: &dyn Store, channel: ChannelId) -> Vec<Entry> {
    store.tail(channel, Position::default(), usize::from(u16::MAX)).await.unwrap().entries
}

/// Somebody who listens to topics.
pub struct Ear {
    subscriber: Subscriber,
    heard: std::collections::VecDeque<Heard>,
}

impl Ear {
    /// Listens to all of these from now on.
    pub async fn on(store: &dyn Store, topics: &[Topic]) -> Self {
        let mut subscriber = store.listen().await.unwrap();
        subscriber.control.subscribe(topics).await.unwrap();
        Self { subscriber, heard: Default::default() }
    }

    /// Changes what is listened to.
    pub fn control(&mut self) -> &mut dyn rialto::store::topics::Subscriptions {
        &mut *self.subscriber.control
    }

    /// The next that is heard.
    pub async fn next(&mut self) -> Heard {
        while self.heard.is_empty() {
            let batch = tokio::time::timeout(PATIENCE, self.subscriber.batches.next()).await.expect("nothing was heard");
            self.heard.extend(batch.expect("the subscriber connection stays"));
        }
        self.heard.pop_front().expect("just heard")
    }

    /// Everything heard on this topic that was published before now. Other topics are dropped.
    pub async fn so_far(&mut self, store: &dyn Store, topic: Topic) -> Vec<Payload> {
        let mark = Bytes::from(MessageId::random().to_string());
        store.publish(&News { topic, body: mark.clone() }).await.unwrap();
        let mut payloads = Vec::new();
        loop {
            let heard = self.next().await;
            if heard.payload == Payload::News(mark.clone()) {
                return payloads;
            }
            if heard.topic == topic {
                payloads.push(heard.payload);
            }
        }
    }
}

/// As news are heard.
pub fn heard(text: &'static str) -> Payload {
    Payload::News(Bytes::from_static(text.as_bytes()))
}
