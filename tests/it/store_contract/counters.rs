//! Counters, secrets and the store's own health.

use std::time::Duration;

use rialto::store::Count;

use super::TestStore;
use super::vocabulary::*;

pub async fn events_are_counted_within_their_window(store: TestStore) {
    let (key, window) = (name("failures").to_string(), Duration::from_millis(300));
    assert_eq!(store.counted(&key).await.unwrap(), Count::default());
    let first = store.count(&key, window).await.unwrap();
    assert_eq!(first.events, 1);
    assert!(first.resets_in <= window && first.resets_in > Duration::ZERO);

    eventually("the window ends", || async { store.counted(&key).await.unwrap().events == 0 }).await;
    assert_eq!(store.counted(&key).await.unwrap().resets_in, Duration::ZERO);
    assert_eq!(store.count(&key, LONG).await.unwrap().events, 1, "another window begins");
}

pub async fn counters_are_shared_and_can_be_forgotten(store: TestStore) {
    let key = name("failures").to_string();
    let mut counts: Vec<u64> =
        at_once((0..20).map(|turn| store.either(turn).count(&key, LONG))).await.into_iter().map(|count| count.events).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=20).collect::<Vec<_>>());
    // The window does not grow with its events.
    let count = store.count(&key, LONG * 2).await.unwrap();
    assert!(count.events == 21 && count.resets_in <= LONG);
    assert_eq!(store.other().counted(&key).await.unwrap().events, 21);
    assert_eq!(store.counted(&name("other").to_string()).await.unwrap().events, 0);

    store.other().uncount(&key).await.unwrap();
    store.uncount(&key).await.unwrap();
    assert_eq!(store.counted(&key).await.unwrap(), Count::default());
    assert_eq!(store.count(&key, LONG).await.unwrap().events, 1);
}

pub async fn the_first_secret_offered_wins(store: TestStore) {
    let secret = name("secret").to_string();
    let offers: Vec<u8> = (0..10).collect();
    let kept = at_once(offers.iter().map(|byte| store.either(usize::from(*byte)).secret(&secret, [*byte; 32]))).await;
    assert!(kept.iter().all(|one| *one == kept[0]));
    assert!(offers.contains(&kept[0][0]));
    assert_eq!(store.other().secret(&secret, [99; 32]).await.unwrap(), kept[0]);
    assert_eq!(store.secret(&name("secret").to_string(), [255; 32]).await.unwrap(), [255; 32]);
}

pub async fn the_store_answers(store: TestStore) {
    store.ping().await.unwrap();
    store.other().ping().await.unwrap();
    store.warnings().await.unwrap();
}
