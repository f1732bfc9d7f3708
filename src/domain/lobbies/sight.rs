//! What a member has been told of its room, and what is to be told now: the difference between two states of the room. So it does not
//! matter which node changed the room, nor whether a letter about it was lost: whoever looks again knows all.

use std::collections::BTreeMap;

use crate::ids::{LobbyClientId, SessionRef};
use crate::store::record::lobby::LobbyRecord;

use super::rules::member;

/// The state of a room that a member knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    revision: u64,
    term: u64,
    host: Option<LobbyClientId>,
    others: BTreeMap<LobbyClientId, Other>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Other {
    joined: u64,
    drops: u32,
    connected: bool,
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The host's connection ended.
    HostDisconnected,
    /// The host is back.
    HostReconnected,
    /// A guest's connection ended.
    GuestDisconnected(LobbyClientId),
    /// A guest is back.
    GuestReconnected(LobbyClientId),
    /// A guest is gone.
    GuestLeft(LobbyClientId),
    /// There is another host.
    Migrated(Migrated),
}

/// Who is host from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The one who is told is it.
    pub is_host: bool,
    /// Who.
    pub host: LobbyClientId,
    /// The number of its term.
    pub term: u64,
    /// All other members; for the new host alone.
    pub guests: Vec<LobbyClientId>,
}

/// What a look at the room shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// This has happened; perhaps nothing.
    Here(Vec<Told>),
    /// The place is kept, but its connection is thought to have ended.
    Dropped,
    /// The client has another connection.
    Displaced,
    /// The host wanted it to leave.
    Kicked,
    /// The client has no place any more.
    Lost,
}

impl Sight {
    /// What somebody knows who has just come.
    #[must_use]
    pub fn of(revision: u64, room: &LobbyRecord, me: LobbyClientId) -> Self {
        let others = room.members.iter().filter(|member| member.id != me);
        let others = others.map(|member| (member.id, Other { joined: member.joined, drops: member.drops, connected: member.at.is_some() }));
        Self { revision, term: room.term, host: room.host, others: others.collect() }
    }

    /// Who is host, as far as this member knows.
    #[must_use]
    pub fn host(&self) -> Option<LobbyClientId> {
        self.host
    }

    /// In which term.
    #[must_use]
    pub fn term(&self) -> u64 {
        self.term
    }

    /// Looks at the room as it is now. An earlier revision than the one that is known is news, too: the store has lost what came after it.
    pub fn look(&mut self, revision: u64, room: &LobbyRecord, me: LobbyClientId, at: SessionRef) -> Look {
        if revision == self.revision {
            return Look::Here(Vec::new());
        }
        let Some(mine) = member(room, me) else {
            return if room.kicked.contains(&me) { Look::Kicked } else { Look::Lost };
        };
        match mine.at {
            Some(now) if now == at => {}
            Some(_) => return Look::Displaced,
            None => return Look::Dropped,
        }
        let now = Self::of(revision, room, me);
        let told = self.difference(&now, me);
        *self = now;
        Look::Here(told)
    }

    fn difference(&self, now: &Self, me: LobbyClientId) -> Vec<Told> {
        let mut told = Vec::new();
        let host_before = self.host;
        for (id, before) in &self.others {
            let after = now.others.get(id).filter(|after| after.joined == before.joined);
            let is_host = host_before == Some(*id);
            match after {
                None if is_host => {}
                None => told.push(Told::GuestLeft(*id)),
                Some(after) => told.extend(before.changes(after, *id, is_host)),
            }
        }
        // Whoever came and dropped between two looks.
        let is_new = |id: &LobbyClientId, after: &Other| self.others.get(id).is_none_or(|before| before.joined != after.joined);
        let dropped = now.others.iter().filter(|(id, after)| !after.connected && now.host != Some(**id) && is_new(id, after));
        told.extend(dropped.map(|(id, _)| Told::GuestDisconnected(*id)));
        if (now.term, now.host) != (self.term, self.host)
            && let Some(host) = now.host
        {
            told.push(Told::Migrated(now.migrated(host, me)));
        }
        told
    }

    /// That there is this host.
    #[must_use]
    pub fn migrated(&self, host: LobbyClientId, me: LobbyClientId) -> Migrated {
        let is_host = host == me;
        Migrated { is_host, host, term: self.term, guests: if is_host { self.others.keys().copied().collect() } else { Vec::new() } }
    }
}

