//! Times and sizes on the command line.

use std::time::Duration;

use corvid_metadata::units::{parse_bytes, parse_duration_ms};

/// A time, such as 20ms or 15s.
pub fn duration(text: &str) -> Result<Duration, String> {
    parse_duration_ms(text)
        .map(Duration::from_millis)
        .map_err(|error| error.to_string())
}

/// A size in bytes, such as 16MiB.
pub fn size(text: &str) -> Result<usize, String> {
    parse_bytes(text)
        .map(|bytes| bytes as usize)
        .map_err(|error| error.to_string())
}
