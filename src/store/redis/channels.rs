//! Channels: see `lua/prelude.lua` for how they are kept.

use async_trait::async_trait;
use redis::Cmd;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::appender::{Done, Job, Task};
use super::link::{PATIENCE, late};
use super::{RedisStore, keys, locked, script, wire};
use crate::ids::{ChannelId, Epoch, Micros, Position, Seq, SessionRef};
use crate::store::channels::{
    Amended, Amendment, Appended, Channels, Head, Known, Member, NewMessage, Page, Range, Stored, StoredMessage, Tail,
};
use crate::store::nodes::Holding;
use crate::store::topics::{News, Topic};
use crate::store::{Result, StoreError};

impl RedisStore {
    async fn through_the_fence(&self, channel: ChannelId, task: Task) -> Result<Done> {
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + PATIENCE;
        let job = Job { channel, task, deadline, reply };
        let stopped = || StoreError::Unavailable("the store has been closed".to_owned());
        timeout_at(deadline, self.appends.send(job)).await.map_err(|_| late())?.map_err(|_| stopped())?;
        // One flight may be under way before this one.
        timeout_at(deadline + PATIENCE, answer).await.map_err(|_| late())?.map_err(|_| stopped())?
    }

    /// Reads where something was stored. What is not replicated is remembered with its generation: see [`Channels::settle`].
    fn stored(&self, channel: ChannelId, done: Done) -> Result<Stored> {
        let (_, epoch, seq, sub, at): (String, u64, u64, u32, u64) = wire::read(done.answer)?;
        if !done.replicated {
            locked(&self.shared.unreplicated).insert(channel, done.generation);
        }
        Ok(Stored { epoch: Epoch(epoch), position: Position { seq: Seq(seq), sub }, at: Micros(at), replicated: done.replicated })
    }
}

/// The first word of an answer.
fn outcome(done: &Done) -> Result<String> {
    match &done.answer {
        redis::Value::Array(values) => wire::read(values.first().cloned().unwrap_or_default()),
        _ => Err(wire::strange()),
    }
}

#[async_trait]
impl Channels for RedisStore {
    async fn join(&self, channel: ChannelId, member: &Member, announce: &News, announce_up_to: usize) -> Result<bool> {
        let key = keys::members(channel);
        let announcement = self.shared.announcement(announce, &key);
        let mut call = script::JOIN.on(&[&key, &keys::members_by_user(channel)]);
        call.arg(member.at.to_string()).arg(write_member(member)).arg(announce_up_to);
        announcement.add_to(&mut call);
        let holding = Holding::Member(channel, member.at.session);
        let (new, announced): (bool, bool) = wire::read(self.shared.hold_and_run(member.at.node, holding, call).await?)?;
        self.shared.announce_after(&announcement, announce, announced).await?;
        Ok(new)
    }

    async fn leave(&self, channel: ChannelId, at: SessionRef, announce: &News) -> Result<bool> {
        let key = keys::members(channel);
        let announcement = self.shared.announcement(announce, &key);
        let mut call = script::LEAVE.on(&[&key, &keys::members_by_user(channel)]);
        call.arg(at.to_string());
        announcement.add_to(&mut call);
        let (left, announced): (bool, bool) = self.shared.run(call).await?;
        self.shared.announce_after(&announcement, announce, announced).await?;
        self.shared.let_go(at.node, &[Holding::Member(channel, at.session)]).await?;
        Ok(left)
    }

