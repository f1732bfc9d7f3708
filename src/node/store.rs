//! Which store a node uses.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::NodeError;
use crate::config::Config;
use crate::store::Store;
use crate::store::embedded::{EmbeddedSettings, EmbeddedStore};
use crate::store::redis::{RedisSettings, RedisStore};

/// Redis may be started after its nodes; after so long that is no reason any more.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two attempts.
const RETRY: Duration = Duration::from_millis(500);

/// Redis if the settings name one, else a file on this machine.
pub(super) async fn open(config: &Config) -> Result<Arc<dyn Store>, NodeError> {
    let settings = &config.store;
    let history_max = usize::try_from(settings.history_max).unwrap_or(usize::MAX);
    let Some(target) = settings.redis() else {
        return Ok(Arc::new(EmbeddedStore::open(EmbeddedSettings {
            dir: settings.data_dir.clone(),
            history_max,
            history_max_age: settings.history_max_age,
        })?));
    };
    let redis = RedisSettings {
        tls_insecure: settings.redis_tls_insecure,
        pool_size: settings.redis_pool_size,
        ack_replicas: settings.ack_replicas,
        history_max,
        history_max_age: settings.history_max_age,
        ..RedisSettings::new(target)
    };
    let hosts: Vec<_> = redis.target.hosts.iter().map(|host| format!("{}:{}", host.host, host.port)).collect();
    let begun = Instant::now();
    loop {
        match RedisStore::connect(redis.clone()).await {
            Ok(store) => return Ok(Arc::new(store)),
            Err(error) if begun.elapsed() > PATIENCE => return Err(error.into()),
            Err(error) => {
                warn!(%error, hosts = hosts.join(","), "waiting for Redis (REDIS_URL)");
                sleep(RETRY).await;
            }
        }
    }
}

/// The secret that all nodes share: `SECRET_KEY`, else one that was made once and is kept in the store.
pub(super) async fn secret(config: &Config, store: &dyn Store) -> Result<[u8; 32], NodeError> {
    match &config.accounts.secret_key {
        Some(key) => Ok(Sha256::digest(key.expose()).into()),
        None => Ok(store.secret("node", rand::random()).await?),
    }
}
