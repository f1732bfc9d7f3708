//! Presence, and what it has in common with membership: holdings and announcements.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use redis::{Cmd, Value};

use super::{RedisStore, Shared, keys, millis, script, wire};
use crate::ids::{NodeId, SessionId, SessionRef, UserId};
use crate::store::Result;
use crate::store::nodes::Holding;
use crate::store::presence::Presence;
use crate::store::topics::{News, Topic};

/// How many users go into one pipeline.
const CHUNK: usize = 500;

/// News to be published by a script, or after it, where it lives on another server than the script's keys.
pub(super) struct Announcement {
    command: &'static str,
    topic: String,
    payload: Vec<u8>,
}

impl Announcement {
    /// Adds the three arguments that a script publishes with.
    pub(super) fn add_to(&self, call: &mut Cmd) {
        call.arg(self.command).arg(&self.topic).arg(&self.payload);
    }
}

impl Shared {
    pub(super) fn announcement(&self, news: &News, key: &str) -> Announcement {
        let (command, topic) = self.voice(&news.topic);
        let elsewhere = self.on_cluster() && news.topic != Topic::All && !keys::same_slot(&topic, key);
        Announcement { command: if elsewhere { "" } else { command }, topic, payload: wire::news(&news.body) }
    }

    /// Publishes what the script could not.
    pub(super) async fn announce_after(&self, announcement: &Announcement, news: &News, due: bool) -> Result<()> {
        if due && announcement.command.is_empty() { self.publish_news(news).await } else { Ok(()) }
    }

    /// Runs a script that gives a node something to hold, noted first, so that a reaper finds it.
    pub(super) async fn hold_and_run(&self, node: NodeId, holding: Holding, call: Cmd) -> Result<Value> {
        let hold = holdings_command("SADD", node, &[holding]);
        if self.on_cluster() {
            self.query::<()>(hold).await?;
            return self.run(call).await;
        }
        Ok(self.run_all(vec![hold, call]).await?.pop().unwrap_or_default())
    }

    /// Strikes holdings off a node's list.
    pub(super) async fn let_go(&self, node: NodeId, holdings: &[Holding]) -> Result<()> {
        if holdings.is_empty() { Ok(()) } else { self.query(holdings_command("SREM", node, holdings)).await }
    }

    async fn note_online(&self, users: impl Iterator<Item = UserId>, ttl: Duration) -> Result<()> {
        let mut call = script::ONLINE_INDEX.on(&[keys::ONLINE]);
        call.arg(millis(ttl));
        for user in users {
            call.arg(user.to_string());
        }
        self.run(call).await
    }
}

pub(super) fn holdings_command(command: &str, node: NodeId, holdings: &[Holding]) -> Cmd {
    let mut command = redis::cmd(command);
    command.arg(keys::holdings(node));
    for holding in holdings {
        command.arg(match holding {
            Holding::Presence(user, session) => format!("p {user} {session}"),
            Holding::Member(channel, session) => format!("m {channel} {session}"),
            Holding::Peer(mesh, session) => format!("x {mesh} {session}"),
        });
    }
    command
}

/// Reads what [`holdings_command`] wrote.
pub(super) fn parse_holding(text: &str) -> Result<Holding> {
    let mut words = text.split(' ');
    let (Some(kind), Some(what), Some(session)) = (words.next(), words.next(), words.next()) else { return Err(wire::strange()) };
    match kind {
        "p" => Ok(Holding::Presence(wire::parse(what)?, wire::parse(session)?)),
        "m" => Ok(Holding::Member(wire::parse(what)?, wire::parse(session)?)),
        "x" => Ok(Holding::Peer(wire::parse(what)?, wire::parse(session)?)),
        _ => Err(wire::strange()),
    }
}

#[async_trait]
impl Presence for RedisStore {
    async fn arrive(&self, user: UserId, at: SessionRef, ttl: Duration, announce: &News) -> Result<bool> {
        let key = keys::of_user(user, "p");
        let announcement = self.shared.announcement(announce, &key);
        let mut call = script::ARRIVE.on(&[&key]);
        call.arg(at.to_string()).arg(millis(ttl));
        announcement.add_to(&mut call);
        let first: bool = wire::read(self.shared.hold_and_run(at.node, Holding::Presence(user, at.session), call).await?)?;
        self.shared.note_online(std::iter::once(user), ttl).await?;
        self.shared.announce_after(&announcement, announce, first).await?;
        Ok(first)
    }

