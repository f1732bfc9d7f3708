//! The registry of nodes and their inboxes.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, Value};

use super::link::{Line, PATIENCE, late, weather};
use super::presence::parse_holding;
use super::{RedisStore, keys, locked, millis, script, wire};
use crate::ids::{Micros, NodeId};
use crate::store::nodes::{Beat, Capacity, Delivered, Holding, Inboxes, Letter, Node, NodeInfo, Registry};
use crate::store::{Result, StoreError};

/// How long a node's description outlives its last heartbeat.
const INFO_TTL: Duration = Duration::from_secs(30);
/// Idle connections kept for blocking reads: a node reads one inbox, its own.
const IDLE_READERS: usize = 2;

#[async_trait]
impl Registry for RedisStore {
    async fn beat(&self, node: NodeId, info: &NodeInfo) -> Result<Beat> {
        let has_heard = locked(&self.shared.nodes).get(&node) == Some(&Beat::Entered);
        let mut call = script::BEAT.on(&[keys::NODES, keys::DEAD, keys::ENTERED]);
        call.arg(node.to_string()).arg(u8::from(has_heard));
        let beat = match self.shared.vital_one::<String>(call).await?.as_str() {
            "reaped" => {
                locked(&self.shared.nodes).remove(&node);
                return Ok(Beat::Reaped);
            }
            "entered" => Beat::Entered,
            _ => Beat::Alive,
        };
        let text = serde_json::to_vec(info).map_err(|_| wire::strange())?;
        let mut set = redis::cmd("SET");
        set.arg(keys::node(node)).arg(text).arg("PX").arg(millis(INFO_TTL));
        self.shared.vital_one::<()>(set).await?;
        // From here on nothing is waited for: the caller hears it.
        locked(&self.shared.nodes).insert(node, beat);
        Ok(beat)
    }

    async fn retire(&self, node: NodeId) -> Result<()> {
        locked(&self.shared.nodes).remove(&node);
        self.remove_node(node).await
    }

    async fn nodes(&self) -> Result<(Vec<Node>, Micros)> {
        let mut range = redis::cmd("ZRANGE");
        range.arg(keys::NODES).arg(0).arg(-1).arg("WITHSCORES");
        let listed: Vec<(String, f64)> = self.shared.vital_one(range).await?;
        let mut clock = redis::cmd("EVAL");
        // The clock of the server that the heartbeats are measured by.
        clock.arg("return redis.call('TIME')").arg(1).arg(keys::NODES);
        let (seconds, micros): (u64, u64) = self.shared.vital_one(clock).await?;
        let now = Micros(seconds * 1_000_000 + micros);
        let ids: Vec<NodeId> = listed.iter().map(|(id, _)| wire::parse(id)).collect::<Result<_>>()?;
        let gets: Vec<Cmd> = ids.iter().map(|id| get(&keys::node(*id))).collect();
        let infos = self.shared.vital(gets).await?;
        let nodes = ids.into_iter().zip(listed).zip(infos).map(|((id, (_, last)), info)| {
            let silent_for = Duration::from_millis(now.millis().saturating_sub(last as u64));
            let info: Option<Vec<u8>> = wire::read(info)?;
            // A description that this version cannot read is as good as none.
            Ok(Node { id, silent_for, info: info.and_then(|text| serde_json::from_slice(&text).ok()) })
        });
        Ok((nodes.collect::<Result<_>>()?, now))
    }

    async fn lease_reaper(&self, node: NodeId, ttl: Duration) -> Result<bool> {
        let mut call = script::LEASE.on(&[keys::REAPER]);
        call.arg(node.to_string()).arg(millis(ttl));
        self.shared.run(call).await
    }

    async fn declare_dead(&self, node: NodeId, silent_for: Duration) -> Result<bool> {
        let mut call = script::DECLARE_DEAD.on(&[keys::NODES, keys::DEAD]);
        call.arg(node.to_string()).arg(u64::try_from(silent_for.as_millis()).unwrap_or(u64::MAX));
        let dead = self.shared.run(call).await?;
        if dead {
            // From now on nothing is delivered to it, so that the reaper reads all there is.
            self.shared.query::<()>(del(&keys::node(node))).await?;
        }
        Ok(dead)
    }

