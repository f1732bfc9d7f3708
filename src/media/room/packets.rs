//! What comes from participants: media, and RTCP about what they get. Both concern a participant's own tracks and subscriptions only, since
//! everything is looked for among those.

use bytes::Bytes;

use super::conference::Conference;
use super::context::{Context, Shared};
use super::participant::Participant;
use super::publishing::Publication;
use crate::media::rtp::outgoing::Outgoing;
use crate::media::rtp::packet::RtpPacket;
use crate::media::rtp::rtcp::{self, Message};
use crate::media::rtp::track::Received;
use crate::media::sdp::Kind;
use crate::media::slots::Slots;
use crate::store::record::calls::Source;

/// The most SSRCs that are remembered of one participant; the peer layer lets no more in.
const MAX_SOURCES: usize = 64;

impl Conference {
    /// A media packet: the way that must be short.
    pub(super) fn rtp(&mut self, cx: &mut Context<'_>, slot: usize, bytes: Bytes) {
        let Self { participants, publications, legs, speaking, .. } = self;
        let Some(participant) = participants.get_mut(slot) else { return };
        let length = bytes.len();
        let Ok(packet) = RtpPacket::parse(bytes, &participant.connection.extensions) else { return };
        let known = participant.connection.sources.iter().find(|(ssrc, _)| *ssrc == packet.ssrc).map(|(_, place)| *place);
        let place = known.or_else(|| named(publications, slot, &packet));
        let is_sound = place.and_then(|place| publications.get(place)).is_some_and(|publication| publication.kind() == Kind::Audio);
        if !participant.connection.intake.takes(cx.now, length, is_sound) {
            return;
        }
        if let Some(number) = packet.extensions.transport_sequence {
            participant.connection.arrivals.receive(cx.now, number);
        }
        let Some(place) = place else { return };
        let Some(publication) = publications.get_mut(place) else { return };
        if !publication.has_type(packet.payload_type) {
            return self.change_codec(cx, place, packet.payload_type);
        }
        let (ssrc, level) = (packet.ssrc, packet.extensions.audio_level);
        let Context { now, peers, shared } = cx;
        let Shared { scratch, sent, .. } = &mut **shared;
        let received = publication.track.receive(*now, packet, scratch, &mut |to, packet| {
            if let Some(leg) = usize::try_from(to.0).ok().and_then(|to| legs.get_mut(to)) {
                leg.send(*now, packet, peers, sent);
            }
        });
        match received {
            Received::Unknown => {}
            _ if known.is_none() => learn(participant, ssrc, place),
            Received::Taken(_) if publication.source == Source::Microphone && !participant.muted.contains(&Source::Microphone) => {
                if let Some(level) = level {
                    speaking.heard(*now, participant.order, level);
                }
            }
            _ => {}
        }
    }

    /// A compound RTCP packet.
    pub(super) fn rtcp(&mut self, cx: &mut Context<'_>, slot: usize, bytes: Bytes) {
        let Ok(messages) = rtcp::read(bytes) else { return };
        let (mut lost, mut blocks, mut round_trip) = (0.0, 0_u32, None);
        for message in messages {
            let Some(leg) = self.legs.get_mut(slot) else { return };
            match message {
                Message::TransportFeedback(feedback) => {
                    leg.downlink.feedback(cx.now, &feedback);
                    leg.allocation_due = true;
                }
                Message::MaximumBitrate(rate) => {
                    leg.downlink.remb(rate);
                    leg.allocation_due = true;
                }
                Message::Reception(block) => {
                    let Some(publication) = received(&self.participants, &mut self.publications, slot, block.ssrc) else { continue };
                    let subscription = publication.track.subscription_mut(Self::subscriber(slot));
                    round_trip = subscription.and_then(|subscription| subscription.receiver_report(cx.now, &block)).or(round_trip);
                    lost += f64::from(block.fraction_lost) / 256.0;
                    blocks += 1;
                }
                Message::SenderReport(report) => {
                    if let Some(publication) = self.sent(slot, report.ssrc) {
                        publication.track.sender_report(cx.now, &report);
                    }
                }
                Message::KeyframeRequest { ssrc } => {
                    if let Some(publication) = received(&self.participants, &mut self.publications, slot, ssrc) {
                        publication.track.wants_keyframe(Self::subscriber(slot));
                    }
                }
                Message::Nack { ssrc, numbers } => self.nack(cx, slot, ssrc, numbers),
                // Encodings that are silent are left anyway.
                Message::Goodbye { .. } => {}
            }
        }
        if let (true, Some(leg)) = (blocks > 0, self.legs.get_mut(slot)) {
            let share = lost / f64::from(blocks);
            leg.downlink.receiver_report(cx.now, share, round_trip);
            leg.losses = (leg.losses.0 + share, leg.losses.1 + 1);
        }
    }

    fn nack(&mut self, cx: &mut Context<'_>, slot: usize, ssrc: u32, numbers: Vec<u16>) {
        let Some(publication) = received(&self.participants, &mut self.publications, slot, ssrc) else { return };
        let Some(leg) = self.legs.get_mut(slot) else { return };
        let Shared { scratch, sent, .. } = &mut *cx.shared;
        let mut send = |_, packet: Outgoing<'_>| leg.send(cx.now, packet, cx.peers, sent);
        publication.track.nack(cx.now, Self::subscriber(slot), numbers, scratch, &mut send);
    }

    /// What a participant publishes with this SSRC.
    fn sent(&mut self, slot: usize, ssrc: u32) -> Option<&mut Publication> {
        let sources = &self.participants.get(slot)?.connection.sources;
        let (_, place) = *sources.iter().find(|(known, _)| *known == ssrc)?;
        self.publications.get_mut(place)
    }
}

/// What a participant gets under this SSRC.
fn received<'a>(
    participants: &Slots<Participant>,
    publications: &'a mut Slots<Publication>,
    slot: usize,
    ssrc: u32,
) -> Option<&'a mut Publication> {
    let forwards = &participants.get(slot)?.connection.forwards;
    forwards.iter().find(|forward| forward.ssrc == ssrc && forward.subscribed)?.publication(publications)
}

/// What a packet of an unknown SSRC is of: it names the m-line (RFC 9143, section 9.2).
fn named(publications: &Slots<Publication>, owner: usize, packet: &RtpPacket) -> Option<usize> {
    let mid = packet.extensions.mid.as_ref()?;
    let is_of = |publication: &Publication| publication.owner == owner && publication.is_on(mid);
    publications.iter().find(|(_, publication)| is_of(publication)).map(|(place, _)| place)
}

fn learn(participant: &mut Participant, ssrc: u32, place: usize) {
    let sources = &mut participant.connection.sources;
    if sources.len() < MAX_SOURCES {
        sources.push((ssrc, place));
    }
}
