//! A channel with sessions on this node: the one cursor that orders everything they get.
//!
//! *Invariants.* The cursor is the last place handed out. An entry is handed out only if its `previous` is the cursor: an earlier
//! one is a duplicate and dropped, a later one means that something was missed, and the log is read first. A member is either
//! live, then it has everything up to the cursor; or behind, then it is refilled from the log, from its own place. All members are
//! in the channel's present epoch: whoever was in another one has been told to load the channel anew.
//!
//! What was read of the log may be old by the time it is handed in. It is used only if it is of the present epoch.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::listener::{Listener, LogEvent};
use crate::cluster::listener::Sent;
use crate::ids::{ChannelId, Epoch, MessageId, NodeId, Position, SessionId, SessionRef, UserId};
use crate::store::channels::{Entry, Head, Known, Member as StoredMember};
use crate::store::record::{self, Decoded, LogRecord};

/// Why a session is in the channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// It joined: its one channel.
    pub joined: bool,
    /// It watches.
    pub watching: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Has everything up to the cursor, and whatever else came before `after`.
    Live { after: Position },
    /// Has everything up to here. Somebody refills it, unless it is held.
    Behind { at: Position, held: bool },
}

struct Member {
    listener: Arc<dyn Listener>,
    /// Who was signed in when it entered. A session leaves its channels before somebody else signs in on it.
    user: Option<UserId>,
    roles: Roles,
    /// The other end of a direct channel, as the session's user sees it.
    peer: Option<UserId>,
    place: Place,
    /// It was told to load the channel anew and has not done so yet. What comes meanwhile it gets, and again after loading.
    told: bool,
    /// Its own messages, not to be handed to it before they are safe: that would acknowledge them.
    holds: Vec<MessageId>,
}

/// The state behind the channel's lock.
#[derive(Default)]
pub struct Live {
    channel: Option<ChannelId>,
    epoch: Epoch,
    /// `None` right after a new epoch: the first entry or member that comes sets it.
    cursor: Option<Position>,
    /// The message at the cursor, where it is known.
    newest: Option<MessageId>,
    /// Entries beyond the cursor were seen, and the log is being read.
    catching_up: bool,
    /// The last entry that came meanwhile and has to be read from the log as well.
    seen: Position,
    members: HashMap<SessionId, Member>,
}

/// From where the log was read, in which epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The channel's epoch when the reading began.
    pub epoch: Epoch,
    /// The entries behind this place were asked for.
    pub behind: Position,
}

/// How reading the log goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Everything that is known of has been read.
    Done,
    /// There is more.
    More,
    /// What was read is of no use, or not enough: to be read again in a moment.
    Again,
}

/// What the channel wants done after a call, outside its lock.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// The log is to be read from the cursor on.
    pub catch_up: bool,
    /// These sessions are to be refilled.
    pub refill: Vec<SessionId>,
    /// Frames handed to sockets.
    pub deliveries: u64,
}

impl Live {
    /// A channel whose log ends at `head`.
    #[must_use]
    pub fn new(channel: ChannelId, head: Head) -> Self {
        Self { channel: Some(channel), epoch: head.epoch, cursor: Some(head.position), ..Self::default() }
    }

    /// What this node knows of the log.
    #[must_use]
    pub fn known(&self) -> Known {
        let position = self.cursor.unwrap_or_default();
        // What was only seen so far was there as well.
        let message = if self.seen > position { None } else { self.newest };
        Known { epoch: self.epoch, position: position.max(self.seen), message }
    }

    /// From where the log is to be read to catch up.
    #[must_use]
    pub fn start(&self) -> Start {
        Start { epoch: self.epoch, behind: self.cursor.unwrap_or_default() }
    }

    /// Nobody is here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The roles of a session.
    #[must_use]
    pub fn roles(&self, session: SessionId) -> Roles {
        self.members.get(&session).map(|member| member.roles).unwrap_or_default()
    }

