//! What Linux tells about processes: CPU time, memory, and how many files this one may open.

use std::collections::HashMap;
use std::fs;
use std::io;

/// A server process to be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// What the report calls it.
    pub name: String,
    /// Its number.
    pub pid: u32,
}

/// What could not be read, in words.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// Not NAME=PID.
    #[error("--pids {0}: must look like node1=4711,node2=4712,redis=4710")]
    Syntax(String),
    /// It ended, or this is not Linux.
    #[error("{name} (process {pid}) cannot be watched: {source}")]
    Unreadable {
        /// As given.
        name: String,
        /// As given.
        pid: u32,
        /// The system's words.
        source: io::Error,
    },
    /// See [`check_open_files`].
    #[error("{connections} connections need {needed} open files, but this shell allows {allowed}: run `ulimit -n {needed}` first")]
    OpenFiles {
        /// What the user wants.
        connections: u32,
        /// That, and what the process needs itself.
        needed: u64,
        /// The soft limit.
        allowed: u64,
    },
}

/// CPU time that a process had used at one moment, in nanoseconds, by thread: threads come and go.
#[derive(Clone, Debug, Default)]
pub struct CpuReading(HashMap<String, u64>);

impl CpuReading {
    /// Nanoseconds used between `earlier` and now. What a thread used that has ended since is not known; servers' threads do not end
    /// while they are busy.
    pub fn since(&self, earlier: &Self) -> u64 {
        self.0.iter().map(|(thread, used)| used.saturating_sub(earlier.0.get(thread).copied().unwrap_or(0))).sum()
    }
}

impl Process {
    /// Parses NAME=PID.
    pub fn parse(text: &str) -> Result<Self, ProcessError> {
        let wrong = || ProcessError::Syntax(text.to_owned());
        let (name, pid) = text.split_once('=').ok_or_else(wrong)?;
        Ok(Self { name: name.to_owned(), pid: pid.parse().map_err(|_| wrong())? })
    }

    /// This process.
    pub fn own() -> Self {
        Self { name: "client".into(), pid: std::process::id() }
    }

    /// CPU time so far. The scheduler's own clock, exact to the nanosecond; the ticks of /proc/PID/stat are 10 ms.
    pub fn cpu(&self) -> Result<CpuReading, ProcessError> {
        let read = || {
            let mut threads = HashMap::new();
            for thread in fs::read_dir(format!("/proc/{}/task", self.pid))? {
                let thread = thread?;
                // A thread may end between the listing and the reading.
                if let Ok(line) = fs::read_to_string(thread.path().join("schedstat")) {
                    threads.insert(thread.file_name().to_string_lossy().into_owned(), first_number(&line));
                }
            }
            if threads.is_empty() { Err(io::Error::other("no schedstat in /proc/PID/task")) } else { Ok(CpuReading(threads)) }
        };
        read().map_err(|source| self.unreadable(source))
    }

    /// Resident memory, in KiB.
    pub fn rss_kib(&self) -> Result<u64, ProcessError> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).map_err(|source| self.unreadable(source))?;
        Ok(status.lines().find_map(|line| line.strip_prefix("VmRSS:")).map_or(0, first_number))
    }

    /// Open files, sockets among them.
    pub fn files(&self) -> Result<u64, ProcessError> {
        self.count("fd")
    }

    /// Threads.
    pub fn threads(&self) -> Result<u64, ProcessError> {
        self.count("task")
    }

    fn count(&self, folder: &str) -> Result<u64, ProcessError> {
        let entries = fs::read_dir(format!("/proc/{}/{folder}", self.pid)).map_err(|source| self.unreadable(source))?;
        Ok(entries.count() as u64)
    }

    fn unreadable(&self, source: io::Error) -> ProcessError {
        ProcessError::Unreadable { name: self.name.clone(), pid: self.pid, source }
    }
}

/// Refuses a number of connections that this process may not open. Where the limit cannot be read, nothing is refused.
pub fn check_open_files(connections: u32) -> Result<(), ProcessError> {
    let needed = u64::from(connections) + 64;
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    match open_files(&limits) {
        Some(allowed) if allowed < needed => Err(ProcessError::OpenFiles { connections, needed, allowed }),
        _ => Ok(()),
    }
}

fn open_files(limits: &str) -> Option<u64> {
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

fn first_number(text: &str) -> u64 {
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn pids_are_named() {
        assert_eq!(Process::parse("redis=17").unwrap(), Process { name: "redis".into(), pid: 17 });
        assert!(Process::parse("17").is_err());
        assert!(Process::parse("a=b").unwrap_err().to_string().contains("node1=4711"));
    }

    #[test]
    fn only_what_was_used_in_between_counts() {
        let reading = |threads: &[(&str, u64)]| CpuReading(threads.iter().map(|(thread, used)| ((*thread).to_owned(), *used)).collect());
        let before = reading(&[("1", 100), ("2", 50), ("ended", 7)]);
        assert_eq!(reading(&[("1", 130), ("2", 50), ("new", 5)]).since(&before), 35);
    }

    #[test]
    fn the_limit_is_read_from_its_line() {
        let limits =
            "Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files     \n";
        assert_eq!(open_files(limits), Some(1024));
        assert_eq!(open_files("Max open files unlimited unlimited files"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_can_be_watched() {
        let own = Process::own();
        let before = own.cpu().unwrap();
        let mut x = 1_u64;
        while own.cpu().unwrap().since(&before) == 0 {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        assert!(own.rss_kib().unwrap() > 0);
        assert!(Process { name: "nobody".into(), pid: u32::MAX }.cpu().is_err());
    }
}
