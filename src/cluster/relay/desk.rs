//! Desks: where a node takes letters that are about calls. All other letters are for a session's own handler.

use std::sync::{Arc, PoisonError, RwLock};

use crate::ids::{SessionId, SessionRef};
use crate::store::record::Signal;

/// Takes letters of some kinds, whatever session they are addressed to.
pub trait Desk: Send + Sync + 'static {
    /// A letter came, in the order in which its sender sent them. `reply_to` is whom [`super::Relay::undeliverable`] tells if there is
    /// nothing to be done with it. Called where letters are read, and for a letter from this very node within
    /// [`super::Relay::send`]: it does not wait, and the caller may hold no lock that it wants.
    fn letter(&self, to: SessionId, reply_to: Option<SessionRef>, signal: Signal);
}

/// Who gets a letter.
pub(super) enum Taker {
    /// The session that it is addressed to.
    Session,
    /// This desk; `None`: this node has no such desk.
    Desk(Option<Arc<dyn Desk>>),
}

/// The desks of a node.
#[derive(Default)]
pub(super) struct Desks {
    calls: Place,
    media: Place,
}

type Place = RwLock<Option<Arc<dyn Desk>>>;

impl Desks {
    pub(super) fn set_calls(&self, desk: Arc<dyn Desk>) {
        put(&self.calls, Some(desk));
    }

    pub(super) fn set_media(&self, desk: Arc<dyn Desk>) {
        put(&self.media, Some(desk));
    }

    /// Desks may hold the relay themselves; neither would ever go.
    pub(super) fn close(&self) {
        put(&self.calls, None);
        put(&self.media, None);
    }

    pub(super) fn taker(&self, signal: &Signal) -> Taker {
        match signal {
            Signal::CallAsk { .. } => Taker::Desk(at(&self.media)),
            Signal::CallTell { .. } => Taker::Desk(at(&self.calls)),
            // Back to whom it came from.
            Signal::Undeliverable { signal, .. } => match **signal {
                Signal::CallAsk { .. } => Taker::Desk(at(&self.calls)),
                Signal::CallTell { .. } => Taker::Desk(at(&self.media)),
                _ => Taker::Session,
            },
            Signal::KeyEnded { .. }
            | Signal::Expelled { .. }
            | Signal::Whisper { .. }
            | Signal::Forward(_)
            | Signal::GuestMessage { .. }
            | Signal::Lobby { .. } => Taker::Session,
        }
    }
}

fn put(place: &Place, desk: Option<Arc<dyn Desk>>) {
    *place.write().unwrap_or_else(PoisonError::into_inner) = desk;
}

fn at(place: &Place) -> Option<Arc<dyn Desk>> {
    place.read().unwrap_or_else(PoisonError::into_inner).clone()
}
