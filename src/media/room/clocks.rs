//! What is done by the clock: wishes and reports to publishers, reports to subscribers, who has been away for too long.

use std::time::{Duration, Instant};

use rtc_rtcp::packet::{Packet, marshal};

use super::conference::Conference;
use super::context::Context;
use super::publishing::Publication;
use crate::media::rtp::rtcp;
use crate::media::rtp::track::Upstream;
use crate::media::shard::PeerId;
use crate::media::slots::Slots;
use crate::store::record::calls::Ending;

/// Who is not heard of is out after so long, beyond what the peer layer waits before it says so.
pub(super) const LOST: Duration = Duration::from_secs(30);
/// The SSRC by which this side says what is not about a stream of its own.
const OWN_SSRC: u32 = 1;
/// Publishers are told what came this often.
const FEEDBACK: Duration = Duration::from_millis(50);
/// Reports go out this often, and whatever else is slow is looked at.
const REPORTS: Duration = Duration::from_secs(1);
/// RTCP packets that go into one datagram: sender reports have 28 bytes.
const TOGETHER: usize = 40;

/// When what is due.
pub(super) struct Clocks {
    feedback: Instant,
    reports: Instant,
    wishes: Vec<Upstream>,
}

impl Clocks {
    pub(super) fn new(now: Instant) -> Self {
        Self { feedback: now, reports: now + REPORTS, wishes: Vec::new() }
    }
}

impl Conference {
    /// Does what is due; to be called every few milliseconds.
    pub(super) fn tick(&mut self, cx: &mut Context<'_>) {
        self.settle(cx);
        if self.offers_wait {
            self.offer_some(cx);
        }
        self.send_wishes(cx);
        self.probe(cx);
        self.allocate_due(cx);
        if self.clocks.feedback <= cx.now {
            self.clocks.feedback = cx.now + FEEDBACK;
            self.send_feedback(cx);
            self.tell_speaking(cx);
        }
        if self.clocks.reports <= cx.now {
            self.clocks.reports = cx.now + REPORTS;
            self.send_reports(cx);
            self.tell_quality(cx);
            self.look_after(cx);
        }
    }

    /// Whether packets may come, so that it matters when it is called.
    pub(super) fn is_busy(&self) -> bool {
        self.changed || self.offers_wait || !self.publications.is_empty()
    }

    /// NACKs and PLIs to publishers.
    fn send_wishes(&mut self, cx: &mut Context<'_>) {
        let Self { publications, legs, clocks, .. } = self;
        for (_, publication) in publications.iter_mut() {
            publication.track.poll(cx.now, &mut clocks.wishes);
            if clocks.wishes.is_empty() {
                continue;
            }
            let packets: Vec<_> = clocks.wishes.drain(..).map(|wish| rtcp::wish(OWN_SSRC, &wish)).collect();
            if let Some(leg) = legs.get(publication.owner) {
                send(cx, leg.peer, &packets);
            }
        }
    }

    /// What came when, to publishers.
    fn send_feedback(&mut self, cx: &mut Context<'_>) {
        for (_, participant) in self.participants.iter_mut() {
            let connection = &mut participant.connection;
            let of = connection.sources.first().map_or(0, |(ssrc, _)| *ssrc);
            let mut packets: Vec<Box<dyn Packet>> = Vec::new();
            while let Some(feedback) = connection.arrivals.build(cx.now, OWN_SSRC, of) {
                packets.push(Box::new(feedback));
            }
            // Each may be as long as a datagram.
            packets.chunks(1).for_each(|packets| send(cx, connection.peer, packets));
        }
    }

    /// Receiver reports to publishers, and publishers' sender reports to their subscribers.
    fn send_reports(&mut self, cx: &mut Context<'_>) {
        let Self { participants, publications, .. } = self;
        for (slot, participant) in participants.iter_mut() {
            let mut packets: Vec<Box<dyn Packet>> = Vec::new();
            for forward in participant.connection.forwards.iter().filter(|forward| forward.subscribed) {
                let publication = forward.publication(publications);
                let report = publication.and_then(|of| of.track.sender_report_for(cx.now, Self::subscriber(slot)));
                packets.extend(report.map(|report| Box::new(report) as Box<dyn Packet>));
            }
            packets.extend(receiver_reports(cx.now, publications, slot));
            packets.chunks(TOGETHER).for_each(|packets| send(cx, participant.connection.peer, packets));
        }
    }

    /// Takes out who has been away for too long, and lines that have waited for too long.
    fn look_after(&mut self, cx: &mut Context<'_>) {
        let mut given_up = Vec::new();
        for (slot, participant) in self.participants.iter() {
            if participant.connection.is_given_up(cx.now) {
                given_up.push(slot);
            }
            self.changed |= participant.connection.forwards.iter().any(|forward| forward.is_forlorn(cx.now));
        }
        given_up.into_iter().for_each(|slot| self.leave(cx, slot, Some(Ending::Connection)));
    }
}

fn receiver_reports(now: Instant, publications: &mut Slots<Publication>, owner: usize) -> Vec<Box<dyn Packet>> {
    let own = publications.iter_mut().filter(|(_, publication)| publication.owner == owner);
    let blocks: Vec<_> = own.flat_map(|(_, publication)| publication.track.receiver_report(now)).collect();
    rtcp::receiver_reports(OWN_SSRC, &blocks)
}

fn send(cx: &mut Context<'_>, to: PeerId, packets: &[Box<dyn Packet>]) {
    match marshal(packets) {
        // Not sent while there is no connection.
        Ok(bytes) => drop(cx.peers.send_rtcp(cx.now, to, &bytes)),
        Err(error) => tracing::error!(%error, "RTCP could not be written"),
    }
}
