//! Takes letters for the agent.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::state::Tenure;
use crate::cluster::{Desk, Relay};
use crate::ids::{SessionId, SessionRef};
use crate::store::record::Signal;
use crate::store::record::calls::{Ask, Refusal, Tell};

/// Letters that wait for the agent. It never waits itself, so that many are too many in any case.
const QUEUE: usize = 8_192;

/// Something that came in a letter.
pub(super) enum Letter {
    /// A participant asks for something.
    Ask(Tenure, SessionRef, Ask),
    /// A participant is not there to be told anything.
    Gone(Tenure, SessionId),
}

/// See the module.
pub(super) struct AgentDesk {
    relay: Arc<Relay>,
    letters: mpsc::Sender<Letter>,
}

impl AgentDesk {
    pub(super) fn new(relay: Arc<Relay>) -> (Arc<Self>, mpsc::Receiver<Letter>) {
        let (letters, taken) = mpsc::channel(QUEUE);
        (Arc::new(Self { relay, letters }), taken)
    }
}

impl Desk for AgentDesk {
    fn letter(&self, to: SessionId, reply_to: Option<SessionRef>, signal: Signal) {
        let letter = match signal {
            // Who does not say where it is cannot be answered.
            Signal::CallAsk { room, epoch, ask } => reply_to.map(|from| Letter::Ask(Tenure { room, epoch }, from, *ask)),
            Signal::Undeliverable { to, signal } => match *signal {
                Signal::CallTell { room, epoch, .. } => Some(Letter::Gone(Tenure { room, epoch }, to)),
                _ => None,
            },
            _ => None,
        };
        let Some(letter) = letter else { return };
        if let Err(mpsc::error::TrySendError::Full(Letter::Ask(Tenure { room, epoch }, from, _))) = self.letters.try_send(letter) {
            let tell = Box::new(Tell::Refused { why: Refusal::Busy });
            self.relay.send(from, None, Signal::CallTell { room, epoch, tell });
            tracing::warn!(participant = %to, "the media agent has too many letters");
        }
    }
}
