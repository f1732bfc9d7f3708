//! Accounts and their names.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rialto::ids::{Micros, PasswordHash, Seq, TokenDigest, UserId, Username};
use rialto::store::accounts::{Named, NewUser};
use rialto::store::topics::Topic;

use super::TestStore;
use super::vocabulary::*;

pub async fn a_name_makes_one_account_however_many_want_it(store: TestStore) {
    // Many times: whoever comes while another is half-way meets each of its steps some time.
    for _ in 0..40 {
        let wanted = name("Ann");
        let shouted = Username::parse(&wanted.as_str().to_uppercase()).unwrap();
        let wishes = (0..16).map(|turn| store.either(turn).create_user(guest(if turn % 3 == 0 { &shouted } else { &wanted })));
        let outcomes = at_once(wishes).await;

        let made: Vec<_> = outcomes.iter().filter_map(|named| if let Named::Done(user) = named { Some(user) } else { None }).collect();
        assert_eq!(made.len(), 1);
        assert_eq!(outcomes.iter().filter(|named| **named == Named::Taken).count(), 15);
        assert_eq!(store.user_named(&wanted.folded()).await.unwrap().as_ref(), Some(made[0]));
    }
}

pub async fn a_retried_creation_finds_what_it_made(store: TestStore) {
    let wish = guest(&name("ann"));
    let first = store.create_user(wish.clone()).await.unwrap();
    let again = store.other().create_user(wish).await.unwrap();
    assert!(matches!(first, Named::Done(_)));
    assert_eq!(first, again);
}

pub async fn accounts_are_found_by_identifier_and_by_name(store: TestStore) {
    let (ann_name, hash) = (name("Ann"), PasswordHash("$2b$04$hash".to_owned()));
    let wish = NewUser { id: UserId::random(), username: ann_name.clone(), password: Some(hash.clone()) };
    let Named::Done(ann) = store.create_user(wish.clone()).await.unwrap() else { panic!("refused") };
    let bob = account(&*store, "bob").await;

    assert_eq!((ann.id, &ann.username, &ann.password, ann.banned_until), (wish.id, &ann_name, &Some(hash), None));
    let found = store.other().users(&[bob.id, UserId::random(), ann.id, bob.id]).await.unwrap();
    assert_eq!(found, [Some(bob.clone()), None, Some(ann.clone()), Some(bob)]);
    assert_eq!(store.other().user_named(&ann_name.folded()).await.unwrap(), Some(ann));
    assert_eq!(store.user_named(&name("nobody").folded()).await.unwrap(), None);
    assert_eq!(store.users(&[]).await.unwrap(), []);
}

pub async fn a_new_name_frees_the_old_one(store: TestStore) {
    let ann = account(&*store, "ann").await;
    let bob = account(&*store, "bob").await;
    let anna = name("anna");

    let Named::Done(renamed) = store.rename_user(ann.id, &anna).await.unwrap() else { panic!("refused") };
    assert_eq!((renamed.id, &renamed.username, renamed.serial), (ann.id, &anna, ann.serial));
    assert_eq!(store.other().user_named(&anna.folded()).await.unwrap(), Some(renamed));
    assert_eq!(store.user_named(&ann.username.folded()).await.unwrap(), None);
    assert!(matches!(store.create_user(guest(&ann.username)).await.unwrap(), Named::Done(_)));

    assert_eq!(store.rename_user(bob.id, &anna).await.unwrap(), Named::Taken);
    assert_eq!(store.user_named(&bob.username.folded()).await.unwrap(), Some(bob.clone()));
    let shouted = Username::parse(&bob.username.as_str().to_uppercase()).unwrap();
    let Named::Done(louder) = store.rename_user(bob.id, &shouted).await.unwrap() else { panic!("a change of case was refused") };
    assert_eq!(store.user_named(&bob.username.folded()).await.unwrap(), Some(louder));
    assert_eq!(store.rename_user(UserId::random(), &name("nobody")).await.unwrap(), Named::NoSuchUser);
}

pub async fn of_two_who_want_one_name_one_keeps_the_old(store: TestStore) {
    for _ in 0..5 {
        let (ann, bob, wanted) = (account(&*store, "ann").await, account(&*store, "bob").await, name("star"));
        let wishes = [store.rename_user(ann.id, &wanted), store.other().rename_user(bob.id, &wanted)];
        let outcomes = at_once(wishes).await;

        let winner = store.user_named(&wanted.folded()).await.unwrap().expect("one of them has it");
        let (won, lost, loser) = if winner.id == ann.id { (0, 1, bob) } else { (1, 0, ann) };
        assert_eq!(outcomes[won], Named::Done(winner));
        assert_eq!(outcomes[lost], Named::Taken);
        assert_eq!(store.user_named(&loser.username.folded()).await.unwrap(), Some(loser));
    }
}