impl Other {
    fn changes(self, after: &Self, id: LobbyClientId, is_host: bool) -> impl Iterator<Item = Told> {
        let gone = if is_host { Told::HostDisconnected } else { Told::GuestDisconnected(id) };
        let back = if is_host { Told::HostReconnected } else { Told::GuestReconnected(id) };
        let dropped = after.drops != self.drops;
        let returned = after.connected && (dropped || !self.connected);
        [dropped.then_some(gone), returned.then_some(back)].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::super::rules::{self, Coming, Times};
    use super::*;
    use crate::ids::{Micros, NodeId, SessionId};
    use crate::store::record::lobby::LobbyWishes;

    const TIMES: Times = Times { grace: Duration::from_secs(30), timeout: Duration::from_secs(60), snapshot: Duration::from_secs(3_600) };

    fn somewhere() -> SessionRef {
        SessionRef { node: NodeId::random(), session: SessionId::random() }
    }

    /// A host and two guests, and what the second guest knows.
    fn three() -> (LobbyRecord, [(LobbyClientId, SessionRef); 3], Sight) {
        let mut room = rules::fresh(Micros(1), String::new(), LobbyWishes::default());
        let people = [(); 3].map(|()| (LobbyClientId::random(), somewhere()));
        for (index, (id, at)) in people.iter().enumerate() {
            let can_host = (index == 0).then_some(true);
            rules::enter(&mut room, Micros(1), *id, *at, Coming::Joining { can_host }, 10).unwrap();
        }
        let sight = Sight::of(1, &room, people[2].0);
        (room, people, sight)
    }

    #[test]
    fn a_short_absence_is_told_even_where_it_was_not_seen() {
        let (mut room, [(host, host_at), (guest, guest_at), (me, at)], mut sight) = three();
        rules::drop(&mut room, Micros(2), host, host_at);
        assert_eq!(sight.look(2, &room, me, at), Look::Here(vec![Told::HostDisconnected]));
        assert_eq!(sight.look(2, &room, me, at), Look::Here(vec![]), "once");
        rules::enter(&mut room, Micros(3), host, somewhere(), Coming::Returning { can_host: None }, 10).unwrap();
        assert_eq!(sight.look(3, &room, me, at), Look::Here(vec![Told::HostReconnected]));
        rules::drop(&mut room, Micros(4), guest, guest_at);
        rules::enter(&mut room, Micros(5), guest, somewhere(), Coming::Returning { can_host: None }, 10).unwrap();
        let both = vec![Told::GuestDisconnected(guest), Told::GuestReconnected(guest)];
        assert_eq!(sight.look(5, &room, me, at), Look::Here(both));
    }

    #[test]
    fn who_stays_away_is_gone_and_the_next_one_is_host() {
        let (mut room, [(host, host_at), (guest, guest_at), (me, at)], mut sight) = three();
        rules::drop(&mut room, Micros(2), guest, guest_at);
        rules::drop(&mut room, Micros(3), host, host_at);
        assert!(!rules::pass(&mut room, Micros(3).plus(TIMES.grace), &TIMES, |_| false));
        let migrated = Migrated { is_host: true, host: me, term: 2, guests: vec![] };
        let seen = sight.look(9, &room, me, at);
        assert_eq!(seen, Look::Here(vec![Told::GuestLeft(guest), Told::Migrated(migrated)]));
        rules::kick(&mut room, Micros(9), me, at, host).unwrap_err();
    }

    #[test]
    fn whoever_has_no_place_hears_why() {
        let (mut room, [(host, host_at), _, (me, at)], sight) = three();
        let look = |room: &LobbyRecord, at| sight.clone().look(2, room, me, at);
        assert_eq!(look(&room, somewhere()), Look::Displaced);
        let mut dropped = room.clone();
        rules::drop(&mut dropped, Micros(2), me, at);
        assert_eq!(look(&dropped, at), Look::Dropped);
        rules::kick(&mut room, Micros(2), host, host_at, me).unwrap();
        assert_eq!(look(&room, at), Look::Kicked);
        assert_eq!(look(&LobbyRecord::default(), at), Look::Lost);
    }
}
