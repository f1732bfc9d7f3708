//! Every setting, declared once: its name, meaning, unit, default and bounds.
//!
//! A setting comes from the flag (`--max-frame-bytes`), else from the environment variable of the same name
//! (`MAX_FRAME_BYTES`), else from `.env` in the working directory, else from its default. A variable that is set but empty
//! counts as unset. A value that cannot be meant stops the start with the setting's name, the value's fault and an example;
//! nothing falls back silently. `--help` and `.env.sample` are made from these declarations.
//!
//! Secrets are [`Secret`]s: `Debug` does not show them, and neither do `--help` and error messages.

mod error;
mod groups;
mod media;
pub mod mounts;
mod origins;
mod rates;
mod read;
mod redis;
mod sample;
mod secret;
mod values;

use clap::Args;

pub use error::{ConfigError, SettingError, explain};
pub use groups::{Accounts, Calls, Limits, Lobbies, Network, Node, Observation, Store};
pub use media::{Media, MediaAddress, MediaAddresses};
pub use mounts::{DialectName, Mount, Mounts};
pub use origins::{Origin, Origins};
pub use rates::{FailureRate, MessageRate};
pub use read::{from_matches, load_dotenv, prepare};
pub use redis::{RedisHost, RedisTarget, Topology};
pub use sample::env_sample;
pub use secret::Secret;
pub use values::{Address, LogFilter, LogFormat, Moderators, Role};

/// All settings of a node, checked one by one and against each other.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Where the node listens and whom it lets in.
    #[command(flatten)]
    pub network: Network,
    /// What the node is in its cluster.
    #[command(flatten)]
    pub node: Node,
    /// Where what must outlive a connection is kept.
    #[command(flatten)]
    pub store: Store,
    /// Accounts, passwords and keys.
    #[command(flatten)]
    pub accounts: Accounts,
    /// Calls: how clients find their way through firewalls.
    #[command(flatten)]
    pub calls: Calls,
    /// Calls: what this node carries of them.
    #[command(flatten)]
    pub media: Media,
    /// What one client may ask of the node.
    #[command(flatten)]
    pub limits: Limits,
    /// Lobbies: rooms with a code, a host and guests.
    #[command(flatten)]
    pub lobbies: Lobbies,
    /// Logs and metrics.
    #[command(flatten)]
    pub observation: Observation,
}

impl Config {
    /// Settings from flags alone (`["--port", "0"]`): neither the environment nor `.env` is read. Meant for tests and tools that
    /// run several nodes in one process.
    pub fn from_flags<I, T>(flags: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item = T>,
        T: Into<std::ffi::OsString> + Clone,
    {
        read::from_flags(flags)
    }
}

#[cfg(test)]
mod tests;
