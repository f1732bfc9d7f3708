//! What participants publish, as their answers say.

use bytes::Bytes;

use super::conference::Conference;
use super::context::Context;
use crate::media::rtp::codec::Codec as Payloads;
use crate::media::rtp::ring::RingLimits;
use crate::media::rtp::track::{Track, TrackSettings};
use crate::media::sdp::{Answer, AnsweredLine, Carries, Codec, Kind, Mid, Rid, Skeleton, StreamId};
use crate::store::record::calls::Source;

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
    /// The m-line of its publisher's connection.
    pub(super) mid: Mid,
    pub(super) track: Track,
    /// The publisher's own name for the stream.
    claimed: Option<StreamId>,
    /// What was answered about its encodings.
    encodings: Encodings,
}

/// What an answer says of a track's encodings.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Encodings {
    layers: Vec<Rid>,
    ssrcs: Vec<(u32, Option<u32>)>,
    nack: bool,
    rtx: bool,
}

impl Publication {
    pub(super) fn kind(&self) -> Kind {
        self.codec.kind()
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
            let codec = answered.codecs.first().copied().filter(|_| answered.direction.sends() && participant.publish.contains(&source));
            let known = self.publications.iter().find(|(_, known)| known.owner == slot && known.source == source).map(|(place, _)| place);
            match (codec, known) {
                (None, None) => {}
                (None, Some(known)) => self.end_publication(known),
                (Some(codec), None) => self.begin_publication(cx, slot, source, codec, answered, offered),
                (Some(codec), Some(known)) => self.renew_publication(cx, known, codec, answered, offered),
            }
        }
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

    fn begin_publication(
        &mut self,
        cx: &mut Context<'_>,
        owner: usize,
        source: Source,
        (codec, rtx): (Codec, bool),
        answered: &AnsweredLine,
        offered: &Skeleton,
    ) {
        let claimed = answered.msid.as_ref().and_then(|msid| msid.stream.clone());
        let stream = self.stream_of(cx, owner, claimed.clone());
        let (number, encodings) = (self.number(), Encodings::of(answered, rtx));
        let Some(settings) = settings(codec, &encodings, offered) else { return };
        let mid = answered.mid.clone();
        let track = Track::new(settings);
        let place = self.publications.insert(Publication { number, owner, source, codec, stream, mid, track, claimed, encodings });
        self.expect(cx, place);
    }

    /// What is published already is answered about again.
    fn renew_publication(
        &mut self,
        cx: &mut Context<'_>,
        place: usize,
        (codec, rtx): (Codec, bool),
        answered: &AnsweredLine,
        offered: &Skeleton,
    ) {
        let Some(publication) = self.publications.get_mut(place) else { return };
        let (owner, source) = (publication.owner, publication.source);
        let claimed = answered.msid.as_ref().and_then(|msid| msid.stream.as_ref());
        if publication.codec != codec || publication.claimed.as_ref() != claimed {
            // Something else for its receivers, too.
            self.end_publication(place);
            return self.begin_publication(cx, owner, source, (codec, rtx), answered, offered);
        }
        let encodings = Encodings::of(answered, rtx);
        let is_expected =
            self.participants.get(owner).is_some_and(|participant| participant.connection.sources.iter().any(|(_, of)| *of == place));
        if is_expected && publication.encodings == encodings && publication.mid == answered.mid {
            return;
        }
        let Some(settings) = settings(codec, &encodings, offered) else { return };
        publication.track.restart(settings);
        (publication.encodings, publication.mid) = (encodings, answered.mid.clone());
        self.expect(cx, place);
    }

    /// Makes the encodings of a track, and their packets known as its.
    fn expect(&mut self, cx: &mut Context<'_>, place: usize) {
        let Some(publication) = self.publications.get_mut(place) else { return };
        let Some(participant) = self.participants.get_mut(publication.owner) else { return };
        let sources = &mut participant.connection.sources;
        sources.retain(|(_, of)| *of != place);
        let Encodings { layers, ssrcs, .. } = &publication.encodings;
        if layers.is_empty() {
            let (ssrc, repair) = ssrcs.first().copied().unzip();
            publication.track.add_encoding(cx.now, None, ssrc, repair.flatten());
            sources.extend(ssrc.into_iter().chain(repair.flatten()).map(|ssrc| (ssrc, place)));
        }
        for layer in layers {
            publication.track.add_encoding(cx.now, Some(Bytes::copy_from_slice(layer.as_str().as_bytes())), None, None);
        }
    }

    fn end_publication(&mut self, place: usize) {
        let Some(publication) = self.publications.remove(place) else { return };
        if publication.source == Source::Microphone {
            self.speaking.remove(publication.owner);
        }
        if let Some(owner) = self.participants.get_mut(publication.owner) {
            owner.connection.sources.retain(|(_, of)| *of != place);
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
                participant.renamed.push((claimed, given.clone()));
                given
            }
        }
    }
}

impl Encodings {
    fn of(answered: &AnsweredLine, rtx: bool) -> Self {
        Self { layers: answered.layers.clone(), ssrcs: answered.ssrcs.clone(), nack: answered.feedback.nack, rtx }
    }
}

/// None if the connection has no such codec, which an answer that was checked does not name.
fn settings(codec: Codec, encodings: &Encodings, offered: &Skeleton) -> Option<TrackSettings> {
    let payload = offered.payload(codec)?;
    let is_video = codec.kind() == Kind::Video;
    Some(TrackSettings {
        codec: payloads(codec),
        payload_type: payload.payload_type,
        rtx_payload_type: payload.repair.filter(|_| encodings.rtx),
        repair: encodings.nack && is_video,
        ring: if is_video { RingLimits::VIDEO } else { RingLimits::AUDIO },
    })
}

fn payloads(codec: Codec) -> Payloads {
    match codec {
        Codec::Opus => Payloads::Opus,
        Codec::Vp8 => Payloads::Vp8,
        Codec::Vp9 => Payloads::Vp9,
        Codec::H264 => Payloads::H264,
    }
}
