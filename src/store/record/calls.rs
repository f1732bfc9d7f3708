//! What nodes say to each other about calls: what a participant's node asks of the node that serves the room ([`Ask`]), and what
//! that one tells the participant's session ([`Tell`]).
//!
//! The node that serves a room forwards its media ([`Mode::Sfu`]), or only brings its participants together ([`Mode::P2p`]).
//!
//! A participant is a session: [`SessionId`] names it everywhere. Descriptions (SDP) and skeletons are text here; only media nodes read
//! them. The rule for changes is that of [`super`].

mod peers;

use serde::{Deserialize, Serialize};

pub use self::peers::{Candidate, MAX_WAITING_BYTES, PeerDescription, PeerSignal, PeerWord, may_wait};
use super::Person;
use crate::ids::SessionId;

/// How a room's media go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Through a media node (a selective forwarding unit, RFC 7667, section 3.7).
    #[default]
    Sfu,
    /// From each participant to each other one.
    P2p,
}

impl Mode {
    /// Through a media node, as all rooms were once.
    #[must_use]
    pub fn is_sfu(&self) -> bool {
        *self == Self::Sfu
    }
}

/// What a participant publishes on an m-line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// Sound of a microphone.
    Microphone,
    /// Pictures of a camera.
    Camera,
    /// Pictures of a screen or window.
    Screen,
    /// Sound that goes with the screen.
    ScreenAudio,
}

/// Something that a participant, or its node, asks of the media node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "camelCase")]
pub enum Ask {
    /// To be in the room, with a connection of its own. Whoever is in it already begins anew with what this says. Answered with
    /// [`Tell::Roster`], then [`Tell::Offer`], or [`Tell::Ended`].
    Join(Box<Join>),
    /// Answers an offer. One to another than the last offer is dropped.
    Answer {
        /// The number of the offer.
        offer: u64,
        /// The description.
        sdp: String,
    },
    /// Will send this, or will not any more. On: an offer with a line for it follows, unless there is one.
    Publish {
        /// What.
        source: Source,
        /// Begin, or end.
        on: bool,
    },
    /// How the participant wants to be shown. What is `None` stays.
    State {
        /// What it publishes in silence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        muted: Option<Vec<Source>>,
        /// Its hand is up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hand: Option<bool>,
        /// Shown to all for a moment, and not kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reaction: Option<String>,
    },
    /// How large somebody's video is shown here.
    Subscribe {
        /// Whose.
        participant: SessionId,
        /// Which of theirs.
        source: Source,
        /// Pixels that are of use; 0: none, nothing is sent.
        height: u16,
    },
    /// Brings something to another participant, where the mode is [`Mode::P2p`].
    Peer {
        /// Whom.
        to: SessionId,
        /// What.
        word: PeerWord,
    },
    /// Not to be in the room any more. Not answered.
    Leave,
}

/// What a participant comes with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Who it is.
    pub who: Person,
    /// What it will send.
    pub publish: Vec<Source>,
    /// Its page puts tracks on the transceivers of the offer, so that several layers of video can be asked for; one that calls `addTrack`
    /// would publish nothing then.
    #[serde(default)]
    pub simulcast: bool,
    /// What it publishes in silence.
    #[serde(default)]
    pub muted: Vec<Source>,
    /// Its hand is up.
    #[serde(default)]
    pub hand: bool,
    /// The m-lines that its `RTCPeerConnection` has already, as the last [`Tell::Offer`] of an earlier media node had them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skeleton: Option<String>,
    /// Its page can connect with those of others: mode [`Mode::P2p`] is for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub peer_to_peer: bool,
    /// The room's mode is to be [`Mode::P2p`] if this opens it, even where there are media nodes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wants_peers: bool,
    /// It has been in the room, so that `wants_peers` is what it knows of the room, and no wish.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub returns: bool,
    /// Who was in the room in mode [`Mode::P2p`] when it was last told, itself included: the others are on their way as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roster: Vec<Participant>,
}

#[cfg(test)]
impl Join {
    /// Of somebody who has nothing to send yet, and comes for the first time.
    pub(crate) fn of(who: Person) -> Self {
        Self {
            who,
            publish: Vec::new(),
            simulcast: false,
            muted: Vec::new(),
            hand: false,
            skeleton: None,
            peer_to_peer: true,
            wants_peers: false,
            returns: false,
            roster: Vec::new(),
        }
    }
}

