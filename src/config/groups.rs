//! The declarations. A doc comment is the setting's line of help; `value_name` is its unit.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::values::{boolean, duration, folder, host, seconds, token, whole};
use super::{
    Address, FailureRate, LogFilter, LogFormat, MessageRate, Moderators, Mounts, Origins, RedisTarget, Role, Secret, mounts, origins,
    rates, redis, secret, values,
};

/// Where the node listens and whom it lets in.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network")]
pub struct Network {
    /// Address to listen on; `::` for IPv6
    #[arg(long, env, value_name = "ADDRESS", default_value = "0.0.0.0", value_parser = host)]
    pub host: String,

    /// Port to listen on; 0 picks a free one
    #[arg(long, env, value_name = "NUMBER", default_value = "8080", value_parser = whole::<u16>(0, 65_535))]
    pub port: u16,

    /// HOST and PORT in one, `host:port` or `:port`; HOST and PORT go before it
    #[arg(long, env, value_name = "ADDRESS", value_parser = values::address)]
    pub server_address: Option<Address>,

    /// Which protocol is spoken at which path: `path=protocol`, separated by commas; `{name}` in a path stands for any one segment
    #[arg(long, env, value_name = "LIST", default_value = "/ws=chat,/stage/ws=stage,/mesh/ws=mesh,/room/{slug}/ws=rooms,/chat/{slug}/ws=rooms,/lobby/ws=lobby,/=lobby", value_parser = mounts::parse)]
    pub mounts: Mounts,

    /// Origins besides its own whose pages may connect, separated by commas
    #[arg(long, env, value_name = "LIST", default_value = "", value_parser = origins::parse)]
    pub allowed_origins: Origins,

    /// Origins besides the node's own whose pages may use the mesh protocol, separated by commas; unset: any
    #[arg(long, env, value_name = "LIST", value_parser = origins::parse)]
    pub mesh_origins: Option<Origins>,

    /// Origins besides the node's own whose pages may use lobbies, separated by commas; unset: any
    #[arg(long, env, value_name = "LIST", value_parser = origins::parse)]
    pub lobby_origins: Option<Origins>,

    /// How many proxies in front of the node add to X-Forwarded-For; 0 ignores that header
    #[arg(long, env, value_name = "NUMBER", default_value = "0", value_parser = whole::<usize>(0, 16))]
    pub trusted_proxy_hops: usize,

    /// Folder of static files to serve instead of the built-in app
    #[arg(long, env, value_name = "FOLDER", value_parser = folder)]
    pub client_location: Option<PathBuf>,

    /// Content-Security-Policy header; the built-in app brings its own, files in CLIENT_LOCATION get only this
    #[arg(long, env, value_name = "HEADER", value_parser = values::header)]
    pub content_security_policy: Option<String>,
}

/// What the node is in its cluster.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Node")]
pub struct Node {
    /// What this node does: all, chat (everything but carrying calls) or media (nothing but that); chat and media need Redis
    #[arg(long, env, value_name = "ROLE", default_value = "all", value_parser = values::role)]
    pub role: Role,

    /// Worker threads; unset: one a processor core
    #[arg(long, env, value_name = "NUMBER", value_parser = whole::<usize>(1, 1024))]
    pub workers: Option<usize>,

    /// Time from SIGTERM until the node has sent its clients elsewhere and stopped
    #[arg(long, env, value_name = "SECONDS", default_value = "8", value_parser = seconds(0, 3600))]
    pub drain_seconds: Duration,
}

/// Where what must outlive a connection is kept.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Store")]
pub struct Store {
    /// Redis to share data in, one of redis:// rediss:// redis-sentinel:// rediss-sentinel:// redis-cluster:// rediss-cluster://;
    /// unset: this machine only, in DATA_DIR
    #[arg(long, env, value_name = "URL", value_parser = redis::parse)]
    pub redis_url: Option<RedisTarget>,

    /// Redis as `host:port`; REDIS_URL goes before it
    #[arg(long, env, value_name = "ADDRESS", value_parser = values::address)]
    pub redis_address: Option<Address>,

    /// Password for Redis, where REDIS_URL has none
    #[arg(long, env, value_name = "SECRET", value_parser = secret::any)]
    pub redis_password: Option<Secret>,

    /// Accept any certificate from Redis, as self-signed ones need (Heroku): true or false
    #[arg(long, env, value_name = "BOOLEAN", default_value = "false", value_parser = boolean,
          action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub redis_tls_insecure: bool,

    /// Connections to Redis kept for commands
    #[arg(long, env, value_name = "NUMBER", default_value = "16", value_parser = whole::<usize>(1, 1024))]
    pub redis_pool_size: usize,

    /// How many Redis replicas must have a message before it is acknowledged
    #[arg(long, env, value_name = "NUMBER", default_value = "0", value_parser = whole::<u32>(0, 16))]
    pub ack_replicas: u32,

