//! bcrypt takes a hundred milliseconds of a core: it runs off the async threads, no more at once than there are cores, and
//! with a limit to how many may wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::ids::{Password, PasswordHash};
use crate::metrics::Metrics;

/// The queue is full, or a worker died: try again.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct Busy;

/// The password workers of a node.
pub struct Hasher {
    cost: u32,
    workers: Semaphore,
    waiting: AtomicUsize,
    queue: usize,
    /// Compared with where there is nothing to compare with, so that it takes as long.
    decoy: PasswordHash,
    metrics: Arc<Metrics>,
}

impl Hasher {
    /// Workers that hash with 2^`cost` rounds; at most `queue` requests wait for one.
    ///
    /// # Errors
    /// A cost that bcrypt does not take (4 to 31).
    pub fn new(cost: u32, queue: usize, metrics: Arc<Metrics>) -> Result<Self, bcrypt::BcryptError> {
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let decoy = PasswordHash(bcrypt::hash("a password that nobody has", cost)?);
        Ok(Self { cost, workers: Semaphore::new(workers), waiting: AtomicUsize::new(0), queue, decoy, metrics })
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Busy> {
        let cost = self.cost;
        self.work(move || bcrypt::hash(password.expose(), cost).ok().map(PasswordHash)).await
    }

    /// Compares a password with a hash; without a hash it takes as long and is `false`.
    pub async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, Busy> {
        let real = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let same = self.work(move || bcrypt::verify(password.expose(), &hash.0).ok()).await?;
        Ok(same && real)
    }

    async fn work<T: Send + 'static>(&self, job: impl FnOnce() -> Option<T> + Send + 'static) -> Result<T, Busy> {
        let waiting = Waiting::enter(self).ok_or(Busy)?;
        let _permit = self.workers.acquire().await.map_err(|_| Busy)?;
        drop(waiting);
        spawn_blocking(job).await.ok().flatten().ok_or(Busy)
    }
}

/// A place in the queue, given back when dropped.
struct Waiting<'a>(&'a Hasher);

impl<'a> Waiting<'a> {
    fn enter(hasher: &'a Hasher) -> Option<Self> {
        let waiting = hasher.waiting.fetch_add(1, Ordering::AcqRel);
        hasher.metrics.password_queue.inc();
        let place = Self(hasher);
        if waiting < hasher.queue {
            return Some(place);
        }
        hasher.metrics.password_refused.inc();
        None
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
        self.0.metrics.password_queue.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_hash_knows_its_password() {
        let hasher = Hasher::new(4, 8, Metrics::new()).unwrap();
        let hash = hasher.hash(password("secret")).await.unwrap();
        assert!(hasher.verify(password("secret"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(password("other"), Some(hash)).await.unwrap());
        assert!(!hasher.verify(password("a password that nobody has"), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_says_so() {
        let hasher = Hasher::new(4, 0, Metrics::new()).unwrap();
        assert_eq!(hasher.hash(password("secret")).await.unwrap_err(), Busy);
    }
}