pub async fn passwords_and_bans_are_kept(store: TestStore) {
    let ann = account(&*store, "ann").await;
    let (hash, until) = (PasswordHash("$2b$04$other".to_owned()), Micros(1_900_000_000_000_000));
    assert!(store.set_password(ann.id, hash.clone()).await.unwrap());
    assert!(store.set_ban(ann.id, Some(until)).await.unwrap());
    let found = store.other().users(&[ann.id]).await.unwrap().remove(0).unwrap();
    assert_eq!((found.password, found.banned_until), (Some(hash), Some(until)));

    assert!(store.set_ban(ann.id, None).await.unwrap());
    assert_eq!(store.users(&[ann.id]).await.unwrap().remove(0).unwrap().banned_until, None);
    assert!(!store.set_password(UserId::random(), PasswordHash(String::new())).await.unwrap());
    assert!(!store.set_ban(UserId::random(), None).await.unwrap());
}

pub async fn a_deleted_account_leaves_nothing(store: TestStore) {
    let (ann, bob, channel) = (account(&*store, "ann").await, account(&*store, "bob").await, channel());
    let key = TokenDigest(name("key").to_string());
    let opened = news(Topic::User(ann.id), "opened");
    store.put_token(&key, ann.id, LONG).await.unwrap();
    store.touch_direct(ann.id, bob.id, &opened).await.unwrap();
    store.touch_direct(bob.id, ann.id, &opened).await.unwrap();
    store.mark_read(ann.id, channel, Seq(3)).await.unwrap();
    store.set_block(ann.id, bob.id, true).await.unwrap();

    assert!(store.delete_user(ann.id).await.unwrap());
    assert_eq!(store.other().users(&[ann.id]).await.unwrap(), [None]);
    assert_eq!(store.user_named(&ann.username.folded()).await.unwrap(), None);
    assert_eq!(store.token_user(&key, LONG).await.unwrap(), None);
    assert_eq!(store.tokens(ann.id).await.unwrap(), []);
    assert_eq!(store.directs(ann.id, 10).await.unwrap(), []);
    assert_eq!(store.read_marks(ann.id, &[channel]).await.unwrap(), [Seq(0)]);
    assert_eq!(store.blocked(ann.id).await.unwrap(), []);
    assert!(store.list_users(ann.serial - 1, 1).await.unwrap().iter().all(|user| user.id != ann.id));
    assert_eq!(store.directs(bob.id, 10).await.unwrap().len(), 1, "others keep what is theirs");

    assert!(!store.delete_user(ann.id).await.unwrap());
    assert!(!store.set_ban(ann.id, None).await.unwrap());
    assert_eq!(store.rename_user(ann.id, &name("ann")).await.unwrap(), Named::NoSuchUser);
    assert!(matches!(store.create_user(guest(&ann.username)).await.unwrap(), Named::Done(_)), "the name is free");
}

pub async fn accounts_come_in_pages_by_serial_number(store: TestStore) {
    let before = store.count_users().await.unwrap();
    let mut made = Vec::new();
    for turn in 0..5 {
        made.push(account(store.either(turn), "guest").await);
    }
    assert!(made.is_sorted_by(|one, next| one.serial < next.serial));
    assert!(store.count_users().await.unwrap() >= before.saturating_sub(1), "accounts are counted");

    let (mut after, mut found) = (made[0].serial - 1, Vec::new());
    while found.len() < made.len() {
        let page = store.other().list_users(after, 2).await.unwrap();
        assert!((1..=2).contains(&page.len()));
        assert!(page.iter().all(|user| user.serial > after));
        after = page.last().unwrap().serial;
        found.extend(page.into_iter().filter(|user| made.contains(user)));
    }
    assert_eq!(found, made);
    assert_eq!(store.list_users(u64::MAX / 2, 2).await.unwrap(), []);
}

pub async fn the_clock_is_about_right_and_runs_forward(store: TestStore) {
    let before = store.now().await.unwrap();
    let after = store.now().await.unwrap();
    assert!(before <= after);
    let here = Micros(0).plus(SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
    assert!(here.0.abs_diff(after.0) < u64::try_from(Duration::from_secs(60).as_micros()).unwrap());
}
