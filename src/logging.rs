//! Log lines on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Observation};

/// Starts logging for the whole process. To be called once.
pub fn start(settings: &Observation) {
    // The filter was checked when the settings were read.
    let filter = EnvFilter::new(&settings.rust_log.0);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match settings.log_format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
