//! Offers and answers. A participant has one offer at a time; what changes in the meantime goes into the next one.

use super::conference::Conference;
use super::context::Context;
use super::participant::{Participant, Reach};
use crate::media::sdp::{Answer, Carries, Offer, Source};
use crate::store::record::calls::{Refusal, Tell};

/// The most offers that are written at once. In a large room each has hundreds of lines, and packets wait meanwhile; the rest follows with the
/// next tick.
const AT_ONCE: usize = 8;

impl Conference {
    /// Offers what has changed to those who have answered what they were offered; who waits for a first offer gets it first.
    pub(super) fn offer_some(&mut self, cx: &mut Context<'_>) {
        let waits = |participant: &Participant| participant.connection.offer_due && participant.connection.outstanding.is_none();
        let waiting = self.participants.iter().filter(|(_, participant)| waits(participant));
        let mut waiting: Vec<(bool, usize)> =
            waiting.map(|(slot, participant)| (!matches!(participant.connection.reach, Reach::Unanswered(_)), slot)).collect();
        waiting.sort_unstable();
        self.offers_wait = waiting.len() > AT_ONCE;
        waiting.into_iter().take(AT_ONCE).for_each(|(_, slot)| self.offer(cx, slot));
    }

    fn offer(&mut self, cx: &mut Context<'_>, slot: usize) {
        let Some(participant) = self.participants.get_mut(slot) else { return };
        let connection = &mut participant.connection;
        connection.offer_due = false;
        let fingerprint = self.identity.fingerprint();
        let offer = Offer { credentials: &connection.credentials, fingerprint: &fingerprint, candidates: &cx.shared.candidates };
        let sdp = offer.write(&mut connection.skeleton);
        let skeleton = match serde_json::to_string(&connection.skeleton) {
            Ok(skeleton) => skeleton,
            Err(error) => return tracing::error!(room = %self.id, %error, "a skeleton could not be written"),
        };
        cx.shared.offers += 1;
        let number = cx.shared.offers;
        connection.outstanding = Some((number, connection.skeleton.clone()));
        let publish = publish_lines(participant);
        cx.shared.tell(self.id, participant.to, Tell::Offer { offer: number, sdp, publish, skeleton });
    }

    /// A participant answers.
    pub(super) fn answer(&mut self, cx: &mut Context<'_>, slot: usize, number: u64, sdp: &str) {
        let Some(participant) = self.participants.get_mut(slot) else { return };
        let (to, connection) = (participant.to, &mut participant.connection);
        let Some((_, offered)) = connection.outstanding.as_ref().filter(|(outstanding, _)| *outstanding == number) else { return };
        let parsed = Answer::parse(sdp, offered).map_err(|error| error.to_string());
        let answered = parsed.and_then(|answer| {
            let done = cx.peers.answer(cx.now, connection.peer, &answer.credentials, answer.fingerprint);
            done.map(|()| answer).map_err(|error| error.to_string())
        });
        let answer = match answered {
            Ok(answer) => answer,
            // The offer still stands, and what there was before it goes on.
            Err(why) => return cx.shared.tell(self.id, to, Tell::Refused { why: Refusal::Answer(why) }),
        };
        let Some((_, offered)) = connection.outstanding.take() else { return };
        if matches!(connection.reach, Reach::Unanswered(_)) {
            connection.reach = Reach::Connecting;
        }
        connection.skeleton.settle(&offered, &answer);
        self.take_published(cx, slot, &offered, &answer);
        self.take_accepted(cx, slot, &offered, &answer.lines);
    }
}

/// Where a participant publishes what it wants to.
fn publish_lines(participant: &Participant) -> Vec<(String, Source)> {
    let lines = participant.connection.skeleton.lines().iter();
    let published = lines.filter_map(|line| match line.carries {
        Carries::Publish(published) => Some((line.mid.to_string(), published.source)),
        _ => None,
    });
    published.filter(|(_, source)| participant.publish.contains(source)).collect()
}
