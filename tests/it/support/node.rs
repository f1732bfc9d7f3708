//! A node as its own process, as it runs in earnest: settings by the environment, what it says by its log.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::{process, undisturbed};

/// How long a node may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a node is started with. Clones share the data folder, so only nodes on Redis may run at once with the same settings.
#[derive(Clone)]
pub struct Settings {
    variables: Vec<(String, String)>,
    folder: Arc<TempDir>,
}

impl Settings {
    /// One node with the embedded store, in a folder of its own that goes with the last of these settings.
    pub fn embedded() -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let data = folder.path().join("data").display().to_string();
        let settings = Self { variables: Vec::new(), folder };
        // bcrypt's least cost: nobody attacks these passwords.
        settings.with("HOST", "127.0.0.1").with("PORT", "0").with("BCRYPT_COST", "4").with("DATA_DIR", data).with("RUST_LOG", "info")
    }

    /// A node on Redis.
    pub fn redis(url: &str) -> Self {
        Self::embedded().with("REDIS_URL", url)
    }

    /// With this setting, in the place of what it was.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }
}

/// A node that runs until it is told not to, or dropped.
pub struct Node {
    address: SocketAddr,
    settings: Settings,
    child: Mutex<Child>,
    log: Log,
}

impl Node {
    /// Starts a node; it serves when this returns.
    pub async fn start(settings: &Settings) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rialto"));
        // Nothing of the developer's own settings; the folder keeps a `.env` away, too.
        command.env_clear().envs(std::env::vars().filter(|(name, _)| name == "PATH")).current_dir(settings.folder.path());
        command.envs(settings.variables.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Log::read(child.stderr.take().unwrap());
        let mut node = Self { address: SocketAddr::from(([0, 0, 0, 0], 0)), settings: settings.clone(), child: Mutex::new(child), log };
        let line = node.log.wait_for("listening").await;
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("address="));
        node.address = address.unwrap_or_else(|| panic!("no address in {line:?}")).parse().unwrap();
        node
    }

    /// Starts another process with the same settings and data, at another port. This one has to have ended.
    pub async fn again(&self) -> Self {
        Self::start(&self.settings).await
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything it has logged, a line each.
    pub fn log(&self) -> Vec<String> {
        self.log.lines.lock().unwrap().clone()
    }

    /// Waits for a log line that contains this, and answers it.
    pub async fn logged(&self, text: &str) -> String {
        self.log.wait_for(text).await
    }

    /// `GET path`: the status and the body.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let request = async {
            let mut stream = TcpStream::connect(self.address).await?;
            let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
            stream.write_all(head.as_bytes()).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
        };
        let answer = timeout(PATIENCE, request).await.expect("an answer").unwrap();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
    }

    /// The present value of a metric, its labels written as in the Prometheus text; 0 where there is none.
    pub async fn metric(&self, name: &str) -> f64 {
        let (_, text) = self.get("/metrics").await;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// The process, for whoever looks at its memory or stops it.
    pub fn process(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// `kill -9`, and it is gone when this returns.
    pub fn kill9(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Asks it to stop, as a platform does.
    pub fn sigterm(&self) {
        process::signal(self.child.lock().unwrap().id(), "TERM");
    }

    /// Stops or continues the process without ending it.
    pub fn pause(&self, on: bool) {
        process::pause(self.child.lock().unwrap().id(), on);
    }

    /// Waits until it has ended by itself.
    pub async fn wait(&self) -> ExitStatus {
        let ended = async {
            loop {
                if let Some(status) = self.child.lock().unwrap().try_wait().unwrap() {
                    return status;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, ended).await.expect("the node ends")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill9();
        undisturbed::note_what_was_lost(self);
        if std::thread::panicking() {
            // For whoever reads why a test failed; the harness shows it only then.
            println!("--- node {}", self.address);
            self.log().iter().for_each(|line| println!("{line}"));
        }
    }
}

/// What a process writes on standard error, read by a thread so that it never blocks.
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    changed: watch::Receiver<()>,
}

impl Log {
    fn read(from: ChildStderr) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (change, changed) = watch::channel(());
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
                change.send_replace(());
            }
        });
        Self { lines, changed }
    }

    async fn wait_for(&self, text: &str) -> String {
        let mut changed = self.changed.clone();
        let found = async {
            loop {
                changed.mark_unchanged();
                let found = self.lines.lock().unwrap().iter().find(|line| line.contains(text)).cloned();
                if let Some(line) = found {
                    return line;
                }
                // The log ends with the process.
                if changed.changed().await.is_err() {
                    let all = self.lines.lock().unwrap().join("\n");
                    panic!("the node ended before it logged {text:?}:\n{all}");
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("the node never logged {text:?}"))
    }
}
