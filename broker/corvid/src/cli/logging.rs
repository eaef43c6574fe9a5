//! The log: lines on standard error, for people or for programs.

use std::io;

use corvid::settings::{Log, LogFormat};
use tracing_subscriber::EnvFilter;

/// Writes the log as the settings say.
pub fn start(log: &Log) {
    let filter = EnvFilter::new(&log.level);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match log.format {
        LogFormat::Readable => lines.with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
