//! Who is in the room and what comes on which line, as each participant is told.

use super::conference::Conference;
use super::context::Context;
use super::participant::Participant as Member;
use crate::media::sdp::Carries;
use crate::store::record::calls::{ForwardLine, Mode, Participant, PublishedTrack, Roster, Tell};

impl Conference {
    /// Tells everybody whose roster is another one than before.
    pub(super) fn tell_rosters(&mut self, cx: &mut Context<'_>) {
        let participants = self.roster();
        for slot in self.participants.slots() {
            self.tell_roster(cx, slot, &participants);
        }
    }

    /// Tells one participant which lines are paused.
    pub(super) fn tell_lines(&mut self, cx: &mut Context<'_>, slot: usize) {
        let participants = self.roster();
        self.tell_roster(cx, slot, &participants);
    }

    fn tell_roster(&mut self, cx: &mut Context<'_>, slot: usize, participants: &[Participant]) {
        let Some(participant) = self.participants.get_mut(slot) else { return };
        let lines = lines(participant);
        if participant.roster.as_ref().is_some_and(|told| told.participants == participants && told.lines == lines) {
            return;
        }
        let roster = Roster { mode: Mode::Sfu, chosen: false, participants: participants.to_vec(), lines };
        participant.roster = Some(roster.clone());
        cx.shared.tell(self.id, participant.to, Tell::Roster(roster));
    }

    fn roster(&self) -> Vec<Participant> {
        let mut all: Vec<(usize, &Member)> = self.participants.iter().collect();
        all.sort_by_key(|(_, participant)| participant.order);
        all.into_iter().map(|(slot, participant)| self.entry(slot, participant)).collect()
    }

    fn entry(&self, slot: usize, participant: &Member) -> Participant {
        let mut published: Vec<_> = self.publications.iter().map(|(_, one)| one).filter(|one| one.owner == slot).collect();
        published.sort_by_key(|publication| publication.source);
        let tracks = published.into_iter().map(|publication| PublishedTrack {
            source: publication.source,
            stream: publication.stream.to_string(),
            muted: participant.muted.contains(&publication.source),
        });
        Participant { session: participant.to.session, who: participant.who.clone(), tracks: tracks.collect(), hand: participant.hand }
    }
}

fn lines(participant: &Member) -> Vec<ForwardLine> {
    let connection = &participant.connection;
    // What waits for its publisher is in nobody's roster, and a line that the browser refused is none.
    let shown = connection.forwards.iter().filter(|forward| {
        let carries = connection.skeleton.line(&forward.mid).map(|line| &line.carries);
        forward.slot().is_some() && matches!(carries, Some(Carries::Forward(_)))
    });
    let line = shown.map(|forward| ForwardLine {
        mid: forward.mid.to_string(),
        participant: forward.session,
        source: forward.source,
        paused: forward.paused,
    });
    line.collect()
}
