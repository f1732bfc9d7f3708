//! Real Redis servers on free ports of this machine, killed by their process ID when dropped.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rialto::store::redis::{RedisSettings, RedisStore};
use tempfile::TempDir;

use super::process;

/// How long a server, a Cluster or a failover may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// A port that was free a moment ago and that this process gives out once. It lies below those that the kernel gives to
/// outgoing connections, so that none of the many clients here takes it before the server does, or while it is restarted.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 20_000;
    loop {
        let offset = (std::process::id() % 200) as u16 * 97 + GIVEN.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + offset % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until a condition holds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The store on one of these; that it can be reached at once is not asked for.
pub async fn connect(settings: RedisSettings) -> RedisStore {
    let start = Instant::now();
    loop {
        match RedisStore::connect(settings.clone()).await {
            Ok(store) => return store,
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One `redis-server`.
pub struct RedisServer {
    pub port: u16,
    directory: TempDir,
    arguments: Vec<String>,
    child: Option<Child>,
    scheme: &'static str,
}

impl RedisServer {
    /// With an append-only file, as it should run in earnest.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With further arguments.
    pub fn start_with(arguments: &[&str]) -> Self {
        Self::launch(free_port(), TempDir::new().unwrap(), arguments.iter().map(ToString::to_string).collect(), "redis")
    }

    /// With TLS and a certificate that nobody but itself has signed.
    pub fn start_tls() -> Self {
        let directory = TempDir::new().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let port = free_port();
        let arguments = [
            "--tls-port",
            &port.to_string(),
            "--port",
            "0",
            "--tls-cert-file",
            &certificate.display().to_string(),
            "--tls-key-file",
            &key.display().to_string(),
            "--tls-auth-clients",
            "no",
        ];
        Self::launch(port, directory, arguments.map(str::to_owned).to_vec(), "rediss")
    }

    fn launch(port: u16, directory: TempDir, arguments: Vec<String>, scheme: &'static str) -> Self {
        let mut server = Self { port, directory, arguments, child: None, scheme };
        server.restart();
        server
    }

    /// For `REDIS_URL`.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// Starts it (again), with the data it had.
    pub fn restart(&mut self) {
        self.kill();
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--dir"]).arg(self.directory.path());
        // A crash of the process loses nothing that was written; an fsync that takes seconds would lose leases, and on a machine with
        // others some do.
        command.args(["--appendonly", "yes", "--appendfsync", "no", "--save", "", "--repl-diskless-sync-delay", "0"]).args(&self.arguments);
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("redis-server is installed"));
        if self.scheme == "rediss" {
            wait_until("Redis listens with TLS", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
        } else {
            wait_until("Redis answers", || self.answers());
        }
    }

    /// Starts it again with nothing.
    pub fn restart_empty(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(self.directory.path().join("appendonlydir"));
        self.restart();
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops or continues the process without ending it.
    pub fn pause(&self, on: bool) {
        process::pause(self.child.as_ref().expect("the server runs").id(), on);
    }

    /// Its process ID and its folder.
    pub fn trace(&self) -> (u32, String) {
        (self.child.as_ref().expect("the server runs").id(), self.directory.path().display().to_string())
    }

    /// Sends a command by `redis-cli`.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        if self.scheme == "rediss" {
            command.args(["--tls", "--insecure"]);
        }
        let output = command.args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn answers(&self) -> bool {
        let ping = || {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"PING\r\n")?;
            let mut answer = [0; 5];
            stream.read_exact(&mut answer)?;
            Ok::<_, std::io::Error>(answer == *b"+PONG")
        };
        ping().unwrap_or(false)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Three masters that share the slots.
pub struct RedisCluster {
    pub servers: Vec<RedisServer>,
}

impl RedisCluster {
    pub fn start() -> Self {
        let buses = [free_port(), free_port(), free_port()];
        let start = |bus: &u16| {
            RedisServer::start_with(&["--cluster-enabled", "yes", "--cluster-port", &bus.to_string(), "--cluster-node-timeout", "15000"])
        };
        let servers: Vec<RedisServer> = buses.iter().map(start).collect();
        for (server, range) in servers.iter().zip([("0", "5460"), ("5461", "10922"), ("10923", "16383")]) {
            server.cli(&["CLUSTER", "ADDSLOTSRANGE", range.0, range.1]);
        }
        for (server, bus) in servers.iter().zip(buses).skip(1) {
            servers[0].cli(&["CLUSTER", "MEET", "127.0.0.1", &server.port.to_string(), &bus.to_string()]);
        }
        let ready = |server: &RedisServer| {
            let info = server.cli(&["CLUSTER", "INFO"]);
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        };
        wait_until("the Cluster is complete", || servers.iter().all(ready));
        Self { servers }
    }

    pub fn url(&self) -> String {
        let hosts: Vec<String> = self.servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        format!("redis-cluster://{}", hosts.join(","))
    }
}

/// A master, a replica, and three Sentinels, who act only when a test wants it: on a busy machine a server may stand still for long.
pub struct RedisSentinel {
    pub master: RedisServer,
    pub replica: RedisServer,
    sentinels: Vec<Sentinel>,
}

struct Sentinel {
    port: u16,
    child: Child,
    directory: TempDir,
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl RedisSentinel {
    pub fn start() -> Self {
        let master = RedisServer::start();
        let replica = RedisServer::start_with(&["--replicaof", &format!("127.0.0.1 {}", master.port)]);
        wait_until("the replica is in step", || replica.cli(&["INFO", "replication"]).contains("master_link_status:up"));
        let sentinels: Vec<Sentinel> = (0..3).map(|_| start_sentinel(master.port)).collect();
        let sees_all = |sentinel: &Sentinel| {
            let state = ask(sentinel.port, &["SENTINEL", "MASTER", "mymaster"]);
            let after = |name: &str| state.lines().skip_while(|line| *line != name).nth(1).map(str::to_owned);
            after("num-slaves").as_deref() == Some("1") && after("num-other-sentinels").as_deref() == Some("2")
        };
        wait_until("the Sentinels know each other", || sentinels.iter().all(sees_all));
        for sentinel in &sentinels {
            // One that stood still itself would do nothing for half a minute.
            assert_eq!(ask(sentinel.port, &["SENTINEL", "DEBUG", "tilt-trigger", "600000"]).trim(), "OK");
        }
        Self { master, replica, sentinels }
    }

    pub fn url(&self) -> String {
        let hosts: Vec<String> = self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port)).collect();
        format!("redis-sentinel://{}?master=mymaster", hosts.join(","))
    }

    /// The process ID and the folder of each of its servers.
    pub fn traces(&self) -> Vec<(u32, String)> {
        let sentinels = self.sentinels.iter().map(|sentinel| (sentinel.child.id(), sentinel.directory.path().display().to_string()));
        [self.master.trace(), self.replica.trace()].into_iter().chain(sentinels).collect()
    }

    /// Waits until the replica has all that was written so far.
    pub fn is_in_step(&self) {
        let offset = |server: &RedisServer, name: &str| -> u64 {
            let info = server.cli(&["INFO", "replication"]);
            info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map_or(0, |offset| offset.trim().parse().unwrap())
        };
        let written = offset(&self.master, "master_repl_offset");
        assert!(written > 0);
        wait_until("the replica has everything", || offset(&self.replica, "slave_repl_offset") >= written);
    }

    /// From now on the replica misses what is written: it cannot sign in to its master any more.
    pub fn cut_replication(&self) {
        self.replica.cli(&["CONFIG", "SET", "masteruser", "nobody"]);
        self.replica.cli(&["CONFIG", "SET", "masterauth", "nothing"]);
        self.master.cli(&["CLIENT", "KILL", "TYPE", "replica"]);
        wait_until("the replica is cut off", || self.replica.cli(&["INFO", "replication"]).contains("master_link_status:down"));
    }

    /// Kills the master and waits until the replica has its place.
    pub fn fail_over(&mut self) {
        self.master.kill();
        self.replica_takes_over();
    }

    /// Waits until the replica is the master, because that one does not answer.
    pub fn replica_takes_over(&self) {
        for sentinel in &self.sentinels {
            let answer = ask(sentinel.port, &["SENTINEL", "SET", "mymaster", "down-after-milliseconds", "3000"]);
            assert_eq!(answer.trim(), "OK");
        }
        let port = self.replica.port.to_string();
        wait_until("the replica is master", || {
            self.replica.cli(&["INFO", "replication"]).contains("role:master")
                && self
                    .sentinels
                    .iter()
                    .all(|sentinel| ask(sentinel.port, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"]).contains(&port))
        });
    }
}

fn ask(port: u16, arguments: &[&str]) -> String {
    let output = Command::new("redis-cli").args(["-h", "127.0.0.1", "-p", &port.to_string()]).args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn start_sentinel(master: u16) -> Sentinel {
    let (directory, port) = (TempDir::new().unwrap(), free_port());
    let file = directory.path().join("sentinel.conf");
    let settings = format!(
        "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor mymaster 127.0.0.1 {master} 2\n\
         sentinel down-after-milliseconds mymaster 60000\nsentinel failover-timeout mymaster 4000\n",
        directory.path().display()
    );
    fs::write(&file, settings).unwrap();
    let child = Command::new("redis-server").arg(&file).arg("--sentinel").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    Sentinel { port, child, directory }
}
