//! The details of orders for the room's video.

use serde::Deserialize;

use crate::dialect::rtc::AnswerType;
use crate::store::record::calls::Source;

/// `media_request`.
#[derive(Deserialize)]
pub struct MediaRequest {
    /// Publishes its microphone.
    #[serde(default)]
    pub audio: bool,
    /// Publishes its camera.
    #[serde(default)]
    pub video: bool,
    /// (+) 2: knows Rialto's additions.
    #[serde(default = "one")]
    pub v: u64,
}

fn one() -> u64 {
    1
}

/// `answer`: an RTCSessionDescriptionInit.
#[derive(Deserialize)]
pub struct Answer {
    /// Clients never offer.
    #[serde(rename = "type")]
    pub kind: AnswerType,
    /// The description.
    pub sdp: String,
    /// (+) The connection it is of.
    #[serde(default)]
    pub connection: Option<u64>,
    /// (+) The offer that it answers.
    #[serde(default)]
    pub offer: Option<u64>,
}

/// (+) `mute`.
#[derive(Deserialize)]
pub struct Mute {
    /// What is published in silence from now on.
    pub muted: Vec<Source>,
}

/// (+) `share_screen`.
#[derive(Deserialize)]
pub struct ShareScreen {
    /// Begin, or end.
    pub on: bool,
    /// With its sound.
    #[serde(default)]
    pub audio: bool,
}

/// (+) `subscribe`.
#[derive(Deserialize)]
pub struct Subscribe {
    /// The stream of the video.
    pub stream_id: String,
    /// How well it is to be seen.
    pub quality: Quality,
}

/// How well a video is to be seen.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Quality {
    /// Filling the screen.
    High,
    /// Beside others.
    Medium,
    /// As a small picture.
    Low,
    /// Not at all.
    None,
}

impl Quality {
    /// Pixels that are of use.
    #[must_use]
    pub fn height(self) -> u16 {
        match self {
            Self::High => 1_080,
            Self::Medium => 360,
            Self::Low => 180,
            Self::None => 0,
        }
    }
}
