//! What participants get: the m-lines on which they do, and the subscriptions behind those.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rand::RngExt;

use super::conference::{Conference, first_number};
use super::context::Context;
use super::participant::Connection;
use super::publishing::Publication;
use crate::ids::SessionId;
use crate::media::rtp::nack::ResponderLimits;
use crate::media::rtp::packet::ExtensionIds;
use crate::media::rtp::rtx::RtxStream;
use crate::media::rtp::track::SubscriptionSettings;
use crate::media::sdp::{AnsweredLine, Carries, Codec, Extension, Forwarded, Kind, Line, Mid, Skeleton, SkeletonError, TrackId};
use crate::media::slots::Slots;
use crate::store::record::calls::{Refusal, Source, Tell};

/// Lines that came with a skeleton wait so long for their publishers to come, too.
const REUNION: Duration = Duration::from_secs(15);

/// An m-line on which a participant gets something.
pub(super) struct Forward {
    pub(super) mid: Mid,
    /// Whose, and which of theirs.
    pub(super) session: SessionId,
    pub(super) source: Source,
    /// Of the stream on this connection.
    pub(super) ssrc: u32,
    pub(super) repair_ssrc: Option<u32>,
    /// Where what is sent here comes from.
    pub(super) from: Origin,
    /// What the browser said to the line, once it did.
    pub(super) accepted: Option<Accepted>,
    /// There is a subscription behind it.
    pub(super) subscribed: bool,
    /// The connection does not carry it at present, or the browser cannot play it.
    pub(super) paused: bool,
}

/// What a line gets its packets from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// What is published there; its slot and number.
    Publication(usize, u64),
    /// Whoever it was at another node, and is waited for until then.
    Awaited(Instant),
}

/// What a browser takes on a line.
pub(super) struct Accepted {
    pub(super) receives: bool,
    codecs: Vec<(Codec, bool)>,
    extensions: ExtensionIds,
}

impl Forward {
    /// The slot of what is sent here.
    pub(super) fn slot(&self) -> Option<usize> {
        match self.from {
            Origin::Publication(slot, _) => Some(slot),
            Origin::Awaited(_) => None,
        }
    }

    /// What is sent here, for as long as it is published.
    pub(super) fn publication<'a>(&self, publications: &'a mut Slots<Publication>) -> Option<&'a mut Publication> {
        let Origin::Publication(slot, number) = self.from else { return None };
        publications.get_mut(slot).filter(|publication| publication.number == number)
    }

    /// Whether it has waited for too long.
    pub(super) fn is_forlorn(&self, now: Instant) -> bool {
        matches!(self.from, Origin::Awaited(until) if until <= now)
    }
}

impl Connection {
    /// Makes what a skeleton's lines carried at another node wait for its publishers, by the IDs that [`TrackId::of`] gave their tracks.
    pub(super) fn take_over_lines(&mut self, now: Instant) {
        for line in self.skeleton.lines().to_vec() {
            let Carries::Forward(forwarded) = line.carries else { continue };
            match forwarded.track.origin() {
                Some((session, source)) => {
                    let mut forward = Forward::new(line.mid, session, source, &forwarded, Origin::Awaited(now + REUNION));
                    forward.paused = true;
                    self.drawn.extend(std::iter::once(forward.ssrc).chain(forward.repair_ssrc));
                    self.forwards.push(forward);
                }
                None => self.skeleton.release(&line.mid),
            }
        }
    }
}

impl Conference {
    /// Gives a participant a line for everything that it publishes and gets, and takes back those of what has ended.
    pub(super) fn lay_lines(&mut self, cx: &mut Context<'_>, slot: usize) {
        let Self { participants, publications, .. } = self;
        let Some(participant) = participants.get_mut(slot) else { return };
        let connection = &mut participant.connection;
        let mut changed = false;
        connection.forwards.retain(|forward| {
            let lasts = match forward.from {
                Origin::Publication(place, number) => publications.get(place).is_some_and(|publication| publication.number == number),
                Origin::Awaited(until) => cx.now < until,
            };
            if !lasts {
                connection.skeleton.release(&forward.mid);
                changed = true;
            }
            lasts
        });
        let mut refused = false;
        participant.publish.retain(|source| {
            let is_it = |line: &Line| matches!(line.carries, Carries::Publish(published) if published.source == *source);
            changed |= !connection.skeleton.lines().iter().any(is_it);
            let is_laid = connection.skeleton.publish(*source, participant.simulcast).is_ok();
            refused |= !is_laid;
            is_laid
        });
        if connection.skeleton.lines().is_empty() {
            // Without a line there is no connection, and whoever comes would be heard later. It is the one that is most likely of use.
            changed |= connection.skeleton.publish(Source::Microphone, false).is_ok();
        }
        connection.offer_due |= changed;
        if refused {
            cx.shared.tell(self.id, participant.to, Tell::Refused { why: Refusal::TooManyTracks });
        }
        let has: HashSet<usize> = connection.forwards.iter().filter_map(Forward::slot).collect();
        let others = publications.iter().filter(|(place, publication)| publication.owner != slot && !has.contains(place));
        // There may not be a line for everything: sound comes first.
        let order = |publication: &Publication| (publication.kind() == Kind::Video, publication.number);
        let mut others: Vec<_> = others.map(|(place, publication)| (order(publication), place)).collect();
        others.sort_unstable();
        others.into_iter().for_each(|(_, place)| self.lay_line(cx, slot, place));
    }

