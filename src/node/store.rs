//! Which store a node uses.

use std::sync::Arc;

use super::NodeError;
use crate::config::Config;
use crate::store::Store;
use crate::store::embedded::{EmbeddedSettings, EmbeddedStore};

/// Redis if the settings name one, else a file on this machine.
pub(super) async fn open(config: &Config) -> Result<Arc<dyn Store>, NodeError> {
    let settings = &config.store;
    let history_max = usize::try_from(settings.history_max).unwrap_or(usize::MAX);
    Ok(Arc::new(EmbeddedStore::open(EmbeddedSettings {
        dir: settings.data_dir.clone(),
        history_max,
        history_max_age: settings.history_max_age,
    })?))
}