    /// Every member's listener, and the other end of a direct channel as it sees it.
    pub fn listeners(&self) -> impl Iterator<Item = (&Arc<dyn Listener>, Option<UserId>)> {
        self.members.values().map(|member| (&member.listener, member.peer))
    }

    /// One member's listener.
    #[must_use]
    pub fn listener(&self, session: SessionId) -> Option<Arc<dyn Listener>> {
        self.members.get(&session).map(|member| member.listener.clone())
    }

    /// The memberships of those who joined, as the store has them.
    pub fn joined(&self, node: NodeId) -> impl Iterator<Item = StoredMember> {
        self.members.iter().filter(|(_, member)| member.roles.joined).filter_map(move |(session, member)| {
            Some(StoredMember {
                at: SessionRef { node, session: *session },
                user: member.listener.user()?,
                username: member.listener.name()?,
                peer: member.peer,
                number: member.listener.number(),
            })
        })
    }

    /// Whether a session will still be handed what stands at `at`.
    #[must_use]
    pub fn brings(&self, session: SessionId, at: Position) -> bool {
        match self.members.get(&session).map(|member| member.place) {
            Some(Place::Live { after }) => after < at && self.cursor.is_none_or(|cursor| cursor < at),
            Some(Place::Behind { at: from, .. }) => from < at,
            None => false,
        }
    }

    /// Adds a role to a session that has read the channel up to `head`. Answers what the channel wants.
    pub fn enter(&mut self, listener: Arc<dyn Listener>, peer: Option<UserId>, roles: Roles, head: Head) -> Wants {
        let session = listener.session();
        let mut wants = Wants::default();
        let anew = self.learn_but_for(head, Some(session));
        let current = head.epoch == self.epoch;
        let cursor = if current { *self.cursor.get_or_insert(head.position) } else { Position::default() };
        let fresh = match current {
            // What was handed out between the client's reading and now, it has to be given.
            true if cursor > head.position => Place::Behind { at: head.position, held: false },
            true => Place::Live { after: head.position },
            false => Place::Live { after: Position::default() },
        };
        if let Some(member) = self.members.get_mut(&session) {
            member.user = listener.user();
            member.roles.joined |= roles.joined;
            member.roles.watching |= roles.watching;
            match &mut member.place {
                place if anew || member.told => *place = fresh,
                // It goes on from what it just read. Only what is held for it stays where it is: that is an acknowledgement.
                Place::Live { after } if current => *after = head.position.max(*after),
                Place::Behind { at, held: false } if current => *at = head.position.max(*at),
                Place::Live { .. } | Place::Behind { .. } => {}
            }
            member.told = false;
        } else {
            let user = listener.user();
            self.members.insert(session, Member { listener, user, roles, peer, place: fresh, told: false, holds: Vec::new() });
        }
        if self.behind(session).is_some() {
            wants.refill.push(session);
        }
        if !current && let (Some(channel), Some(member)) = (self.channel, self.members.get_mut(&session)) {
            // The data that it read were lost meanwhile.
            send_reset(member, channel, self.epoch);
        }
        wants
    }

    /// Takes a role away; the session stays if it has the other one. `true` if it had this role.
    pub fn exit(&mut self, session: SessionId, roles: Roles) -> bool {
        let Some(member) = self.members.get_mut(&session) else { return false };
        let had = member.roles.joined && roles.joined || member.roles.watching && roles.watching;
        member.roles.joined &= !roles.joined;
        member.roles.watching &= !roles.watching;
        if member.roles == Roles::default() {
            self.members.remove(&session);
        }
        had
    }

