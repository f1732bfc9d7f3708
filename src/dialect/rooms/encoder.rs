//! Nothing is logged in a room with a name, and of its news halls make their own frames.

use bytes::Bytes;

use crate::cluster::{Encoder, LogEvent};
use crate::store::record::NewsRecord;

/// The encoder of the rooms dialect.
pub(super) struct RoomsEncoder;

impl Encoder for RoomsEncoder {
    fn number(&self) -> usize {
        2
    }

    fn event(&self, _event: &LogEvent) -> Bytes {
        Bytes::new()
    }

    fn news(&self, _news: &NewsRecord) -> Option<Bytes> {
        None
    }
}
