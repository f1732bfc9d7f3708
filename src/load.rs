//! `rialto load`: puts running nodes under load from outside, and checks every single delivery. [`media`] is about calls, the rest about chat.
//!
//! A receiver checks each message twice: by the channel's `Seq`, and by a marker in the message's text that holds its number and the
//! time at which it was due. So a loss, a duplicate or a swap is seen even if the server numbers its mistakes neatly. Latency counts
//! from the time at which a message was due, not from when it was written.
//!
//! The client must not be what is measured: one thread, a shared read buffer, no task woken and no JSON parsed for a delivery.
//! A connection that ends is counted, never repaired.

mod args;
mod check;
mod client;
mod conduct;
mod frame;
mod marker;
pub mod media;
mod pace;
mod process;
mod report;
mod seen;
mod socket;
mod state;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

pub use args::{ArgsError, ChatArgs, LoadArgs, LoadTarget};
pub use check::Faults;
pub use media::MediaArgs;
pub use process::ProcessError;
pub use report::{Percentiles, Report, Traffic, Usage};
pub use socket::TargetError;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The arguments.
    #[error(transparent)]
    Args(#[from] ArgsError),
    /// A node's address.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The machine, or a process to be watched.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Not everybody got as far as joining.
    #[error("{doing}: only {done} of {all} are through{}", failures.iter().map(|words| format!("\n  {words}")).collect::<String>())]
    SetUp {
        /// How far it got.
        doing: &'static str,
        /// Connections that are through.
        done: u64,
        /// Connections wanted.
        all: u64,
        /// The first few failures.
        failures: Vec<String>,
    },
    /// A node does not tell how many tasks it has.
    #[error("http://{node}/metrics does not tell the node's tasks: {error} (METRICS_TOKEN must not be set)")]
    Figures {
        /// Host and port.
        node: String,
        /// The network's words, or the first line of the answer.
        error: std::io::Error,
    },
    /// A thread could not be started.
    #[error("no thread to receive on: {0}")]
    Io(#[from] std::io::Error),
    /// A histogram could not be made.
    #[error("no histogram: {0}")]
    Histogram(#[from] hdrhistogram::CreationError),
    /// The report could not be written as JSON.
    #[error("no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The certificate of the participants.
    #[error("{0}")]
    Certificate(String),
    /// A bug in the load test.
    #[error("a thread of the load test failed")]
    Thread,
}

/// Runs a load test and prints its report on stdout. The exit code says whether everything arrived exactly once and in order.
pub async fn run(args: LoadArgs) -> Result<ExitCode, LoadError> {
    let (json, text, clean) = match args.what {
        LoadTarget::Chat(args) => {
            let (json, report) = (args.json, chat(args, interrupted()).await?);
            (json.then(|| serde_json::to_string_pretty(&report)), report.to_string(), report.clean())
        }
        LoadTarget::Media(args) => {
            let (json, report) = (args.json, media::media(args, interrupted()).await?);
            (json.then(|| serde_json::to_string_pretty(&report)), report.to_string(), report.clean())
        }
    };
    println!("{}", json.transpose()?.unwrap_or(text));
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs a load test against the chat dialect. When `stop` is done it ends early, with a report of what there is by then.
pub async fn chat(args: ChatArgs, stop: impl Future<Output = ()> + Send + 'static) -> Result<Report, LoadError> {
    conduct::chat(args, stop).await
}

/// Until the user presses Ctrl-C.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // No handler could be set up, so the signal ends the process as it always does.
        std::future::pending().await
    }
}
