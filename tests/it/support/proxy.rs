//! A TCP proxy in front of Redis that cuts, swallows or delays, all connections or those that carry a certain word.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to the bytes of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They go through.
    #[default]
    Pass,
    /// They go through later.
    Delay(Duration),
    /// They vanish, and nobody is told.
    Blackhole,
    /// The connection is closed.
    Cut,
}

/// How much of what a client sends is searched for words.
const MEMORY: usize = 64 * 1024;

struct Connection {
    mode: watch::Sender<Mode>,
    sent: Mutex<Vec<u8>>,
}

/// The proxy; ends when dropped.
pub struct FaultProxy {
    pub port: u16,
    connections: Arc<Mutex<Vec<Arc<Connection>>>>,
    refusing: watch::Sender<bool>,
    listener: JoinHandle<()>,
}

impl FaultProxy {
    /// In front of a port of this machine.
    pub async fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let (refusing, refused) = watch::channel(false);
        let known = Arc::clone(&connections);
        let listener = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *refused.borrow() {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)).await else { continue };
                let connection = Arc::new(Connection { mode: watch::Sender::default(), sent: Mutex::default() });
                known.lock().unwrap().push(Arc::clone(&connection));
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                tokio::spawn(relay(from_client, to_server, Arc::clone(&connection), true));
                tokio::spawn(relay(from_server, to_client, connection, false));
            }
        });
        Self { port, connections, refusing, listener }
    }

    /// Whether new connections are closed at once.
    pub fn refuse(&self, on: bool) {
        self.refusing.send_replace(on);
    }

    /// Changes all connections there are; answers how many.
    pub fn set_all(&self, mode: Mode) -> usize {
        self.set_where(mode, |_| true)
    }

    /// Changes the connections whose client has sent this word, in any case of letters (such as `SUBSCRIBE`); answers how many.
    pub fn set_carrying(&self, word: &str, mode: Mode) -> usize {
        let word = word.to_ascii_uppercase();
        self.set_where(mode, |sent| sent.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes())))
    }

    fn set_where(&self, mode: Mode, chosen: impl Fn(&[u8]) -> bool) -> usize {
        let mut connections = self.connections.lock().unwrap();
        connections.retain(|connection| !connection.mode.is_closed());
        let chosen: Vec<_> = connections.iter().filter(|connection| chosen(&connection.sent.lock().unwrap())).collect();
        for connection in &chosen {
            connection.mode.send_replace(mode);
        }
        chosen.len()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.listener.abort();
        self.set_all(Mode::Cut);
    }
}

async fn relay(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, connection: Arc<Connection>, of_client: bool) {
    let mut mode = connection.mode.subscribe();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            _ = mode.wait_for(|mode| *mode == Mode::Cut) => return,
        };
        let Ok(length @ 1..) = read else { break };
        if of_client {
            let mut sent = connection.sent.lock().unwrap();
            let room = MEMORY.saturating_sub(sent.len());
            sent.extend_from_slice(&buffer[..length.min(room)]);
        }
        let present = *mode.borrow();
        match present {
            Mode::Pass => {}
            Mode::Delay(time) => tokio::time::sleep(time).await,
            Mode::Blackhole => continue,
            Mode::Cut => return,
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    // One end has gone: so does the other.
    connection.mode.send_replace(Mode::Cut);
}
