//! The course of a run: connect, sign in, join, settle, warm up, measure, report.

use std::io::IsTerminal;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::oneshot;

use super::LoadError;
use super::args::ChatArgs;
use super::check::Faults;
use super::client::{Lane, live};
use super::frame;
use super::pace::{self, Sent};
use super::process::{CpuReading, Process, check_open_files};
use super::report::{Percentiles, Report, Traffic, Usage, microseconds};
use super::socket::Target;
use super::state::{Run, get};

/// Between two looks at the counters.
const LOOK: Duration = Duration::from_millis(5);
/// Between warm-up and measuring, so that nothing of the one is charged to the other.
const REST: Duration = Duration::from_millis(300);

/// Runs it all, or as far as it gets until `stop`.
pub async fn chat(args: ChatArgs, stop: impl Future<Output = ()> + Send + 'static) -> Result<Report, LoadError> {
    args.check()?;
    check_open_files(args.connections)?;
    let mut watched = args.pids.iter().map(|text| Process::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let mut targets = Vec::with_capacity(args.urls.len());
    for url in &args.urls {
        targets.push(Target::resolve(url).await?);
    }
    // Behind the servers comes the client itself, where the system tells.
    watched.extend(Some(Process::own()).filter(|own| own.cpu().is_ok()));
    let mut memory = vec![rss(&watched)?];

    let run = Arc::new(Run::new(args, targets));
    let stopping = tokio::spawn({
        let run = run.clone();
        async move {
            stop.await;
            run.interrupt();
        }
    });
    let threads = (0..run.args.threads as usize).map(|thread| Thread::start(&run, thread)).collect::<Result<Vec<_>, _>>()?;
    let begun = Instant::now();
    set_up(&run, begun).await?;
    let connect_seconds = begun.elapsed().as_secs_f64();

    let settled = Instant::now();
    wait(&run, Duration::from_secs_f64(run.args.settle), || settled.elapsed().as_secs_f64() >= run.args.settle).await;
    memory.push(rss(&watched)?);
    let measured = if run.args.idle || run.interrupted() { None } else { Some(measure(&run, &watched).await?) };
    memory.push(rss(&watched)?);
    stopping.abort();

    let (mut latency, mut faults) = (microseconds()?, Faults::default());
    for thread in threads {
        thread.stop(&mut latency, &mut faults)?;
    }
    Ok(report(&run, connect_seconds, &watched, &memory, measured, &latency, faults))
}

/// What the measured part left, apart from what the receivers know.
struct Measured {
    messages: u64,
    lag: Percentiles,
    seconds: f64,
    /// Nanoseconds of each watched process.
    cpu: Vec<u64>,
}

async fn set_up(run: &Run, begun: Instant) -> Result<(), LoadError> {
    let all = u64::from(run.args.connections);
    for (counter, words) in [(&run.progress.signed_in, "signing in"), (&run.progress.ready, "joining")] {
        let bar = bar(words, all);
        let left = Duration::from_secs_f64(run.args.connect_timeout).saturating_sub(begun.elapsed());
        let done = || {
            bar.set_position(get(counter));
            get(counter) + get(&run.progress.failed) >= all
        };
        wait(run, left, done).await;
        bar.finish_and_clear();
        if get(counter) < all {
            return Err(LoadError::SetUp { doing: words, done: get(counter), all, failures: run.failures() });
        }
        run.may_join.send_replace(true);
    }
    Ok(())
}

async fn measure(run: &Arc<Run>, watched: &[Process]) -> Result<Measured, LoadError> {
    let warm = run.first_timed;
    let total = warm + run.args.messages_in(run.args.duration);
    let bar = bar("deliveries", total * run.args.receivers());
    let mut sent = phase(run, 0..warm, 0, &bar).await?;
    tokio::time::sleep(REST).await;
    let before = cpu(watched)?;
    let begin = run.now();
    if !run.interrupted() {
        let warm_messages = sent.messages;
        sent = phase(run, warm..total, warm_messages, &bar).await?;
        sent.messages += warm_messages;
    }
    let cpu = cpu(watched)?.iter().zip(&before).map(|(after, before)| after.since(before)).collect();
    bar.finish_and_clear();
    let seconds = get(&run.progress.last_delivery).saturating_sub(begin) as f64 / 1e6;
    Ok(Measured { messages: sent.messages, lag: Percentiles::from(&sent.lag), seconds, cpu })
}

/// Sends and waits until everything has arrived that was sent so far, or no more can be hoped for.
async fn phase(run: &Arc<Run>, numbers: std::ops::Range<u64>, before: u64, bar: &ProgressBar) -> Result<Sent, LoadError> {
    let delivered: &AtomicU64 = &run.progress.delivered;
    let sender = run.clone();
    let mut sending = tokio::task::spawn_blocking(move || pace::send(&sender, numbers));
    let sent = loop {
        bar.set_position(get(delivered));
        if let Ok(sent) = tokio::time::timeout(LOOK * 10, &mut sending).await {
            break sent.map_err(|_| LoadError::Thread)??;
        }
    };
    let expected = (before + sent.messages) * run.args.receivers();
    let begun = Instant::now();
    while get(delivered) < expected && begun.elapsed().as_secs_f64() < run.args.drain {
        bar.set_position(get(delivered));
        tokio::time::sleep(LOOK).await;
    }
    Ok(sent)
}

/// Waits for a condition; gives up after a time, or when the user does.
async fn wait(run: &Run, longest: Duration, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() && !run.interrupted() && begun.elapsed() < longest {
        tokio::time::sleep(LOOK).await;
    }
}

/// A thread with a runtime of its own: connections that share a thread share a read buffer, and no work is ever stolen.
struct Thread {
    lane: Arc<Mutex<Lane>>,
    stop: oneshot::Sender<()>,
    handle: JoinHandle<()>,
}

impl Thread {
    fn start(run: &Arc<Run>, thread: usize) -> Result<Self, LoadError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let lane = Arc::new(Mutex::new(Lane::new(run)?));
        let (stop, stopped) = oneshot::channel::<()>();
        let (run, shared) = (run.clone(), lane.clone());
        let handle = std::thread::Builder::new().name(format!("receive-{thread}")).spawn(move || {
            let own = (thread..run.args.connections as usize).step_by(run.args.threads as usize);
            for index in own.clone() {
                runtime.spawn(live(run.clone(), shared.clone(), index));
            }
            // An error means that the run failed and nobody is left to stop it: the same.
            let _ = runtime.block_on(stopped);
            // Nothing is read any more, so the farewell is not counted as a connection that ended.
            for socket in own.filter_map(|index| run.sockets[index].get()) {
                // The server may be gone already; then there is nobody to say goodbye to.
                let _ = socket.send(&frame::close());
            }
        })?;
        Ok(Self { lane, stop, handle })
    }

    fn stop(self, latency: &mut Histogram<u64>, faults: &mut Faults) -> Result<(), LoadError> {
        drop(self.stop);
        self.handle.join().map_err(|_| LoadError::Thread)?;
        let lane = self.lane.lock().unwrap_or_else(PoisonError::into_inner);
        faults.add(&lane.tally.faults);
        latency.add(&lane.tally.latency).map_err(|_| LoadError::Thread)
    }
}

