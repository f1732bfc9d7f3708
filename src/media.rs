//! Media nodes: what carries calls.
//!
//! A participant's browser has one connection to one media node, over which it sends its own tracks and receives everybody else's. The node
//! forwards packets and never decodes them.
//!
//! | module | what it is |
//! |---|---|
//! | [`agent`] | between the letters of participants' nodes and the shards: which rooms are served here |
//! | [`client`] | the participant's side of a connection, for load tests |
//! | [`fuzzing`] | where hostile bytes come in, for fuzzers |
//! | [`peer`] | the connection with one participant: ICE-lite, DTLS, SRTP |
//! | [`room`] | who is in a room, what they publish, and who gets what of it |
//! | [`rtp`] | forwarding: repair, layers, bandwidth estimation, the active speaker |
//! | [`sdp`] | offers, answers, and the skeleton by which another node goes on with the same m-lines |
//! | [`shard`] | one thread and one port for many participants |
//! | [`signaling`] | rooms whose participants send their media to each other, where there is no media node |
//! | `slots` | a collection whose values are found by an index |
//!
//! Everything but [`agent`] and [`shard`] is a plain state machine without IO: the clock, randomness and what arrived are passed in, what is to
//! be sent and what happened come out.

pub mod agent;
pub mod client;
pub mod fuzzing;
pub mod peer;
pub mod room;
pub mod rtp;
pub mod sdp;
pub mod shard;
pub mod signaling;
mod slots;
