//! What participants publish, as their answers say.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::conference::Conference;
use super::context::Context;
use super::participant::{Connection, KnownLayer};
use crate::media::rtp::codec::Codec as Payloads;
use crate::media::rtp::ring::RingLimits;
use crate::media::rtp::track::{Track, TrackSettings};
use crate::media::sdp::{Answer, AnsweredLine, Carries, Codec, Kind, Mid, Rid, Skeleton, StreamId};
use crate::media::shard::PeerId;
use crate::store::record::calls::Source;

/// A publisher changes from one codec to another at most this often, and is silent in the first for so long: everybody is offered a new line then.
const CODEC_LASTS: Duration = Duration::from_secs(2);
/// The most stream IDs of a participant for which others see other ones.
const MAX_RENAMED: usize = 16;
/// The most layers of a participant whose SSRCs are remembered: a camera's and a screen's, several times over.
const MAX_LAYERS: usize = 32;

/// Something that a participant publishes, and that others see.
pub(super) struct Publication {
    /// Names it, also when its slot is used again.
    pub(super) number: u64,
    /// The slot of whose it is.
    pub(super) owner: usize,
    pub(super) source: Source,
    pub(super) codec: Codec,
    /// As others see it.
    pub(super) stream: StreamId,
    pub(super) track: Track,
    settings: TrackSettings,
    said: Said,
    /// The publisher's connection over which it is expected.
    peer: PeerId,
    began: Instant,
    /// The codec is the first that was answered; no packet has shown that it is the one in use.
    guessed: bool,
}

/// What an answer says of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    mid: Mid,
    stream: Option<StreamId>,
    codecs: Vec<(Codec, bool)>,
    layers: Vec<Rid>,
    ssrcs: Vec<(u32, Option<u32>)>,
    nack: bool,
}

impl Publication {
    /// Sound or picture.
    pub(super) fn kind(&self) -> Kind {
        self.codec.kind()
    }

    /// Whether its packets come on this m-line of its publisher.
    pub(super) fn is_on(&self, mid: &[u8]) -> bool {
        self.said.mid.as_str().as_bytes() == mid
    }

    /// Whether its packets have this payload type.
    pub(super) fn has_type(&self, payload_type: u8) -> bool {
        self.settings.payload_type == payload_type || self.settings.rtx_payload_type == Some(payload_type)
    }

    /// Whether another codec than the present one may take its place now.
    fn may_change(&self, now: Instant) -> bool {
        let last = self.track.encodings().iter().filter_map(|encoding| encoding.last_arrival()).max();
        match last {
            None if self.guessed => true,
            _ => [Some(self.began), last].into_iter().flatten().all(|at| now.saturating_duration_since(at) >= CODEC_LASTS),
        }
    }
}

impl Conference {
    /// A participant answered: what it sends from now on, others get.
    pub(super) fn take_published(&mut self, cx: &mut Context<'_>, slot: usize, offered: &Skeleton, answer: &Answer) {
        for (line, answered) in offered.lines().iter().zip(&answer.lines) {
            let Carries::Publish(published) = line.carries else { continue };
            let source = published.source;
            let Some(participant) = self.participants.get_mut(slot) else { return };
            if answered.rejected {
                // It would be refused for ever.
                participant.publish.retain(|wanted| *wanted != source);
            }
            let sends = answered.direction.sends() && participant.publish.contains(&source);
            let said = Said::of(answered).filter(|_| sends);
            let known = self.publications.iter().find(|(_, known)| known.owner == slot && known.source == source).map(|(place, _)| place);
            match (said, known) {
                (None, None) => {}
                (None, Some(known)) => self.end_publication(known),
                (Some(said), None) => self.publish_as(cx, slot, source, said),
                (Some(said), Some(known)) => self.publish_again(cx, known, said),
            }
        }
        // What was sent on a connection before this one and is not any more.
        let peer = self.participants.get(slot).map(|participant| participant.connection.peer);
        self.end_publications(slot, |publication| Some(publication.peer) != peer);
        self.changed = true;
    }

