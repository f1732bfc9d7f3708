//! Connections: a pool for commands, and dedicated ones for what must not share it.
//!
//! Nothing waits longer than [`PATIENCE`] for a connection, nor for an answer. A connection that failed, or that leads to a server which
//! is no master any more, is never used again: after a failover Sentinel is asked anew, and a Cluster connection finds the new master
//! itself.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool_redis::{PoolConfig, PoolError, Runtime, Timeouts};
use futures_util::future::try_join_all;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{SingleNodeRoutingInfo, Slot};
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{
    Arg, AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, Pipeline, RedisConnectionInfo,
    RedisError, RedisResult, ServerErrorKind, TlsMode, Value, io::tcp::TcpSettings,
};

use crate::config::{RedisHost, RedisTarget, Topology};
use crate::store::{Result, StoreError};

/// The longest that anything waits for Redis.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// The library's own, so long that [`PATIENCE`] is over before it.
const LIBRARY_PATIENCE: Duration = Duration::from_secs(6);
/// The longest that connecting may take.
pub(super) const CONNECT: Duration = Duration::from_secs(2);
/// The longest that connecting to one host of a Cluster may take: all of `REDIS_URL` are tried at once, and those that answer must not
/// wait out [`CONNECT`] for one that is silent.
const CONNECT_HOST: Duration = Duration::from_secs(1);
/// A connection of the pool that does not answer for so long whether it is still there is given up for another. More would make each that
/// has died cost more; with less, a Redis that is only slow would have all of them made anew.
const RECYCLE: Duration = Duration::from_millis(1_500);

/// A connection that commands can be sent on.
#[derive(Clone)]
pub(super) enum Line {
    /// To one server.
    One(MultiplexedConnection),
    /// To the masters of a Cluster; commands find theirs by key.
    Cluster(ClusterConnection),
}

impl Line {
    pub(super) async fn query(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::One(line) => line.req_packed_command(command).await,
            Self::Cluster(line) => line.req_packed_command(command).await,
        }?
        .extract_error()
    }

    /// Sends all at once and answers in order; an answer may be a [`Value::ServerError`]. On a Cluster the order in which they
    /// happen holds within a slot.
    pub(super) async fn batch(&mut self, commands: &[Cmd]) -> RedisResult<Vec<Value>> {
        match self {
            Self::One(line) => line.req_packed_commands(&pipeline(commands.iter()), 0, commands.len()).await,
            Self::Cluster(line) => {
                let mut slots: Vec<(Slot, Vec<usize>)> = Vec::new();
                for (index, command) in commands.iter().enumerate() {
                    let slot = Slot::for_key(key_of(command));
                    match slots.iter_mut().find(|(other, _)| *other == slot) {
                        Some((_, indices)) => indices.push(index),
                        None => slots.push((slot, vec![index])),
                    }
                }
                let answers = try_join_all(slots.iter().map(|(_, indices)| {
                    let (mut line, pipeline) = (line.clone(), pipeline(indices.iter().map(|index| &commands[*index])));
                    async move { line.req_packed_commands(&pipeline, 0, indices.len()).await }
                }))
                .await?;
                let mut values = vec![Value::Nil; commands.len()];
                for ((_, indices), answers) in slots.iter().zip(answers) {
                    for (index, answer) in indices.iter().zip(answers) {
                        values[*index] = answer;
                    }
                }
                Ok(values)
            }
        }
    }
}

impl Line {
    /// Sends the same commands to every master, each master's on one connection.
    pub(super) async fn on_every_master(&mut self, commands: &[Cmd]) -> RedisResult<Vec<Vec<Value>>> {
        let pipeline = pipeline(commands.iter());
        let line = match self {
            Self::One(line) => return Ok(vec![line.req_packed_commands(&pipeline, 0, commands.len()).await?]),
            Self::Cluster(line) => line,
        };
        let Value::Map(masters) = line.req_packed_command(redis::cmd("INFO").arg("server")).await? else {
            return Err((ErrorKind::UnexpectedReturnType, "a cluster without addresses").into());
        };
        try_join_all(masters.into_iter().map(|(address, _)| {
            let (mut line, pipeline) = (line.clone(), pipeline.clone());
            async move {
                let address: String = redis::from_redis_value(address)?;
                let wrong = || RedisError::from((ErrorKind::UnexpectedReturnType, "a master's address is wrong"));
                let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
                let (host, port) = (host.to_owned(), port.parse().map_err(|_| wrong())?);
                line.route_pipeline(pipeline, 0, commands.len(), SingleNodeRoutingInfo::ByAddress { host, port }).await
            }
        }))
        .await
    }
}

