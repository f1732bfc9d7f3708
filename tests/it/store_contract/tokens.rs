//! Access keys.

use std::time::Duration;

use rialto::ids::{AccessKey, TokenDigest, UserId};

use super::TestStore;
use super::vocabulary::*;

fn key() -> TokenDigest {
    AccessKey::from_client(UserId::random().to_string()).digest()
}

pub async fn a_key_lives_until_it_is_revoked_by_its_owner(store: TestStore) {
    let (ann, bob, laptop, phone) = (UserId::random(), UserId::random(), key(), key());
    store.put_token(&laptop, ann, LONG).await.unwrap();
    store.put_token(&phone, ann, LONG).await.unwrap();

    assert_eq!(store.other().token_user(&laptop, LONG).await.unwrap(), Some(ann));
    assert_eq!(store.token_user(&key(), LONG).await.unwrap(), None);
    let mut digests = store.other().tokens(ann).await.unwrap();
    digests.sort_by(|one, other| one.0.cmp(&other.0));
    let mut both = vec![laptop.clone(), phone.clone()];
    both.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(digests, both);

    assert!(!store.revoke_token(&laptop, bob).await.unwrap(), "a key of somebody else");
    assert!(store.other().revoke_token(&laptop, ann).await.unwrap());
    assert!(!store.revoke_token(&laptop, ann).await.unwrap());
    assert_eq!(store.token_user(&laptop, LONG).await.unwrap(), None);
    assert_eq!(store.tokens(ann).await.unwrap(), [phone]);
}

pub async fn a_key_expires(store: TestStore) {
    let (ann, key) = (UserId::random(), key());
    store.put_token(&key, ann, Duration::from_millis(50)).await.unwrap();
    time_passes(&*store, Duration::from_millis(60)).await;
    assert_eq!(store.token_user(&key, LONG).await.unwrap(), None);
    assert_eq!(store.tokens(ann).await.unwrap(), []);
    assert!(!store.revoke_token(&key, ann).await.unwrap());
}

pub async fn a_key_that_is_used_lives_on(store: TestStore) {
    let ann = UserId::random();
    let (life, (key, user)) = in_time(&*store, Duration::from_secs(2), async |life| {
        let key = key();
        store.put_token(&key, ann, life).await.unwrap();
        let user = store.token_user(&key, LONG).await.unwrap();
        (key, user)
    })
    .await;
    assert_eq!(user, Some(ann));
    time_passes(&*store, life).await;
    assert_eq!(store.token_user(&key, LONG).await.unwrap(), Some(ann));
    assert!(store.tokens(ann).await.unwrap().contains(&key));
}
