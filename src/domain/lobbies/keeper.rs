//! Lets time have its effects on rooms. Every node does it; a room that is due is taken by one of them, and by another if that one dies.
//!
//! Members whose node died count as dropped: when a node goes missing, all rooms are looked through. Nobody says of another node that it is
//! dead until it has itself been in contact with the store for as long as that takes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use super::{ATTEMPTS, Lobbies, LobbyError, Result, contended, decode, rules};
use crate::ids::{LobbyCode, NodeId, SessionRef};
use crate::store::lobbies::LobbyChange;
use crate::store::{StoreError, record};

/// Between two looks at what is due.
const EVERY: Duration = Duration::from_millis(500);
/// A node that was silent for so long is dead.
const DEAD_AFTER: Duration = Duration::from_secs(6);
/// Rooms taken in one go.
const BATCH: usize = 256;
/// Rooms looked at together.
const CONCURRENT: usize = 16;
/// A room that was taken and not looked at is due again.
const AGAIN: Duration = Duration::from_secs(5);

#[derive(Default)]
struct State {
    /// Since when the store has answered without a break.
    contact_since: Option<Instant>,
    /// The nodes that were alive when all rooms were last looked through, and those that came since.
    known: HashSet<NodeId>,
    /// All rooms have been looked through in this contact.
    has_looked: bool,
}

impl Lobbies {
    /// Keeps the rooms, for ever.
    pub async fn run(self: Arc<Self>) {
        let mut state = State::default();
        loop {
            sleep(EVERY).await;
            match self.round(&mut state).await {
                Ok(()) => {
                    state.contact_since.get_or_insert_with(Instant::now);
                }
                Err(error) => {
                    debug!(%error, "lobby rooms are not looked at");
                    state = State::default();
                }
            }
        }
    }

    async fn round(&self, state: &mut State) -> Result<()> {
        let alive = self.alive().await?;
        let may_bury = state.contact_since.is_some_and(|since| since.elapsed() >= DEAD_AFTER);
        let mut due = self.store.due_lobbies(BATCH, AGAIN).await?;
        if may_bury && (!state.has_looked || !state.known.is_subset(&alive)) {
            due = self.store.all_lobbies().await?;
        }
        let visits =
            due.into_iter().map(|code| {
                let alive = &alive;
                async move {
                    self.visit(code, may_bury.then_some(alive)).await.inspect_err(|error| warn!(%error, "a lobby room was not looked at"))
                }
            });
        // One that cannot be read will not be read the next time either.
        let is_failure = |outcome: &Result<()>| !matches!(outcome, Ok(()) | Err(LobbyError::Store(StoreError::Corrupt(_))));
        let failed = futures_util::stream::iter(visits)
            .buffer_unordered(CONCURRENT)
            .filter(|outcome| std::future::ready(is_failure(outcome)))
            .count()
            .await;
        if failed == 0 && may_bury {
            (state.has_looked, state.known) = (true, alive);
        } else {
            state.known.extend(alive);
        }
        Ok(())
    }

    /// Looks at a room. `alive`: the members on other nodes are gone; `None`: who knows.
    async fn visit(&self, code: LobbyCode, alive: Option<&HashSet<NodeId>>) -> Result<()> {
        let mut alive = alive.cloned();
        let mut asked = false;
        for _ in 0..ATTEMPTS {
            let (kept, now) = self.store.lobby(code).await?;
            let Some(kept) = kept else { return Ok(self.store.unlist_lobby(code).await?) };
            let before = decode(&kept.record)?;
            let is_gone = |at: SessionRef| {
                if at.node == self.hub.node() {
                    self.hub.crowd().find(at.session).is_none()
                } else {
                    alive.as_ref().is_some_and(|alive| !alive.contains(&at.node))
                }
            };
            if !asked && before.members.iter().filter_map(|member| member.at).any(|at| at.node != self.hub.node() && is_gone(at)) {
                // That node may have come since.
                alive = Some(self.alive().await?);
                asked = true;
                continue;
            }
            let mut room = before.clone();
            let is_over = rules::pass(&mut room, now, &self.rules.times, is_gone);
            let changed = if is_over {
                self.store.change_lobby(code, kept.revision, LobbyChange::Gone).await?
            } else if room == before {
                Some(kept.revision)
            } else {
                self.store.change_lobby(code, kept.revision, LobbyChange::Record(record::encode(&room))).await?
            };
            if changed.is_none() {
                continue;
            }
            if is_over {
                self.ended(code, &before, None).await;
            } else {
                self.relist(code, &room, now, false).await;
                self.relist_if_changed(code, changed).await?;
                if room != before {
                    self.tell(None, &before, &room, code);
                }
            }
            return Ok(());
        }
        Err(contended())
    }

    /// Somebody may have changed the room and listed it for sooner before a visit did for later: whoever lists it last has seen it last.
    async fn relist_if_changed(&self, code: LobbyCode, revision: Option<u64>) -> Result<()> {
        let (kept, now) = self.store.lobby(code).await?;
        match kept {
            Some(kept) if Some(kept.revision) != revision => self.relist(code, &decode(&kept.record)?, now, true).await,
            Some(_) | None => {}
        }
        Ok(())
    }

    async fn alive(&self) -> Result<HashSet<NodeId>> {
        let (nodes, _) = self.store.nodes().await?;
        Ok(nodes.into_iter().filter(|node| node.silent_for <= DEAD_AFTER).map(|node| node.id).collect())
    }
}
