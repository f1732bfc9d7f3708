//! Kinds of Redis that take seconds to come up, used by one scenario after another. Between two of them nothing is left in it:
//! a scenario finds what it would find in one of its own.

use std::ops::Deref;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Mutex;

use super::redis::{RedisCluster, RedisSentinel, RedisServer, wait_until};

/// A kind of Redis that takes long to come up.
pub trait Slow: Sized + Send + 'static {
    /// A new one.
    fn start() -> Self;
    /// Those that hold data.
    fn masters(&self) -> Vec<&RedisServer>;
    /// Everything that runs, by process ID, and the folders of it.
    fn traces(&self) -> (Vec<u32>, Vec<String>);
    /// Those that nobody uses at the moment.
    fn idle() -> &'static Mutex<Vec<Kept<Self>>>;
}

/// One that came up, and who ends it when this process ends: what is idle then is dropped by nobody.
pub struct Kept<T> {
    redis: T,
    _while_open: ChildStdin,
}

/// One to use for a while.
pub struct Borrowed<T: Slow>(Option<Kept<T>>);

impl<T: Slow> Borrowed<T> {
    /// One that is idle, or else a new one.
    pub fn take() -> Self {
        let idle = T::idle().lock().unwrap().pop();
        Self(Some(idle.unwrap_or_else(|| keep(T::start()))))
    }
}

impl<T: Slow> Deref for Borrowed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.as_ref().expect("it is here until it is dropped").redis
    }
}

impl<T: Slow> Drop for Borrowed<T> {
    fn drop(&mut self) {
        // What a failed test used may be the reason why it failed.
        if let (Some(kept), false) = (self.0.take(), std::thread::panicking()) {
            kept.redis.masters().into_iter().for_each(empty);
            T::idle().lock().unwrap().push(kept);
        }
    }
}

/// Of a process that was killed there may still be commands to be read; the server ends its connection behind them.
fn empty(server: &RedisServer) {
    let is_users = |client: &str| !["name=sentinel-", "flags=S ", "cmd=client|list "].iter().any(|other| client.contains(other));
    wait_until("nobody is connected", || !server.cli(&["CLIENT", "LIST"]).lines().any(is_users));
    assert_eq!(server.cli(&["FLUSHALL"]), "OK");
}

/// The watcher ends the servers once its pipe is closed, which is when this process ends, however it does.
#[allow(clippy::zombie_processes, reason = "it outlives this process, which so cannot wait for it")]
fn keep<T: Slow>(redis: T) -> Kept<T> {
    let (processes, folders) = redis.traces();
    let mut watch = Command::new("sh");
    watch.args(["-c", "read -r _; kill -9 $1; shift; rm -rf \"$@\"", "sh"]);
    watch.arg(processes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).args(folders);
    let mut watch = watch.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    Kept { redis, _while_open: watch.stdin.take().expect("a pipe") }
}

impl Slow for RedisCluster {
    fn start() -> Self {
        Self::start()
    }

    fn masters(&self) -> Vec<&RedisServer> {
        self.servers.iter().collect()
    }

    fn traces(&self) -> (Vec<u32>, Vec<String>) {
        self.servers.iter().map(RedisServer::trace).unzip()
    }

    fn idle() -> &'static Mutex<Vec<Kept<Self>>> {
        static IDLE: Mutex<Vec<Kept<RedisCluster>>> = Mutex::new(Vec::new());
        &IDLE
    }
}

impl Slow for RedisSentinel {
    fn start() -> Self {
        Self::start()
    }

    fn masters(&self) -> Vec<&RedisServer> {
        vec![&self.master]
    }

    fn traces(&self) -> (Vec<u32>, Vec<String>) {
        self.traces().into_iter().unzip()
    }

    fn idle() -> &'static Mutex<Vec<Kept<Self>>> {
        static IDLE: Mutex<Vec<Kept<RedisSentinel>>> = Mutex::new(Vec::new());
        &IDLE
    }
}