    /// Folder of the data kept without Redis
    #[arg(long, env, value_name = "FOLDER", default_value = "./data")]
    pub data_dir: PathBuf,

    /// Messages kept a channel
    #[arg(long, env, value_name = "MESSAGES", default_value = "10000", value_parser = whole::<u64>(200, 10_000_000))]
    pub history_max: u64,

    /// How long messages are kept; unset: until HISTORY_MAX newer ones came
    #[arg(long, env, value_name = "DURATION", value_parser = duration)]
    pub history_max_age: Option<Duration>,
}

/// Accounts, passwords and keys.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Accounts")]
pub struct Accounts {
    /// Secret that all nodes share, at least 32 characters; unset: made once and kept in the store
    #[arg(long, env, value_name = "SECRET", value_parser = secret::long)]
    pub secret_key: Option<Secret>,

    /// How long a sign-in lasts without being used
    #[arg(long, env, value_name = "DURATION", default_value = "30d", value_parser = duration)]
    pub access_key_ttl: Duration,

    /// Work factor of bcrypt; each step doubles the time a sign-in takes
    #[arg(long, env, value_name = "NUMBER", default_value = "10", value_parser = whole::<u32>(4, 16))]
    pub bcrypt_cost: u32,

    /// Passwords that may wait to be hashed before sign-ins are refused
    #[arg(long, env, value_name = "NUMBER", default_value = "256", value_parser = whole::<usize>(1, 100_000))]
    pub bcrypt_queue: usize,

    /// Usernames that may delete others' messages, kick and ban, separated by commas; register them before you list them
    #[arg(long, env, value_name = "LIST", default_value = "", value_parser = values::moderators)]
    pub moderators: Moderators,
}

/// Calls: how clients find their way through firewalls.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Calls")]
pub struct Calls {
    /// STUN server that clients are told of
    #[arg(long, env, value_name = "HOST", value_parser = values::host)]
    pub stun_host: Option<String>,

    /// Its port
    #[arg(long, env, value_name = "NUMBER", default_value = "3478", value_parser = whole::<u16>(1, 65535))]
    pub stun_port: u16,

    /// TURN server that clients are told of; needs TURN_STATIC_AUTH_SECRET
    #[arg(long, env, value_name = "HOST", value_parser = values::host)]
    pub turn_host: Option<String>,

    /// Its port, for UDP and TCP
    #[arg(long, env, value_name = "NUMBER", default_value = "3478", value_parser = whole::<u16>(1, 65535))]
    pub turn_port: u16,

    /// Secret that the TURN server shares (coturn: static-auth-secret); clients get credentials made with it, never the secret
    #[arg(long, env, value_name = "SECRET", value_parser = secret::any)]
    pub turn_static_auth_secret: Option<Secret>,

    /// How long TURN credentials can be used; connections made with them go on
    #[arg(long, env, value_name = "DURATION", default_value = "12h", value_parser = duration)]
    pub turn_credential_ttl: Duration,
}

/// What one client may ask of the node.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Longest message text
    #[arg(long, env, value_name = "CHARACTERS", default_value = "4000", value_parser = whole::<usize>(1, 1_000_000))]
    pub max_message_chars: usize,

    /// Longest frame a client may send
    #[arg(long, env, value_name = "BYTES", default_value = "65536", value_parser = whole::<usize>(1024, 16_777_216))]
    pub max_frame_bytes: usize,

    /// Frames a connection may send: `burst,per second`; 0 = no limit
    #[arg(long, env, value_name = "RATE", default_value = "500,50", value_parser = rates::messages)]
    pub rate_messages: MessageRate,

    /// Failed sign-ins allowed a username and address: `count/duration`; 0 = no limit
    #[arg(long, env, value_name = "RATE", default_value = "10/15m", value_parser = rates::failures)]
    pub rate_signin_failures: FailureRate,

    /// Accounts that one address may make, guests included: `count/duration`; 0 = no limit
    #[arg(long, env, value_name = "RATE", default_value = "1000/10m", value_parser = rates::failures)]
    pub rate_accounts: FailureRate,

    /// Rooms that one address may make, and names of rooms it may try in vain: `count/duration` each; 0 = no limit
    #[arg(long, env, value_name = "RATE", default_value = "30/10m", value_parser = rates::failures)]
    pub rate_rooms: FailureRate,

    /// How long a room stays after the last one has left; unset: a room with a number, and what was said in it, 86400, one with a name 300
    #[arg(long, env, value_name = "SECONDS", value_parser = seconds(1, 315_360_000))]
    pub room_idle_seconds: Option<Duration>,

    /// How long a guest of a room with a name may say nothing before it is asked for a sign of life; after three times that it is gone
    #[arg(long, env, value_name = "SECONDS", default_value = "30", value_parser = seconds(1, 3600))]
    pub room_ping_seconds: Duration,

    /// Peers in one mesh
    #[arg(long, env, value_name = "NUMBER", default_value = "500", value_parser = whole::<usize>(2, 10_000))]
    pub mesh_max_peers: usize,

    /// Between pings; a client that misses two is gone
    #[arg(long, env, value_name = "SECONDS", default_value = "20", value_parser = seconds(1, 3600))]
    pub ping_seconds: Duration,

    /// A client that takes nothing of what waits for it for so long is closed
    #[arg(long, env, value_name = "SECONDS", default_value = "10", value_parser = seconds(1, 3600))]
    pub stall_seconds: Duration,
}