fn pipeline<'a>(commands: impl Iterator<Item = &'a Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::new();
    for command in commands {
        pipeline.add_command(command.clone());
    }
    pipeline
}

/// The first key of a command of this store.
fn key_of(command: &Cmd) -> &[u8] {
    let mut arguments = command.args_iter().map(|argument| match argument {
        Arg::Simple(bytes) => bytes,
        _ => b"",
    });
    let position = if arguments.next() == Some(b"EVALSHA") { 2 } else { 0 };
    arguments.nth(position).unwrap_or_default()
}

enum Pool {
    Single(deadpool_redis::Pool),
    Sentinel(deadpool_redis::sentinel::Pool),
    Cluster(deadpool_redis::cluster::Pool),
}

enum Guard {
    Single(deadpool_redis::Connection),
    Sentinel(deadpool_redis::sentinel::Connection),
    Cluster(deadpool_redis::cluster::Connection),
}

/// A connection out of the pool; goes back when dropped.
pub(super) struct Lease {
    pub line: Line,
    guard: Guard,
}

impl Lease {
    /// Closes the connection instead.
    fn discard(self) {
        match self.guard {
            Guard::Single(guard) => drop(deadpool_redis::Connection::take(guard)),
            Guard::Sentinel(guard) => drop(deadpool_redis::sentinel::Connection::take(guard)),
            Guard::Cluster(guard) => drop(deadpool_redis::cluster::Connection::take(guard)),
        }
    }
}

/// Makes connections of every kind.
pub(super) struct Links {
    pub target: RedisTarget,
    insecure: bool,
    pool: Pool,
    /// Grows whenever all connections there are may lead to the wrong server.
    era: AtomicU64,
}

impl Links {
    /// Prepares the pool; does not connect yet.
    pub(super) fn new(target: RedisTarget, insecure: bool, pool_size: usize) -> Result<Self> {
        let mut config = PoolConfig::new(pool_size.max(1));
        // `with` bounds the whole: to wait for one of few connections may take as long as anything else.
        config.timeouts = Timeouts { wait: None, create: None, recycle: Some(RECYCLE) };
        let pool = Self::pool(&target, insecure, config).map_err(StoreError::Unavailable)?;
        Ok(Self { target, insecure, pool, era: AtomicU64::new(0) })
    }

    fn pool(target: &RedisTarget, insecure: bool, config: PoolConfig) -> std::result::Result<Pool, String> {
        let text = |error: RedisError| error.to_string();
        let infos = infos(target, insecure).map_err(text)?;
        Ok(match &target.topology {
            Topology::Single => {
                let info = infos.into_iter().next().ok_or("no host")?;
                let manager = deadpool_redis::Manager::new_with_config(info, connection_config(Some(LIBRARY_PATIENCE))).map_err(text)?;
                let builder = deadpool_redis::Pool::builder(manager).config(config).runtime(Runtime::Tokio1);
                Pool::Single(builder.build().map_err(|error| error.to_string())?)
            }
            Topology::Sentinel { master, .. } => {
                let node = deadpool_redis::sentinel::SentinelNodeConnectionInfo {
                    tls_mode: tls_mode(target, insecure).map(Into::into),
                    redis_connection_info: Some(credentials(target).into()),
                };
                let kind = deadpool_redis::sentinel::SentinelServerType::Master;
                let manager = deadpool_redis::sentinel::Manager::new(infos, master.clone(), Some(node), kind).map_err(text)?;
                let builder = deadpool_redis::sentinel::Pool::builder(manager).config(config).runtime(Runtime::Tokio1);
                Pool::Sentinel(builder.build().map_err(|error| error.to_string())?)
            }
            Topology::Cluster => {
                let manager = deadpool_redis::cluster::Manager::new(infos, false).map_err(text)?;
                let builder = deadpool_redis::cluster::Pool::builder(manager).config(config).runtime(Runtime::Tokio1);
                Pool::Cluster(builder.build().map_err(|error| error.to_string())?)
            }
        })
    }

