//! A WebSocket to a node under test: the upgrade, writing without a task of its own, reading into a shared buffer.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tungstenite::handshake::{client::generate_key, derive_accept_key};

/// Longest answer to the upgrade request, in bytes.
const MAX_RESPONSE: usize = 8 * 1024;

/// A node under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// For the `Host` header.
    pub authority: String,
    /// Path and query of the WebSocket.
    pub path: String,
}

/// A `--url` that cannot be used, in words.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not `ws://`.
    #[error("--url {0}: must look like ws://127.0.0.1:8080/ws (TLS is not measured here: aim at the node, not at its load balancer)")]
    Scheme(String),
    /// No such host.
    #[error("--url {url}: {source}")]
    Resolve {
        /// As given.
        url: String,
        /// The resolver's words.
        source: io::Error,
    },
}

impl Target {
    /// Parses and resolves a `ws://` address.
    pub async fn resolve(url: &str) -> Result<Self, TargetError> {
        let rest = url.strip_prefix("ws://").filter(|rest| !rest.is_empty()).ok_or_else(|| TargetError::Scheme(url.into()))?;
        let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let host_port = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        let failed = |source| TargetError::Resolve { url: url.into(), source };
        let address = tokio::net::lookup_host(&host_port).await.map_err(failed)?.next();
        let address = address.ok_or_else(|| failed(io::Error::other("the name has no address")))?;
        Ok(Self { address, authority: authority.to_owned(), path: path.to_owned() })
    }
}

/// Why there is no WebSocket.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The network's words.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Not a 101, with the status line.
    #[error("the upgrade was refused: {0}")]
    Refused(String),
}

/// An open WebSocket. Any thread may send.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    /// What the kernel did not take yet; behind a lock so that frames of two threads never mix.
    unsent: Mutex<Vec<u8>>,
    /// Tells the reading task that there is something unsent.
    blocked: Notify,
}

impl Socket {
    /// Connects and upgrades. Also returns the bytes that came right behind the answer.
    pub async fn open(target: &Target) -> Result<(Self, Vec<u8>), OpenError> {
        let mut stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let key = generate_key();
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n",
            target.path, target.authority
        );
        stream.write_all(request.as_bytes()).await?;
        let mut response = Vec::with_capacity(512);
        let end = loop {
            if stream.read_buf(&mut response).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            if let Some(end) = memchr::memmem::find(&response, b"\r\n\r\n") {
                break end + 4;
            }
            if response.len() > MAX_RESPONSE {
                return Err(OpenError::Refused("an endless answer".into()));
            }
        };
        let head = String::from_utf8_lossy(&response[..end]);
        let status = head.lines().next().unwrap_or_default();
        if status.split(' ').nth(1) != Some("101") || !head.contains(&derive_accept_key(key.as_bytes())) {
            return Err(OpenError::Refused(status.to_owned()));
        }
        let behind = response.split_off(end);
        Ok((Self { stream, unsent: Mutex::default(), blocked: Notify::new() }, behind))
    }

    /// Writes a frame now, or keeps what the kernel does not take for [`Socket::readable`] to write. Never blocks.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        let mut unsent = self.unsent.lock().unwrap_or_else(PoisonError::into_inner);
        let written = if unsent.is_empty() { self.write(frame)? } else { 0 };
        if written < frame.len() {
            unsent.extend_from_slice(&frame[written..]);
            self.blocked.notify_one();
        }
        Ok(())
    }

    /// Waits until there is something to read, writing meanwhile what [`Socket::send`] could not.
    pub async fn readable(&self) -> io::Result<()> {
        loop {
            let ready = if self.has_unsent() {
                self.stream.ready(Interest::READABLE | Interest::WRITABLE).await?
            } else {
                tokio::select! {
                    biased;
                    ready = self.stream.ready(Interest::READABLE) => ready?,
                    () = self.blocked.notified() => continue,
                }
            };
            if ready.is_writable() {
                self.flush()?;
            }
            if ready.is_readable() {
                return Ok(());
            }
        }
    }

    /// Reads what is there: 0 bytes at the end of the stream, `WouldBlock` if it was a false alarm.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.try_read(buffer)
    }

    fn has_unsent(&self) -> bool {
        !self.unsent.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn flush(&self) -> io::Result<()> {
        let mut unsent = self.unsent.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self.write(&unsent)?;
        unsent.drain(..written);
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.try_write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            written => written,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[tokio::test]
    async fn addresses_are_taken_apart() {
        let target = Target::resolve("ws://127.0.0.1:8001/ws?a=/b").await.unwrap();
        assert_eq!((target.address.port(), target.path.as_str()), (8001, "/ws?a=/b"));
        assert_eq!(target.authority, "127.0.0.1:8001");
        let target = Target::resolve("ws://127.0.0.1").await.unwrap();
        assert_eq!((target.address.port(), target.path.as_str()), (80, "/"));
    }

    #[tokio::test]
    async fn other_schemes_are_refused_with_an_example() {
        for url in ["wss://host/ws", "127.0.0.1:8080", "ws://"] {
            assert!(Target::resolve(url).await.unwrap_err().to_string().contains("ws://127.0.0.1:8080/ws"), "{url}");
        }
    }
}