    /// Entries from the channel's topic, in the order in which they came.
    pub fn heard(&mut self, entries: Vec<Entry>) -> Wants {
        let mut wants = Wants::default();
        let mut run = Vec::new();
        for entry in entries {
            if entry.epoch < self.epoch {
                // Usually late. But what this node took for a new epoch may have come from a server that was replaced.
                wants.catch_up |= self.cursor.is_some() && !std::mem::replace(&mut self.catching_up, true);
                continue;
            }
            if entry.epoch > self.epoch {
                self.hand_out(std::mem::take(&mut run), &mut wants);
                self.begin_epoch(entry.epoch);
            }
            if self.catching_up {
                self.seen = self.seen.max(entry.position);
                continue;
            }
            let cursor = *self.cursor.get_or_insert(entry.previous);
            if entry.position <= cursor {
                continue;
            }
            if entry.previous != cursor {
                self.catching_up = true;
                self.seen = entry.position;
                wants.catch_up = true;
                continue;
            }
            self.accept(entry, &mut run);
        }
        self.hand_out(run, &mut wants);
        wants
    }

    /// The log was seen to end at `head`: if that is beyond the cursor, what lies between is to be read.
    pub fn reaches(&mut self, head: Head) -> Wants {
        let beyond = head.epoch == self.epoch && self.cursor.is_some_and(|cursor| cursor < head.position);
        if !beyond {
            return Wants::default();
        }
        self.seen = self.seen.max(head.position);
        Wants { catch_up: !std::mem::replace(&mut self.catching_up, true), ..Wants::default() }
    }

    /// Entries read from the log, with the head at that instant.
    pub fn caught_up(&mut self, from: Start, entries: Vec<Entry>, head: Head) -> (Reading, Wants) {
        let mut wants = Wants::default();
        if self.learn(head) {
            return (Reading::Done, wants);
        }
        if head.epoch < self.epoch || from.epoch < self.epoch {
            return (Reading::Again, wants);
        }
        let before = self.cursor;
        let mut run = Vec::new();
        if before.is_some() {
            if entries.is_empty() && before < Some(head.position) {
                self.tell_reset(None);
                self.cursor = Some(head.position);
            }
            for entry in entries {
                let cursor = *self.cursor.get_or_insert(entry.previous);
                if entry.position <= cursor {
                    continue;
                }
                if entry.previous != cursor {
                    // The log no longer goes back to where we were: what is missing, clients must know of.
                    self.hand_out(std::mem::take(&mut run), &mut wants);
                    self.tell_reset(None);
                }
                self.accept(entry, &mut run);
            }
            self.hand_out(run, &mut wants);
        }
        let cursor = *self.cursor.get_or_insert(head.position);
        self.catching_up = cursor < head.position.max(self.seen);
        let reading = match self.catching_up {
            false => Reading::Done,
            true if self.cursor > before => Reading::More,
            true => Reading::Again,
        };
        (reading, wants)
    }

    /// The end of the log was read. If it is of a newer epoch, the channel lost data and clients load it anew; `true` if so.
    pub fn learn(&mut self, head: Head) -> bool {
        self.learn_but_for(head, None)
    }

    /// The channel lost data and has a new epoch: clients load it anew.
    pub fn begin_epoch(&mut self, epoch: Epoch) {
        self.begin_epoch_but_for(epoch, None);
    }

    /// Marks the channel as being read from the log.
    pub fn begin_catch_up(&mut self) {
        self.catching_up = true;
    }

    /// Reading the log failed for good; whatever comes next starts it again.
    pub fn give_up_catch_up(&mut self) {
        self.catching_up = false;
    }

    /// From where a session is to be refilled.
    #[must_use]
    pub fn behind(&self, session: SessionId) -> Option<Start> {
        match self.members.get(&session)?.place {
            Place::Behind { at, held: false } => Some(Start { epoch: self.epoch, behind: at }),
            _ => None,
        }
    }

