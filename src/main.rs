//! The `rialto` binary.

use std::error::Error;
use std::process::ExitCode;

use rialto::cli::{self, Action};
use rialto::config::{self, Config, ConfigError};
use rialto::load::{self, LoadArgs};

fn main() -> ExitCode {
    let done = match cli::parse(std::env::args_os()) {
        Ok(Action::Serve(config)) => serve(*config),
        Ok(Action::Healthcheck(config)) => cli::healthcheck(&config).map_err(Into::into),
        Ok(Action::EnvSample) => {
            print!("{}", config::env_sample());
            Ok(())
        }
        Ok(Action::Load(arguments)) => return load(*arguments).unwrap_or_else(cli::complain),
        // Help and the version are among clap's errors; it knows which stream and exit code they take.
        Err(ConfigError::Usage(usage)) => usage.exit(),
        Err(error) => Err(error.into()),
    };
    done.map_or_else(cli::complain, |()| ExitCode::SUCCESS)
}

fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    rialto::logging::start(&config.observation);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    Ok(runtime.worker_threads(config.node.worker_threads()).enable_all().build()?.block_on(rialto::node::run(config))?)
}

fn load(arguments: LoadArgs) -> Result<ExitCode, Box<dyn Error>> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(load::run(arguments))?)
}