    async fn lease(&self) -> Result<Lease> {
        fn failed(error: PoolError) -> StoreError {
            match error {
                PoolError::Backend(error) => weather(&error),
                error => StoreError::Unavailable(error.to_string()),
            }
        }
        Ok(match &self.pool {
            Pool::Single(pool) => {
                let guard = patiently(|| pool.get()).await.map_err(failed)?;
                Lease { line: Line::One(guard.clone()), guard: Guard::Single(guard) }
            }
            Pool::Sentinel(pool) => {
                let mut guard = patiently(|| pool.get()).await.map_err(failed)?;
                guard.set_response_timeout(LIBRARY_PATIENCE);
                Lease { line: Line::One(guard.clone()), guard: Guard::Sentinel(guard) }
            }
            Pool::Cluster(pool) => {
                let guard = patiently(|| pool.get()).await.map_err(failed)?;
                Lease { line: Line::Cluster(guard.clone()), guard: Guard::Cluster(guard) }
            }
        })
    }

    /// Runs something on a pooled connection, within [`PATIENCE`].
    pub(super) async fn with<T, F, G>(&self, work: F) -> Result<T>
    where
        F: FnOnce(Line) -> G,
        G: Future<Output = RedisResult<T>>,
    {
        let era = self.era();
        let lease = within(PATIENCE, self.lease()).await.ok_or_else(|| {
            // Either all are in use, or those that were idle have died and each took its time to be found out.
            self.close_idle();
            late()
        })??;
        let outcome = within(PATIENCE, work(lease.line.clone())).await;
        let failed = match &outcome {
            Some(Ok(_)) => false,
            Some(Err(error)) => poisons(error),
            None => true,
        };
        if failed && era == self.era() {
            self.forget();
        }
        if failed || era != self.era() {
            lease.discard();
        }
        outcome.ok_or_else(late)?.map_err(|error| weather(&error))
    }

    /// Connections of an earlier era are not to be used again. A Cluster has but one: its connections find their masters themselves.
    pub(super) fn era(&self) -> u64 {
        self.era.load(Ordering::Relaxed)
    }