/// Something that the media node tells a participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tell", rename_all = "camelCase")]
pub enum Tell {
    /// Who is in the room and what of it comes on which m-line, complete. Told before the offer that changes m-lines.
    Roster(Roster),
    /// To be answered with [`Ask::Answer`]. There is one at a time.
    Offer {
        /// Grows from offer to offer of a media node.
        offer: u64,
        /// The description.
        sdp: String,
        /// The m-lines on which the participant publishes: their names, and what is sent there.
        publish: Vec<(String, Source)>,
        /// What [`Join::skeleton`] wants if the room moves.
        skeleton: String,
    },
    /// Who speaks.
    Speaking {
        /// The one to look at: who speaks, or spoke last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        active: Option<SessionId>,
        /// All who are heard now.
        speaking: Vec<SessionId>,
    },
    /// How good connections are; only those that changed.
    Quality {
        /// Whose, and how good.
        of: Vec<(SessionId, Quality)>,
    },
    /// Somebody reacts.
    Reaction {
        /// Who.
        participant: SessionId,
        /// With what.
        reaction: String,
    },
    /// From another participant, where the mode is [`Mode::P2p`].
    Peer {
        /// From whom.
        from: SessionId,
        /// What.
        word: PeerWord,
    },
    /// What was asked is not done; everything else goes on.
    Refused {
        /// Why.
        why: Refusal,
    },
    /// The participant is not in the room any more.
    Ended {
        /// Why.
        why: Ending,
    },
    /// The media node does not serve the room any more, or not in this epoch: look who does.
    Moved,
}

/// Who is in a room, as one participant sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// How media go.
    #[serde(default, skip_serializing_if = "Mode::is_sfu")]
    pub mode: Mode,
    /// Mode [`Mode::P2p`] is what whoever opened the room wanted: it stays where there are media nodes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub chosen: bool,
    /// All, also oneself, in the order in which they came.
    pub participants: Vec<Participant>,
    /// What is sent to this participant, and where; in mode [`Mode::P2p`] nothing.
    pub lines: Vec<ForwardLine>,
}

/// Somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Which session.
    pub session: SessionId,
    /// Whose.
    pub who: Person,
    /// What it publishes.
    pub tracks: Vec<PublishedTrack>,
    /// Its hand is up.
    #[serde(default)]
    pub hand: bool,
}

/// Something that a participant publishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedTrack {
    /// What it is.
    pub source: Source,
    /// The publisher's stream ID, which its receivers see.
    pub stream: String,
    /// Nothing is to be heard or seen of it for now.
    #[serde(default)]
    pub muted: bool,
}

/// An m-line of the receiver's connection that carries somebody's track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardLine {
    /// Its name.
    pub mid: String,
    /// Whose track.
    pub participant: SessionId,
    /// Which of theirs.
    pub source: Source,
    /// Paused: the connection does not carry it at present.
    #[serde(default)]
    pub paused: bool,
}

/// How good a participant's connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Quality {
    /// Nothing to notice.
    Good,
    /// Somebody who listens closely notices.
    Fair,
    /// Sound or picture suffer.
    Poor,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Refusal {
    /// The description is no answer to the offer; in words.
    Answer(String),
    /// There is no such participant or track.
    NoSuchTrack,
    /// No more tracks fit into the connection or the room.
    TooManyTracks,
    /// The media node is too busy; try again.
    Busy,
    /// The room's mode is not [`Mode::P2p`].
    NotPeerToPeer,
    /// There is no such participant.
    NoSuchParticipant,
    /// The room's mode is [`Mode::P2p`], which is not for this participant: of no use to it until another node serves the room.
    OnlyPeerToPeer,
}

/// Why a participant is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// The room is full.
    Full,
    /// More than connect with each other in mode [`Mode::P2p`]. There may be room later, or at a media node.
    TooManyPeers,
    /// The connection could not be made, or was closed. Joining again makes another.
    Connection,
    /// The skeleton cannot be used; joining without one can work.
    Skeleton,
    /// The media node does not know the participant: it was not joined, or is gone.
    Unknown,
}
