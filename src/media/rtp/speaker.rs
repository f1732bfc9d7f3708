//! Who speaks: from the audio levels that publishers send with their packets (RFC 6464), smoothed, and slow to change its mind.

use std::time::{Duration, Instant};

use super::packet::AudioLevel;

/// Time over which a level is smoothed on the way up and on the way down: speech begins fast and has pauses between words.
const ATTACK: Duration = Duration::from_millis(60);
const RELEASE: Duration = Duration::from_millis(600);
/// Somebody whose packets stopped is silent after this time.
const STALE: Duration = Duration::from_millis(500);
/// Loudness below this is no speech, in dB above silence (127 dB below overload).
const AUDIBLE: f32 = 75.0;
/// Another speaker must be louder by so many dB.
const LOUDER: f32 = 3.0;
/// And for so long.
const CONFIRMED: Duration = Duration::from_millis(250);
/// A speaker stays the active one for so long at least.
const STAYS: Duration = Duration::from_millis(800);
/// What the sender does not take for speech counts for so much less, in dB.
const NOT_SPEECH: f32 = 20.0;

/// The loudness of one publisher.
#[derive(Debug)]
struct Voice<Id> {
    id: Id,
    loudness: f32,
    heard: Instant,
}

/// The active speaker of a room; `Id` names a publisher.
#[derive(Debug)]
pub struct ActiveSpeaker<Id> {
    voices: Vec<Voice<Id>>,
    active: Option<(Id, Instant)>,
    challenger: Option<(Id, Instant)>,
}

impl<Id> Default for ActiveSpeaker<Id> {
    fn default() -> Self {
        Self { voices: Vec::new(), active: None, challenger: None }
    }
}

impl<Id: Copy + Eq> ActiveSpeaker<Id> {
    /// A packet of audio came, with its level.
    pub fn heard(&mut self, now: Instant, id: Id, level: AudioLevel) {
        let loudness = 127.0 - f32::from(level.below_overload) - if level.voice { 0.0 } else { NOT_SPEECH };
        match self.voices.iter_mut().find(|voice| voice.id == id) {
            Some(voice) => {
                let passed = now.saturating_duration_since(voice.heard);
                let time = if loudness > voice.loudness { ATTACK } else { RELEASE };
                let weight = 1.0 - (-passed.as_secs_f32() / time.as_secs_f32()).exp();
                voice.loudness += (loudness - voice.loudness) * weight;
                voice.heard = now;
            }
            None => self.voices.push(Voice { id, loudness: 0.0, heard: now }),
        }
    }

    /// A publisher left or muted.
    pub fn remove(&mut self, id: Id) {
        self.voices.retain(|voice| voice.id != id);
        self.active = self.active.filter(|(active, _)| *active != id);
        self.challenger = self.challenger.filter(|(challenger, _)| *challenger != id);
    }

    /// Who speaks, if that is another one than at the last call; to be called a few times a second. Where all are silent, the last
    /// speaker stays.
    pub fn poll(&mut self, now: Instant) -> Option<Id> {
        let loudest = self.voices.iter().filter(|voice| voice.is_fresh(now)).max_by(|one, other| one.loudness.total_cmp(&other.loudness));
        let loudest = loudest.filter(|voice| voice.loudness >= AUDIBLE)?;
        let Some((active, since)) = self.active else {
            self.active = Some((loudest.id, now));
            return Some(loudest.id);
        };
        let rival = loudest.id != active && loudest.loudness >= self.loudness(now, active) + LOUDER;
        self.challenger = self.challenger.filter(|(id, _)| rival && *id == loudest.id).or_else(|| rival.then_some((loudest.id, now)));
        let (challenger, began) = self.challenger?;
        if now.saturating_duration_since(began) < CONFIRMED || now.saturating_duration_since(since) < STAYS {
            return None;
        }
        (self.active, self.challenger) = (Some((challenger, now)), None);
        Some(challenger)
    }

    /// The active speaker, or the last one.
    #[must_use]
    pub fn active(&self) -> Option<Id> {
        self.active.map(|(id, _)| id)
    }

    /// Everybody who can be heard now, for marks on tiles.
    pub fn speaking(&self, now: Instant) -> impl Iterator<Item = Id> {
        self.voices.iter().filter(move |voice| voice.is_fresh(now) && voice.loudness >= AUDIBLE).map(|voice| voice.id)
    }

    fn loudness(&self, now: Instant, id: Id) -> f32 {
        self.voices.iter().find(|voice| voice.id == id && voice.is_fresh(now)).map_or(0.0, |voice| voice.loudness)
    }
}

impl<Id> Voice<Id> {
    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.heard) < STALE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everybody's levels every 20 ms, and who became the active speaker when (in ms).
    fn run(until: u64, level: impl Fn(u64, u8) -> Option<(u8, bool)>) -> Vec<(u64, u8)> {
        let (mut speaker, start) = (ActiveSpeaker::default(), Instant::now());
        let mut changes = Vec::new();
        for ms in (0..until).step_by(20) {
            let now = start + Duration::from_millis(ms);
            for id in 1..=3 {
                if let Some((below_overload, voice)) = level(ms, id) {
                    speaker.heard(now, id, AudioLevel { below_overload, voice });
                }
            }
            changes.extend(speaker.poll(now).map(|id| (ms, id)));
        }
        changes
    }

    #[test]
    fn the_one_who_speaks_is_found_soon() {
        let changes = run(4_000, |ms, id| Some(if ms >= 2_000 && id == 2 || ms < 2_000 && id == 1 { (30, true) } else { (100, false) }));
        assert_eq!(changes.iter().map(|(_, id)| *id).collect::<Vec<_>>(), [1, 2]);
        assert!(changes[0].0 < 200 && (2_250..2_900).contains(&changes[1].0), "{changes:?}");
    }

    #[test]
    fn a_cough_or_a_pause_between_words_changes_nothing() {
        let changes = run(10_000, |ms, id| match id {
            1 => Some(if ms % 1_000 < 700 { (30, true) } else { (110, false) }),
            2 => Some(if ms % 3_000 > 2_800 { (25, true) } else { (110, false) }),
            _ => Some((45, false)),
        });
        assert_eq!(changes.len(), 1, "{changes:?}");
    }

    #[test]
    fn silence_keeps_the_last_speaker_and_leaving_does_not() {
        let (mut speaker, start) = (ActiveSpeaker::default(), Instant::now());
        for ms in (0..400).step_by(20) {
            speaker.heard(start + Duration::from_millis(ms), 1, AudioLevel { below_overload: 20, voice: true });
        }
        assert_eq!(speaker.poll(start + Duration::from_millis(400)), Some(1));
        assert!(speaker.speaking(start + Duration::from_millis(400)).eq([1]));
        assert_eq!(speaker.poll(start + Duration::from_secs(9)), None);
        assert_eq!((speaker.active(), speaker.speaking(start + Duration::from_secs(9)).count()), (Some(1), 0));
        speaker.remove(1);
        assert_eq!(speaker.active(), None);
    }

    #[test]
    fn two_who_speak_at_once_do_not_alternate() {
        let changes = run(8_000, |ms, id| (id < 3).then_some((30 + ((ms / 20 + u64::from(id) * 3) % 7) as u8, true)));
        assert_eq!(changes.len(), 1, "{changes:?}");
    }
}