    async fn members(&self, channel: ChannelId, limit: usize) -> Result<Vec<Member>> {
        let mut members = Vec::new();
        let mut cursor = 0_u64;
        while members.len() < limit {
            let mut scan = redis::cmd("HSCAN");
            scan.arg(keys::members(channel)).arg(cursor).arg("COUNT").arg(limit.clamp(10, 1000));
            let (next, pairs): (u64, Vec<(String, String)>) = self.shared.query(scan).await?;
            for (at, text) in pairs {
                let member = read_member(wire::parse(&at)?, &text)?;
                // A scan may show the same twice.
                if members.len() < limit && !members.contains(&member) {
                    members.push(member);
                }
            }
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        Ok(members)
    }

    async fn member(&self, channel: ChannelId, at: SessionRef) -> Result<Option<Member>> {
        let mut get = redis::cmd("HGET");
        get.arg(keys::members(channel)).arg(at.to_string());
        let text: Option<String> = self.shared.query(get).await?;
        text.map(|text| read_member(at, &text)).transpose()
    }

    async fn append(&self, channel: ChannelId, message: NewMessage) -> Result<Appended> {
        let done = self.through_the_fence(channel, Task::Append(message)).await?;
        if outcome(&done)? == "stored" {
            return Ok(Appended::Stored(self.stored(channel, done)?));
        }
        if !done.replicated {
            // The first one may still be lost; the caller must not take it for safe.
            return Err(StoreError::Unavailable("not on enough replicas yet".to_owned()));
        }
        let (_, seq, at, record): (String, u64, u64, Vec<u8>) = wire::read(done.answer)?;
        Ok(Appended::Duplicate(wire::message((seq, at, record))))
    }

    async fn amend(&self, channel: ChannelId, amendment: Amendment) -> Result<Amended> {
        let done = self.through_the_fence(channel, Task::Amend(amendment)).await?;
        match outcome(&done)?.as_str() {
            "stored" => Ok(Amended::Stored(self.stored(channel, done)?)),
            "conflict" => Ok(Amended::Conflict),
            "gone" => Ok(Amended::Gone),
            _ => Err(wire::strange()),
        }
    }

    async fn settle(&self, channel: ChannelId) -> Result<()> {
        let done = self.through_the_fence(channel, Task::Settle).await?;
        if !done.replicated {
            return Err(StoreError::Unavailable("not on enough replicas yet".to_owned()));
        }
        match locked(&self.shared.unreplicated).remove(&channel) {
            // Another server took over since: it may never have had the message.
            Some(generation) if generation != done.generation => {
                Err(StoreError::Unavailable("Redis failed over before it was on enough replicas".to_owned()))
            }
            _ => Ok(()),
        }
    }

    async fn page(&self, channel: ChannelId, range: Range, limit: usize) -> Result<Page> {
        let (which, seq) = match range {
            Range::Latest => ("latest", Seq(0)),
            Range::Before(seq) => ("before", seq),
            Range::After(seq) => ("after", seq),
        };
        let mut call = script::PAGE.on(&keys::channel(channel));
        call.arg(which).arg(seq.0).arg(limit);
        let (head, more, messages): (_, bool, Vec<(u64, u64, Vec<u8>)>) = self.shared.run(call).await?;
        Ok(Page { messages: messages.into_iter().map(wire::message).collect(), head: wire::head(head), more })
    }

    async fn message(&self, channel: ChannelId, seq: Seq) -> Result<Option<StoredMessage>> {
        let mut call = script::MESSAGE.on(&keys::channel(channel));
        call.arg(seq.0);
        let answer: Vec<redis::Value> = self.shared.run(call).await?;
        if answer.is_empty() { Ok(None) } else { wire::read(redis::Value::Array(answer)).map(|found| Some(wire::message(found))) }
    }

    async fn tail(&self, channel: ChannelId, behind: Position, limit: usize) -> Result<Tail> {
        let mut call = script::TAIL.on(&keys::channel(channel));
        call.arg(behind.to_string()).arg(limit);
        let (head, entries): (_, Vec<(u64, String, String, u64, Vec<u8>)>) = self.shared.run(call).await?;
        Ok(Tail { entries: entries.into_iter().map(wire::entry).collect::<Result<_>>()?, head: wire::head(head) })
    }

    async fn heads(&self, channels: &[ChannelId]) -> Result<Vec<Head>> {
        let calls: Vec<Cmd> = channels.iter().map(|channel| script::HEAD.on(&keys::channel(*channel))).collect();
        self.shared.run_all(calls).await?.into_iter().map(|answer| wire::read(answer).map(wire::head)).collect()
    }

    async fn verify(&self, channel: ChannelId, known: Known) -> Result<Head> {
        let (publish, topic) = self.shared.voice(&Topic::Channel(channel));
        let mut call = script::VERIFY.on(&keys::channel(channel));
        call.arg(publish).arg(topic).arg(known.epoch.0).arg(known.position.seq.0).arg(known.position.sub);
        call.arg(known.message.map(|id| id.to_string()).unwrap_or_default());
        self.shared.run(call).await.map(wire::head)
    }
}

/// As `lua/members_prelude.lua` reads it. Where users count there are no peers.
pub(super) fn write_member(member: &Member) -> String {
    let second = match (member.number, member.peer) {
        (Some(number), _) => format!("#{number}"),
        (None, Some(peer)) => peer.to_string(),
        (None, None) => "-".to_owned(),
    };
    format!("{} {second} {}", member.user, member.username)
}

/// Reads what [`write_member`] wrote.
fn read_member(at: SessionRef, text: &str) -> Result<Member> {
    let mut words = text.splitn(3, ' ');
    let (Some(user), Some(second), Some(username)) = (words.next(), words.next(), words.next()) else { return Err(wire::strange()) };
    let (peer, number) = match second.strip_prefix('#') {
        Some(number) => (None, Some(wire::parse(number)?)),
        None if second == "-" => (None, None),
        None => (Some(wire::parse(second)?), None),
    };
    let username = crate::ids::Username::parse(username).map_err(|_| wire::strange())?;
    Ok(Member { at, user: wire::parse(user)?, username, peer, number })
}
