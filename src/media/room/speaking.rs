//! Who speaks, and how good everybody's connection is.

use std::time::{Duration, Instant};

use super::conference::Conference;
use super::context::Context;
use crate::ids::SessionRef;
use crate::media::rtp::packet::AudioLevel;
use crate::media::rtp::quality::{Measured, Quality as Word};
use crate::media::rtp::speaker::ActiveSpeaker;
use crate::media::sdp::Kind;
use crate::store::record::calls::{Quality, Tell};

/// Who speaks is looked at, and told if it changed, this often.
const SPACING: Duration = Duration::from_millis(250);

/// Who speaks, by the numbers of participants: a slot may soon be somebody else's.
pub(super) struct Speaking {
    speaker: ActiveSpeaker<u64>,
    due: Instant,
    told: (Option<u64>, Vec<u64>),
}

impl Speaking {
    pub(super) fn new(now: Instant) -> Self {
        Self { speaker: ActiveSpeaker::default(), due: now, told: (None, Vec::new()) }
    }

    /// A packet of somebody's microphone came.
    pub(super) fn heard(&mut self, now: Instant, who: u64, level: AudioLevel) {
        self.speaker.heard(now, who, level);
    }

    /// Somebody left, or cannot be heard any more.
    pub(super) fn remove(&mut self, who: u64) {
        self.speaker.remove(who);
    }

    /// The one to look at.
    pub(super) fn active(&self) -> Option<u64> {
        self.speaker.active()
    }

    /// Whom to tell of, if it is time for that and they are others than before.
    fn poll(&mut self, now: Instant) -> Option<(Option<u64>, Vec<u64>)> {
        if now < self.due {
            return None;
        }
        self.due = now + SPACING;
        let _ = self.speaker.poll(now);
        let mut speaking: Vec<u64> = self.speaker.speaking(now).collect();
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
        let tell = self.speaking_tell(active, &speaking);
        self.participants.iter().for_each(|(_, participant)| cx.shared.tell(self.id, participant.to, tell.clone()));
        if active != before {
            // The speaker's picture comes before others.
            self.legs.iter_mut().for_each(|(_, leg)| leg.allocation_due = true);
        }
    }

    /// Tells somebody who has just come what others were told.
    pub(super) fn tell_newcomer(&mut self, cx: &mut Context<'_>, to: SessionRef) {
        let (active, speaking) = &self.speaking.told;
        if active.is_some() || !speaking.is_empty() {
            cx.shared.tell(self.id, to, self.speaking_tell(*active, speaking));
        }
        let participants = self.participants.iter().map(|(_, participant)| participant);
        let impaired = participants.filter(|participant| participant.quality.shown() != Word::Good);
        let of: Vec<_> = impaired.map(|participant| (participant.to.session, told(participant.quality.shown()))).collect();
        if !of.is_empty() {
            cx.shared.tell(self.id, to, Tell::Quality { of });
        }
    }

    fn speaking_tell(&self, active: Option<u64>, speaking: &[u64]) -> Tell {
        let session = |order: u64| {
            let mut participants = self.participants.iter().map(|(_, participant)| participant);
            participants.find(|participant| participant.order == order).map(|participant| participant.to.session)
        };
        Tell::Speaking { active: active.and_then(session), speaking: speaking.iter().filter_map(|order| session(*order)).collect() }
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
