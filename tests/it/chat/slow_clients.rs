//! Clients that read slowly or not at all: what it costs them, and that it costs nobody else anything.

use std::time::{Duration, Instant};

use serde_json::json;

use super::site::Site;
use crate::support::client::{Client, PATIENCE, Pace, seqs};

everywhere!(
    who_never_reads_is_closed_and_misses_nothing_after_all with [("STALL_SECONDS", "5"), ("RATE_MESSAGES", "0")],
    who_reads_slowly_misses_nothing with [("STALL_SECONDS", "120"), ("RATE_MESSAGES", "0")],
);

/// More than the system keeps for a connection and the node's queue together.
const MESSAGES: u64 = 700;

async fn who_never_reads_is_closed_and_misses_nothing_after_all(site: Site) {
    let mut writer = Client::guest(site.here()).await;
    let mut reader = Client::guest(site.there()).await;
    reader.join("").await;
    let mut mute = Client::guest(site.there()).await;
    mute.ask("channelJoin", json!({})).await;
    let account = mute.account();
    mute.read_at(Pace::Stopped);
    write_a_lot(&mut writer).await;
    reader.hears(&last()).await;
    assert_eq!(seqs(&reader.messages()), (1..=MESSAGES).collect::<Vec<_>>());
    let start = Instant::now();
    while site.there().metric("rialto_closes_total{code=\"1013\"}").await < 1.0 {
        assert!(start.elapsed() < PATIENCE, "it is never closed");
        // Others are served meanwhile.
        writer.fence().await;
        reader.fence().await;
    }
    mute.read_at(Pace::Full);
    mute.closed().await;
    let mut got = seqs(&mute.messages());
    assert!((got.len() as u64) < MESSAGES, "the test writes too little");
    assert_eq!(got, (1..=got.len() as u64).collect::<Vec<_>>());
    let mut back = Client::resume(site.here(), &account).await;
    loop {
        let page = back.ask("channelJoin", json!({ "after": got.len(), "limit": 200 })).await;
        got.extend(seqs(page["messages"].as_array().unwrap()));
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(got, (1..=MESSAGES).collect::<Vec<_>>());
}

async fn who_reads_slowly_misses_nothing(site: Site) {
    let mut writer = Client::guest(site.here()).await;
    let mut slow = Client::guest(site.there()).await;
    slow.join("").await;
    slow.read_at(Pace::Stopped);
    write_a_lot(&mut writer).await;
    let start = Instant::now();
    while site.there().metric("rialto_refills_total").await == 0.0 {
        assert!(start.elapsed() < PATIENCE, "it never falls behind");
        writer.fence().await;
    }
    // It has fallen behind, and now takes its time.
    slow.read_at(Pace::Slow(Duration::from_millis(1)));
    writer.post("", "a late one").await;
    slow.hears("a late one").await;
    assert_eq!(seqs(&slow.messages()), (1..=MESSAGES + 1).collect::<Vec<_>>());
}

async fn write_a_lot(writer: &mut Client) {
    let filler = "🦀".repeat(3_990);
    for number in 1..MESSAGES {
        let words = format!("{number} {filler}");
        writer.post("", &words).await;
        // A slow disk has its time for each hundred.
        if number % 100 == 0 {
            writer.hears(&words).await;
        }
    }
    writer.post("", &last()).await;
}

fn last() -> String {
    format!("{MESSAGES}")
}
