//! What may happen to a room: pure functions from a room and a time to the room as it is then. The stores carry them out by
//! compare-and-swap, so whichever node comes first decides, and every node decides alike.
//!
//! * There is a host, who is one of the members, or nobody who is connected may be host.
//! * Who becomes host begins a term; terms only grow.
//! * Whose connection ends keeps its place for the grace, if it speaks in messages; a client that came with a code in its address goes at once.

use std::time::Duration;

use crate::ids::{LobbyClientId, Micros, SessionRef};
use crate::store::record::lobby::{LobbyMember, LobbyRecord, LobbyWishes};

/// So many who were told to leave are remembered.
const KICKED: usize = 32;

/// How long what lasts.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// `LOBBY_GRACE_SECONDS`: a member whose connection ended keeps its place; in a room that wishes so, [less long](grace).
    pub grace: Duration,
    /// `LOBBY_ROOM_TIMEOUT_SECONDS`: a room without a host waits for one.
    pub timeout: Duration,
    /// `LOBBY_SNAPSHOT_SECONDS`: the snapshot of a room that nobody is in is kept.
    pub snapshot: Duration,
}

/// How somebody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coming {
    /// By an address with a code.
    ByQuery {
        /// To be host.
        host: bool,
    },
    /// By a message with a code.
    Joining {
        /// What it says about being host.
        can_host: Option<bool>,
    },
    /// By a token.
    Returning {
        /// What it said before.
        can_host: Option<bool>,
    },
}

impl Coming {
    /// What it says, or said, about being host.
    #[must_use]
    pub fn can_host(self) -> Option<bool> {
        match self {
            Self::ByQuery { .. } => Some(false),
            Self::Joining { can_host } | Self::Returning { can_host } => can_host,
        }
    }

    /// It speaks in messages.
    #[must_use]
    pub fn speaks(self) -> bool {
        !matches!(self, Self::ByQuery { .. })
    }
}

/// How somebody came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Came {
    /// As host.
    pub is_host: bool,
    /// To the place that it had.
    pub reconnected: bool,
    /// There is another host than when it went; perhaps itself.
    pub missed_term: bool,
    /// The connection that it had, if it was not known to have ended.
    pub displaced: Option<SessionRef>,
}

/// Why somebody does not get what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such room.
    #[error("there is no room with this code")]
    NoRoom,
    /// The room has no host, or its connection has ended.
    #[error("the room's host is not connected")]
    NoHost,
    /// The room has a host.
    #[error("the room has a host already")]
    HostExists,
    /// As many guests as it takes are in it.
    #[error("the room is full")]
    Full,
    /// Only the host may.
    #[error("only the room's host may do this")]
    NotHost,
    /// Nobody here is called so.
    #[error("there is no such client in the room")]
    NoSuchClient,
    /// The client is not in the room.
    #[error("you are in no room")]
    Outside,
    /// Guests send this to their host; a host has none.
    #[error("a host does not send this")]
    OutOfTurn,
    /// A newer snapshot is kept, or the same.
    #[error("a snapshot of this version or a newer one is kept already")]
    Stale,
}

/// A fresh room that waits for its host.
#[must_use]
pub fn fresh(now: Micros, account: String, wishes: LobbyWishes) -> LobbyRecord {
    LobbyRecord { born: now, wishes, account, hostless: Some(now), empty: Some(now), ..LobbyRecord::default() }
}

/// Somebody's member record.
#[must_use]
pub fn member(room: &LobbyRecord, id: LobbyClientId) -> Option<&LobbyMember> {
    room.members.iter().find(|member| member.id == id)
}

/// Whether this is the host, and this its connection.
pub fn check_host(room: &LobbyRecord, id: LobbyClientId, at: SessionRef) -> Result<(), Refused> {
    if room.host == Some(id) { check_member(room, id, at) } else { Err(Refused::NotHost) }
}

/// Whether somebody is in the room, with this connection.
pub fn check_member(room: &LobbyRecord, id: LobbyClientId, at: SessionRef) -> Result<(), Refused> {
    if member(room, id).is_some_and(|member| member.at == Some(at)) { Ok(()) } else { Err(Refused::Outside) }
}

