//! A node from start to stop.

use crate::config::Config;

/// Why a node could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {}

/// Runs a node until it is told to stop.
#[allow(clippy::unused_async)]
pub async fn run(_config: Config) -> Result<(), NodeError> {
    Ok(())
}
