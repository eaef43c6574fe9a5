//! What the broker offers a plugin. An import that a plugin does not use is not in its module.
//!
//! In native unit tests these do what [`testing::host`](crate::testing::host) says.

#[cfg(target_arch = "wasm32")]
use crate::guest::imports;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::host as imports;

/// How important a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something does not work.
    Error = 0,
    /// Something may not work.
    Warn = 1,
    /// Something that people want to know.
    Info = 2,
    /// Something that whoever looks for a fault wants to know.
    Debug = 3,
    /// A panic's text. The SDK writes these.
    #[doc(hidden)]
    Panic = 4,
}

/// Writes a line to the broker's log. It is cut at 4 KiB, and lines beyond the broker's rate are left
/// out: this is for what is rare.
pub fn log(level: Level, text: &str) {
    imports::log(level as i32, text);
}

/// Adds to a counter among the broker's metrics: a name of `a` to `z`, `0` to `9` and `_`, at most 64
/// bytes long, and at most 64 names for a plugin.
pub fn metric_add(name: &str, value: f64) {
    imports::metric_add(name, value);
}

/// The time, in milliseconds since the epoch. A module that asks for it can't be bound as a
/// partitioner.
pub fn now_ms() -> i64 {
    imports::now_ms()
}

/// A random number. A module that asks for one can't be bound as a partitioner.
pub fn random() -> u64 {
    imports::random()
}
