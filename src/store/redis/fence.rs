//! Why no message number ever names two messages within an epoch, although Redis replicates asynchronously.
//!
//! A failover may lose the newest acknowledged writes. A number that was given out before it must then not be given out again
//! in the same epoch. Only the nodes know what was there: so before anything is appended to data of another *generation*, every
//! node compares what it has seen ([`crate::store::Channels::verify`]), and channels that lost something get a new epoch.
//!
//! * The generation is the master's replication ID, which Redis changes with every failover and restart (on a Cluster: those of
//!   all masters).
//! * The scripts that append carry the generation in a comment. Their names (SHA-1) differ for each generation, and scripts are not
//!   replicated: a server that took over answers `NOSCRIPT`, without anything being asked beforehand for each append.
//! * [`watch`] reads the generation every second, and at once after a `NOSCRIPT`. A new one is reported upwards
//!   ([`crate::store::Store::generation_changed`]); when this node has verified its channels, it notes so in Redis. Appends wait, and
//!   fail after [`super::link::PATIENCE`].
//! * Once every node of the registry has noted the same, or [`GIVE_UP`] has passed (who is silent for so long is declared dead),
//!   the generation is settled. Only then its scripts are loaded, on servers that say before and after that they are of it.
//!
//! A server that is master again after another one was may still know scripts of its first time; so a new connection for appends is
//! asked once for its generation.
//!
//! A generation that is settled already needs no waiting, and neither does a store without other nodes.

use std::sync::Arc;
use std::time::Duration;

use redis::Value;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::link::{Line, weather};
use super::script::{Fenced, GENERATION, GENERATION_SETTLED};
use super::{Shared, info_field, keys, locked, wire};
use crate::store::{Generation, Result, StoreError};

/// How often the generation is looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often, while appends wait for it.
const IMPATIENT: Duration = Duration::from_millis(100);
/// Nodes that have not verified by then are not waited for.
const GIVE_UP: Duration = Duration::from_secs(6);

/// What is known of the generation.
#[derive(Clone, Default)]
struct State {
    /// Everything that this node knows has been compared with this one.
    verified: Option<Generation>,
    /// This one is waiting for that.
    pending: Option<Generation>,
    /// The scripts to append with; `None` while nothing may be appended.
    armed: Option<Arc<Fenced>>,
}

/// The gate that appends pass.
pub(super) struct Fence {
    state: watch::Sender<State>,
    nudge: Notify,
}

impl Default for Fence {
    fn default() -> Self {
        Self { state: watch::Sender::default(), nudge: Notify::new() }
    }
}

impl Fence {
    /// Waits until a generation is to be verified by this node.
    pub(super) async fn changed(&self) -> Generation {
        let mut state = self.state.subscribe();
        let pending = match state.wait_for(|state| state.pending.is_some()).await {
            Ok(state) => state.pending.clone(),
            Err(_) => None,
        };
        match pending {
            Some(generation) => generation,
            // The sender lives in `self`: this is not reached.
            None => std::future::pending().await,
        }
    }

    /// Notes that this node has verified what it knows. Says nothing about a generation that came after.
    pub(super) fn verified(&self, generation: &Generation) {
        self.state.send_if_modified(|state| {
            let is_pending = state.pending.as_ref() == Some(generation);
            if is_pending {
                state.verified = state.pending.take();
            }
            is_pending
        });
        self.nudge.notify_one();
    }

    /// The scripts to append with, as soon as there are any.
    pub(super) async fn armed(&self, deadline: Instant) -> Option<Arc<Fenced>> {
        let mut state = self.state.subscribe();
        let armed = tokio::time::timeout_at(deadline, state.wait_for(|state| state.armed.is_some())).await;
        armed.ok()?.ok()?.armed.clone()
    }

    /// A server did not know these scripts.
    pub(super) fn disarm(&self, fenced: &Arc<Fenced>) {
        self.state.send_if_modified(|state| {
            let is_present = state.armed.as_ref().is_some_and(|armed| Arc::ptr_eq(armed, fenced));
            if is_present {
                state.armed = None;
            }
            is_present
        });
        self.nudge.notify_one();
    }
}

/// Follows the generation for as long as the store lives.
pub(super) async fn watch(shared: Arc<Shared>) {
    loop {
        let pause = if shared.fence.state.borrow().armed.is_some() { INTERVAL } else { IMPATIENT };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shared.fence.nudge.notified() => {}
        }
        if let Err(error) = shared.tend_generation().await {
            tracing::debug!(%error, "the generation of the data in Redis is unknown");
        }
    }
}

impl Shared {
    /// The first look: this store has seen nothing yet that could be lost.
    pub(super) async fn begin_generation(&self) -> Result<()> {
        let generation = self.read_generation().await?;
        self.fence.state.send_modify(|state| state.verified = Some(generation));
        self.tend_generation().await
    }

