//! The store on Redis: one server, Sentinel or Cluster, version 7 or newer.
//!
//! * [`link`] makes connections: pools for commands, and dedicated ones for appends, blocking reads and subscriptions.
//! * [`lifeline`] is the connection of what keeps the node alive; clients have no part in it.
//! * Every multi-step change is one Lua script on keys of one slot (`lua/`, named in [`script`]; keys in [`keys`]).
//! * Appends and amendments go through one task ([`appender`]), which sends what comes together as one pipeline.
//! * [`fence`] sees to it that no message number is given out twice after a failover lost acknowledged writes.

mod accounts;
mod appender;
mod calls;
mod channels;
mod directs;
mod fence;
mod keys;
mod leases;
mod lifeline;
mod link;
mod lobbies;
mod meshes;
mod named_rooms;
mod nodes;
mod presence;
mod rooms;
mod script;
mod topics;
mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use redis::{Cmd, FromRedisValue, ServerErrorKind, Value};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use self::fence::Fence;
use self::lifeline::Lifeline;
use self::link::{Line, Links};
use self::script::Script;
use super::{Count, Generation, Result, Store, StoreError, topics::Topic};
use crate::config::{RedisTarget, Topology};
use crate::ids::{ChannelId, NodeId};
use crate::store::nodes::Beat;

/// Where Redis is and how it is used.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// Where it is and how to sign in.
    pub target: RedisTarget,
    /// Accept any certificate, self-signed ones as well.
    pub tls_insecure: bool,
    /// Connections for commands; on a Cluster each leads to all masters.
    pub pool_size: usize,
    /// How many replicas must have a message before it is acknowledged. On a Cluster every master must have as many.
    pub ack_replicas: u32,
    /// How long to wait for them, at most two seconds.
    pub ack_timeout: Duration,
    /// How many messages a channel keeps; 0 keeps all.
    pub history_max: usize,
    /// How long a channel keeps its messages: older ones go with the next message posted.
    pub history_max_age: Option<Duration>,
}

impl RedisSettings {
    /// The defaults for a Redis.
    #[must_use]
    pub fn new(target: RedisTarget) -> Self {
        Self {
            target,
            tls_insecure: false,
            pool_size: 16,
            ack_replicas: 0,
            ack_timeout: Duration::from_secs(1),
            history_max: 10_000,
            history_max_age: None,
        }
    }
}

/// The store on Redis. See the [module](self).
pub struct RedisStore {
    shared: Arc<Shared>,
    appends: mpsc::Sender<appender::Job>,
    tasks: [AbortHandle; 2],
}

/// What the store shares with its tasks.
struct Shared {
    links: Links,
    lifeline: Lifeline,
    settings: RedisSettings,
    fence: Fence,
    /// The nodes whose heartbeats go through this store, usually one, and how the last one was answered.
    nodes: Mutex<HashMap<NodeId, Beat>>,
    /// For each probe number the hash tag that leads to its shard.
    probe_tags: Mutex<Vec<u32>>,
    /// Idle connections for blocking reads, and their eras.
    readers: Mutex<Vec<(u64, Line)>>,
    /// Channels where something was appended that too few replicas had, and the generation it was appended to.
    unreplicated: Mutex<HashMap<ChannelId, Generation>>,
}

impl RedisStore {
    /// Checks the settings, connects once and starts the store's two tasks.
    ///
    /// # Errors
    /// Redis cannot be reached, or it is older than version 7.
    pub async fn connect(settings: RedisSettings) -> Result<Self> {
        if settings.target.tls {
            // Fails only if a provider is installed already, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let links = Links::new(settings.target.clone(), settings.tls_insecure, settings.pool_size)?;
        let shared = Arc::new(Shared {
            links,
            lifeline: Lifeline::default(),
            settings,
            fence: Fence::default(),
            nodes: Mutex::default(),
            probe_tags: Mutex::default(),
            readers: Mutex::default(),
            unreplicated: Mutex::default(),
        });
        shared.check_version().await?;
        shared.begin_generation().await?;
        let (appends, jobs) = mpsc::channel(appender::QUEUE);
        let tasks = [
            tokio::spawn(fence::watch(Arc::clone(&shared))).abort_handle(),
            tokio::spawn(appender::run(Arc::clone(&shared), jobs)).abort_handle(),
        ];
        Ok(Self { shared, appends, tasks })
    }
}

impl Drop for RedisStore {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Shared {
    async fn query<T: FromRedisValue>(&self, command: Cmd) -> Result<T> {
        wire::read(self.links.with(|mut line| async move { line.query(&command).await }).await?)
    }

    /// Runs a script, and loads it first where it is missing.
    async fn run<T: FromRedisValue>(&self, call: Cmd) -> Result<T> {
        let answers = self.run_all(vec![call]).await?;
        wire::read(answers.into_iter().next().unwrap_or_default())
    }

    /// Runs scripts and other commands together: in order on one server, in order for each slot on a Cluster.
    async fn run_all(&self, calls: Vec<Cmd>) -> Result<Vec<Value>> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        self.links.with(|line| together(line, &calls)).await
    }

    /// The same on the lifeline, where nothing of clients is in the way. All of it may be done twice.
    async fn vital(&self, calls: Vec<Cmd>) -> Result<Vec<Value>> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        self.lifeline.with(&self.links, |line| together(line, &calls)).await
    }

    /// One call on the lifeline.
    async fn vital_one<T: FromRedisValue>(&self, call: Cmd) -> Result<T> {
        let answers = self.vital(vec![call]).await?;
        wire::read(answers.into_iter().next().unwrap_or_default())
    }

