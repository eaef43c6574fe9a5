//! The log: lines on standard error, for people or for programs.

use std::io::{self, IsTerminal};

use corvid::settings::{Log, LogFormat};
use tracing_subscriber::EnvFilter;

/// What others' crates say at `info` is of no use to an operator. A directive of the settings comes later, and counts.
const QUIET: &str = "openraft=warn";

/// Writes the log as the settings say.
pub fn start(log: &Log) {
    let filter = EnvFilter::new(format!("{QUIET},{}", log.level));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match log.format {
        LogFormat::Readable => lines.with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