    async fn depart(&self, user: UserId, at: SessionRef, announce: &News) -> Result<bool> {
        let key = keys::of_user(user, "p");
        let announcement = self.shared.announcement(announce, &key);
        let mut call = script::DEPART.on(&[&key]);
        call.arg(at.to_string());
        announcement.add_to(&mut call);
        let last: bool = self.shared.run(call).await?;
        self.shared.announce_after(&announcement, announce, last).await?;
        self.shared.let_go(at.node, &[Holding::Presence(user, at.session)]).await?;
        Ok(last)
    }

    async fn renew(&self, node: NodeId, sessions: &[(UserId, SessionId)], ttl: Duration) -> Result<()> {
        let mut by_user: HashMap<UserId, Vec<SessionId>> = HashMap::new();
        for (user, session) in sessions {
            by_user.entry(*user).or_default().push(*session);
        }
        let users: Vec<(UserId, Vec<SessionId>)> = by_user.into_iter().collect();
        for chunk in users.chunks(CHUNK) {
            let holdings: Vec<Holding> =
                chunk.iter().flat_map(|(user, sessions)| sessions.iter().map(|session| Holding::Presence(*user, *session))).collect();
            self.shared.query::<()>(holdings_command("SADD", node, &holdings)).await?;
            let calls = chunk.iter().map(|(user, sessions)| {
                let mut call = script::RENEW.on(&[keys::of_user(*user, "p")]);
                call.arg(millis(ttl));
                for session in sessions {
                    call.arg(SessionRef { node, session: *session }.to_string());
                }
                call
            });
            self.shared.run_all(calls.collect()).await?;
            self.shared.note_online(chunk.iter().map(|(user, _)| *user), ttl).await?;
        }
        Ok(())
    }

    async fn online(&self, users: &[UserId]) -> Result<Vec<bool>> {
        let mut online = Vec::with_capacity(users.len());
        for chunk in users.chunks(CHUNK) {
            let calls = chunk.iter().map(|user| script::SESSIONS.on(&[keys::of_user(*user, "p")])).collect();
            for answer in self.shared.run_all(calls).await? {
                online.push(matches!(answer, Value::Array(sessions) if !sessions.is_empty()));
            }
        }
        Ok(online)
    }

    async fn sessions(&self, user: UserId) -> Result<Vec<SessionRef>> {
        let sessions: Vec<String> = self.shared.run(script::SESSIONS.on(&[keys::of_user(user, "p")])).await?;
        sessions.iter().map(|session| wire::parse(session)).collect()
    }

    async fn online_users(&self, limit: usize) -> Result<Vec<UserId>> {
        let mut found = Vec::new();
        let mut offset = 0;
        while found.len() < limit {
            let mut range = redis::cmd("ZRANGE");
            range.arg(keys::ONLINE).arg(offset).arg(offset + CHUNK - 1).arg("REV");
            let listed: Vec<String> = self.shared.query(range).await?;
            let users: Vec<UserId> = listed.iter().map(|user| wire::parse(user)).collect::<Result<_>>()?;
            let online = self.online(&users).await?;
            found.extend(users.iter().zip(&online).filter(|(_, online)| **online).map(|(user, _)| *user));
            // The index is tidied by whoever reads it. An arrival in this moment is entered again by the next renewal.
            let gone: Vec<&String> = listed.iter().zip(&online).filter(|(_, online)| !**online).map(|(user, _)| user).collect();
            if !gone.is_empty() {
                let mut remove = redis::cmd("ZREM");
                remove.arg(keys::ONLINE).arg(&gone);
                self.shared.query::<()>(remove).await?;
            }
            if users.len() < CHUNK {
                break;
            }
            offset += CHUNK - gone.len();
        }
        found.truncate(limit);
        Ok(found)
    }
}
