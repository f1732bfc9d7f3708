//! kill -9: whatever was acknowledged is there.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rialto::ids::{ChannelId, MessageId, Seq};
use rialto::store::Channels;
use rialto::store::channels::Appended;
use rialto::store::record::{self, Decoded, MessageRecord};

use super::{open, open_keeping};
use crate::store_contract::vocabulary::*;

/// Set for the process that is to be killed: the folder of its store.
const FOLDER: &str = "RIALTO_TEST_CRASH_FOLDER";
/// Messages acknowledged before it is killed.
const ENOUGH: usize = 300;
const WRITERS: usize = 20;
/// Nothing of this test is trimmed.
const KEEP: usize = 1_000_000;

#[tokio::test]
async fn acknowledged_messages_survive_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    // Twice, so that a file that was not closed is written on.
    let mut acknowledged = Vec::new();
    for _ in 0..2 {
        acknowledged.extend(run_and_kill(dir.path()));
        let store = open_keeping(dir.path(), KEEP, None).unwrap();
        for (seq, id) in &acknowledged {
            let kept = store.message(ChannelId::general(), *seq).await.unwrap().expect("an acknowledged message");
            let Decoded::Known(kept) = record::decode::<MessageRecord>(&kept.record).unwrap() else { panic!("unreadable") };
            assert_eq!(kept.id, *id);
        }
        let log = whole_log(&store, ChannelId::general()).await;
        assert!(log.len() >= acknowledged.len());
        crate::store_contract::log::assert_chained(&log);
    }
    open(dir.path()).unwrap();
}

/// Starts a process that writes, kills it, and answers what it had acknowledged until then.
fn run_and_kill(dir: &std::path::Path) -> Vec<(Seq, MessageId)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store_embedded::crash::the_process_that_is_killed", "--nocapture"])
        .env(FOLDER, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // The test harness writes lines of its own; the last line may be half a line.
        acknowledged.extend(line.ok().as_deref().and_then(parse));
        if acknowledged.len() == ENOUGH {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= ENOUGH, "it ended by itself");
    acknowledged
}

fn parse(line: &str) -> Option<(Seq, MessageId)> {
    let mut words = line.split(' ');
    let (Some("acknowledged"), Some(seq), Some(id), Some(".")) = (words.next(), words.next(), words.next(), words.next()) else {
        return None;
    };
    Some((Seq(seq.parse().ok()?), id.parse().ok()?))
}

/// Writes until it is killed; as a test of its own it does nothing.
#[tokio::test]
async fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = Arc::new(open_keeping(folder.as_ref(), KEEP, None).unwrap());
    let writers = (0..WRITERS).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            loop {
                let message = message("to be kept");
                let id = message.id;
                let Appended::Stored(stored) = store.append(ChannelId::general(), message).await.unwrap() else { panic!("a duplicate") };
                writeln!(std::io::stdout(), "acknowledged {} {id} .", stored.position.seq.0).unwrap();
            }
        })
    });
    futures_util::future::join_all(writers.collect::<Vec<_>>()).await;
}
