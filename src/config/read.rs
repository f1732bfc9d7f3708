//! From the command line, the environment and `.env` to checked settings.

use std::ffi::OsString;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::error::explain;
use super::{Config, ConfigError, Role, SettingError};

/// Reads `.env` of the working directory, if there is one, into the environment; what the environment already has stays.
/// To be called before any thread is started.
pub fn load_dotenv() -> Result<(), ConfigError> {
    let path = Path::new(".env");
    if !path.is_file() {
        return Ok(());
    }
    dotenvy::from_path(path).map_err(|error| {
        ConfigError::DotEnv(match error {
            dotenvy::Error::LineParse(_, _) => "a line is not NAME=value (quote values with spaces)".to_owned(),
            dotenvy::Error::Io(error) => format!("cannot be read: {error}"),
            _ => "cannot be read".to_owned(),
        })
    })
}

/// Makes a command that has [`Config`] in it ready to be used: variables that are set but empty count as unset, and `--help`
/// shows names of variables but not their values.
#[must_use]
pub fn prepare(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let argument = if argument.get_default_values() == [""] { argument.hide_default_value(true) } else { argument };
        let name = argument.get_env().map(ToOwned::to_owned);
        match name {
            None => argument,
            Some(name) if std::env::var_os(&name).is_some_and(|value| value.is_empty()) => argument.env(None::<&str>),
            Some(_) => argument.hide_env_values(true),
        }
    });
    command.mut_subcommands(prepare)
}

/// Takes the settings out of what clap parsed and checks them against each other.
pub fn from_matches(matches: &ArgMatches) -> Result<Config, ConfigError> {
    let mut config = Config::from_arg_matches(matches)?;
    if let Some(address) = config.network.server_address.clone() {
        let unset = |id| matches.value_source(id) == Some(ValueSource::DefaultValue);
        if unset("host") && !address.host.is_empty() {
            config.network.host = address.host;
        }
        if unset("port") {
            config.network.port = address.port;
        }
    }
    check(&config)?;
    Ok(config)
}

pub(super) fn from_flags<I, T>(flags: I) -> Result<Config, ConfigError>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let command = declarations().mut_args(|argument| argument.env(None::<&str>)).no_binary_name(true);
    // Errors are worded by the declarations, which still know the variables' names.
    let matches = command.try_get_matches_from(flags).map_err(|error| explain(error, &declarations()))?;
    from_matches(&matches)
}

/// All settings and nothing else.
pub(super) fn declarations() -> Command {
    let mut command = Config::augment_args(Command::new("rialto"));
    // clap fills in what it derives (long names, help text) when the command is built.
    command.build();
    command
}

fn check(config: &Config) -> Result<(), SettingError> {
    let (node, store, calls) = (&config.node, &config.store, &config.calls);
    if calls.turn_host.is_some() && calls.turn_static_auth_secret.is_none() {
        let fault = "browsers use a TURN server only with credentials, which are made with TURN_STATIC_AUTH_SECRET";
        return Err(SettingError::new("TURN_HOST", fault, "TURN_STATIC_AUTH_SECRET=a-secret"));
    }
    config.media.check(node.role, config.network.port)?;
    if store.redis().is_some() {
        return Ok(());
    }
    let example = "REDIS_URL=redis://localhost:6379";
    if node.role != Role::All {
        let fault = "a node of this role shares its data with others and so needs REDIS_URL or REDIS_ADDRESS";
        return Err(SettingError::new("ROLE", fault, example));
    }
    if store.ack_replicas > 0 {
        return Err(SettingError::new("ACK_REPLICAS", "there are replicas only with REDIS_URL or REDIS_ADDRESS", example));
    }
    Ok(())
}
