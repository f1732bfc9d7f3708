//! Rialto: a chat cluster in one binary.
//!
//! Stateless nodes hold WebSocket sessions; everything that must outlive a connection is in Redis, or without Redis in a file on
//! this machine. Any node can die at any moment, and no acknowledged message is lost with it.
//!
//! # Floors
//! Each may use only those below it.
//!
//! | module | what it is |
//! |---|---|
//! | [`cli`], [`logging`], [`load`] | the binary's commands; `rialto load` is a client and uses none of the floors |
//! | [`node`] | puts the floors together, drains, stops |
//! | [`http`] | upgrades, static files, health, figures |
//! | [`dialect`] | wire protocols: they translate and decide nothing |
//! | [`session`] | one WebSocket connection: bounded outbox, heartbeat, limits, close codes |
//! | [`domain`] | accounts, channels, moderation: the rules, without sockets or wire formats |
//! | [`cluster`] | who is alive, what was published, letters between nodes, who of the local sessions gets what |
//! | [`media`] | calls: what forwards audio and video; only its shards have sockets |
//! | [`store`] | traits, and Redis and a local file behind them |
//! | [`ids`], [`config`], [`clock`], [`metrics`] | the ground |
//!
//! # Invariants
//! * A message is *acknowledged* when its author gets it back as an event. Then it is in the store, as safely as `ACK_REPLICAS` or
//!   the file's fsync make it, and everybody in the channel gets it exactly once, in the order of its number.
//! * A channel's numbers have no gap, and none names two messages within an epoch. If the store lost data, the epoch grows.
//! * One cursor a channel and node ([`cluster::live`]) orders what sessions get; whoever falls behind is refilled from the log.
//! * What clients send or do not read is queued within bounds, and nobody waits for a slow client. Queues without a bound of their own
//!   (wishes for topics, what ended sessions leave behind) grow no longer than there are sessions.
//! * What a session holds in the store is on its node's list before it is there, so that a dead node leaves no ghosts.
//!
//! # Units and errors
//! Times are [`ids::Micros`] by the store's clock, or [`std::time::Duration`]; sizes are bytes unless a name says characters. Errors are
//! bad input, told to the client in its protocol's shape, or bad weather, told as "try again". A panic is a bug; it ends one
//! session and not the node. No log line holds a password, a key or a message's text.

pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod dialect;
pub mod domain;
pub mod http;
pub mod ids;
pub mod load;
pub mod logging;
pub mod media;
pub mod metrics;
pub mod node;
pub mod session;
pub mod store;