    /// The text of `INFO section` of every master, by address (one without an address on a single server).
    async fn info(&self, section: &str) -> Result<Vec<(String, String)>> {
        let mut command = redis::cmd("INFO");
        command.arg(section);
        match self.links.with(|mut line| async move { line.query(&command).await }).await? {
            Value::Map(masters) => masters.into_iter().map(|(address, text)| Ok((wire::read(address)?, wire::read(text)?))).collect(),
            text => Ok(vec![(String::new(), wire::read(text)?)]),
        }
    }

    async fn check_version(&self) -> Result<()> {
        for (_, text) in self.info("server").await? {
            let version = info_field(&text, "redis_version").unwrap_or("unknown");
            let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
            if major.is_none_or(|major| major < 7) {
                return Err(StoreError::Unavailable(format!("Redis {version} is too old: version 7 or newer is needed")));
            }
        }
        Ok(())
    }

    /// A server's address for the log; a single one does not say its own.
    fn named(&self, address: String) -> String {
        match self.links.target.hosts.first() {
            Some(host) if address.is_empty() => format!("{}:{}", host.host, host.port),
            _ => address,
        }
    }

    fn on_cluster(&self) -> bool {
        self.links.target.topology == Topology::Cluster
    }

    /// The publish command and the pub/sub channel of a topic.
    fn voice(&self, topic: &Topic) -> (&'static str, String) {
        let sharded = self.on_cluster() && *topic != Topic::All;
        (if sharded { "SPUBLISH" } else { "PUBLISH" }, keys::topic(topic, self.probe_tag(topic)))
    }

    fn probe_tag(&self, topic: &Topic) -> u32 {
        match topic {
            Topic::Probe(_, number) => locked(&self.probe_tags).get(usize::from(*number)).copied().unwrap_or_default(),
            _ => 0,
        }
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn count(&self, key: &str, window: Duration) -> Result<Count> {
        let mut call = script::COUNT.on(&[keys::counter(key)]);
        call.arg(millis(window));
        Ok(as_count(self.shared.run(call).await?))
    }

    async fn counted(&self, key: &str) -> Result<Count> {
        let key = keys::counter(key);
        let mut get = redis::cmd("GET");
        get.arg(&key);
        let mut ttl = redis::cmd("PTTL");
        ttl.arg(&key);
        let mut answers = self.shared.run_all(vec![get, ttl]).await?.into_iter();
        let events: Option<u64> = wire::read(answers.next().unwrap_or_default())?;
        Ok(as_count((events.unwrap_or_default(), wire::read(answers.next().unwrap_or_default())?)))
    }

    async fn uncount(&self, key: &str) -> Result<()> {
        let mut command = redis::cmd("DEL");
        command.arg(keys::counter(key));
        self.shared.query(command).await
    }

    async fn secret(&self, name: &str, candidate: [u8; 32]) -> Result<[u8; 32]> {
        let mut command = redis::cmd("SET");
        command.arg(keys::secret(name)).arg(&candidate[..]).arg("NX").arg("GET");
        match self.shared.query::<Option<Vec<u8>>>(command).await? {
            None => Ok(candidate),
            Some(bytes) => bytes.try_into().map_err(|_| wire::strange()),
        }
    }

    async fn ping(&self) -> Result<()> {
        self.shared.query(redis::cmd("PING")).await
    }

    async fn warnings(&self) -> Result<Vec<String>> {
        let mut warnings = Vec::new();
        for (address, text) in self.shared.info("memory").await? {
            let address = self.shared.named(address);
            let policy = info_field(&text, "maxmemory_policy").unwrap_or("unknown");
            if policy != "noeviction" {
                warnings.push(format!(
                    "Redis {address} has maxmemory-policy {policy} and deletes data when memory is short; set maxmemory-policy noeviction"
                ));
            }
        }
        for (address, text) in self.shared.info("persistence").await? {
            let address = self.shared.named(address);
            if info_field(&text, "aof_enabled") != Some("1") {
                warnings.push(format!(
                    "Redis {address} has appendonly off and loses what was written after its last snapshot when it stops; set appendonly yes"
                ));
            }
        }
        Ok(warnings)
    }

    async fn generation_changed(&self) -> Generation {
        self.shared.fence.changed().await
    }

    async fn generation_verified(&self, generation: &Generation) -> Result<()> {
        self.shared.fence.verified(generation);
        Ok(())
    }
}

/// Runs scripts and other commands; those that are missing are loaded first.
async fn together(mut line: Line, calls: &[Cmd]) -> redis::RedisResult<Vec<Value>> {
    let mut answers = line.batch(calls).await?;
    let missing: Vec<usize> = (0..answers.len()).filter(|index| is_missing_script(&answers[*index])).collect();
    if !missing.is_empty() {
        load(&mut line, &script::all()).await?;
        let again: Vec<Cmd> = missing.iter().map(|index| calls[*index].clone()).collect();
        for (index, answer) in missing.into_iter().zip(line.batch(&again).await?) {
            answers[index] = answer;
        }
    }
    answers.into_iter().map(Value::extract_error).collect()
}

/// Loads scripts, on a Cluster on every master.
async fn load(line: &mut Line, scripts: &[&Script]) -> redis::RedisResult<()> {
    for script in scripts {
        let mut command = redis::cmd("SCRIPT");
        command.arg("LOAD").arg(&script.source);
        line.query(&command).await?;
    }
    Ok(())
}

fn is_missing_script(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.kind() == Some(ServerErrorKind::NoScript))
}

/// A field of `INFO`.
fn info_field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

fn as_count((events, milliseconds): (u64, i64)) -> Count {
    // Negative: no such key, or one without an end.
    Count { events, resets_in: Duration::from_millis(milliseconds.try_into().unwrap_or_default()) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).clamp(1, i64::MAX as u64)
}

/// A lock that a panic elsewhere does not close: what it guards is valid after every statement.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
