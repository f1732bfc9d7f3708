//! What many joins and leaves left behind.

use std::fmt;

use serde::Serialize;

use super::standing::Standing;
use crate::load::process::Process;

/// What a join may leave of a server's memory, in KiB: the allocator keeps some of what was freed, in pieces. Below 1 was measured; a
/// participant that was not freed is some 25.
const KEPT_A_JOIN: u64 = 3;
/// What it may keep however few joins there were, in KiB.
const KEPT: u64 = 512;

/// What many joins and leaves left behind.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Churn {
    /// So often were that many joins and leaves compared; the figures are those of the last time.
    pub rounds: u32,
    /// Joins and leaves between the two readings.
    pub joins: u64,
    /// How long they took.
    pub seconds: f64,
    /// The servers, before and after.
    pub servers: Vec<Left>,
    /// The nodes, before and after.
    pub nodes: Vec<LeftTasks>,
}

/// A process before and after.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Left {
    /// As given to `--pids`.
    pub name: String,
    /// Resident memory, in KiB.
    pub rss_kib: [u64; 2],
    /// Open files, sockets among them.
    pub files: [u64; 2],
    /// Threads.
    pub threads: [u64; 2],
}

/// A node before and after.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LeftTasks {
    /// As given to `--url`.
    pub url: String,
    /// Tasks of its runtime, by its `/metrics`.
    pub tasks: [u64; 2],
}

impl Churn {
    /// From what was there before and after.
    pub fn new(joins: u64, seconds: f64, servers: &[Process], urls: &[String], (before, after): (&Standing, &Standing)) -> Self {
        let processes = servers.iter().zip(before.processes.iter().zip(&after.processes));
        let servers = processes.map(|(process, (before, after))| {
            let [rss_kib, files, threads] = std::array::from_fn(|figure| [before[figure], after[figure]]);
            Left { name: process.name.clone(), rss_kib, files, threads }
        });
        let tasks = before.tasks.iter().zip(&after.tasks).map(|(before, after)| [*before, *after]);
        let nodes = urls.iter().zip(tasks).map(|(url, tasks)| LeftTasks { url: url.clone(), tasks });
        Self { rounds: 1, joins, seconds, servers: servers.collect(), nodes: nodes.collect() }
    }

    /// No file, thread or task more than before, and no more memory than the allocator keeps.
    pub fn left_nothing(&self) -> bool {
        let grown = |[before, after]: [u64; 2]| after.saturating_sub(before);
        let kept = KEPT + self.joins * KEPT_A_JOIN;
        self.servers.iter().all(|server| grown(server.files) == 0 && grown(server.threads) == 0 && grown(server.rss_kib) <= kept)
            && self.nodes.iter().all(|node| grown(node.tasks) == 0)
    }
}

impl fmt::Display for Churn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "churn        {} joins and leaves in {:.2} s, round {}", self.joins, self.seconds, self.rounds)?;
        for Left { name, rss_kib, files, threads } in &self.servers {
            let [before, after] = rss_kib.map(|kib| kib as f64 / 1024.0);
            let each = (rss_kib[1] as f64 - rss_kib[0] as f64) / self.joins.max(1) as f64;
            writeln!(
                f,
                "{name:<12} RSS {before:.1} MiB before, {after:.1} after ({each:.3} KiB a join); files {} and {}, threads {} and {}",
                files[0], files[1], threads[0], threads[1]
            )?;
        }
        for LeftTasks { url, tasks } in &self.nodes {
            writeln!(f, "{url}: {} tasks before, {} after", tasks[0], tasks[1])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_left_is_seen() {
        let churn = |joins, rss, files, threads, tasks| {
            let server = Left { rss_kib: [20_000, rss], files: [30, files], threads: [4, threads], ..Left::default() };
            let node = LeftTasks { tasks: [60, tasks], ..LeftTasks::default() };
            Churn { joins, servers: vec![server], nodes: vec![node], ..Churn::default() }.left_nothing()
        };
        assert!(churn(1_000, 20_000, 30, 4, 60) && churn(1_000, 18_000, 29, 4, 59));
        assert!(churn(1_000, 22_000, 30, 4, 60), "what the allocator keeps");
        assert!(!churn(1_000, 26_000, 30, 4, 60), "6 KiB a join");
        assert!(!churn(1_000, 20_000, 31, 4, 60) && !churn(1_000, 20_000, 30, 5, 60) && !churn(1_000, 20_000, 30, 4, 61));
    }
}
