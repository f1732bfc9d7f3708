//! The m-lines of one participant's connection, and the numbers they go by.
//!
//! A browser never forgets an m-line: its place, its mid, the payload types and extension IDs of the connection stay what they were in the first
//! offer (RFC 9429, section 5.2.2). So lines are only added, and used again when what they carried has ended. The skeleton is what another
//! media node needs in order to offer to the same `RTCPeerConnection`; it has nothing of the node in it.

use std::collections::HashSet;

use rand::{CryptoRng, RngExt};
use serde::{Deserialize, Serialize};

use self::record::Record;
use super::codec::PAYLOADS;
use super::extension::EXTENSIONS;
use super::{Answer, Codec, Extension, ExtensionId, Kind, Mid, Payload, SkeletonError, StreamId, TrackId};
use crate::store::record::calls::Source;

mod record;

/// The most m-lines of one connection. When all are in use, nothing more can be forwarded there.
pub const MAX_LINES: usize = 200;

impl Source {
    /// Audio or video.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Microphone | Self::ScreenAudio => Kind::Audio,
            Self::Camera | Self::Screen => Kind::Video,
        }
    }
}

/// How a participant publishes on an m-line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Published {
    /// What is published.
    pub source: Source,
    /// Whether the server asks for several layers of it.
    pub simulcast: bool,
}

/// A track of somebody else, as its receiver sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// The publisher's own stream ID.
    pub stream: StreamId,
    /// The track's ID.
    pub track: TrackId,
    /// The SSRC of its packets on this connection.
    pub ssrc: u32,
    /// The SSRC of its retransmissions on this connection; only video has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repair_ssrc: Option<u32>,
}

/// What an m-line is for at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carries {
    /// The participant sends here.
    Publish(Published),
    /// The server sends somebody's track here.
    Forward(Forwarded),
    /// The track ended, and the browser has yet to hear of it.
    Ended,
    /// Nothing; the next track of the same kind may have it.
    Free,
    /// The browser refused the line. Its place may be taken by a line of any kind with a new mid.
    Closed,
}

/// One m-line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its name, unique in the connection.
    pub mid: Mid,
    /// Audio or video.
    pub kind: Kind,
    /// What it is for.
    pub carries: Carries,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct Skeleton {
    session: u64,
    version: u64,
    next_mid: u32,
    payloads: Vec<Payload>,
    extensions: Vec<ExtensionId>,
    lines: Vec<Line>,
}

impl Skeleton {
    /// One without m-lines, with this version's numbers.
    pub fn new(random: &mut impl CryptoRng) -> Self {
        // RFC 9429, section 5.2.1: 63 random bits, so that it also fits a signed number.
        let session = random.random::<u64>() >> 1;
        Self { session, version: 0, next_mid: 0, payloads: PAYLOADS.to_vec(), extensions: EXTENSIONS.to_vec(), lines: Vec::new() }
    }

    /// A line on which the participant can send this; the one there is, if there is one. Returns its mid.
    ///
    /// `simulcast` asks for layers of a video. It is for pages that put their track on the transceiver that the offer makes
    /// (`replaceTrack`, `setStreams`): a transceiver of `addTrack` is never paired with such a line (RFC 9429, section 5.10), and the
    /// page would publish nothing.
    ///
    /// # Errors
    /// [`SkeletonError::Full`].
    pub fn publish(&mut self, source: Source, simulcast: bool) -> Result<Mid, SkeletonError> {
        match self.lines.iter().find(|line| matches!(line.carries, Carries::Publish(published) if published.source == source)) {
            Some(line) => Ok(line.mid.clone()),
            // A free line was the server's to send on. A browser pairs its own track with a line that is new to it.
            None => {
                let simulcast = simulcast && source.kind() == Kind::Video;
                self.add(source.kind(), Carries::Publish(Published { source, simulcast }))
            }
        }
    }

    /// A line on which the server sends a track, with SSRCs of its own. Returns its mid.
    ///
    /// # Errors
    /// [`SkeletonError::Full`].
    pub fn forward(&mut self, kind: Kind, stream: StreamId, track: TrackId, random: &mut impl CryptoRng) -> Result<Mid, SkeletonError> {
        let (ssrc, repair_ssrc) = self.draw_ssrcs(kind, random);
        let carries = Carries::Forward(Forwarded { stream, track, ssrc, repair_ssrc });
        match self.lines.iter_mut().find(|line| line.kind == kind && line.carries == Carries::Free) {
            Some(line) => {
                line.carries = carries;
                Ok(line.mid.clone())
            }
            None => self.add(kind, carries),
        }
    }

