//! Lobby rooms: changed by compare-and-swap, listed by when they are due, booked to accounts.

use std::time::Duration;

use bytes::Bytes;
use rialto::ids::{LobbyClientId, LobbyCode};
use rialto::store::lobbies::{Allowance, LobbyChange};

use super::TestStore;
use super::vocabulary::*;

const SHORT: Duration = Duration::from_millis(300);

/// A code that no other case has, with luck: one in 28 million has not.
fn code() -> LobbyCode {
    LobbyCode::from_random(LobbyClientId::random().0.as_u64_pair().0)
}

fn record(text: &str) -> LobbyChange {
    LobbyChange::Record(Bytes::from(text.to_owned()))
}

pub async fn of_many_who_change_a_room_at_once_one_does(store: TestStore) {
    let code = code();
    assert_eq!(store.lobby(code).await.unwrap().0, None);
    let made = at_once((0..10).map(|turn| store.either(turn).change_lobby(code, 0, record("made")))).await;
    let made: Vec<u64> = made.into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    let changed = at_once((0..10).map(|turn| store.either(turn).change_lobby(code, made[0], record("changed")))).await;
    let changed: Vec<u64> = changed.into_iter().flatten().collect();
    assert!(changed.len() == 1 && changed[0] > made[0]);
    let kept = store.other().lobby(code).await.unwrap().0.unwrap();
    assert_eq!((kept.revision, &kept.record[..]), (changed[0], &b"changed"[..]));
    assert_eq!(store.change_lobby(code, made[0], LobbyChange::Gone).await.unwrap(), None, "it is not so any more");
    assert_eq!(store.change_lobby(code, 0, record("again")).await.unwrap(), None, "there is one");
}

pub async fn a_room_that_is_gone_leaves_nothing_and_its_revisions_are_not_given_again(store: TestStore) {
    let code = code();
    let first = store.change_lobby(code, 0, record("first")).await.unwrap().unwrap();
    let snapshot = Bytes::from(vec![7; 256 * 1024]);
    let change = LobbyChange::Snapshot(Bytes::from_static(b"second"), snapshot.clone());
    let second = store.change_lobby(code, first, change).await.unwrap().unwrap();
    assert_eq!(store.other().lobby_snapshot(code).await.unwrap(), Some(snapshot.clone()));
    let third = store.other().change_lobby(code, second, record("third")).await.unwrap().unwrap();
    assert_eq!(store.lobby_snapshot(code).await.unwrap(), Some(snapshot), "another change leaves it");
    assert!(store.change_lobby(code, third, LobbyChange::Gone).await.unwrap().is_some());
    assert_eq!(store.lobby(code).await.unwrap().0, None);
    assert_eq!(store.lobby_snapshot(code).await.unwrap(), None);
    assert!(store.change_lobby(code, 0, record("anew")).await.unwrap().unwrap() > third);
    assert_eq!(store.lobby_snapshot(code).await.unwrap(), None);
}

pub async fn a_room_is_due_when_it_is_listed_and_taken_by_one(store: TestStore) {
    let [soon, late] = [code(), code()];
    store.list_lobby(late, LONG, false, false).await.unwrap();
    store.list_lobby(soon, SHORT, false, false).await.unwrap();
    store.other().list_lobby(soon, LONG, true, false).await.unwrap();
    let all = store.all_lobbies().await.unwrap();
    assert!(all.contains(&soon) && all.contains(&late));
    time_passes(&*store, SHORT * 2).await;
    let taken = at_once((0..4).map(|turn| store.either(turn).due_lobbies(1_000, LONG))).await;
    let taken: Vec<LobbyCode> = taken.into_iter().flatten().filter(|code| [soon, late].contains(code)).collect();
    assert_eq!(taken, [soon]);
    store.list_lobby(late, Duration::from_millis(1), true, false).await.unwrap();
    eventually("it is due sooner", || async { store.due_lobbies(1_000, LONG).await.unwrap().contains(&late) }).await;
    for code in [soon, late] {
        store.unlist_lobby(code).await.unwrap();
    }
    let all = store.other().all_lobbies().await.unwrap();
    assert!(!all.contains(&soon) && !all.contains(&late));
}

pub async fn those_that_all_may_see_are_listed(store: TestStore) {
    let [seen, hidden] = [code(), code()];
    store.list_lobby(seen, LONG, false, true).await.unwrap();
    store.list_lobby(hidden, LONG, false, true).await.unwrap();
    store.list_lobby(hidden, LONG, false, false).await.unwrap();
    let public = store.other().public_lobbies(1_000).await.unwrap();
    assert!(public.contains(&seen) && !public.contains(&hidden));
    store.unlist_lobby(seen).await.unwrap();
    assert!(!store.public_lobbies(1_000).await.unwrap().contains(&seen));
    store.unlist_lobby(hidden).await.unwrap();
}

pub async fn what_is_noted_of_a_client_is_known_everywhere_and_ends(store: TestStore) {
    let (client, brief) = (LobbyClientId::random(), LobbyClientId::random());
    let [one, two] = ["one", "two"].map(|text| Bytes::from(text.to_owned()));
    assert_eq!(store.note_lobby_client(client, &one, LONG).await.unwrap(), None);
    assert_eq!(store.other().note_lobby_client(client, &two, LONG).await.unwrap(), Some(one.clone()));
    store.forget_lobby_client(client, &one).await.unwrap();
    assert_eq!(store.lobby_client(client).await.unwrap(), Some(two.clone()), "that was another note");
    store.other().forget_lobby_client(client, &two).await.unwrap();
    assert_eq!(store.lobby_client(client).await.unwrap(), None);
    store.note_lobby_client(brief, &one, SHORT).await.unwrap();
    time_passes(&*store, SHORT * 2).await;
    assert_eq!(store.lobby_client(brief).await.unwrap(), None);
    assert_eq!(store.note_lobby_client(brief, &one, LONG).await.unwrap(), None);
}

pub async fn an_account_has_bounds(store: TestStore) {
    let account = LobbyClientId::random().to_string();
    let allowed = Allowance { rooms: 2, bytes: 10 };
    let [one, two, three] = [code(), code(), code()];
    let book = |code, bytes| store.book_lobby(&account, code, bytes, allowed, LONG);
    assert!(book(one, 0).await.unwrap() && book(two, 4).await.unwrap());
    assert!(!book(three, 0).await.unwrap(), "two rooms");
    assert!(!book(one, 7).await.unwrap(), "ten bytes");
    assert!(book(one, 6).await.unwrap() && book(one, 6).await.unwrap(), "in the place of what it was");
    assert!(!book(two, 5).await.unwrap());
    store.other().unbook_lobby(&account, one).await.unwrap();
    assert!(book(three, 6).await.unwrap());
    store.unbook_lobby(&account, three).await.unwrap();
    store.book_lobby(&account, one, 0, allowed, SHORT).await.unwrap();
    time_passes(&*store, SHORT * 2).await;
    assert!(book(three, 6).await.unwrap(), "what was not booked again is forgotten");
}
