//! Signals to processes that tests have started.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Sends a signal, by its name without `SIG`.
pub fn signal(id: u32, name: &str) {
    assert!(Command::new("kill").args([format!("-{name}"), id.to_string()]).status().unwrap().success());
}

/// Stops a process or lets it go on. It stands still when this returns: on a busy machine its other threads run until one has seen the signal.
pub fn pause(id: u32, on: bool) {
    signal(id, if on { "STOP" } else { "CONT" });
    let start = Instant::now();
    while on && !stands_still(id) {
        assert!(start.elapsed() < Duration::from_secs(60), "process {id} does not stop");
        sleep(Duration::from_millis(1));
    }
}

/// Whether no thread of it runs (proc_pid_stat(5)).
fn stands_still(id: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let stats = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("stat")).ok());
    stats.map(|stat| stat.rsplit(") ").next().unwrap_or_default().to_owned()).all(|rest| rest.starts_with('T'))
}
