//! The command line: what to do, with which settings.

mod healthcheck;

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{self, Config, ConfigError};
use crate::load::LoadArgs;

pub use healthcheck::{Unhealthy, healthcheck};

/// A chat cluster in one binary: text channels and direct messages over WebSockets, on Redis or on this machine alone.
/// Without a command it serves. Every setting is a flag, and an environment variable of the name in brackets.
#[derive(Parser, Debug)]
#[command(name = "rialto", version, args_conflicts_with_subcommands = true, term_width = 110)]
struct CommandLine {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What the binary can do besides serving.
#[derive(Subcommand, Debug)]
enum Command {
    /// Serve; the same as no command
    Serve(Box<Config>),
    /// Ask the node on this machine's PORT whether it is alive; the exit code says
    Healthcheck,
    /// Print a file of all settings, to be edited and saved as `.env`
    EnvSample,
    /// Put running nodes under load and check every delivery
    Load(LoadArgs),
}

/// What the binary was asked to do.
#[derive(Debug)]
pub enum Action {
    /// Run a node.
    Serve(Box<Config>),
    /// Ask a running node on this machine how it is.
    Healthcheck(Box<Config>),
    /// Print `.env.sample`.
    EnvSample,
    /// Put other nodes under load.
    Load(Box<LoadArgs>),
}

/// Reads the command line, the environment and `.env`. The first of `arguments` is the binary's name. To be called before any
/// thread is started.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Action, ConfigError> {
    config::load_dotenv()?;
    let command = config::prepare(CommandLine::command());
    let matches = command.clone().try_get_matches_from(arguments).map_err(|error| config::explain(error, &command))?;
    let settings = |matches| config::from_matches(matches).map(Box::new);
    Ok(match (CommandLine::from_arg_matches(&matches)?.command, matches.subcommand()) {
        (Some(Command::EnvSample), _) => Action::EnvSample,
        (Some(Command::Load(load)), _) => Action::Load(Box::new(load)),
        (Some(Command::Healthcheck), _) => Action::Healthcheck(settings(&matches)?),
        (Some(Command::Serve(_)), Some((_, own))) => Action::Serve(settings(own)?),
        (Some(Command::Serve(_)) | None, _) => Action::Serve(settings(&matches)?),
    })
}

/// Says on standard error why the binary stops, with all that led to it.
#[must_use]
pub fn complain(error: Box<dyn Error>) -> ExitCode {
    let mut text = format!("rialto: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    eprintln!("{text}");
    ExitCode::FAILURE
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn help_lists_every_setting_and_shows_no_value_of_the_environment() {
        let mut command = config::prepare(CommandLine::command());
        command.build();
        command.clone().debug_assert();
        let help = command.clone().render_help().to_string();
        for argument in command.get_arguments().filter(|argument| argument.get_env().is_some()) {
            assert!(argument.is_hide_env_values_set(), "{argument}");
            assert!(
                help.contains(&format!("--{} ", argument.get_long().unwrap()))
                    || help.contains(&format!("--{}[", argument.get_long().unwrap()))
            );
        }
    }

    #[test]
    fn serve_is_the_same_as_no_command() {
        for arguments in [&["rialto", "--port=1"][..], &["rialto", "serve", "--port=1"][..]] {
            let Action::Serve(config) = parse(arguments.iter().map(OsString::from)).unwrap() else { unreachable!() };
            assert_eq!(config.network.port, 1);
        }
    }
}