/// Somebody comes. `most`: guests that any room takes.
pub fn enter(room: &mut LobbyRecord, now: Micros, id: LobbyClientId, at: SessionRef, coming: Coming, most: u32) -> Result<Came, Refused> {
    if let Some(came) = come_back(room, id, at, coming)? {
        settle(room, now);
        // There was no host, and whoever came back is it now.
        let missed_term = came.missed_term || (room.host == Some(id) && !came.is_host);
        return Ok(Came { missed_term, ..came });
    }
    let host_is_here = room.host.and_then(|host| member(room, host)).is_some_and(|host| host.at.is_some());
    let (can_host, speaks) = (coming.can_host(), coming.speaks());
    let takes_over = room.host.is_none()
        && match coming {
            Coming::ByQuery { host } => host,
            Coming::Joining { can_host } => can_host == Some(true),
            Coming::Returning { can_host } => can_host != Some(false),
        };
    match coming {
        Coming::ByQuery { host: true } if !takes_over => return Err(Refused::HostExists),
        _ if takes_over => {}
        // Whoever was here before is let in while the room waits for its host, too.
        Coming::Returning { .. } if room.host.is_some() => {}
        _ if !host_is_here => return Err(Refused::NoHost),
        _ => {}
    }
    let guests = room.members.iter().filter(|member| room.host != Some(member.id)).count();
    if !takes_over && guests >= room.wishes.max_guests.unwrap_or(most).min(most) as usize {
        return Err(Refused::Full);
    }
    room.joins += 1;
    room.kicked.retain(|kicked| *kicked != id);
    room.members.push(LobbyMember { id, joined: room.joins, can_host, speaks, at: Some(at), dropped: None, drops: 0, term: room.term });
    if takes_over {
        become_host(room, id);
    }
    settle(room, now);
    Ok(Came { is_host: room.host == Some(id), reconnected: false, missed_term: false, displaced: None })
}

/// A connection ended, or its node did. `false`: it was nobody's here any more.
pub fn drop(room: &mut LobbyRecord, now: Micros, id: LobbyClientId, at: SessionRef) -> bool {
    let term = room.term;
    let Some(index) = room.members.iter().position(|member| member.id == id && member.at == Some(at)) else { return false };
    let member = &mut room.members[index];
    if member.speaks {
        (member.at, member.dropped, member.term) = (None, Some(now), term);
        member.drops = member.drops.saturating_add(1);
    } else {
        remove(room, id);
    }
    settle(room, now);
    true
}

/// Lets the time that has passed have its effects. `is_gone`: sessions that ended without a word, with their node. Answers whether the room
/// is over.
pub fn pass(room: &mut LobbyRecord, now: Micros, times: &Times, is_gone: impl Fn(SessionRef) -> bool) -> bool {
    let gone: Vec<_> = room.members.iter().filter_map(|member| Some((member.id, member.at.filter(|at| is_gone(*at))?))).collect();
    for (id, at) in gone {
        drop(room, now, id, at);
    }
    let grace = grace(room, times);
    let late: Vec<_> =
        room.members.iter().filter(|member| ends(member, grace).is_some_and(|ends| ends <= now)).map(|member| member.id).collect();
    for id in late {
        remove(room, id);
    }
    settle(room, now);
    if waits_until(room, times).is_none_or(|ends| ends > now) {
        return false;
    }
    room.members.clear();
    settle(room, now);
    kept_until(room, times).is_none_or(|ends| ends <= now)
}

/// How long a member whose connection ended keeps its place here: as the room wishes, and not longer than in any other.
#[must_use]
pub fn grace(room: &LobbyRecord, times: &Times) -> Duration {
    room.wishes.grace_seconds.map_or(times.grace, |wish| Duration::from_secs(wish).min(times.grace))
}

