//! What a server holds at one moment, to be compared with another: memory, open files, threads, and the tasks of its runtime.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::load::LoadError;
use crate::load::process::Process;
use crate::load::socket::Target;

/// Longest answer of `/metrics`, in bytes.
const MAX_ANSWER: u64 = 1 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The line of the figure.
const TASKS: &str = "rialto_tasks_alive ";

/// One moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Resident memory in KiB, open files and threads of each process.
    pub processes: Vec<[u64; 3]>,
    /// Tasks of each node.
    pub tasks: Vec<u64>,
}

impl Standing {
    /// Reads it. What the nodes are asked by would count among their open files, so the processes are looked at before.
    pub async fn read(processes: &[Process], nodes: &[Target]) -> Result<Self, LoadError> {
        let mut standing = Self::default();
        for process in processes {
            standing.processes.push([process.rss_kib()?, process.files()?, process.threads()?]);
        }
        for node in nodes {
            standing.tasks.push(tasks(node).await.map_err(|error| LoadError::Figures { node: node.authority.clone(), error })?);
        }
        Ok(standing)
    }
}

/// Tasks that a node says are alive.
async fn tasks(node: &Target) -> io::Result<u64> {
    let answer = timeout(PATIENCE, ask(node)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let found = answer.lines().find_map(|line| line.strip_prefix(TASKS)?.trim().parse().ok());
    found.ok_or_else(|| io::Error::other(answer.lines().next().unwrap_or("an empty answer").to_owned()))
}

async fn ask(node: &Target) -> io::Result<String> {
    let mut stream = TcpStream::connect(node.address).await?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", node.authority);
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer).await?;
    Ok(answer)
}