    /// The track on this line has ended. The line is used again once the browser has answered an offer that says so: only then does it tell
    /// the page of the next track as of a new one.
    pub fn release(&mut self, mid: &Mid) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.mid == *mid && matches!(line.carries, Carries::Forward(_))) {
            line.carries = Carries::Ended;
        }
    }

    /// Takes note of an answer to `offered`, this skeleton as it was when the offer was made: lines that the browser now knows to be idle are
    /// free, lines that it refused are closed.
    pub fn settle(&mut self, offered: &Self, answer: &Answer) {
        for ((line, offered), answered) in self.lines.iter_mut().zip(&offered.lines).zip(&answer.lines) {
            if line.mid != offered.mid {
                continue;
            }
            if answered.rejected {
                line.carries = Carries::Closed;
            } else if line.carries == Carries::Ended && offered.carries == Carries::Ended {
                line.carries = Carries::Free;
            }
        }
    }

    /// Draws all SSRCs anew, for a node that goes on with another node's skeleton: under the old ones the browser would take the new node's
    /// packets for old packets of the other.
    pub fn renew_ssrcs(&mut self, random: &mut impl CryptoRng) {
        for place in 0..self.lines.len() {
            let (ssrc, repair_ssrc) = self.draw_ssrcs(self.lines[place].kind, random);
            if let Carries::Forward(forwarded) = &mut self.lines[place].carries {
                (forwarded.ssrc, forwarded.repair_ssrc) = (ssrc, repair_ssrc);
            }
        }
    }

    /// All m-lines, in their order.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The m-line of this name.
    #[must_use]
    pub fn line(&self, mid: &Mid) -> Option<&Line> {
        self.lines.iter().find(|line| line.mid == *mid)
    }

    /// The codecs offered, the preferred first, with the payload types of this connection.
    #[must_use]
    pub fn payloads(&self) -> &[Payload] {
        &self.payloads
    }

    /// The header extensions offered, with the IDs of this connection.
    #[must_use]
    pub fn extensions(&self) -> &[ExtensionId] {
        &self.extensions
    }

    /// The payload types of a codec on this connection.
    #[must_use]
    pub fn payload(&self, codec: Codec) -> Option<Payload> {
        self.payloads.iter().copied().find(|payload| payload.codec == codec)
    }

    /// The ID of an extension on this connection.
    #[must_use]
    pub fn extension_id(&self, extension: Extension) -> Option<u8> {
        self.extensions.iter().find(|offered| offered.extension == extension).map(|offered| offered.id)
    }

    /// The session's number, and the number of the next offer in it (RFC 9429, section 5.2.2). Each call counts one offer.
    pub(super) fn next_version(&mut self) -> (u64, u64) {
        self.version += 1;
        (self.session, self.version)
    }

    fn add(&mut self, kind: Kind, carries: Carries) -> Result<Mid, SkeletonError> {
        let closed = self.lines.iter().position(|line| line.carries == Carries::Closed);
        if closed.is_none() && self.lines.len() >= MAX_LINES {
            return Err(SkeletonError::Full);
        }
        let mid = self.draw_mid()?;
        let line = Line { mid: mid.clone(), kind, carries };
        match closed {
            Some(place) => self.lines[place] = line,
            None => self.lines.push(line),
        }
        Ok(mid)
    }

    fn draw_mid(&mut self) -> Result<Mid, SkeletonError> {
        loop {
            let mid = Mid::parse(&self.next_mid.to_string()).map_err(|_| SkeletonError::Full)?;
            self.next_mid = self.next_mid.checked_add(1).ok_or(SkeletonError::Full)?;
            if self.line(&mid).is_none() {
                return Ok(mid);
            }
        }
    }

    fn draw_ssrcs(&self, kind: Kind, random: &mut impl CryptoRng) -> (u32, Option<u32>) {
        let taken: HashSet<u32> = self.lines.iter().flat_map(ssrcs).collect();
        let mut draw = |other: Option<u32>| loop {
            let ssrc = random.random::<u32>();
            // Some programs take 0 for none.
            if ssrc != 0 && Some(ssrc) != other && !taken.contains(&ssrc) {
                return ssrc;
            }
        };
        let ssrc = draw(None);
        (ssrc, (kind == Kind::Video).then(|| draw(Some(ssrc))))
    }
}

fn ssrcs(line: &Line) -> Vec<u32> {
    match &line.carries {
        Carries::Forward(forwarded) => std::iter::once(forwarded.ssrc).chain(forwarded.repair_ssrc).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
