//! The lifeline: one connection for what keeps the node and its rooms alive (heartbeats, probes, leases), so that none of it waits
//! behind what clients ask for, nor for one dead connection of the pool after the other.
//!
//! Whatever goes over it may be asked twice: after a short silence it is asked again on another connection.

use std::sync::Mutex;
use std::time::Duration;

use redis::RedisResult;
use tokio::time::timeout;

use super::link::{Line, Links, PATIENCE, SILENCE, late, poisons, weather};
use super::locked;
use crate::store::Result;

/// See the module.
#[derive(Default)]
pub(super) struct Lifeline {
    held: Mutex<Option<Held>>,
    /// One connection is made at a time.
    making: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Held {
    /// Counted from 1.
    number: u64,
    era: u64,
    line: Line,
}

impl Lifeline {
    /// Does something that may be done twice.
    ///
    /// # Errors
    /// Redis refuses it, or cannot be reached, or answers too late.
    pub(super) async fn with<T, F, G>(&self, links: &Links, work: F) -> Result<T>
    where
        F: Fn(Line) -> G,
        G: Future<Output = RedisResult<T>>,
    {
        let mut doubtful = 0;
        if let Some(held) = self.held(links, doubtful) {
            match Self::attempt(links, &held, SILENCE, &work).await {
                Some(Ok(done)) => return Ok(done),
                Some(Err(error)) if !poisons(&error) => return Err(weather(&error)),
                _ => doubtful = held.number,
            }
        }
        let held = timeout(PATIENCE, self.another(links, doubtful)).await.map_err(|_| late())??;
        Self::attempt(links, &held, PATIENCE, &work).await.ok_or_else(late)?.map_err(|error| weather(&error))
    }

    /// `None`: no answer.
    async fn attempt<T, F, G>(links: &Links, held: &Held, patience: Duration, work: &F) -> Option<RedisResult<T>>
    where
        F: Fn(Line) -> G,
        G: Future<Output = RedisResult<T>>,
    {
        let outcome = timeout(patience, work(held.line.clone())).await.ok()?;
        if outcome.as_ref().is_err_and(poisons) && held.era == links.era() {
            links.forget();
        }
        Some(outcome)
    }

    /// The present connection, if it is of the present era and later than this one.
    fn held(&self, links: &Links, doubtful: u64) -> Option<Held> {
        locked(&self.held).clone().filter(|held| held.era == links.era() && held.number > doubtful)
    }

    /// Takes the place of the doubtful connection, which is kept as long as no other can be made: it may only be slow.
    async fn another(&self, links: &Links, doubtful: u64) -> Result<Held> {
        let _alone = self.making.lock().await;
        if let Some(held) = self.held(links, doubtful) {
            return Ok(held);
        }
        let era = links.era();
        let line = links.dedicated(Some(PATIENCE)).await?;
        let mut present = locked(&self.held);
        let held = Held { number: present.as_ref().map_or(0, |held| held.number) + 1, era, line };
        *present = Some(held.clone());
        Ok(held)
    }
}