    /// Entries read from the log for a session that is behind.
    pub fn refill(&mut self, session: SessionId, from: Start, entries: Vec<Entry>, head: Head) -> Reading {
        if self.learn(head) {
            return Reading::Done;
        }
        let (channel, cursor, epoch) = (self.channel, self.cursor, self.epoch);
        let Some(member) = self.members.get_mut(&session) else { return Reading::Done };
        let Place::Behind { mut at, held: false } = member.place else { return Reading::Done };
        if head.epoch < epoch || from.epoch < epoch || from.behind > at {
            return Reading::Again;
        }
        if entries.first().map_or(head.position, |first| first.previous) > at
            && let Some(channel) = channel
            && send_reset(member, channel, epoch)
        {
            // Its place is not in the log any more. Who does not understand that gets what is left.
            member.place = Place::Live { after: cursor.unwrap_or(at) };
            return Reading::Done;
        }
        let began = at;
        let exhausted = entries.last().is_none_or(|last| last.position >= head.position);
        if entries.is_empty() {
            at = at.max(head.position);
        }
        for entry in entries {
            let position = entry.position;
            if position <= at {
                continue;
            }
            if let Some(event) = decode(entry) {
                if holds(member, &event) {
                    member.place = Place::Behind { at, held: true };
                    return Reading::Done;
                }
                if send_one(member, channel, &event) == Sent::Full {
                    member.place = Place::Behind { at, held: false };
                    return Reading::More;
                }
            }
            at = position;
        }
        if exhausted && cursor.is_none_or(|cursor| at >= cursor) {
            member.place = Place::Live { after: at };
            return Reading::Done;
        }
        member.place = Place::Behind { at, held: false };
        if at > began { Reading::More } else { Reading::Again }
    }

    /// From now on `session` does not get its own `message` before [`Live::release`].
    pub fn hold(&mut self, session: SessionId, message: MessageId) {
        if let Some(member) = self.members.get_mut(&session) {
            member.holds.push(message);
        }
    }

    /// Ends a hold; `true` if the session is to be refilled.
    pub fn release(&mut self, session: SessionId, message: MessageId) -> bool {
        let Some(member) = self.members.get_mut(&session) else { return false };
        member.holds.retain(|held| *held != message);
        match &mut member.place {
            Place::Behind { held, .. } => std::mem::replace(held, false),
            Place::Live { .. } => false,
        }
    }

    fn learn_but_for(&mut self, head: Head, reader: Option<SessionId>) -> bool {
        let anew = head.epoch > self.epoch;
        if anew {
            self.begin_epoch_but_for(head.epoch, reader);
            self.cursor = Some(head.position);
        }
        anew
    }

    fn begin_epoch_but_for(&mut self, epoch: Epoch, reader: Option<SessionId>) {
        if epoch <= self.epoch {
            return;
        }
        self.epoch = epoch;
        self.cursor = None;
        self.newest = None;
        self.seen = Position::default();
        self.catching_up = false;
        self.tell_reset(reader);
    }

    #[cfg(test)]
    fn is_held(&self, session: SessionId) -> bool {
        matches!(self.members.get(&session).map(|member| member.place), Some(Place::Behind { held: true, .. }))
    }

    fn accept(&mut self, entry: Entry, run: &mut Vec<LogEvent>) {
        self.cursor = Some(entry.position);
        let is_message = entry.position.sub == 0;
        let event = decode(entry);
        if is_message {
            self.newest = event.as_ref().and_then(|event| match &event.record {
                LogRecord::Message(message) => Some(message.id),
                LogRecord::Changed { .. } | LogRecord::Reacted { .. } => None,
            });
        }
        run.extend(event);
    }

