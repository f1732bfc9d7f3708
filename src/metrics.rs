//! What a node counts, in the Prometheus text format. Made once, shared by every floor.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Label of [`Metrics::closes`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CloseLabel {
    /// Close code on the wire, 1006 for a connection that broke.
    pub code: u16,
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $field:ident: $kind:ty = $name:literal,)*) => {
        /// Every figure of a node. Fields are cheap to update from any thread.
        #[derive(Debug)]
        pub struct Metrics {
            registry: Registry,
            $($(#[doc = $help])+ pub $field: $kind,)*
        }

        impl Metrics {
            /// All figures at zero.
            #[must_use]
            pub fn new() -> Arc<Self> {
                let mut registry = Registry::with_prefix("rialto");
                $(
                    let $field = <$kind>::default();
                    // The exposition ends each help text with a full stop of its own.
                    registry.register($name, concat!($($help),+).trim().trim_end_matches('.'), $field.clone());
                )*
                Arc::new(Self { registry, $($field,)* })
            }
        }
    };
}

type Count = Counter<u64, AtomicU64>;

metrics! {
    /// WebSocket connections that are open.
    sessions_open: Gauge = "sessions_open",
    /// Messages received from clients.
    messages_in: Count = "messages_in",
    /// Bytes of messages received from clients.
    bytes_in: Count = "bytes_in",
    /// Batches of frames handed to sessions (several frames that came together count once).
    writes_out: Count = "writes_out",
    /// Bytes of frames handed to sessions.
    bytes_out: Count = "bytes_out",
    /// Batches that had to be queued because the client's connection was full.
    writes_queued: Count = "writes_queued",
    /// Batches refused because a session's queue was full.
    queue_overflows: Count = "queue_overflows",
    /// Messages refused by the rate limit of a connection.
    rate_limited: Count = "rate_limited",
    /// Handlers that panicked; each is a bug and cost one session.
    handler_panics: Count = "handler_panics",
    /// Connections closed, by close code.
    closes: Family<CloseLabel, Count> = "closes",
    /// WebSocket handshakes refused.
    handshakes_refused: Count = "handshakes_refused",
    /// Messages accepted into a channel.
    messages_posted: Count = "messages_posted",
    /// Channel events handed to sessions.
    deliveries: Count = "deliveries",
    /// Times the subscription to the store's topics was made anew.
    bus_reconnects: Count = "bus_reconnects",
    /// Times a channel was caught up from its log.
    catch_ups: Count = "catch_ups",
    /// Times a session that fell behind was refilled from a channel's log.
    refills: Count = "refills",
    /// Times a channel was found to have lost data.
    resets: Count = "resets",
    /// Letters sent to other nodes.
    relay_letters_out: Count = "relay_letters_out",
    /// Letters received from other nodes.
    relay_letters_in: Count = "relay_letters_in",
    /// Letters whose recipient was not there.
    relay_undeliverable: Count = "relay_undeliverable",
    /// Offers, answers and candidates forwarded from one client to another.
    signals_forwarded: Count = "signals_forwarded",
    /// Failed operations of the store.
    store_errors: Count = "store_errors",
    /// Passwords waiting to be hashed or compared.
    password_queue: Gauge = "password_queue",
    /// Passwords not looked at because too many were waiting.
    password_refused: Count = "password_refused",
    /// Rooms whose calls this node carries.
    media_rooms: Gauge = "media_rooms",
    /// Participants of those calls.
    media_participants: Gauge = "media_participants",
    /// Peer-to-peer calls that this node serves by signaling only.
    signaling_rooms: Gauge = "signaling_rooms",
    /// Participants of those calls.
    signaling_participants: Gauge = "signaling_participants",
    /// Bytes of media sent to participants.
    media_bytes_out: Count = "media_bytes_out",
    /// Leases of rooms that the store did not renew because another node has the room.
    media_renewals_refused: Count = "media_renewals_refused",
    /// Nodes that this one reaped.
    nodes_reaped: Count = "nodes_reaped",
    /// Tasks of the process that have not ended, as its runtime counts them; one of them is for whoever asks.
    tasks_alive: Gauge = "tasks_alive",
}

impl Metrics {
    /// The text that `/metrics` answers with.
    ///
    /// # Errors
    /// None in practice: writing into a `String` does not fail.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn figures_are_named_explained_and_counted() {
        let metrics = Metrics::new();
        metrics.sessions_open.inc();
        metrics.closes.get_or_create(&CloseLabel { code: 1013 }).inc();
        let text = metrics.encode().unwrap();
        assert!(text.contains("# HELP rialto_sessions_open WebSocket connections that are open.\n"), "{text}");
        assert!(text.contains("rialto_sessions_open 1\n"), "{text}");
        assert!(text.contains("rialto_closes_total{code=\"1013\"} 1\n"), "{text}");
    }
}
