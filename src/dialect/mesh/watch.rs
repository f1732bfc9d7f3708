//! What a client that asked for events has been told of who comes and goes: each peer once.
//!
//! The store publishes everybody's coming in the order in which it adds them, so whatever is heard before one's own coming is
//! covered by the list that one gets.

use std::collections::HashSet;

use crate::ids::SessionId;
use crate::store::record::meshes::MeshNews;

/// Whom the client believes to be there.
pub struct Watch {
    me: SessionId,
    /// The own coming was heard.
    begun: bool,
    there: HashSet<SessionId>,
    /// What was heard since news may have been missed, until the store was asked.
    meanwhile: Option<Meanwhile>,
    /// How often that happened.
    looks: u64,
}

#[derive(Default)]
struct Meanwhile {
    come: HashSet<SessionId>,
    gone: HashSet<SessionId>,
}

impl Watch {
    /// Of somebody who has not come yet.
    #[must_use]
    pub fn new(me: SessionId) -> Self {
        Self { me, begun: false, there: HashSet::new(), meanwhile: None, looks: 0 }
    }

    /// Whether news are about what happened after the own coming.
    pub fn is_later(&mut self, news: &MeshNews) -> bool {
        let is_own = matches!(news, MeshNews::PeerConnected { peer } if *peer == self.me);
        self.begun |= is_own;
        self.begun && !is_own
    }

    /// The client was told that these are there.
    pub fn told(&mut self, there: impl Iterator<Item = SessionId>) {
        self.there.extend(there);
    }

    /// Whether the client is to be told.
    pub fn heard(&mut self, news: &MeshNews) -> bool {
        match news {
            MeshNews::PeerConnected { peer } => {
                if let Some(meanwhile) = &mut self.meanwhile {
                    meanwhile.come.insert(*peer);
                }
                self.there.insert(*peer)
            }
            MeshNews::PeerDisconnected { peer } => {
                if let Some(meanwhile) = &mut self.meanwhile {
                    meanwhile.gone.insert(*peer);
                }
                self.there.remove(peer)
            }
        }
    }

    /// News may have been missed: the store is to be asked who is there. Answers the number of this look.
    pub fn look(&mut self) -> u64 {
        self.begun = true;
        self.meanwhile = Some(Meanwhile::default());
        self.looks += 1;
        self.looks
    }

    /// These are there, by the store. Answers what the client is to be told; nothing, if there was another look since.
    pub fn found(&mut self, look: u64, peers: &[SessionId]) -> Vec<MeshNews> {
        if look != self.looks {
            return Vec::new();
        }
        // What was heard meanwhile may be newer than what was found, and nobody comes twice.
        let Some(Meanwhile { come, gone }) = self.meanwhile.take() else { return Vec::new() };
        let found: HashSet<SessionId> = peers.iter().copied().filter(|peer| *peer != self.me).collect();
        let mut come_unheard: Vec<SessionId> =
            found.iter().filter(|peer| !self.there.contains(peer) && !gone.contains(peer)).copied().collect();
        let mut gone_unheard: Vec<SessionId> =
            self.there.iter().filter(|peer| !found.contains(peer) && !come.contains(peer)).copied().collect();
        come_unheard.sort_unstable();
        gone_unheard.sort_unstable();
        self.there.extend(&come_unheard);
        self.there.retain(|peer| !gone_unheard.contains(peer));
        let gone_unheard = gone_unheard.into_iter().map(|peer| MeshNews::PeerDisconnected { peer });
        gone_unheard.chain(come_unheard.into_iter().map(|peer| MeshNews::PeerConnected { peer })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn come(peer: SessionId) -> MeshNews {
        MeshNews::PeerConnected { peer }
    }

    fn gone(peer: SessionId) -> MeshNews {
        MeshNews::PeerDisconnected { peer }
    }

    #[test]
    fn what_happened_before_the_own_coming_is_in_the_list() {
        let [me, before, after] = [(); 3].map(|()| SessionId::random());
        let mut watch = Watch::new(me);
        assert!(!watch.is_later(&come(before)));
        assert!(!watch.is_later(&come(me)), "oneself is no news");
        assert!(watch.is_later(&come(after)));
        watch.told([before].into_iter());
        assert!(watch.heard(&come(after)));
        assert!(!watch.heard(&come(after)), "nobody is told twice");
        assert!(watch.heard(&gone(before)));
        assert!(!watch.heard(&gone(before)));
        assert!(!watch.heard(&gone(SessionId::random())), "nobody was told that they were there");
    }

    #[test]
    fn what_was_missed_is_found_and_what_was_heard_meanwhile_is_newer() {
        let [me, stays, left, came, left_meanwhile, came_meanwhile] = [(); 6].map(|()| SessionId::random());
        let mut watch = Watch::new(me);
        watch.told([stays, left].into_iter());
        let stale = watch.look();
        let look = watch.look();
        assert!(watch.heard(&come(came_meanwhile)));
        assert!(!watch.heard(&gone(left_meanwhile)));
        assert_eq!(watch.found(stale, &[]), []);
        assert_eq!(watch.found(look, &[me, stays, came, left_meanwhile]), [gone(left), come(came)]);
        assert!(watch.heard(&gone(stays)) && watch.heard(&gone(came)) && watch.heard(&gone(came_meanwhile)));
        assert_eq!(watch.found(look, &[stays]), [], "it was taken already");
    }
}
