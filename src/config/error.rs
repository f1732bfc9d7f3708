//! What is said when a setting is wrong.

use std::error::Error as _;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::sample::example;

/// One setting and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {fault}; for example {example}")]
pub struct SettingError {
    /// The setting's name, as in the environment.
    pub name: String,
    /// What is wrong. Never holds a secret.
    pub fault: String,
    /// An assignment that would be accepted.
    pub example: String,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The command line is wrong, or asks for help or the version; clap words it.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The `.env` file cannot be used. What is in it is not repeated: it may be a secret.
    #[error(".env: {0}")]
    DotEnv(String),
}

impl SettingError {
    /// A fault that shows only when settings are compared with each other; `example` is the whole assignment.
    pub(super) fn new(name: &str, fault: impl Into<String>, example: impl Into<String>) -> Self {
        Self { name: name.to_owned(), fault: fault.into(), example: example.into() }
    }
}

/// Rewords clap's complaint about a setting's value; everything else is clap's to say. `command` has the settings among its
/// arguments.
#[must_use]
pub fn explain(error: clap::Error, command: &Command) -> ConfigError {
    let setting = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::ValueValidation, Some(ContextValue::String(usage))) => {
            let flag = usage.trim_start_matches('-').split([' ', '=', '[']).next().unwrap_or_default();
            command.get_arguments().find(|argument| argument.get_long() == Some(flag) && argument.get_env().is_some())
        }
        _ => None,
    };
    match (setting, error.source()) {
        (Some(argument), Some(fault)) => {
            let name = argument.get_env().unwrap_or_default().to_string_lossy().into_owned();
            let example = format!("{name}={}", example(argument));
            ConfigError::Setting(SettingError { name, fault: fault.to_string(), example })
        }
        _ => ConfigError::Usage(error),
    }
}
