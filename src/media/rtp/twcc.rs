//! Transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01): feedback to publishers about what came
//! when, and what a subscriber's feedback says of the packets that were sent to it.

mod feedback;
mod history;

pub use feedback::FeedbackBuilder;
pub use history::{PacketResult, SendHistory};
