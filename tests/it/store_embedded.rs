//! The embedded store: the contract, and what only a file can promise.

mod crash;
mod file;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rialto::store::Store;
use rialto::store::embedded::{EmbeddedSettings, EmbeddedStore, OpenError};

use crate::store_contract::{HISTORY_MAX, TestStore};

async fn make() -> TestStore {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(open(dir.path()).unwrap());
    TestStore::new(Arc::clone(&store), store, dir)
}

store_contract!(contract, make);

/// Opens the store in this folder.
fn open(dir: &Path) -> Result<EmbeddedStore, OpenError> {
    open_keeping(dir, HISTORY_MAX, None)
}

/// The same with other limits of what is kept.
fn open_keeping(dir: &Path, history_max: usize, history_max_age: Option<Duration>) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open(EmbeddedSettings { dir: dir.to_owned(), history_max, history_max_age })
}