    /// Ends all publications of a participant that are like this.
    pub(super) fn end_publications(&mut self, owner: usize, ends: impl Fn(&Publication) -> bool) {
        for place in self.publications.slots() {
            if self.publications.get(place).is_some_and(|publication| publication.owner == owner && ends(publication)) {
                self.end_publication(place);
            }
        }
    }

    /// A packet has another payload type than its track. Chromium sends the first codec that was offered, whatever it preferred in its answer.
    pub(super) fn change_codec(&mut self, cx: &mut Context<'_>, place: usize, payload_type: u8) {
        let Some(publication) = self.publications.get(place).filter(|publication| publication.may_change(cx.now)) else { return };
        let Some(owner) = self.participants.get(publication.owner) else { return };
        let payload = owner.connection.skeleton.payloads().iter().find(|payload| payload.payload_type == payload_type);
        let is_said = |codec: Codec| publication.said.codecs.iter().any(|(said, _)| *said == codec);
        let Some(codec) = payload.map(|payload| payload.codec).filter(|codec| is_said(*codec)) else { return };
        let (owner, source, said) = (publication.owner, publication.source, publication.said.clone());
        self.end_publication(place);
        self.begin(cx, owner, source, said, codec, false);
        self.settle(cx);
    }

    fn publish_as(&mut self, cx: &mut Context<'_>, owner: usize, source: Source, said: Said) {
        if let Some((codec, _)) = said.codecs.first().copied() {
            self.begin(cx, owner, source, said, codec, true);
        }
    }

    /// What is published already is answered about again.
    fn publish_again(&mut self, cx: &mut Context<'_>, place: usize, said: Said) {
        let Some(publication) = self.publications.get_mut(place) else { return };
        let Some(connection) = self.participants.get_mut(publication.owner).map(|participant| &mut participant.connection) else { return };
        let settings = settings(publication.codec, &said, &connection.skeleton).filter(|_| publication.said.stream == said.stream);
        let Some(settings) = settings else {
            // Something else for its receivers, too.
            let (owner, source) = (publication.owner, publication.source);
            self.end_publication(place);
            return self.publish_as(cx, owner, source, said);
        };
        if publication.said != said || publication.peer != connection.peer {
            remember_layers(connection, publication);
            publication.track.restart(settings);
            (publication.said, publication.settings, publication.peer) = (said, settings, connection.peer);
            self.expect(cx, place);
        }
    }

    fn begin(&mut self, cx: &mut Context<'_>, owner: usize, source: Source, said: Said, codec: Codec, guessed: bool) {
        let stream = self.stream_of(cx, owner, said.stream.clone());
        let number = self.number();
        let Some(connection) = self.participants.get(owner).map(|participant| &participant.connection) else { return };
        let Some(settings) = settings(codec, &said, &connection.skeleton) else { return };
        let (peer, track, began) = (connection.peer, Track::new(settings), cx.now);
        let publication = Publication { number, owner, source, codec, stream, track, settings, said, peer, began, guessed };
        let place = self.publications.insert(publication);
        self.expect(cx, place);
        self.changed = true;
    }

    /// Makes the encodings of a track, and their packets known as its.
    fn expect(&mut self, cx: &mut Context<'_>, place: usize) {
        let Some(publication) = self.publications.get_mut(place) else { return };
        let Some(participant) = self.participants.get_mut(publication.owner) else { return };
        let sources = &mut participant.connection.sources;
        sources.retain(|(_, of)| *of != place);
        let Said { layers, ssrcs, .. } = &publication.said;
        if layers.is_empty() {
            let (ssrc, repair) = ssrcs.first().copied().unzip();
            publication.track.add_encoding(cx.now, None, ssrc, repair.flatten());
            let announced = ssrc.into_iter().chain(repair.flatten());
            // Who announces one SSRC twice gets the packets where it did last.
            sources.retain(|(known, _)| announced.clone().all(|ssrc| ssrc != *known));
            sources.extend(announced.map(|ssrc| (ssrc, place)));
        }
        for layer in layers {
            let known = participant.connection.layers.iter().find(|known| known.mid == publication.said.mid && known.rid == *layer);
            let (ssrc, repair) = (known.map(|known| known.ssrc), known.and_then(|known| known.repair));
            publication.track.add_encoding(cx.now, Some(Bytes::copy_from_slice(layer.as_str().as_bytes())), ssrc, repair);
            sources.retain(|(known, _)| Some(*known) != ssrc && Some(*known) != repair);
            sources.extend(ssrc.into_iter().chain(repair).map(|ssrc| (ssrc, place)));
        }
    }

