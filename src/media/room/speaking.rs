//! Who speaks, and how good everybody's connection is.

use std::time::{Duration, Instant};

use super::conference::Conference;
use super::context::Context;
use crate::media::rtp::packet::AudioLevel;
use crate::media::rtp::quality::{Measured, Quality as Word};
use crate::media::rtp::speaker::ActiveSpeaker;
use crate::media::sdp::Kind;
use crate::store::record::calls::{Quality, Tell};

/// Who speaks is looked at, and told if it changed, this often.
const SPACING: Duration = Duration::from_millis(250);

/// Who speaks, by their slots.
pub(super) struct Speaking {
    speaker: ActiveSpeaker<usize>,
    due: Instant,
    told: (Option<usize>, Vec<usize>),
}

impl Speaking {
    pub(super) fn new(now: Instant) -> Self {
        Self { speaker: ActiveSpeaker::default(), due: now, told: (None, Vec::new()) }
    }

    /// A packet of somebody's microphone came.
    pub(super) fn heard(&mut self, now: Instant, slot: usize, level: AudioLevel) {
        self.speaker.heard(now, slot, level);
    }

    /// Somebody left, or cannot be heard any more. Whoever gets the slot is another one.
    pub(super) fn remove(&mut self, slot: usize) {
        self.speaker.remove(slot);
    }

    /// The one to look at.
    pub(super) fn active(&self) -> Option<usize> {
        self.speaker.active()
    }

    /// Whom to tell of, if it is time for that and they are others than before.
    fn poll(&mut self, now: Instant) -> Option<(Option<usize>, Vec<usize>)> {
        if now < self.due {
            return None;
        }
        self.due = now + SPACING;
        let _ = self.speaker.poll(now);
        let mut speaking: Vec<usize> = self.speaker.speaking(now).collect();
        speaking.sort_unstable();
        let heard = (self.speaker.active(), speaking);
        (heard != self.told).then(|| {
            self.told = heard.clone();
            heard
        })
    }
}

impl Conference {
    /// Tells everybody who speaks.
    pub(super) fn tell_speaking(&mut self, cx: &mut Context<'_>) {
        let before = self.speaking.active();
        let Some((active, speaking)) = self.speaking.poll(cx.now) else { return };
        let session = |slot: usize| self.participants.get(slot).map(|participant| participant.to.session);
        let active_session = active.and_then(session);
        let speaking: Vec<_> = speaking.into_iter().filter_map(session).collect();
        for (_, participant) in self.participants.iter() {
            let tell = Tell::Speaking { active: active_session, speaking: speaking.clone() };
            cx.shared.tell(self.id, participant.to, tell);
        }
        if active != before {
            // The speaker's picture comes before others.
            self.legs.iter_mut().for_each(|(_, leg)| leg.allocation_due = true);
        }
    }

    /// Measures everybody's connection and tells everybody whose has become better or worse.
    pub(super) fn tell_quality(&mut self, cx: &mut Context<'_>) {
        let mut of = Vec::new();
        for (slot, leg) in self.legs.iter_mut().filter(|(_, leg)| leg.reachable) {
            let Some(participant) = self.participants.get_mut(slot) else { continue };
            let (lost, reports) = std::mem::take(&mut leg.losses);
            let mut measured =
                Measured { loss: lost / f64::from(reports.max(1)), round_trip: leg.downlink.round_trip(), jitter: Duration::ZERO };
            for (_, publication) in self.publications.iter().filter(|(_, publication)| publication.owner == slot) {
                let encodings = publication.track.encodings().iter().enumerate();
                for (_, encoding) in encodings.filter(|(index, _)| publication.track.is_alive(*index)) {
                    measured.loss = measured.loss.max(encoding.fraction_lost());
                    // Pictures are sent in bursts, and their jitter says nothing of the network.
                    if publication.kind() == Kind::Audio {
                        measured.jitter = measured.jitter.max(encoding.jitter());
                    }
                }
            }
            if let Some(word) = participant.quality.measured(cx.now, &measured) {
                of.push((participant.to.session, told(word)));
            }
        }
        if !of.is_empty() {
            self.participants.iter().for_each(|(_, participant)| cx.shared.tell(self.id, participant.to, Tell::Quality { of: of.clone() }));
        }
    }
}

fn told(word: Word) -> Quality {
    match word {
        Word::Good => Quality::Good,
        Word::Fair => Quality::Fair,
        Word::Poor => Quality::Poor,
    }
}
