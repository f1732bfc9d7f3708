//! Coming into a room, with a connection or another one than before.

use std::sync::Arc;

use super::conference::Conference;
use super::context::Context;
use super::participant::{Connection, Leg, Participant};
use crate::ids::SessionRef;
use crate::media::peer::Identity;
use crate::media::rtp::quality::ConnectionQuality;
use crate::media::sdp::{Credentials, Skeleton};
use crate::media::shard::{PeerError, PeerId};
use crate::store::record::calls::{Ending, Join, Refusal, Source, Tell};

/// How often other credentials are drawn if somebody has the same.
const MAX_DRAWS: u32 = 8;
/// The most bytes of a skeleton that is read: more than [`crate::media::sdp::MAX_LINES`] lines have.
const MAX_SKELETON: usize = 256 * 1024;

impl Conference {
    /// Somebody comes, or begins anew.
    pub(super) fn join(&mut self, cx: &mut Context<'_>, from: SessionRef, join: Join) {
        let present = self.slot_of(from.session);
        let skeleton = match &join.skeleton {
            None => Some(Skeleton::new(&mut cx.shared.random)),
            Some(text) if text.len() <= MAX_SKELETON => serde_json::from_str::<Skeleton>(text).ok(),
            Some(_) => None,
        };
        let room_for_one = present.is_some() || self.participants.len() < cx.shared.settings.max_participants;
        let (Some(mut skeleton), true) = (skeleton, room_for_one) else {
            let why = if room_for_one { Ending::Skeleton } else { Ending::Full };
            return match present {
                Some(slot) => self.leave(cx, slot, Some(why)),
                None => cx.shared.tell(self.id, from, Tell::Ended { why }),
            };
        };
        skeleton.renew_ssrcs(&mut cx.shared.random);
        let drawn = match present.filter(|_| join.skeleton.is_some()) {
            // The connection that the skeleton is of is the one that it has here. DTLS goes on; only the path may have to be found anew.
            Some(slot) => self.restart_ice(cx, slot),
            None => self.connect(cx, from, &join, present, skeleton),
        };
        let Ok(slot) = drawn else {
            return match present {
                Some(slot) => self.leave(cx, slot, Some(Ending::Connection)),
                None => cx.shared.tell(self.id, from, Tell::Ended { why: Ending::Connection }),
            };
        };
        self.adopt_wishes(cx, slot, from, join);
    }

    /// Gives a participant a connection, in the place of the one that it has.
    fn connect(
        &mut self,
        cx: &mut Context<'_>,
        from: SessionRef,
        join: &Join,
        present: Option<usize>,
        skeleton: Skeleton,
    ) -> Result<usize, PeerError> {
        let (peer, credentials) = add_peer(cx, &self.identity)?;
        let max_bitrate = cx.shared.settings.max_bitrate;
        let mut connection = Connection::new(cx.now, peer, credentials, skeleton, max_bitrate);
        connection.take_over_lines(cx.now);
        let slot = match present {
            Some(slot) => {
                self.unsubscribe_all(slot);
                if let Some(participant) = self.participants.get_mut(slot) {
                    let before = std::mem::replace(&mut participant.connection, connection);
                    participant.roster = None;
                    cx.shared.by_peer.remove(&before.peer);
                    cx.peers.remove(cx.now, before.peer);
                }
                slot
            }
            None => {
                self.tell_newcomer(cx, from);
                let order = self.number();
                self.participants.insert(Participant {
                    to: from,
                    who: join.who.clone(),
                    order,
                    publish: Vec::new(),
                    simulcast: join.simulcast,
                    muted: Vec::new(),
                    hand: false,
                    wishes: Vec::new(),
                    renamed: Vec::new(),
                    roster: None,
                    quality: ConnectionQuality::default(),
                    connection,
                })
            }
        };
        self.legs.put(slot, Leg::new(cx.now, peer, max_bitrate));
        cx.shared.by_peer.insert(peer, (self.id, slot));
        Ok(slot)
    }

    fn restart_ice(&mut self, cx: &mut Context<'_>, slot: usize) -> Result<usize, PeerError> {
        let participant = self.participants.get_mut(slot).ok_or(PeerError::Unknown)?;
        let credentials = Credentials::random(&mut cx.shared.random);
        cx.peers.restart_ice(participant.connection.peer, credentials.clone())?;
        let connection = &mut participant.connection;
        (connection.credentials, connection.outstanding, connection.offer_due) = (credentials, None, true);
        participant.roster = None;
        Ok(slot)
    }

    /// What the participant says of itself when it joins.
    fn adopt_wishes(&mut self, cx: &mut Context<'_>, slot: usize, from: SessionRef, join: Join) {
        let Some(participant) = self.participants.get_mut(slot) else { return };
        (participant.to, participant.who, participant.hand) = (from, join.who, join.hand);
        (participant.simulcast, participant.muted) = (join.simulcast, distinct(join.muted));
        participant.publish.clear();
        let mut too_many = false;
        for source in join.publish {
            if participant.publish.contains(&source) {
                continue;
            }
            if participant.publish.len() < cx.shared.settings.max_tracks {
                participant.publish.push(source);
            } else {
                too_many = true;
            }
        }
        let publish = participant.publish.clone();
        self.end_publications(slot, |publication| !publish.contains(&publication.source));
        if too_many {
            cx.shared.tell(self.id, from, Tell::Refused { why: Refusal::TooManyTracks });
        }
        self.changed = true;
    }
}

fn add_peer(cx: &mut Context<'_>, identity: &Arc<Identity>) -> Result<(PeerId, Credentials), PeerError> {
    let mut result = Err(PeerError::UfragInUse);
    for _ in 0..MAX_DRAWS {
        let credentials = Credentials::random(&mut cx.shared.random);
        result = cx.peers.add(cx.now, identity.clone(), credentials.clone()).map(|peer| (peer, credentials));
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Each once.
pub(super) fn distinct(mut sources: Vec<Source>) -> Vec<Source> {
    sources.sort_unstable();
    sources.dedup();
    sources
}
