//! The forwarding core: RTP from a publisher in, RTP for each subscriber out, repaired, adapted and continuous.
//!
//! Everything here is a state machine in the time it is told (`now`). Packets are handed on as slices of one [`outgoing::Scratch`]:
//! the payload is put there once, then each subscriber costs one header written in front of it.
//!
//! | module | what it is |
//! |---|---|
//! | [`track`] | the way of a packet: encodings in, subscriptions out; everything below is joined here |
//! | [`downlink`] | the way to one subscriber: numbers for the transport, estimate, who gets which layer |
//! | [`packet`], [`outgoing`], [`rtcp`] | what comes and goes on the wire |
//! | [`sequence`], [`rewrite`] | numbers without wrap-around, and a subscriber's own |
//! | [`ring`], [`nack`], [`rtx`] | repair |
//! | [`codec`], [`keyframe`] | where decoding can begin, and asking for that |
//! | [`twcc`], [`estimate`], [`layers`], [`rate`] | what a link carries, and what to send over it |
//! | [`report`], [`speaker`], [`quality`] | what is told to publishers, subscribers and people |
//!
//! # Order of calls
//! Publisher: [`track::Track::receive`] for each packet and [`twcc::FeedbackBuilder::receive`] with its transport-wide number;
//! [`track::Track::poll`] every 5 ms or so, feedback every 50 ms, receiver reports every second. Subscriber: what `receive`, `nack` and
//! `probe` send goes through [`downlink::Downlink::stamp`] and is encrypted; feedback, reports and REMB go to the downlink, which then
//! allocates; its choices are set with [`track::Track::set_target`].
//!
//! # Units and bounds
//! Rates are bits a second, sizes bytes, audio levels dB below overload (RFC 6464); "extended" numbers are those of the wire
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
pub mod rtcp;
pub mod rtx;
pub mod sequence;
pub mod speaker;
pub mod track;
pub mod twcc;

#[cfg(test)]
mod tests;
