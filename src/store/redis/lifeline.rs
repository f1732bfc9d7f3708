//! The lifeline: one connection for what keeps the node and its rooms alive (heartbeats, probes, leases), so that none of it waits
//! behind what clients ask for, nor for one dead connection of the pool after the other.
//!
//! Whatever goes over it may be asked twice: after a short silence it is asked again on another connection, and the first answer counts.

use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{self, Either};
use redis::RedisResult;
use tokio::time::timeout;

use super::link::{Line, Links, PATIENCE, late, poisons, weather};
use super::locked;
use crate::store::Result;

/// After so long without an answer another connection is made, in case this one has died.
const SILENCE: Duration = Duration::from_millis(500);

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
        let Some(held) = self.held(links, 0) else { return self.on_another(links, 0, &work).await };
        let mut first = pin!(Self::attempt(links, &held, &work));
        match timeout(SILENCE, first.as_mut()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => self.on_another(links, held.number, &work).await,
            // It has died, or is only slow: a Redis that has much to do is not also to make connections for nothing.
            Err(_) => match future::select(first, pin!(self.on_another(links, held.number, &work))).await {
                Either::Left((Ok(answer), _)) => answer,
                Either::Left((Err(_), second)) => second.await,
                Either::Right((Err(_), first)) => first.await?,
                Either::Right((done, _)) => done,
            },
        }
    }

    async fn on_another<T, F, G>(&self, links: &Links, doubtful: u64, work: &F) -> Result<T>
    where
        F: Fn(Line) -> G,
        G: Future<Output = RedisResult<T>>,
    {
        let held = timeout(PATIENCE, self.another(links, doubtful)).await.map_err(|_| late())??;
        Self::attempt(links, &held, work).await?
    }

    /// The answer. An error on the outside: the connection is not to be used again.
    async fn attempt<T, F, G>(links: &Links, held: &Held, work: &F) -> Result<Result<T>>
    where
        F: Fn(Line) -> G,
        G: Future<Output = RedisResult<T>>,
    {
        let outcome = timeout(PATIENCE, work(held.line.clone())).await.map_err(|_| late())?;
        if let Err(error) = &outcome
            && poisons(error)
        {
            if held.era == links.era() {
                links.forget();
            }
            return Err(weather(error));
        }
        Ok(outcome.map_err(|error| weather(&error)))
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
