//! Which store a node uses.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::NodeError;
use crate::config::Config;
use crate::store::embedded::{EmbeddedSettings, EmbeddedStore};
use crate::store::redis::{RedisSettings, RedisStore};
use crate::store::{self, Store};

/// Redis may be started after its nodes; after so long that is no reason any more.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two attempts.
const RETRY: Duration = Duration::from_millis(500);

/// A store that answers.
pub(super) struct Opened {
    pub store: Arc<dyn Store>,
    /// What all nodes share: `SECRET_KEY`, else one that was made once and is kept in the store.
    pub secret: [u8; 32],
}

/// Redis if the settings name one, else a file on this machine. What is wrong with the store's own settings is logged.
pub(super) async fn open(config: &Config) -> Result<Opened, NodeError> {
    let settings = &config.store;
    let history_max = usize::try_from(settings.history_max).unwrap_or(usize::MAX);
    let Some(target) = settings.redis() else {
        let embedded = EmbeddedSettings { dir: settings.data_dir.clone(), history_max, history_max_age: settings.history_max_age };
        return Ok(opened(config, Arc::new(EmbeddedStore::open(embedded)?)).await?);
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
        let attempt = async { opened(config, Arc::new(RedisStore::connect(redis.clone()).await?)).await };
        match attempt.await {
            Ok(opened) => return Ok(opened),
            Err(error) if begun.elapsed() > PATIENCE => return Err(error.into()),
            Err(error) => {
                warn!(%error, hosts = hosts.join(","), "waiting for Redis (REDIS_URL)");
                sleep(RETRY).await;
            }
        }
    }
}

async fn opened(config: &Config, store: Arc<dyn Store>) -> store::Result<Opened> {
    let secret = match &config.accounts.secret_key {
        Some(key) => Sha256::digest(key.expose()).into(),
        None => store.secret("node", rand::random()).await?,
    };
    for warning in store.warnings().await? {
        warn!("{warning}");
    }
    Ok(Opened { store, secret })
}
