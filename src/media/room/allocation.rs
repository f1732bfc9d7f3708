//! What each participant is sent of what it gets: as much as its link carries, the most important first.

use std::time::Duration;

use super::conference::Conference;
use super::context::{Context, Shared};
use super::participant::Leg;
use super::subscribing::Forward;
use crate::media::rtp::layers::Demand;
use crate::media::rtp::outgoing::Outgoing;
use crate::media::sdp::Kind;
use crate::store::record::calls::Source;

/// It is chosen anew at most this often.
const SPACING: Duration = Duration::from_millis(200);
/// And at least this often, since rates change without a word.
const LONGEST: Duration = Duration::from_secs(1);
/// Lines of a camera that are of use where nobody said how large it is shown: few videos are large, more are small.
const LARGE: u16 = 720;
const SMALL: u16 = 360;
const FEW: usize = 4;
/// Of the estimate, what retransmissions on one line may take, and at least.
const REPAIR_SHARE: u64 = 4;
const LEAST_REPAIR: u64 = 100_000;

impl Conference {
    /// Chooses for those for whom it is time.
    pub(super) fn allocate_due(&mut self, cx: &mut Context<'_>) {
        let is_due = |leg: &Leg| {
            let passed = cx.now.saturating_duration_since(leg.allocated);
            leg.reachable && (leg.allocation_due && passed >= SPACING || passed >= LONGEST)
        };
        let due: Vec<usize> = self.legs.iter().filter(|(_, leg)| is_due(leg)).map(|(slot, _)| slot).collect();
        due.into_iter().for_each(|slot| self.allocate(cx, slot));
    }

    /// Chooses for one participant.
    pub(super) fn allocate(&mut self, cx: &mut Context<'_>, slot: usize) {
        let active = self.speaking.active();
        let active = self.participants.iter().find(|(_, participant)| Some(participant.order) == active).map(|(slot, _)| slot);
        let videos = self.publications.iter().filter(|(_, one)| one.owner != slot && one.kind() == Kind::Video).count();
        let (Some(participant), Some(leg)) = (self.participants.get_mut(slot), self.legs.get_mut(slot)) else { return };
        (leg.allocation_due, leg.allocated) = (false, cx.now);
        let (id, wishes) = (Self::subscriber(slot), &participant.wishes);
        let wish = |forward: &Forward| {
            wishes.iter().find(|(whose, source, _)| (*whose, *source) == (forward.session, forward.source)).map(|(.., height)| *height)
        };
        let (mut demands, mut demanding) = (Vec::new(), Vec::new());
        for (index, forward) in participant.connection.forwards.iter().enumerate().filter(|(_, forward)| forward.subscribed) {
            let Some(publication) = forward.publication(&mut self.publications) else { continue };
            let wanted_height = wish(forward).unwrap_or(match publication.source {
                Source::Camera if videos > FEW => SMALL,
                Source::Camera => LARGE,
                _ => u16::MAX,
            });
            let is_received = forward.accepted.as_ref().is_some_and(|accepted| accepted.receives);
            if !leg.reachable || !is_received || wanted_height == 0 {
                publication.track.set_target(id, None);
                continue;
            }
            let priority = match publication.source {
                Source::Screen => 2,
                _ if active == Some(publication.owner) => 1,
                _ => 0,
            };
            let audio = publication.kind() == Kind::Audio;
            demands.push((publication.number, Demand { audio, priority, wanted_height, steps: publication.track.steps(cx.now) }));
            demanding.push(index);
        }
        let allocation = leg.downlink.allocate(cx.now, &demands);
        let repair = (leg.downlink.rate() / REPAIR_SHARE).max(LEAST_REPAIR);
        let mut changed = false;
        for (index, choice) in demanding.into_iter().zip(allocation.choices) {
            let Some(forward) = participant.connection.forwards.get_mut(index) else { continue };
            let Some(publication) = forward.publication(&mut self.publications) else { continue };
            publication.track.set_target(id, choice.target);
            if let Some(subscription) = publication.track.subscription_mut(id) {
                subscription.set_repair_rate(repair);
                if choice.interrupt {
                    subscription.interrupt();
                }
            }
            changed |= std::mem::replace(&mut forward.paused, choice.target.is_none()) != choice.target.is_none();
        }
        if changed {
            self.tell_lines(cx, slot);
        }
    }

    /// Sends what measures the links of those who could have more.
    pub(super) fn probe(&mut self, cx: &mut Context<'_>) {
        for (slot, leg) in self.legs.iter_mut().filter(|(_, leg)| leg.reachable) {
            let mut bytes = leg.downlink.poll_probe(cx.now);
            let Some(participant) = self.participants.get(slot).filter(|_| bytes > 0) else { continue };
            let Shared { scratch, sent, .. } = &mut *cx.shared;
            let subscribed = participant.connection.forwards.iter().filter(|forward| forward.subscribed);
            // Where all pictures are paused, only padding on their lines can show that there is room for one.
            let (paused, flowing): (Vec<_>, Vec<_>) = subscribed.partition(|forward| forward.paused);
            for forward in flowing.into_iter().chain(paused) {
                let Some(publication) = forward.publication(&mut self.publications) else { continue };
                let mut send = |_, packet: Outgoing<'_>| leg.send(cx.now, packet, cx.peers, sent);
                let probed = publication.track.probe(cx.now, Self::subscriber(slot), bytes, scratch, &mut send);
                bytes = bytes.saturating_sub(probed);
                if bytes == 0 {
                    break;
                }
            }
        }
    }
}