    async fn holdings(&self, node: NodeId, limit: usize) -> Result<Vec<Holding>> {
        let mut command = redis::cmd("SRANDMEMBER");
        command.arg(keys::holdings(node)).arg(limit);
        let holdings: Vec<String> = self.shared.query(command).await?;
        holdings.iter().map(|holding| parse_holding(holding)).collect()
    }

    async fn release(&self, node: NodeId, holdings: &[Holding]) -> Result<()> {
        self.shared.let_go(node, holdings).await
    }

    async fn bury(&self, node: NodeId) -> Result<()> {
        self.remove_node(node).await
    }
}

impl RedisStore {
    async fn remove_node(&self, node: NodeId) -> Result<()> {
        self.shared
            .run_all(vec![del(&keys::node(node)), del(&keys::inbox(node)), del(&keys::holdings(node)), del(&keys::rooms(node))])
            .await?;
        let strike = |command: &str, key| {
            let mut strike = redis::cmd(command);
            strike.arg(key).arg(node.to_string());
            strike
        };
        self.shared.run_all(vec![strike("SREM", keys::ENTERED), strike("ZREM", keys::NODES)]).await?;
        Ok(())
    }

    async fn reader(&self) -> Result<(u64, Line)> {
        let era = self.shared.links.era();
        let idle = locked(&self.shared.readers).extract_if(.., |(born, _)| *born == era).next();
        match idle {
            Some((_, line)) => Ok((era, line)),
            None => Ok((era, self.shared.links.dedicated(None).await?)),
        }
    }
}

fn get(key: &str) -> Cmd {
    let mut command = redis::cmd("GET");
    command.arg(key);
    command
}

fn del(key: &str) -> Cmd {
    let mut command = redis::cmd("DEL");
    command.arg(key);
    command
}

#[async_trait]
impl Inboxes for RedisStore {
    async fn deliver(&self, to: NodeId, letters: &[Bytes], capacity: Capacity) -> Result<Delivered> {
        let mut call = script::DELIVER.on(&[keys::node(to), keys::inbox(to)]);
        call.arg(capacity.letters).arg(capacity.bytes);
        for letter in letters {
            call.arg(&letter[..]);
        }
        match self.shared.run::<String>(call).await?.as_str() {
            "done" => Ok(Delivered::Done),
            "full" => Ok(Delivered::Full),
            _ => Ok(Delivered::NoSuchNode),
        }
    }

    async fn collect(&self, node: NodeId, cursor: &str, limit: usize, wait: Duration) -> Result<Vec<Letter>> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(limit);
        if !wait.is_zero() {
            command.arg("BLOCK").arg(millis(wait));
        }
        command.arg("STREAMS").arg(keys::inbox(node)).arg(if cursor.is_empty() { "0-0" } else { cursor });
        let answer = if wait.is_zero() {
            self.shared.query(command).await?
        } else {
            // Dropped, not put back, when this is cancelled or fails: an answer could still be on its way.
            let (era, mut line) = self.reader().await?;
            let answer = tokio::time::timeout(wait + PATIENCE, line.query(&command)).await.map_err(|_| late())?;
            let answer = answer.map_err(|error| weather(&error))?;
            let mut idle = locked(&self.shared.readers);
            idle.retain(|(born, _)| *born == self.shared.links.era());
            if idle.len() < IDLE_READERS {
                idle.push((era, line));
            }
            answer
        };
        letters(answer)
    }

    async fn trim_inbox(&self, node: NodeId, cursor: &str) -> Result<()> {
        // MINID keeps the entry it names, so the next possible one is named.
        let (millis, number) = cursor.split_once('-').ok_or_else(wire::strange)?;
        let next: u64 = wire::parse::<u64>(number)?.checked_add(1).ok_or_else(wire::strange)?;
        let mut command = redis::cmd("XTRIM");
        command.arg(keys::inbox(node)).arg("MINID").arg(format!("{millis}-{next}"));
        self.shared.query(command).await
    }
}

/// Reads the answer of `XREAD` on one stream whose entries have one field.
fn letters(answer: Value) -> Result<Vec<Letter>> {
    type Stream = (String, Vec<(String, (String, Vec<u8>))>);
    if answer == Value::Nil {
        return Ok(Vec::new());
    }
    let streams: Vec<Stream> = wire::read(answer)?;
    let Some((_, entries)) = streams.into_iter().next() else { return Err(StoreError::Corrupt("an inbox without a name".to_owned())) };
    Ok(entries.into_iter().map(|(cursor, (_, body))| Letter { cursor, body: body.into() }).collect())
}
