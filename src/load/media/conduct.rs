//! The course of a run: join, connect, settle, and then measure, or join and leave over and over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::watch;

use super::args::MediaArgs;
use super::churn::Churn;
use super::flow::Faults;
use super::participant::{Tally, live};
use super::report::{Report, Traffic, Usage};
use super::standing::Standing;
use super::state::{Progress, Run, get};
use crate::load::LoadError;
use crate::load::conduct::{bar, cpu, rss, thousandths};
use crate::load::process::{CpuReading, Process, check_open_files};
use crate::load::report::{Percentiles, microseconds};
use crate::load::socket::Target;
use crate::media::peer::Identity;

/// Between two looks at the counters.
const LOOK: Duration = Duration::from_millis(5);
/// For so long everything has to arrive before it is believed that it will.
const STABLE: Duration = Duration::from_millis(500);
/// From the decision to measure until the first packet that is measured is due, so that nobody is too late for it.
const AHEAD: Duration = Duration::from_millis(100);
/// What has ended may be there for so long on a busy machine: connections that close, answers that nobody waits for.
const LINGER: Duration = Duration::from_secs(10);
/// What has grown with every one of so many rounds of joins and leaves is left behind by them.
const ROUNDS: u32 = 4;

/// Runs it all, or as far as it gets until `stop`.
pub async fn media(args: MediaArgs, stop: impl Future<Output = ()> + Send + 'static) -> Result<Report, LoadError> {
    args.check()?;
    check_open_files(args.participants().saturating_mul(2))?;
    let servers = args.pids.iter().map(|text| Process::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let mut watched = servers.clone();
    // Behind the servers comes the client itself, where the system tells.
    watched.extend(Some(Process::own()).filter(|own| own.cpu().is_ok()));
    let mut targets = Vec::with_capacity(args.urls.len());
    for url in &args.urls {
        targets.push(Target::resolve(url).await?);
    }
    let identity = Identity::generate().map_err(|error| LoadError::Certificate(error.to_string()))?;
    let mut memory = vec![rss(&watched)?];

    let run = Arc::new(Run::new(args, targets, Arc::new(identity)));
    let stopping = tokio::spawn({
        let run = run.clone();
        async move {
            stop.await;
            run.interrupt();
        }
    });
    let over = watch::Sender::new(false);
    let threads = (0..run.args.threads as usize).map(|thread| Thread::start(&run, thread, &over)).collect::<Result<Vec<_>, _>>()?;
    run.progress.goal.store(run.args.all_joins() - run.args.churn.unwrap_or_default(), Ordering::Relaxed);
    let begun = Instant::now();
    wait_for(&run, "connecting", &run.progress.connected, u64::from(run.args.participants()), begun).await?;
    let connect_seconds = thousandths(begun.elapsed().as_secs_f64());

    let (mut traffic, mut churned) = (None, None);
    let cpu = if let Some(joins) = run.args.churn {
        churned = Some(churn(&run, &servers, joins, begun).await?);
        memory.push(rss(&watched)?);
        None
    } else {
        settle(&run).await;
        memory.push(rss(&watched)?);
        if run.args.idle || run.interrupted() { None } else { Some(measure(&run, &watched, begun).await?) }
    };
    memory.push(rss(&watched)?);
    stopping.abort();
    over.send_replace(true);
    let (mut latency, mut faults) = (microseconds()?, Faults::default());
    for thread in threads {
        thread.join(&mut latency, &mut faults)?;
    }
    if let Some((_, seconds)) = &cpu {
        traffic = Some(self::traffic(&run, &latency, faults, *seconds));
    }
    Ok(report(&run, connect_seconds, &watched, &memory, cpu.map(|(cpu, _)| cpu), traffic, churned))
}

/// Waits until a counter has come so far, or says how far it got.
async fn wait_for(run: &Run, doing: &'static str, counter: &AtomicU64, all: u64, begun: Instant) -> Result<(), LoadError> {
    let bar = bar(doing, all);
    let late = || begun.elapsed().as_secs_f64() > run.args.connect_timeout;
    while get(counter) < all && get(&run.progress.failed) + get(&run.progress.dropped) == 0 && !run.interrupted() && !late() {
        bar.set_position(get(counter));
        tokio::time::sleep(LOOK).await;
    }
    bar.finish_and_clear();
    if get(counter) < all && !run.interrupted() {
        return Err(LoadError::SetUp { doing, done: get(counter), all, failures: run.failures() });
    }
    Ok(())
}

async fn settle(run: &Run) {
    let begun = Instant::now();
    while begun.elapsed().as_secs_f64() < run.args.settle && !run.interrupted() {
        tokio::time::sleep(LOOK).await;
    }
}

/// The CPU time, in nanoseconds, that each process needed for the measured part, and how long that was.
async fn measure(run: &Run, watched: &[Process], begun: Instant) -> Result<(Vec<u64>, f64), LoadError> {
    wait_for(run, "receiving", &run.progress.flowing, run.args.flows(), begun).await?;
    wait_for_everything(run, begun).await?;
    tokio::time::sleep(Duration::from_secs_f64(run.args.warmup)).await;
    let begin = run.now() + AHEAD.as_micros() as u64;
    run.progress.end.store(begin + (run.args.duration * 1e6) as u64, Ordering::Relaxed);
    run.progress.begin.store(begin, Ordering::Relaxed);
    let before = reach(run, begin, watched).await?;
    let after = reach(run, get(&run.progress.end), watched).await?;
    if run.interrupted() {
        run.progress.end.store(run.now(), Ordering::Relaxed);
    }
    let seconds = get(&run.progress.end).min(run.now()).saturating_sub(begin) as f64 / 1e6;
    let drain = Instant::now();
    while get(&run.progress.delivered) < get(&run.progress.expected) && drain.elapsed().as_secs_f64() < run.args.drain {
        tokio::time::sleep(LOOK).await;
    }
    Ok((after.iter().zip(&before).map(|(after, before)| after.since(before)).collect(), seconds))
}

/// Waits until everybody gets everything: at first the server does not know how much the ways to them carry, and leaves pictures out.
async fn wait_for_everything(run: &Run, begun: Instant) -> Result<(), LoadError> {
    let (mut due, mut arrived) = (get(&run.progress.due), get(&run.progress.arrived));
    while !run.interrupted() {
        tokio::time::sleep(STABLE).await;
        let now = (get(&run.progress.due), get(&run.progress.arrived));
        let (all, done) = (now.0 - due, now.1 - arrived);
        if done * 100 >= all * 98 || run.args.overload {
            break;
        }
        if begun.elapsed().as_secs_f64() > run.args.connect_timeout {
            return Err(LoadError::SetUp { doing: "receiving everything", done, all, failures: run.failures() });
        }
        (due, arrived) = now;
    }
    Ok(())
}

/// Waits for a time of the run, and reads the CPU times then.
async fn reach(run: &Run, time: u64, watched: &[Process]) -> Result<Vec<CpuReading>, LoadError> {
    while run.now() < time && !run.interrupted() {
        let left = Duration::from_micros(time.saturating_sub(run.now()));
        tokio::time::sleep(left.min(LOOK * 10)).await;
    }
    cpu(watched)
}

/// Joins and leaves, and looks at what that left. What grew is a leak only if it grows again and again: a pool may open one connection
/// more at any time, and keep it.
async fn churn(run: &Run, servers: &[Process], joins: u64, begun: Instant) -> Result<Churn, LoadError> {
    let limit = Duration::from_secs_f64(run.args.connect_timeout.max(joins as f64));
    // The first ones fill what is kept for good: caches, pools, the allocator's own lists.
    come_and_go(run, begun + limit).await?;
    settle(run).await;
    let mut before = Standing::read(servers, &run.targets).await?;
    let mut rounds = 0;
    loop {
        rounds += 1;
        let (first, started) = (get(&run.progress.left), Instant::now());
        run.progress.goal.store(first + joins, Ordering::Relaxed);
        come_and_go(run, started + limit).await?;
        let seconds = thousandths(started.elapsed().as_secs_f64());
        settle(run).await;
        let settled = Instant::now();
        let (churn, after) = loop {
            let after = Standing::read(servers, &run.targets).await?;
            let joins = get(&run.progress.left) - first;
            let churn = Churn { rounds, ..Churn::new(joins, seconds, servers, &run.args.urls, (&before, &after)) };
            if churn.left_nothing() || run.interrupted() || settled.elapsed() > LINGER {
                break (churn, after);
            }
            tokio::time::sleep(LOOK * 40).await;
        };
        if churn.left_nothing() || run.interrupted() || rounds == ROUNDS {
            return Ok(churn);
        }
        before = after;
    }
}

/// Waits until participants have left as often as they are to, and all are in their calls again.
async fn come_and_go(run: &Run, limit: Instant) -> Result<(), LoadError> {
    let Progress { left, rejoined, goal, dropped, failed, .. } = &run.progress;
    while get(left) < get(goal) || get(rejoined) < get(left) {
        if run.interrupted() {
            return Ok(());
        }
        if get(dropped) + get(failed) > 0 || Instant::now() > limit {
            let (done, all) = (get(rejoined), get(goal));
            return Err(LoadError::SetUp { doing: "joining and leaving", done, all, failures: run.failures() });
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// A thread with a runtime of its own, for its share of the participants.
struct Thread {
    tally: Arc<Mutex<Tally>>,
    handle: JoinHandle<()>,
}

impl Thread {
    fn start(run: &Arc<Run>, thread: usize, over: &watch::Sender<bool>) -> Result<Self, LoadError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let tally = Arc::new(Mutex::new(Tally::new()?));
        let (run, shared, stop) = (run.clone(), tally.clone(), over.subscribe());
        let handle = std::thread::Builder::new().name(format!("media-{thread}")).spawn(move || {
            // Connections stay on their thread.
            tokio::task::LocalSet::new().block_on(&runtime, async {
                let own = (thread..run.args.participants() as usize).step_by(run.args.threads as usize);
                let tasks: Vec<_> =
                    own.map(|index| tokio::task::spawn_local(live(run.clone(), shared.clone(), index, stop.clone()))).collect();
                for task in tasks {
                    // One that failed has said so.
                    let _ = task.await;
                }
            });
        })?;
        Ok(Self { tally, handle })
    }

    fn join(self, latency: &mut Histogram<u64>, faults: &mut Faults) -> Result<(), LoadError> {
        self.handle.join().map_err(|_| LoadError::Thread)?;
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        faults.add(&tally.faults);
        latency.add(&tally.latency).map_err(|_| LoadError::Thread)
    }
}

fn traffic(run: &Run, latency: &Histogram<u64>, faults: Faults, seconds: f64) -> Traffic {
    let progress = &run.progress;
    let (expected, delivered) = (get(&progress.expected), get(&progress.delivered));
    Traffic {
        payload_bytes: run.args.payload,
        published: get(&progress.published),
        unsent: get(&progress.unsent),
        expected,
        delivered,
        lost: get(&progress.lost),
        withheld: expected.saturating_sub(delivered + get(&progress.lost)),
        faults,
        measured_seconds: thousandths(seconds),
        delivered_per_second: if seconds > 0.0 { (delivered as f64 / seconds).round() } else { 0.0 },
        delivered_per_cpu_second: None,
        latency_us: Percentiles::from(latency),
        keyframe_requests: get(&progress.keyframe_requests),
        asked_again: get(&progress.asked_again),
        repairs: get(&progress.repairs),
        moves: get(&progress.moves),
    }
}

fn report(
    run: &Run,
    connect_seconds: f64,
    watched: &[Process],
    memory: &[Vec<u64>],
    cpu: Option<Vec<u64>>,
    mut traffic: Option<Traffic>,
    churn: Option<Churn>,
) -> Report {
    let (args, progress) = (&run.args, &run.progress);
    let usage = |(index, process): (usize, &Process)| {
        let [before, idle, end] = [0, 1, 2].map(|moment| memory.get(moment).and_then(|rss| rss.get(index)).copied().unwrap_or_default());
        Usage {
            name: process.name.clone(),
            pid: process.pid,
            rss_kib_before: before,
            rss_kib_idle: idle,
            rss_kib_end: end,
            rss_kib_per_participant: thousandths((idle as f64 - before as f64) / f64::from(args.participants())),
            cpu_seconds: cpu.as_ref().and_then(|cpu| cpu.get(index)).map(|used| thousandths(*used as f64 / 1e9)),
        }
    };
    let mut servers: Vec<Usage> = watched.iter().enumerate().map(usage).collect();
    let client = servers.split_off(args.pids.len()).pop();
    let seconds: f64 = servers.iter().take(args.media_pids).filter_map(|server| server.cpu_seconds).sum();
    if let Some(traffic) = traffic.as_mut().filter(|_| seconds > 0.0) {
        traffic.delivered_per_cpu_second = Some((traffic.delivered as f64 / seconds).round());
    }
    Report {
        rooms: args.rooms,
        participants: args.participants(),
        connect_seconds,
        dropped_participants: get(&progress.dropped),
        without_gcm: get(&progress.without_gcm),
        interrupted: run.interrupted(),
        traffic,
        churn,
        client,
        servers,
        failures: run.failures(),
    }
}