    /// A line for this publication.
    fn lay_line(&mut self, cx: &mut Context<'_>, slot: usize, place: usize) {
        let Some(publication) = self.publications.get(place) else { return };
        let Some(owner) = self.participants.get(publication.owner).map(|owner| owner.to.session) else { return };
        let Some(connection) = self.participants.get_mut(slot).map(|participant| &mut participant.connection) else { return };
        let from = Origin::Publication(place, publication.number);
        let Connection { forwards, skeleton, drawn, offer_due, .. } = connection;
        let awaits = |forward: &Forward| {
            matches!(forward.from, Origin::Awaited(_))
                && (forward.session, forward.source) == (owner, publication.source)
                && skeleton.line(&forward.mid).is_some_and(|line| {
                    line.kind == publication.kind()
                        && matches!(&line.carries, Carries::Forward(there) if there.stream == publication.stream)
                })
        };
        if let Some(index) = forwards.iter().position(awaits) {
            forwards[index].from = from;
            return self.subscribe(cx, slot, index);
        }
        if skeleton.payload(publication.codec).is_none() {
            return;
        }
        let Ok((mid, forwarded)) = draw_line(skeleton, publication, &TrackId::of(owner, publication.source), |ssrc| drawn.insert(ssrc), cx)
        else {
            // It sees that there is more in the roster, and gets it when a line is free.
            return;
        };
        forwards.push(Forward::new(mid, owner, publication.source, &forwarded, from));
        *offer_due = true;
    }

    /// A participant answered: what it takes of what is sent.
    pub(super) fn take_accepted(&mut self, cx: &mut Context<'_>, slot: usize, offered: &Skeleton, lines: &[AnsweredLine]) {
        let Some(connection) = self.participants.get_mut(slot).map(|participant| &mut participant.connection) else { return };
        let mut accepted = Vec::new();
        for (index, forward) in connection.forwards.iter_mut().enumerate() {
            let Some(at) = offered.lines().iter().position(|line| line.mid == forward.mid) else { continue };
            let (Some(line), Some(answered)) = (offered.lines().get(at), lines.get(at)) else { continue };
            // An older offer may have had something else on the line.
            if !matches!(&line.carries, Carries::Forward(forwarded) if forwarded.ssrc == forward.ssrc) {
                continue;
            }
            forward.accepted = Some(Accepted {
                receives: answered.direction.receives(),
                codecs: answered.codecs.clone(),
                extensions: negotiated(answered, offered),
            });
            accepted.push(index);
        }
        accepted.into_iter().for_each(|index| self.subscribe(cx, slot, index));
        self.allocate(cx, slot);
    }

    /// Begins to send on a line, if all that is needed for that is there.
    fn subscribe(&mut self, cx: &mut Context<'_>, slot: usize, index: usize) {
        let Some(connection) = self.participants.get_mut(slot).map(|participant| &mut participant.connection) else { return };
        let Some(forward) = connection.forwards.get_mut(index).filter(|forward| !forward.subscribed) else { return };
        let Some(publication) = forward.publication(&mut self.publications) else { return };
        let Some(accepted) = &forward.accepted else { return };
        let codec = accepted.codecs.iter().find(|(codec, _)| *codec == publication.codec);
        let (Some((codec, repair)), Some(leg)) = (codec, self.legs.get_mut(slot)) else {
            forward.paused = true;
            return;
        };
        let Some(payload) = connection.skeleton.payload(*codec) else { return };
        let rtx = forward.repair_ssrc.zip(payload.repair.filter(|_| *repair));
        let random = &mut cx.shared.random;
        let settings = SubscriptionSettings {
            ssrc: forward.ssrc,
            payload_type: payload.payload_type,
            rtx: rtx.map(|(ssrc, payload_type)| RtxStream { ssrc, payload_type, next: first_number(random) }),
            extensions: accepted.extensions,
            limits: ResponderLimits::default(),
            first_number: first_number(random),
            first_timestamp: random.random(),
        };
        publication.track.subscribe(Self::subscriber(slot), settings);
        (forward.subscribed, forward.paused, leg.allocation_due) = (true, false, true);
    }

    /// A participant's connection is no more.
    pub(super) fn unsubscribe_all(&mut self, slot: usize) {
        self.publications.iter_mut().for_each(|(_, publication)| publication.track.unsubscribe(Self::subscriber(slot)));
    }
}

impl Forward {
    fn new(mid: Mid, session: SessionId, source: Source, forwarded: &Forwarded, from: Origin) -> Self {
        let Forwarded { ssrc, repair_ssrc, .. } = *forwarded;
        Self { mid, session, source, ssrc, repair_ssrc, from, accepted: None, subscribed: false, paused: false }
    }
}

/// A line with SSRCs that this connection has not had; `is_new` notes them.
fn draw_line(
    skeleton: &mut Skeleton,
    publication: &Publication,
    track: &TrackId,
    mut is_new: impl FnMut(u32) -> bool,
    cx: &mut Context<'_>,
) -> Result<(Mid, Forwarded), SkeletonError> {
    loop {
        let mid = skeleton.forward(publication.kind(), publication.stream.clone(), track.clone(), &mut cx.shared.random)?;
        if let Some(Carries::Forward(forwarded)) = skeleton.line(&mid).map(|line| line.carries.clone())
            && std::iter::once(forwarded.ssrc).chain(forwarded.repair_ssrc).all(&mut is_new)
        {
            return Ok((mid, forwarded));
        }
        skeleton.release(&mid);
    }
}

fn negotiated(answered: &AnsweredLine, offered: &Skeleton) -> ExtensionIds {
    let id = |extension| offered.extension_id(extension).filter(|_| answered.extensions.contains(&extension));
    ExtensionIds {
        audio_level: id(Extension::AudioLevel),
        // Numbers are of use only to who tells what became of them.
        transport_sequence: id(Extension::TransportSequenceNumber).filter(|_| answered.feedback.transport_cc),
        absolute_send_time: id(Extension::AbsoluteSendTime),
        ..ExtensionIds::default()
    }
}