fn report(
    run: &Run,
    connect_seconds: f64,
    watched: &[Process],
    memory: &[Vec<u64>],
    measured: Option<Measured>,
    latency: &Histogram<u64>,
    faults: Faults,
) -> Report {
    let (args, progress) = (&run.args, &run.progress);
    let timed = get(&progress.timed);
    let per_delivery = |nanoseconds: u64| (timed > 0).then(|| thousandths(nanoseconds as f64 / 1e3 / timed as f64));
    let cpu: Vec<u64> = measured.as_ref().map(|measured| measured.cpu.clone()).unwrap_or_default();
    let mut servers: Vec<Usage> = watched
        .iter()
        .enumerate()
        .map(|(index, process)| {
            let [before, idle, end] = [0, 1, 2].map(|moment| memory[moment][index]);
            let connections = (index..args.connections as usize).step_by(args.urls.len()).len();
            let grown = (idle as f64 - before as f64) / connections.max(1) as f64;
            Usage {
                name: process.name.clone(),
                pid: process.pid,
                rss_kib_before: before,
                rss_kib_idle: idle,
                rss_kib_end: end,
                rss_kib_per_connection: (index < args.urls.len().min(args.pids.len())).then(|| thousandths(grown)),
                cpu_seconds: cpu.get(index).map(|used| thousandths(*used as f64 / 1e9)),
                cpu_us_per_delivery: cpu.get(index).copied().and_then(per_delivery),
            }
        })
        .collect();
    let client = servers.split_off(args.pids.len()).pop();
    let all_cpu = cpu.iter().take(servers.len()).sum();
    let traffic = measured.map(|measured| {
        let (expected, delivered) = (measured.messages * args.receivers(), get(&progress.delivered));
        Traffic {
            messages_per_second: args.rate,
            payload_bytes: args.payload,
            messages_sent: measured.messages,
            deliveries_expected: expected,
            deliveries: delivered,
            lost: expected.saturating_sub(delivered),
            faults,
            refused: run.refusals(),
            deliveries_measured: timed,
            measured_seconds: thousandths(measured.seconds),
            deliveries_per_second: if measured.seconds > 0.0 { (timed as f64 / measured.seconds).round() } else { 0.0 },
            latency_us: Percentiles::from(latency),
            sender_lag_us: measured.lag,
        }
    });
    Report {
        connections: args.connections,
        nodes: args.urls.len(),
        connect_seconds: thousandths(connect_seconds),
        dropped_connections: get(&progress.dropped),
        interrupted: run.interrupted(),
        servers_cpu_us_per_delivery: (traffic.is_some() && !servers.is_empty()).then(|| per_delivery(all_cpu)).flatten(),
        traffic,
        client,
        servers,
        failures: run.failures(),
    }
}

/// Resident memory of each, in KiB.
pub(super) fn rss(processes: &[Process]) -> Result<Vec<u64>, LoadError> {
    Ok(processes.iter().map(Process::rss_kib).collect::<Result<_, _>>()?)
}

/// CPU time of each so far.
pub(super) fn cpu(processes: &[Process]) -> Result<Vec<CpuReading>, LoadError> {
    Ok(processes.iter().map(Process::cpu).collect::<Result<_, _>>()?)
}

/// Rounded, for people and programs alike.
pub(super) fn thousandths(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// On stderr, and only where somebody looks: a bar in a log file is noise.
pub(super) fn bar(words: &'static str, length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length).with_message(words);
    match ProgressStyle::with_template("{msg:>12} {wide_bar} {pos}/{len} {elapsed}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
