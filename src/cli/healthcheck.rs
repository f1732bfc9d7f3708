//! Asking a node how it is, with nothing but the standard library: a container image needs no curl.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::config::Config;

const PATIENCE: Duration = Duration::from_secs(3);

/// Why a node does not count as healthy.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// Nobody answers.
    #[error("no answer from {address}")]
    Unreachable {
        /// Who was asked.
        address: String,
        /// What happened.
        source: std::io::Error,
    },
    /// It answers something else than 200; the status line.
    #[error("the node answers `{0}`")]
    Answer(String),
}

/// Asks `/healthz` of the node on this machine.
pub fn healthcheck(config: &Config) -> Result<(), Unhealthy> {
    let host = match config.network.host.as_str() {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    };
    let status = ask(host, config.network.port)
        .map_err(|source| Unhealthy::Unreachable { address: format!("{host}:{}", config.network.port), source })?;
    if status.split(' ').nth(1) == Some("200") { Ok(()) } else { Err(Unhealthy::Answer(status)) }
}

/// The status line.
fn ask(host: &str, port: u16) -> std::io::Result<String> {
    let address = (host, port).to_socket_addrs()?.next().ok_or_else(|| std::io::Error::other("the host has no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}
