//! What forwarding needs to know of a payload: where a keyframe begins and which packets may be left out.

pub mod h264;
pub mod vp8;
pub mod vp9;

/// How the payloads of a track are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Audio, RFC 7587. Every packet stands for itself.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// RFC 6184.
    H264,
}

impl Codec {
    /// Ticks a second of its RTP timestamps.
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        if self.is_video() { 90_000 } else { 48_000 }
    }

    /// Whether it has keyframes.
    #[must_use]
    pub fn is_video(self) -> bool {
        self != Self::Opus
    }

    /// Reads what forwarding needs to know.
    #[must_use]
    pub fn inspect(self, payload: &[u8]) -> Payload {
        match self {
            Self::Opus => Payload { keyframe: true, ..Payload::default() },
            Self::Vp8 => match vp8::Descriptor::parse(payload) {
                Some(descriptor) => Payload {
                    keyframe: descriptor.begins_keyframe(payload),
                    height: vp8::dimensions(&descriptor, payload).map(|(_, height)| height),
                    vp8: Some(descriptor),
                },
                None => Payload::default(),
            },
            Self::Vp9 => Payload { keyframe: vp9::begins_keyframe(payload), ..Payload::default() },
            Self::H264 => Payload { keyframe: h264::begins_keyframe(payload), ..Payload::default() },
        }
    }
}

/// What a payload says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// A decoder can begin with this packet.
    pub keyframe: bool,
    /// Lines of the picture, where the packet tells.
    pub height: Option<u16>,
    /// The payload descriptor of VP8, which is rewritten for each subscriber.
    pub vp8: Option<vp8::Descriptor>,
}

impl Payload {
    /// Its temporal layer; 0 where there is one only.
    #[must_use]
    pub fn temporal_layer(&self) -> u8 {
        self.vp8.and_then(|descriptor| descriptor.temporal_layer).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_payload_panics(payload in prop::collection::vec(any::<u8>(), 0..40)) {
            for codec in [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264] {
                let inspected = codec.inspect(&payload);
                prop_assert!(inspected.vp8.is_none_or(|descriptor| descriptor.length < payload.len()));
            }
        }
    }

    #[test]
    fn audio_can_begin_anywhere() {
        assert!(Codec::Opus.inspect(&[]).keyframe);
        assert_eq!((Codec::Opus.clock_rate(), Codec::Vp9.clock_rate()), (48_000, 90_000));
    }
}
