//! The schedule of the messages. Open loop: each message has its time, whatever became of those before, and its delivery is
//! measured from that time on, so that a server that stalls the sender does not hide its own delay.

use std::ops::Range;
use std::thread;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::json;

use super::client::recipient;
use super::frame;
use super::marker::{self, Mark};
use super::report::microseconds;
use super::state::Run;

/// Longest sleep between two looks at whether the user wants to stop.
const NAP: Duration = Duration::from_millis(50);

/// What became of a schedule.
#[derive(Debug)]
pub struct Sent {
    /// Messages written.
    pub messages: u64,
    /// How late they were written, in microseconds.
    pub lag: Histogram<u64>,
}

/// Sends the messages with these numbers, the first one now. Blocks the thread, for a runtime's timers are too coarse.
pub fn send(run: &Run, numbers: Range<u64>) -> Result<Sent, hdrhistogram::CreationError> {
    let mut sent = Sent { messages: 0, lag: microseconds()? };
    let (first, begin) = (numbers.start, run.now());
    for number in numbers {
        let due = begin + ((number - first) as f64 * 1e6 / run.args.rate) as u64;
        if !sleep_until(run, due) {
            break;
        }
        sent.lag.saturating_record(run.now().saturating_sub(due));
        let sender = run.args.sender(number);
        let text = marker::text(run.id, Mark { number, due }, run.args.payload);
        let message = json!({"recipientUUID": recipient(run, sender), "message": text});
        let message = json!({"type": "channelMessage", "channelMessage": message}).to_string();
        match run.sockets[sender].get().map(|socket| socket.send(&frame::text(&message))) {
            Some(Ok(())) => sent.messages += 1,
            // The reading side counts the connection as dropped; the others go on.
            Some(Err(error)) => run.fail(format!("message {number} from connection {sender}: {error}")),
            None => {}
        }
    }
    Ok(sent)
}

/// False if the user wants to stop.
fn sleep_until(run: &Run, due: u64) -> bool {
    loop {
        if run.interrupted() {
            return false;
        }
        match due.saturating_sub(run.now()) {
            0 => return true,
            early => thread::sleep(Duration::from_micros(early).min(NAP)),
        }
    }
}
