//! Repair by retransmission: asking a publisher for what is missing, and answering subscribers who ask (RFC 4585, section 6.2.1;
//! RFC 4588).

mod generator;
mod responder;

pub use generator::{NackGenerator, Repairs};
pub use responder::{NackResponder, ResponderLimits};