    /// Begins another era and closes what lies idle in the pool: it probably leads to the same server, which is gone, hangs, or has
    /// been replaced. One that hung may wake up and still take itself for the master.
    pub(super) fn forget(&self) {
        if self.target.topology != Topology::Cluster {
            self.close_idle();
            self.era.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn close_idle(&self) {
        match &self.pool {
            Pool::Single(pool) => drop(pool.retain(|_, _| false)),
            Pool::Sentinel(pool) => drop(pool.retain(|_, _| false)),
            Pool::Cluster(pool) => drop(pool.retain(|_, _| false)),
        }
    }

    /// A connection of one's own. `patience`: how long one answer may take; `None` for one that blocks.
    pub(super) async fn dedicated(&self, patience: Option<Duration>) -> Result<Line> {
        let connect = async {
            match &self.target.topology {
                Topology::Single | Topology::Sentinel { .. } => {
                    let config = connection_config(patience);
                    self.client().await?.get_multiplexed_async_connection_with_config(&config).await.map(Line::One)
                }
                Topology::Cluster => {
                    let patience = patience.unwrap_or(Duration::from_secs(3600));
                    self.cluster(|builder| builder.response_timeout(patience))?.get_async_connection().await.map(Line::Cluster)
                }
            }
        };
        tokio::time::timeout(CONNECT, connect).await.map_err(|_| late())?.map_err(|error| weather(&error))
    }

    /// The one server, or the present master as Sentinel knows it.
    pub(super) async fn client(&self) -> RedisResult<Client> {
        let infos = infos(&self.target, self.insecure)?;
        if let Topology::Sentinel { master, .. } = &self.target.topology {
            let mut node =
                SentinelNodeConnectionInfo::default().set_redis_connection_info(credentials(&self.target)).set_tcp_settings(tcp());
            if let Some(mode) = tls_mode(&self.target, self.insecure) {
                node = node.set_tls_mode(mode);
            }
            let master = master.clone();
            let mut sentinel = SentinelClient::build(infos, master, Some(node), SentinelServerType::Master)?;
            loop {
                // Sentinels are asked with the library's own patience, half a second: ours is that of the caller.
                match sentinel.async_get_client().await {
                    Err(error) if error.is_timeout() => {}
                    outcome => return outcome,
                }
            }
        }
        match infos.into_iter().next() {
            Some(info) => Client::open(info),
            None => Err((ErrorKind::InvalidClientConfig, "no host").into()),
        }
    }

    /// A Cluster client with other than the usual options.
    pub(super) fn cluster(&self, options: impl FnOnce(ClusterClientBuilder) -> ClusterClientBuilder) -> RedisResult<ClusterClient> {
        let builder = ClusterClientBuilder::new(infos(&self.target, self.insecure)?).connection_timeout(CONNECT_HOST).tcp_settings(tcp());
        options(builder).build()
    }
}

/// Waits for something; `None`: it took too long. A process that stands still for longer than that finds what came meanwhile when it wakes.
async fn within<F: Future>(patience: Duration, work: F) -> Option<F::Output> {
    const PARTS: u32 = 3;
    let mut work = pin!(work);
    for _ in 0..PARTS {
        if let Ok(done) = tokio::time::timeout(patience / PARTS, work.as_mut()).await {
            return Some(done);
        }
    }
    None
}

/// Takes a connection from a pool as often as one cannot be made in the time that the library allows, which can be less than ours and is not
/// to be set everywhere. Whoever asks has the last word.
async fn patiently<T, F: Future<Output = std::result::Result<T, PoolError>>>(get: impl Fn() -> F) -> F::Output {
    loop {
        match get().await {
            // By its text: a Cluster hides the kind of the error.
            Err(PoolError::Backend(error)) if error.is_timeout() || error.to_string().contains("timed out") => {}
            outcome => return outcome,
        }
    }
}

fn connection_config(patience: Option<Duration>) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(patience)
}

fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn tls_mode(target: &RedisTarget, insecure: bool) -> Option<TlsMode> {
    target.tls.then_some(if insecure { TlsMode::Insecure } else { TlsMode::Secure })
}

fn credentials(target: &RedisTarget) -> RedisConnectionInfo {
    let mut info = RedisConnectionInfo::default().set_db(target.database.into());
    if let Some(username) = &target.username {
        info = info.set_username(username);
    }
    if let Some(password) = &target.password {
        info = info.set_password(password.expose());
    }
    info
}

/// How to reach the hosts of the URL: servers, or Sentinels, which have a password of their own or none.
fn infos(target: &RedisTarget, insecure: bool) -> RedisResult<Vec<ConnectionInfo>> {
    let login = match &target.topology {
        Topology::Sentinel { password: Some(password), .. } => RedisConnectionInfo::default().set_password(password.expose()),
        Topology::Sentinel { password: None, .. } => RedisConnectionInfo::default(),
        Topology::Single | Topology::Cluster => credentials(target),
    };
    let info = |RedisHost { host, port }: &RedisHost| {
        let (host, port) = (host.clone(), *port);
        let address = match target.tls {
            true => ConnectionAddr::TcpTls { host, port, insecure, tls_params: None },
            false => ConnectionAddr::Tcp(host, port),
        };
        Ok(address.into_connection_info()?.set_redis_settings(login.clone()).set_tcp_settings(tcp()))
    };
    target.hosts.iter().map(info).collect()
}

/// Whether a connection is not to be used again after this error.
pub(super) fn poisons(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(kind) => {
            use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly};
            matches!(kind, ReadOnly | BusyLoading | MasterDown | ClusterDown)
        }
        ErrorKind::Extension => false,
        _ => true,
    }
}

/// What the floors above get to know. Server errors of this store's commands never quote their arguments.
pub(super) fn weather(error: &RedisError) -> StoreError {
    StoreError::Unavailable(format!("Redis: {error}"))
}

pub(super) fn late() -> StoreError {
    StoreError::Unavailable("Redis did not answer in time".to_owned())
}