    fn end_publication(&mut self, place: usize) {
        let Some(publication) = self.publications.remove(place) else { return };
        if let Some(owner) = self.participants.get_mut(publication.owner) {
            owner.connection.sources.retain(|(_, of)| *of != place);
            remember_layers(&mut owner.connection, &publication);
            if publication.source == Source::Microphone {
                self.speaking.remove(owner.order);
            }
        }
        self.changed = true;
    }

    /// The publisher's own stream ID, unless somebody else has it, or there is none.
    fn stream_of(&mut self, cx: &mut Context<'_>, owner: usize, claimed: Option<StreamId>) -> StreamId {
        let Some(participant) = self.participants.get_mut(owner) else { return StreamId::random(&mut cx.shared.random) };
        if let Some((_, given)) = participant.renamed.iter().find(|(known, _)| *known == claimed) {
            return given.clone();
        }
        let is_taken = |stream: &StreamId| self.publications.iter().any(|(_, other)| other.owner != owner && other.stream == *stream);
        match claimed {
            Some(stream) if !is_taken(&stream) => stream,
            claimed => {
                let given = StreamId::random(&mut cx.shared.random);
                // A page has a handful of streams; who has more gets other names for the older ones.
                if participant.renamed.len() >= MAX_RENAMED {
                    participant.renamed.remove(0);
                }
                participant.renamed.push((claimed, given.clone()));
                given
            }
        }
    }
}

fn remember_layers(connection: &mut Connection, publication: &Publication) {
    if publication.peer != connection.peer {
        return;
    }
    let mid = &publication.said.mid;
    for (rid, encoding) in publication.said.layers.iter().zip(publication.track.encodings()) {
        let Some(ssrc) = encoding.ssrc() else { continue };
        connection.layers.retain(|known| known.mid != *mid || known.rid != *rid);
        if connection.layers.len() >= MAX_LAYERS {
            connection.layers.remove(0);
        }
        connection.layers.push(KnownLayer { mid: mid.clone(), rid: rid.clone(), ssrc, repair: encoding.rtx_ssrc() });
    }
}

impl Said {
    /// None if nothing can come of it, for want of a codec.
    fn of(answered: &AnsweredLine) -> Option<Self> {
        answered.codecs.first()?;
        Some(Self {
            mid: answered.mid.clone(),
            stream: answered.msid.as_ref().and_then(|msid| msid.stream.clone()),
            codecs: answered.codecs.clone(),
            layers: answered.layers.clone(),
            ssrcs: answered.ssrcs.clone(),
            nack: answered.feedback.nack,
        })
    }
}

/// None if the codec was not answered.
fn settings(codec: Codec, said: &Said, skeleton: &Skeleton) -> Option<TrackSettings> {
    let (_, rtx) = said.codecs.iter().find(|(known, _)| *known == codec)?;
    let payload = skeleton.payload(codec)?;
    let is_video = codec.kind() == Kind::Video;
    Some(TrackSettings {
        codec: match codec {
            Codec::Opus => Payloads::Opus,
            Codec::Vp8 => Payloads::Vp8,
            Codec::Vp9 => Payloads::Vp9,
            Codec::H264 => Payloads::H264,
        },
        payload_type: payload.payload_type,
        rtx_payload_type: payload.repair.filter(|_| *rtx),
        repair: said.nack && is_video,
        ring: if is_video { RingLimits::VIDEO } else { RingLimits::AUDIO },
    })
}
