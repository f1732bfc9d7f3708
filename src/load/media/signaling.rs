//! The chat protocol, as far as a call needs it.

use std::collections::VecDeque;
use std::io;

use serde_json::{Value, json};

use crate::load::frame::{self, FrameError, Incoming, Reader};
use crate::load::socket::{OpenError, Socket, Target};

/// Bytes read at once.
const READ: usize = 16 * 1024;

/// Why a conversation ended.
#[derive(Debug, thiserror::Error)]
pub enum SignalingError {
    /// There never was one.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The network's words.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server sent something that is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The server sent something that is no message.
    #[error("the server sent no message: {0}")]
    Json(#[from] serde_json::Error),
    /// The server ended it.
    #[error("the server closed it with {0} {1:?}")]
    Closed(u16, String),
    /// The server said no.
    #[error("error {0}: {1}{hint}", hint = if *.0 == 15 { " (nodes under test run with RATE_MESSAGES=0 RATE_ACCOUNTS=0)" } else { "" })]
    Refused(i64, String),
}

/// A conversation with a node.
pub struct Signaling {
    socket: Socket,
    reader: Reader,
    messages: VecDeque<(String, Value)>,
    buffer: Vec<u8>,
}

impl Signaling {
    /// Connects and signs in as a guest.
    pub async fn open(target: &Target) -> Result<Self, SignalingError> {
        let (socket, behind) = Socket::open(target).await?;
        let mut signaling = Self { socket, reader: Reader::default(), messages: VecDeque::new(), buffer: vec![0; READ] };
        signaling.take(&behind)?;
        signaling.send("signIn", json!({ "guest": true }))?;
        signaling.wait_for("authorized").await?;
        Ok(signaling)
    }

    /// Sends a message.
    pub fn send(&self, kind: &str, body: Value) -> Result<(), SignalingError> {
        Ok(self.socket.send(&frame::text(&json!({ "type": kind, kind: body }).to_string()))?)
    }

    /// Reads until a message of this kind comes, and drops all before it.
    pub async fn wait_for(&mut self, kind: &str) -> Result<Value, SignalingError> {
        loop {
            while let Some((of, body)) = self.next()? {
                if of == kind {
                    return Ok(body);
                }
            }
            self.read().await?;
        }
    }

    /// Waits until something has come.
    pub async fn read(&mut self) -> Result<(), SignalingError> {
        self.socket.readable().await?;
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = self.socket.try_read(&mut buffer);
        let taken = match read {
            Ok(0) => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(length) => self.take(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        };
        self.buffer = buffer;
        taken
    }

    /// The next message that has come: its type and what it holds.
    pub fn next(&mut self) -> Result<Option<(String, Value)>, SignalingError> {
        match self.messages.pop_front() {
            Some((kind, body)) if kind == "error" => {
                let words = body["error"].as_str().unwrap_or_default().to_owned();
                Err(SignalingError::Refused(body["code"].as_i64().unwrap_or_default(), words))
            }
            next => Ok(next),
        }
    }

    /// Says good-bye.
    pub fn close(&self) {
        // The server may be gone already; then there is nobody to say it to.
        let _ = self.socket.send(&frame::close());
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), SignalingError> {
        let Self { socket, reader, messages, .. } = self;
        let mut outcome = Ok(());
        reader.push(bytes, |incoming| {
            let taken = match incoming {
                Incoming::Ping(body) => socket.send(&frame::pong(body)).map_err(SignalingError::from),
                Incoming::Close { code, reason } => Err(SignalingError::Closed(code, String::from_utf8_lossy(reason).into_owned())),
                Incoming::Text(text) => message(text).map(|message| messages.extend(message)).map_err(SignalingError::from),
            };
            if outcome.is_ok() {
                outcome = taken;
            }
        })?;
        outcome
    }
}

/// Parses what a call is about, and nothing else: in a large room every join is news of many kinds.
fn message(text: &[u8]) -> Result<Option<(String, Value)>, serde_json::Error> {
    let wanted = |kind: &str| kind.starts_with("call") || matches!(kind, "error" | "authorized");
    let kind = memchr::memmem::find(text, br#""type":""#).and_then(|at| text.get(at + 8..));
    let kind = kind.and_then(|rest| std::str::from_utf8(rest.split(|byte| *byte == b'"').next()?).ok());
    let Some(kind) = kind.filter(|kind| wanted(kind)) else { return Ok(None) };
    let mut message: Value = serde_json::from_slice(text)?;
    Ok(Some((kind.to_owned(), message[kind].take())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn only_what_a_call_is_about_is_parsed() {
        assert_eq!(message(br#"{"type":"sys","sys":{"#).unwrap(), None);
        let (kind, body) = message(br#"{"type":"callOffer","callOffer":{"offer":3}}"#).unwrap().unwrap();
        assert_eq!((kind.as_str(), &body["offer"]), ("callOffer", &json!(3)));
        assert!(message(br#"{"type":"callOffer","#).is_err());
    }
}
