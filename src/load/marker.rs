//! What is in a message of the load test, and what the client looks for in a frame.

use std::borrow::Cow;

use memchr::memmem::Finder;
use serde::Deserialize;

/// Shortest message text, in bytes, that the marker fits into.
pub const SHORTEST: usize = 64;

/// One message of this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// 0, 1, 2 … in the order of the schedule, over all channels and senders.
    pub number: u64,
    /// When it was due, in microseconds since the run began.
    pub due: u64,
}

/// A frame, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A channel message.
    Message {
        /// The channel's own number, if the server gave one.
        seq: Option<u64>,
        /// Nothing if the message is not of this run.
        mark: Option<Mark>,
    },
    /// The server refused something.
    Refused {
        /// A code of the chat protocol.
        code: i64,
        /// The server's words.
        words: String,
    },
    /// News that the load test does not need.
    Other,
}

/// Finds the few fields that matter without parsing the frame. That is safe, for in a JSON text the quotes of a field's name cannot
/// come from somebody's message: there they are escaped.
#[derive(Clone, Debug)]
pub struct Scanner {
    message: Finder<'static>,
    error: Finder<'static>,
    seq: Finder<'static>,
    mark: Finder<'static>,
}

impl Scanner {
    /// For the messages of one run.
    pub fn new(run: u32) -> Self {
        Self {
            message: Finder::new(br#""type":"channelMessage""#),
            error: Finder::new(br#""type":"error""#),
            seq: Finder::new(br#""Seq":"#),
            mark: Finder::new(&opening(run)).into_owned(),
        }
    }

    /// What a text frame says.
    pub fn scan(&self, frame: &[u8]) -> Event {
        if self.message.find(frame).is_some() {
            let seq = self.seq.find(frame).and_then(|at| number(&frame[at + self.seq.needle().len()..])).map(|(seq, _)| seq);
            let mark = self.mark.find(frame).and_then(|at| parse_mark(&frame[at + self.mark.needle().len()..]));
            Event::Message { seq, mark }
        } else if self.error.find(frame).is_some() {
            refusal(frame).unwrap_or(Event::Other)
        } else {
            Event::Other
        }
    }
}

/// The text of a message: the marker, then padding up to `length` bytes.
pub fn text(run: u32, mark: Mark, length: usize) -> String {
    let mut text = format!("@@{run:08x}:{}:{}@@", mark.number, mark.due);
    text.extend(std::iter::repeat_n('x', length.saturating_sub(text.len())));
    text
}

/// Whether a text frame is of this type, by a real parse: `sys` news carry the name of another type inside. For set-up only.
pub fn is_type(frame: &[u8], kind: &str) -> bool {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
    }
    serde_json::from_slice::<Envelope<'_>>(frame).is_ok_and(|envelope| envelope.kind == kind)
}

/// The `userUUID` of `authorized {userUUID, …}`.
pub fn authorized_user(frame: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Envelope {
        authorized: Authorized,
    }
    #[derive(Deserialize)]
    struct Authorized {
        #[serde(rename = "userUUID")]
        user: String,
    }
    serde_json::from_slice::<Envelope>(frame).ok().map(|envelope| envelope.authorized.user)
}

fn opening(run: u32) -> Vec<u8> {
    format!("@@{run:08x}:").into_bytes()
}

fn parse_mark(bytes: &[u8]) -> Option<Mark> {
    let (count, rest) = number(bytes)?;
    let (due, rest) = number(rest.strip_prefix(b":")?)?;
    rest.starts_with(b"@@").then_some(Mark { number: count, due })
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = std::str::from_utf8(&bytes[..digits]).ok()?.parse().ok()?;
    Some((value, &bytes[digits..]))
}

fn refusal(frame: &[u8]) -> Option<Event> {
    #[derive(Deserialize)]
    struct Envelope {
        error: Refusal,
    }
    #[derive(Deserialize)]
    struct Refusal {
        code: i64,
        #[serde(default)]
        error: String,
    }
    let Refusal { code, error } = serde_json::from_slice::<Envelope>(frame).ok()?.error;
    Some(Event::Refused { code, words: error })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const RUN: u32 = 0xbeef;

    fn message(seq: u64, text: &str) -> Vec<u8> {
        serde_json::json!({"type": "channelMessage", "channelMessage": {"UUID": "u", "Message": text, "Seq": seq}}).to_string().into_bytes()
    }

    #[test]
    fn a_marked_message_is_found_again() {
        let mark = Mark { number: 41, due: 1_234_567 };
        let text = text(RUN, mark, 256);
        assert_eq!(text.len(), 256);
        assert_eq!(Scanner::new(RUN).scan(&message(7, &text)), Event::Message { seq: Some(7), mark: Some(mark) });
    }

    #[test]
    fn the_longest_marker_fits_the_shortest_message() {
        let longest = text(u32::MAX, Mark { number: u64::MAX, due: u64::MAX }, SHORTEST);
        assert_eq!(longest.len(), SHORTEST);
    }

    #[test]
    fn messages_of_others_count_for_seq_only() {
        let scanner = Scanner::new(RUN);
        let foreign = text(RUN + 1, Mark { number: 1, due: 1 }, 64);
        assert_eq!(scanner.scan(&message(8, &foreign)), Event::Message { seq: Some(8), mark: None });
        let forged = r#"","Seq":99,"type":"error" @@0000beef:"#;
        assert_eq!(scanner.scan(&message(9, forged)), Event::Message { seq: Some(9), mark: None });
    }

    #[test]
    fn errors_and_news_are_told_apart() {
        let scanner = Scanner::new(RUN);
        let error = br#"{"type":"error","error":{"code":15,"error":"too many requests","payload":{"retryAfterMs":20}}}"#;
        assert_eq!(scanner.scan(error), Event::Refused { code: 15, words: "too many requests".into() });
        assert_eq!(scanner.scan(br#"{"type":"sys","sys":{"type":"signIn"}}"#), Event::Other);
    }

    #[test]
    fn the_user_is_read_from_authorized() {
        let frame = br#"{"type":"authorized","authorized":{"userUUID":"abc","accessKey":"secret"}}"#;
        assert!(is_type(frame, "authorized"));
        assert!(!is_type(br#"{"sys":{"type":"authorized"},"type":"sys"}"#, "authorized"));
        assert_eq!(authorized_user(frame).unwrap(), "abc");
    }
}
