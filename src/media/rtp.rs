//! The forwarding core: RTP from a publisher in, RTP for each subscriber out, repaired, adapted and continuous.
//!
//! Everything here is a state machine in the time it is told (`now`). Packets are handed on as slices of one [`outgoing::Scratch`]:
//! the payload is put there once, then each subscriber costs one header written in front of it.
//!
//! Units: rates are bits a second, sizes bytes, audio levels dB below overload (RFC 6464); "extended" numbers are those of the wire
//! without their wrap-around. Malformed input is refused with an error or ignored, and every list that a peer can grow has a bound.

pub mod codec;
pub mod downlink;
pub mod estimate;
pub mod keyframe;
pub mod layers;
pub mod nack;
pub mod outgoing;
pub mod packet;
pub mod quality;
pub mod rate;
pub mod report;
pub mod rewrite;
pub mod ring;
pub mod rtx;
pub mod sequence;
pub mod speaker;
pub mod track;
pub mod twcc;

#[cfg(test)]
mod tests;