/// Lobbies: rooms with a code, a host and guests.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Lobbies")]
pub struct Lobbies {
    /// How long whoever lost its connection keeps its place in a lobby
    #[arg(long, env, value_name = "SECONDS", default_value = "30", value_parser = seconds(0, 3600))]
    pub lobby_grace_seconds: Duration,

    /// How long a lobby waits for a host before it is closed
    #[arg(long, env, value_name = "SECONDS", default_value = "60", value_parser = seconds(1, 86_400))]
    pub lobby_room_timeout_seconds: Duration,

    /// How long a lobby with a snapshot stays after its last player
    #[arg(long, env, value_name = "SECONDS", default_value = "3600", value_parser = seconds(1, 604_800))]
    pub lobby_snapshot_seconds: Duration,

    /// Guests that a lobby takes at most
    #[arg(long, env, value_name = "NUMBER", default_value = "100", value_parser = whole::<u32>(1, 1_000))]
    pub lobby_max_guests: u32,

    /// Lobbies that one address may have made at a time
    #[arg(long, env, value_name = "NUMBER", default_value = "200", value_parser = whole::<u64>(1, 1_000_000))]
    pub lobby_max_rooms: u64,

    /// Bytes of snapshots in all lobbies that one address has made
    #[arg(long, env, value_name = "BYTES", default_value = "16777216", value_parser = whole::<u64>(1024, 1 << 40))]
    pub lobby_max_snapshot_bytes: u64,

    /// Lobbies that one address may make: `count/duration`; 0 = no limit
    #[arg(long, env, value_name = "RATE", default_value = "120/10m", value_parser = rates::failures)]
    pub rate_lobby_rooms: FailureRate,

    /// Codes of no lobby that one address may try: `count/duration`; 0 = no limit
    #[arg(long, env, value_name = "RATE", default_value = "60/10m", value_parser = rates::failures)]
    pub rate_lobby_codes: FailureRate,
}

/// Logs and metrics.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs and metrics")]
pub struct Observation {
    /// Bearer token that /metrics asks for; unset: open to whoever reaches the port
    #[arg(long, env, value_name = "SECRET", value_parser = token)]
    pub metrics_token: Option<Secret>,

    /// How log lines are written: text or json
    #[arg(long, env, value_name = "FORMAT", default_value = "text", value_parser = values::log_format)]
    pub log_format: LogFormat,

    /// Which log lines are written, as a filter of tracing-subscriber
    #[arg(long, env, value_name = "FILTER", default_value = "info", value_parser = values::log_filter)]
    pub rust_log: LogFilter,
}

impl Network {
    /// Host and port to listen on: HOST and PORT where they are set, else SERVER_ADDRESS, else the defaults.
    #[must_use]
    pub fn listen(&self) -> (String, u16) {
        (self.host.clone(), self.port)
    }
}

impl Limits {
    /// How long a room with a number stays that nobody is in.
    #[must_use]
    pub fn numbered_room_idle(&self) -> Duration {
        self.room_idle_seconds.unwrap_or(Duration::from_secs(86_400))
    }

    /// How long a room with a name stays that nobody is in.
    #[must_use]
    pub fn named_room_idle(&self) -> Duration {
        self.room_idle_seconds.unwrap_or(Duration::from_secs(300))
    }
}

impl Node {
    /// Worker threads to start: what `WORKERS` says, else one a core.
    #[must_use]
    pub fn worker_threads(&self) -> usize {
        self.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }
}

impl Store {
    /// The Redis to use, put together from `REDIS_URL` or `REDIS_ADDRESS` and `REDIS_PASSWORD`; `None` is the embedded store.
    #[must_use]
    pub fn redis(&self) -> Option<RedisTarget> {
        let mut target = match (&self.redis_url, &self.redis_address) {
            (Some(url), _) => url.clone(),
            (None, Some(address)) => RedisTarget::single(address),
            (None, None) => return None,
        };
        if target.password.is_none() {
            target.password.clone_from(&self.redis_password);
        }
        Some(target)
    }
}