    /// Hands a run of entries to every member: in one write, where nothing about it is personal.
    fn hand_out(&mut self, run: Vec<LogEvent>, wants: &mut Wants) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
        let (before, end) = (first.entry.previous, last.entry.position);
        let plain = run.iter().all(LogEvent::is_plain);
        let mut joint = JointFrames::default();
        for member in self.members.values_mut() {
            let Place::Live { after } = member.place else { continue };
            if after >= end {
                continue;
            }
            let user = member.user;
            let personal = after > before
                || member.roles.watching
                || !member.holds.is_empty()
                || !(plain || member.listener.uses_additions())
                || user.is_some() && run.iter().any(|event| event.author() == user);
            let at = if personal {
                personal_run(member, self.channel, &run, after.max(before))
            } else {
                match member.listener.send(joint.of(&run, member.listener.as_ref())) {
                    Sent::Full => Err((before, false)),
                    Sent::Done | Sent::Closed => Ok(()),
                }
            };
            match at {
                Ok(()) => wants.deliveries += run.len() as u64,
                Err((at, held)) => {
                    member.place = Place::Behind { at, held };
                    if !held {
                        wants.refill.push(member.listener.session());
                    }
                }
            }
        }
    }

    /// Tells every member but one to load the channel anew.
    fn tell_reset(&mut self, reader: Option<SessionId>) {
        let Some(channel) = self.channel else { return };
        for (_, member) in self.members.iter_mut().filter(|(session, _)| Some(**session) != reader) {
            send_reset(member, channel, self.epoch);
            member.place = Place::Live { after: Position::default() };
        }
    }
}

/// `false` if the client does not understand it.
fn send_reset(member: &mut Member, channel: ChannelId, epoch: Epoch) -> bool {
    member.listener.log_began_anew(channel, epoch);
    member.told = member.listener.reset_form(channel, epoch).map(|frame| member.listener.tell(frame)).is_some();
    member.told
}

/// Sends event by event; on the first that does not go, says after which place to go on, and whether the rest is held.
fn personal_run(member: &Member, channel: Option<ChannelId>, run: &[LogEvent], after: Position) -> Result<(), (Position, bool)> {
    let mut at = after;
    for event in run.iter().filter(|event| event.entry.position > after) {
        if holds(member, event) {
            return Err((at, true));
        }
        if send_one(member, channel, event) == Sent::Full {
            return Err((at, false));
        }
        at = event.entry.position;
    }
    Ok(())
}

fn holds(member: &Member, event: &LogEvent) -> bool {
    matches!(&event.record, LogRecord::Message(message) if member.holds.contains(&message.id))
}

fn send_one(member: &Member, channel: Option<ChannelId>, event: &LogEvent) -> Sent {
    if !event.is_plain() && !member.listener.uses_additions() {
        return Sent::Done;
    }
    let own = event.author().is_some() && event.author() == member.user;
    let frame = if own { member.listener.own_form(event) } else { member.listener.encoder().event(event) };
    let sent = member.listener.send(&frame);
    if let (Sent::Done, true, Some(channel)) = (sent, member.roles.watching, channel) {
        member.listener.watched(channel, event);
    }
    sent
}

fn decode(entry: Entry) -> Option<LogEvent> {
    match record::decode::<LogRecord>(&entry.body) {
        Ok(Decoded::Known(record)) => Some(LogEvent { entry, record }),
        Ok(Decoded::Unknown) => None,
        Err(error) => {
            tracing::error!(%error, position = %entry.position, "skipping an unreadable log entry");
            None
        }
    }
}

/// The frames of a run joined into one write, built once for each dialect.
#[derive(Default)]
struct JointFrames(Vec<(usize, Bytes)>);

impl JointFrames {
    fn of(&mut self, run: &[LogEvent], listener: &dyn Listener) -> &Bytes {
        let encoder = listener.encoder();
        let number = encoder.number();
        let index = self.0.iter().position(|(known, _)| *known == number).unwrap_or_else(|| {
            let frames = match run {
                [one] => encoder.event(one),
                many => many
                    .iter()
                    .fold(BytesMut::new(), |mut joint, event| {
                        joint.extend_from_slice(&encoder.event(event));
                        joint
                    })
                    .freeze(),
            };
            self.0.push((number, frames));
            self.0.len() - 1
        });
        &self.0[index].1
    }
}
