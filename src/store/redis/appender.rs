//! One task sends all appends, amendments and settlements of this node: what has come together goes as one pipeline on one
//! connection, with one `WAIT` for all of it. A lone one goes at once.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::link::{Line, PATIENCE, late, poisons, weather};
use super::script::Fenced;
use super::{Shared, fence, is_missing_script, keys, millis};
use crate::ids::ChannelId;
use crate::store::channels::{Amendment, NewMessage};
use crate::store::topics::Topic;
use crate::store::{Generation, Result, StoreError};

/// How many may wait to be sent; who comes then waits before the queue.
pub(super) const QUEUE: usize = 4096;
/// How many go together.
const FLIGHT: usize = 256;
/// The longest that replicas are waited for, so that the answer comes within [`PATIENCE`].
const MAX_ACK_TIMEOUT: Duration = Duration::from_secs(2);
/// After so long without use a connection may have died with nobody noticing.
const IDLE: Duration = Duration::from_millis(500);

/// What is to be done in a channel.
pub(super) enum Task {
    Append(NewMessage),
    Amend(Amendment),
    Settle,
}

/// What a script answered.
pub(super) struct Done {
    pub answer: Value,
    /// Whether enough replicas have it.
    pub replicated: bool,
    /// The generation of the server that did it.
    pub generation: Generation,
}

/// A task with somebody waiting for it.
pub(super) struct Job {
    pub channel: ChannelId,
    pub task: Task,
    pub deadline: Instant,
    pub reply: oneshot::Sender<Result<Done>>,
}

impl Job {
    fn fail(self, why: &str) {
        // Nobody waits any more: nothing to tell.
        let _ = self.reply.send(Err(StoreError::Unavailable(why.to_owned())));
    }
}

/// Works for as long as the store lives.
pub(super) async fn run(shared: Arc<Shared>, mut jobs: mpsc::Receiver<Job>) {
    let mut line = None;
    let mut used = Instant::now();
    let mut waiting: Vec<Job> = Vec::new();
    loop {
        if waiting.is_empty() {
            match jobs.recv().await {
                Some(job) => waiting.push(job),
                None => return,
            }
        }
        while waiting.len() < FLIGHT {
            let Ok(job) = jobs.try_recv() else { break };
            waiting.push(job);
        }
        let Some(fenced) = shared.fence.armed(waiting[0].deadline).await else {
            let now = Instant::now();
            for job in waiting.extract_if(.., |job| job.deadline <= now) {
                job.fail("Redis failed over: its data are still being compared with what is known");
            }
            continue;
        };
        let work = async {
            if used.elapsed() > IDLE {
                refresh(&mut line).await;
            }
            send(&shared, &mut line, &fenced, &waiting).await
        };
        let sent = tokio::time::timeout(PATIENCE, work).await;
        used = Instant::now();
        match sent {
            Ok(Ok(None)) => {
                // The generation was read on a connection to another server.
                shared.links.forget();
                shared.fence.disarm(&fenced);
                line = None;
            }
            Ok(Ok(Some((answers, replicated)))) => {
                let mut unknown = Vec::new();
                for (job, answer) in waiting.drain(..).zip(answers) {
                    if is_missing_script(&answer) && job.deadline > Instant::now() {
                        unknown.push(job);
                        continue;
                    }
                    let generation = fenced.generation.clone();
                    let done = answer.extract_error().map(|answer| Done { answer, replicated, generation });
                    if done.as_ref().is_err_and(poisons) {
                        line = None;
                    }
                    let _ = job.reply.send(done.map_err(|error| weather(&error)));
                }
                if !unknown.is_empty() {
                    shared.fence.disarm(&fenced);
                    // Perhaps another server took over: Sentinel is asked anew.
                    line = None;
                }
                waiting = unknown;
            }
            failed => {
                line = None;
                let error = failed.map_or_else(|_| late(), |failed| failed.err().unwrap_or_else(late)).to_string();
                waiting.drain(..).for_each(|job| job.fail(&error));
            }
        }
    }
}

/// Lets go of a connection that died while nothing was sent on it: whoever speaks first afterwards is not to be refused for that.
/// (A Cluster's connections are looked after by the library.)
async fn refresh(line: &mut Option<Line>) {
    if let Some(idle @ Line::One(_)) = line
        && idle.query(&redis::cmd("PING")).await.is_err()
    {
        *line = None;
    }
}

/// Sends the jobs and answers their values and whether enough replicas have all of it. `None`, and nothing sent: a new connection leads
/// to data of another generation. (A server that was the master before may still know the scripts from then.)
async fn send(shared: &Shared, line: &mut Option<Line>, fenced: &Fenced, jobs: &[Job]) -> Result<Option<(Vec<Value>, bool)>> {
    let line = match line {
        Some(line) => line,
        None => {
            let mut fresh = shared.links.dedicated(Some(PATIENCE)).await?;
            if fence::generation_on(&mut fresh).await?.as_ref() != Some(&fenced.generation) {
                return Ok(None);
            }
            line.insert(fresh)
        }
    };
    let failed = |error| weather(&error);
    let mut commands: Vec<Cmd> = jobs.iter().map(|job| command(shared, fenced, job)).collect();
    let wanted = shared.settings.ack_replicas;
    if wanted == 0 {
        return Ok(Some((line.batch(&commands).await.map_err(failed)?, true)));
    }
    let mut wait = redis::cmd("WAIT");
    wait.arg(wanted).arg(millis(shared.settings.ack_timeout.min(MAX_ACK_TIMEOUT)));
    let (answers, replicas) = if let Line::Cluster(_) = line {
        let answers = line.batch(&commands).await.map_err(failed)?;
        // Goes to every master; the answer is the least of theirs.
        (answers, line.query(&wait).await.map_err(failed)?)
    } else {
        commands.push(wait);
        let mut answers = line.batch(&commands).await.map_err(failed)?;
        let replicas = answers.pop().unwrap_or(Value::Int(0));
        (answers, replicas)
    };
    Ok(Some((answers, matches!(replicas, Value::Int(replicas) if replicas >= i64::from(wanted)))))
}

fn command(shared: &Shared, fenced: &Fenced, job: &Job) -> Cmd {
    let (publish, topic) = shared.voice(&Topic::Channel(job.channel));
    let keys = keys::channel(job.channel);
    match &job.task {
        Task::Append(message) => {
            let dedup = match &message.dedup {
                Some((user, client)) => format!("{user} {}", client.as_str()),
                None => message.id.to_string(),
            };
            let mut call = fenced.append.on(&keys);
            call.arg(publish).arg(topic);
            call.arg(message.known.epoch.0).arg(message.known.position.seq.0).arg(message.known.position.sub);
            call.arg(message.id.to_string()).arg(dedup).arg(&message.body[..]);
            let age = shared.settings.history_max_age.map_or(0, |age| u64::try_from(age.as_micros()).unwrap_or(0));
            call.arg(shared.settings.history_max).arg(age).arg(u8::from(shared.settings.ack_replicas > 0));
            call
        }
        Task::Amend(amendment) => {
            let mut call = fenced.amend.on(&keys);
            call.arg(publish).arg(topic).arg(amendment.seq.0);
            call.arg(&amendment.from[..]).arg(&amendment.to[..]).arg(&amendment.entry[..]);
            call
        }
        Task::Settle => fenced.settle.on(&keys),
    }
}
