//! Reading a channel.

use rialto::ids::{Position, Seq};
use rialto::store::channels::{Page, Range};

use super::vocabulary::*;
use super::{HISTORY_MAX, TestStore};

fn numbers(page: &Page) -> Vec<u64> {
    page.messages.iter().map(|message| message.seq.0).collect()
}

pub async fn pages_go_both_ways(store: TestStore) {
    let channel = channel();
    post_many(&*store, channel, 10).await;
    let cases: [(Range, usize, &[u64], bool); 14] = [
        (Range::Latest, 3, &[8, 9, 10], true),
        (Range::Latest, 10, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], false),
        (Range::Latest, 0, &[], true),
        (Range::Before(Seq(8)), 3, &[5, 6, 7], true),
        (Range::Before(Seq(4)), 3, &[1, 2, 3], false),
        (Range::Before(Seq(1)), 3, &[], false),
        (Range::Before(Seq(0)), 3, &[], false),
        (Range::Before(Seq(99)), 2, &[9, 10], true),
        (Range::After(Seq(0)), 3, &[1, 2, 3], true),
        (Range::After(Seq(7)), 3, &[8, 9, 10], false),
        (Range::After(Seq(8)), 3, &[9, 10], false),
        (Range::After(Seq(10)), 3, &[], false),
        (Range::After(Seq(99)), 3, &[], false),
        (Range::After(Seq(3)), 2, &[4, 5], true),
    ];
    let head = store.heads(&[channel]).await.unwrap().remove(0);
    assert_eq!((head.position, head.oldest), (Position::message(10), Seq(1)));
    for (range, limit, expected, more) in cases {
        let page = store.other().page(channel, range, limit).await.unwrap();
        assert_eq!((numbers(&page).as_slice(), page.more, page.head), (expected, more, head), "{range:?}, at most {limit}");
        for message in page.messages {
            assert_eq!(text_of(&message.record), message.seq.0.to_string());
        }
    }
}

pub async fn an_empty_channel_has_an_empty_page(store: TestStore) {
    let channel = channel();
    for range in [Range::Latest, Range::Before(Seq(5)), Range::After(Seq(0))] {
        let page = store.page(channel, range, 10).await.unwrap();
        assert_eq!((page.messages.len(), page.more), (0, false));
        assert_eq!((page.head.position, page.head.oldest), (Position::default(), Seq(1)));
    }
    let tail = store.tail(channel, Position::default(), 10).await.unwrap();
    assert_eq!((tail.entries.len(), tail.head.position), (0, Position::default()));
}

pub async fn events_take_no_place_in_pages(store: TestStore) {
    let channel = channel();
    post_many(&*store, channel, 3).await;
    for turn in 0..20 {
        change(&*store, channel, 1 + turn % 3, &format!("form {turn}")).await;
    }
    post(&*store, channel, "4").await;
    let page = store.page(channel, Range::Latest, 3).await.unwrap();
    assert_eq!((numbers(&page).as_slice(), page.more), ([2, 3, 4].as_slice(), true));
    let page = store.page(channel, Range::After(Seq(1)), 2).await.unwrap();
    assert_eq!((numbers(&page).as_slice(), page.more), ([2, 3].as_slice(), true));
    let page = store.page(channel, Range::Before(Seq(4)), 3).await.unwrap();
    assert_eq!((numbers(&page).as_slice(), page.more), ([1, 2, 3].as_slice(), false));
}

pub async fn old_messages_are_trimmed(store: TestStore) {
    let (channel, posted) = (channel(), HISTORY_MAX + 150);
    post_many(&*store, channel, 1).await;
    change(&*store, channel, 1, "changed and forgotten").await;
    let rest = (1..posted).map(|turn| store.either(turn).append(channel, message("many")));
    at_once(rest).await;

    let head = store.heads(&[channel]).await.unwrap().remove(0);
    let (newest, oldest) = (posted as u64, head.oldest.0);
    assert_eq!(head.position, Position::message(newest));
    assert!(oldest > 1, "something went");
    assert!(newest - oldest + 1 >= HISTORY_MAX as u64, "no more went than had to");

    assert_eq!(store.message(channel, Seq(oldest - 1)).await.unwrap(), None);
    assert!(store.message(channel, Seq(oldest)).await.unwrap().is_some());
    let page = store.page(channel, Range::After(Seq(0)), 2).await.unwrap();
    assert_eq!((numbers(&page), page.more, page.head), (vec![oldest, oldest + 1], true, head));
    let page = store.page(channel, Range::Before(Seq(oldest + 2)), 5).await.unwrap();
    assert_eq!((numbers(&page), page.more), (vec![oldest, oldest + 1], false));
    let page = store.page(channel, Range::Before(Seq(oldest)), 5).await.unwrap();
    assert_eq!((numbers(&page), page.more), (vec![], false));
    let page = store.page(channel, Range::Latest, posted).await.unwrap();
    assert_eq!((numbers(&page), page.more), ((oldest..=newest).collect(), false));

    let log = whole_log(&*store, channel).await;
    assert_eq!(log[0].position, Position::message(oldest));
    assert!(log[0].previous > Position::default(), "a reader from the beginning sees that something is missing");
}

pub async fn the_tail_is_what_stands_behind_a_place(store: TestStore) {
    let channel = channel();
    post_many(&*store, channel, 2).await;
    change(&*store, channel, 1, "one").await;
    change(&*store, channel, 2, "two").await;
    post(&*store, channel, "3").await;
    let head = store.heads(&[channel]).await.unwrap().remove(0);
    let cases: [(&str, usize, &[&str]); 8] = [
        ("0-0", 10, &["1-0", "2-0", "2-1", "2-2", "3-0"]),
        ("0-0", 2, &["1-0", "2-0"]),
        ("1-0", 2, &["2-0", "2-1"]),
        ("2-0", 10, &["2-1", "2-2", "3-0"]),
        ("2-1", 10, &["2-2", "3-0"]),
        ("2-9", 10, &["3-0"]),
        ("3-0", 10, &[]),
        ("9-0", 10, &[]),
    ];
    for (behind, limit, expected) in cases {
        let tail = store.other().tail(channel, behind.parse().unwrap(), limit).await.unwrap();
        let places: Vec<_> = tail.entries.iter().map(|entry| entry.position.to_string()).collect();
        assert_eq!((places, tail.head), (expected.iter().map(ToString::to_string).collect(), head), "behind {behind}, at most {limit}");
    }
}
