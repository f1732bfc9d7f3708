//! Changing messages.

use rialto::ids::{Position, Seq};
use rialto::store::channels::{Amended, Amendment, Range};
use rialto::store::topics::{Payload, Topic};

use super::TestStore;
use super::log::assert_chained;
use super::vocabulary::*;

pub async fn a_change_is_logged_behind_the_newest_message(store: TestStore) {
    let channel = channel();
    let topic = Topic::Channel(channel);
    let mut ear = Ear::on(store.other(), &[topic]).await;
    post_many(&*store, channel, 3).await;
    let posted = store.message(channel, Seq(1)).await.unwrap().unwrap().at;

    assert_eq!(change(&*store, channel, 1, "one").await.position, Position { seq: Seq(3), sub: 1 });
    assert_eq!(change(store.other(), channel, 2, "two").await.position, Position { seq: Seq(3), sub: 2 });
    assert_eq!(post(&*store, channel, "4").await.position, Position::message(4));
    let again = change(&*store, channel, 1, "uno").await;
    assert_eq!(again.position, Position { seq: Seq(4), sub: 1 });
    assert_eq!(store.heads(&[channel]).await.unwrap()[0].position, again.position);

    let present = store.other().message(channel, Seq(1)).await.unwrap().unwrap();
    assert_eq!((present.at, text_of(&present.record).as_str()), (posted, "uno"));
    let page = store.page(channel, Range::Latest, 10).await.unwrap();
    let texts: Vec<_> = page.messages.iter().map(|message| text_of(&message.record)).collect();
    assert_eq!(texts, ["uno", "two", "3", "4"]);

    let log = whole_log(&*store, channel).await;
    let places: Vec<_> = log.iter().map(|entry| entry.position.to_string()).collect();
    assert_eq!(places, ["1-0", "2-0", "3-0", "3-1", "3-2", "4-0", "4-1"]);
    assert_chained(&log);
    assert_eq!(ear.so_far(&*store, topic).await, log.into_iter().map(Payload::Entry).collect::<Vec<_>>());
}

pub async fn of_two_changes_from_the_same_form_one_conflicts(store: TestStore) {
    let channel = channel();
    post(&*store, channel, "before").await;
    let mut wishes = Vec::new();
    for turn in 0..10 {
        wishes.push(change_to(&*store, channel, 1, &format!("by {turn}")).await);
    }
    let changes = wishes.into_iter().enumerate().map(|(turn, wish)| store.either(turn).amend(channel, wish));
    let outcomes = at_once(changes).await;
    let winners: Vec<_> = (0..10).filter(|turn| matches!(outcomes[*turn], Amended::Stored(_))).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Amended::Conflict).count(), 9);
    let present = store.message(channel, Seq(1)).await.unwrap().unwrap();
    assert_eq!(text_of(&present.record), format!("by {}", winners[0]));
    assert_eq!(whole_log(&*store, channel).await.len(), 2, "a conflict leaves no entry");
}

pub async fn what_is_not_there_cannot_be_changed(store: TestStore) {
    let channel = channel();
    post(&*store, channel, "only").await;
    let wish = change_to(&*store, channel, 1, "other").await;
    let of_another = Amendment { seq: Seq(2), ..wish };
    assert_eq!(store.amend(channel, of_another).await.unwrap(), Amended::Gone);
    assert_eq!(store.heads(&[channel]).await.unwrap()[0].position, Position::message(1));
}
