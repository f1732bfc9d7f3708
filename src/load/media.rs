//! `rialto load media`: calls, with participants of raw packets who check every one that they get.
//!
//! Each packet holds the number it has on its track, the time at which it was due and a pattern that depends on the number, so a loss, a
//! duplicate, a swap, a wrong byte or a packet on somebody else's line is seen. Signaling is that of the chat dialect; connections are made as
//! browsers make them, and report what arrived when, so that the server's bandwidth estimation is at work. Nothing is asked for again: what
//! is lost is lost, and counted.

pub mod args;
mod churn;
mod conduct;
mod connection;
mod flow;
mod packet;
mod participant;
mod publisher;
mod report;
mod sdp;
mod signaling;
mod standing;
mod state;

pub use args::MediaArgs;
pub use churn::{Churn, Left, LeftTasks};
pub use conduct::media;
pub use flow::Faults;
pub use report::{Report, Traffic, Usage};