    async fn tend_generation(&self) -> Result<()> {
        let generation = self.read_generation().await?;
        let state = self.fence.state.borrow().clone();
        if state.verified.as_ref() != Some(&generation) {
            if state.pending.as_ref() != Some(&generation) {
                tracing::warn!("Redis has failed over or restarted: appends wait until what is known has been compared with what is there");
                // Not with the server that was replaced, to which connections may still lead.
                self.links.forget();
                self.fence.state.send_modify(|state| {
                    state.armed = None;
                    state.pending = Some(generation);
                });
            }
            return Ok(());
        }
        if state.armed.is_some() || !self.is_settled(&generation).await? {
            return Ok(());
        }
        let fenced = Arc::new(Fenced::new(generation));
        self.load_fenced(&fenced).await?;
        self.fence.state.send_modify(|state| state.armed = Some(fenced));
        Ok(())
    }

    async fn read_generation(&self) -> Result<Generation> {
        let texts: Vec<String> = self.info("replication").await?.into_iter().map(|(_, text)| text).collect();
        generation_of(&texts).ok_or_else(|| {
            self.links.forget();
            StoreError::Unavailable("this Redis server is a replica, not a master".to_owned())
        })
    }

    /// Notes that this node has verified, and looks whether all others have.
    async fn is_settled(&self, generation: &Generation) -> Result<bool> {
        let mut call = GENERATION.on(&[keys::GENERATION]);
        call.arg(&generation.0);
        for node in locked(&self.nodes).keys() {
            call.arg(node.to_string());
        }
        let (settled, age, fields): (u8, u64, Vec<String>) = self.run(call).await?;
        if settled == 1 {
            return Ok(true);
        }
        let mut nodes = redis::cmd("ZRANGE");
        nodes.arg(keys::NODES).arg(0).arg(-1);
        let nodes: Vec<String> = self.query(nodes).await?;
        let has_verified = |node: &String| fields.iter().any(|field| field.strip_prefix("n:") == Some(node));
        if !nodes.iter().all(has_verified) && Duration::from_millis(age) < GIVE_UP {
            return Ok(false);
        }
        let mut call = GENERATION_SETTLED.on(&[keys::GENERATION]);
        call.arg(&generation.0);
        self.run(call).await
    }

    /// Loads the scripts where the data are of this generation and nowhere else: each server says so on the same connection
    /// before and afterwards.
    async fn load_fenced(&self, fenced: &Fenced) -> Result<()> {
        let mut info = redis::cmd("INFO");
        info.arg("replication");
        let mut commands = vec![info.clone()];
        for script in fenced.all() {
            let mut command = redis::cmd("SCRIPT");
            command.arg("LOAD").arg(&script.source);
            commands.push(command);
        }
        commands.push(info);
        let answers = self.links.with(|mut line: Line| async move { line.on_every_master(&commands).await }).await?;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for mut server in answers {
            if let Some(error) = server.iter().find_map(|answer| answer.clone().extract_error().err()) {
                return Err(weather(&error));
            }
            after.push(wire::read(server.pop().unwrap_or(Value::Nil))?);
            before.push(wire::read(server.swap_remove(0))?);
        }
        if [before, after].iter().any(|texts| generation_of(texts).as_ref() != Some(&fenced.generation)) {
            return Err(StoreError::Unavailable("Redis failed over again".to_owned()));
        }
        Ok(())
    }
}

/// The generation of the masters that a connection leads to; `None` if one of them is none.
pub(super) async fn generation_on(line: &mut Line) -> Result<Option<Generation>> {
    let mut info = redis::cmd("INFO");
    info.arg("replication");
    let answers = line.on_every_master(&[info]).await.map_err(|error| weather(&error))?;
    let texts: Vec<String> = answers.into_iter().flatten().map(wire::read).collect::<Result<_>>()?;
    Ok(generation_of(&texts))
}

/// The generation of these masters; `None` if one of them is none.
fn generation_of(replication: &[String]) -> Option<Generation> {
    let mut ids = Vec::with_capacity(replication.len());
    for text in replication {
        if info_field(text, "role") != Some("master") {
            return None;
        }
        ids.push(info_field(text, "master_replid")?);
    }
    ids.sort_unstable();
    (!ids.is_empty()).then(|| Generation(ids.join("+")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn master(id: &str) -> String {
        format!("# Replication\r\nrole:master\r\nmaster_replid:{id}\r\n")
    }

    #[test]
    fn the_generation_is_that_of_all_masters_in_any_order() {
        assert_eq!(generation_of(&[master("b"), master("a")]), generation_of(&[master("a"), master("b")]));
        assert_ne!(generation_of(&[master("b"), master("a")]), generation_of(&[master("c"), master("a")]));
        assert_eq!(generation_of(&["role:slave\r\nmaster_replid:a\r\n".to_owned()]), None);
        assert_eq!(generation_of(&[]), None);
    }

    #[tokio::test]
    async fn a_change_is_reported_until_it_is_verified() {
        let fence = Fence::default();
        let generation = Generation("two".to_owned());
        fence.state.send_modify(|state| state.pending = Some(generation.clone()));
        assert_eq!(fence.changed().await, generation);
        fence.verified(&Generation("one".to_owned()));
        assert_eq!(fence.changed().await, generation);
        fence.verified(&generation);
        assert_eq!(fence.state.borrow().verified, Some(generation));
        assert!(fence.armed(Instant::now()).await.is_none());
    }
}