/// When [`pass`] next has something to do.
#[must_use]
pub fn due(room: &LobbyRecord, times: &Times) -> Option<Micros> {
    let grace = grace(room, times);
    let places = room.members.iter().filter_map(|member| ends(member, grace));
    let waits =
        waits_until(room, times).map(|ends| if room.members.is_empty() { ends.max(kept_until(room, times).unwrap_or(ends)) } else { ends });
    places.chain(waits).min()
}

/// The host tells a guest to leave; answers where that one's connection is.
pub fn kick(
    room: &mut LobbyRecord,
    now: Micros,
    host: LobbyClientId,
    at: SessionRef,
    guest: LobbyClientId,
) -> Result<Option<SessionRef>, Refused> {
    check_host(room, host, at)?;
    let was = member(room, guest).filter(|_| guest != host).map(|member| member.at).ok_or(Refused::NoSuchClient)?;
    remove(room, guest);
    room.kicked.push(guest);
    if room.kicked.len() > KICKED {
        room.kicked.remove(0);
    }
    settle(room, now);
    Ok(was)
}

/// The host keeps the state of the game.
pub fn save(room: &mut LobbyRecord, host: LobbyClientId, at: SessionRef, version: i64) -> Result<(), Refused> {
    check_host(room, host, at)?;
    if room.snapshot.is_some_and(|kept| version <= kept) {
        return Err(Refused::Stale);
    }
    room.snapshot = Some(version);
    Ok(())
}

/// Back to the place that it has, if it has one.
fn come_back(room: &mut LobbyRecord, id: LobbyClientId, at: SessionRef, coming: Coming) -> Result<Option<Came>, Refused> {
    let (host, term) = (room.host, room.term);
    let Some(index) = room.members.iter().position(|member| member.id == id) else { return Ok(None) };
    let is_host = host == Some(id);
    if matches!(coming, Coming::ByQuery { host: true }) && !is_host {
        if host.is_some() {
            return Err(Refused::HostExists);
        }
        // As a guest it goes; as host it comes anew.
        remove(room, id);
        return Ok(None);
    }
    let member = &mut room.members[index];
    let displaced = member.at.replace(at).filter(|before| *before != at);
    let missed_term = member.dropped.take().is_some() && member.term != term && !is_host;
    if let Coming::Joining { can_host } = coming {
        member.can_host = can_host.or(member.can_host);
    }
    member.speaks = coming.speaks();
    member.term = term;
    Ok(Some(Came { is_host, reconnected: true, missed_term, displaced }))
}

fn remove(room: &mut LobbyRecord, id: LobbyClientId) {
    room.members.retain(|member| member.id != id);
    room.host = room.host.filter(|host| *host != id);
}

fn become_host(room: &mut LobbyRecord, id: LobbyClientId) {
    room.host = Some(id);
    room.term += 1;
}

/// Whoever has been there longest and may be host becomes it, if there is none.
fn settle(room: &mut LobbyRecord, now: Micros) {
    room.host = room.host.filter(|host| room.members.iter().any(|member| member.id == *host));
    if room.host.is_none() {
        let eligible = room.members.iter().filter(|member| member.speaks && member.at.is_some() && member.can_host != Some(false));
        if let Some(next) = eligible.min_by_key(|member| member.joined).map(|member| member.id) {
            become_host(room, next);
        }
    }
    let since = |known: Option<Micros>, holds: bool| holds.then(|| known.unwrap_or(now));
    room.hostless = since(room.hostless, room.host.is_none());
    room.empty = since(room.empty, room.members.is_empty());
}

/// When somebody whose connection ended loses its place.
fn ends(member: &LobbyMember, grace: Duration) -> Option<Micros> {
    member.dropped.map(|dropped| dropped.plus(grace))
}

/// Until when the room waits for a host.
fn waits_until(room: &LobbyRecord, times: &Times) -> Option<Micros> {
    room.hostless.map(|since| since.plus(times.timeout))
}

/// Until when the snapshot of an empty room is kept.
fn kept_until(room: &LobbyRecord, times: &Times) -> Option<Micros> {
    room.snapshot.and(room.empty).map(|since| since.plus(times.snapshot))
}

#[cfg(test)]
mod tests;
