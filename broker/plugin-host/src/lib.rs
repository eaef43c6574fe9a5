//! Runs the users' WebAssembly plugins: partitioners, validators, transforms, policies and views.
//!
//! A plugin is a core WebAssembly module that speaks the ABI of `plugin-sdk/ABI.md`. This crate compiles it
//! (in a child process, into a cache), refuses what it must not import, gives it its configuration, tests
//! it on a few records, and from then on calls its hooks on the records of a batch, chunk by chunk. What
//! comes back is checked down to the last byte before anybody else sees it.
//!
//! The `pipeline` is its only caller in the produce and fetch path; `admin` and the command line use
//! [`inspect`] and the statistics; the binary calls [`compile_main`] for its hidden subcommand.
//!
//! # Invariants
//!
//! - Whatever a plugin does, a caller gets an outcome for every record and never a panic: a trap, a loop, a
//!   hunger for memory or a senseless answer is a [`Fault`] of the record that caused it.
//! - The host touches guest memory through wasmtime's checked slices only. The one `unsafe` of this crate
//!   loads a compiled module that this broker wrote itself (`compile/trusted.rs`).
//! - An instance that trapped, ran late or answered nonsense is never called again.
//! - Nothing runs while no plugin is called: no timer, no thread that wakes up.
//! - This crate knows neither network nor storage, and no Kafka error code.
//!
//! # Choices
//!
//! - A module that exports `corvid_partition` or `corvid_view` may not import clock or random numbers, whatever else it
//!   exports: what a binding will make of it is not known when it is loaded.
//! - A header's key that a plugin adds is UTF-8; one that it removes may be any bytes, as clients' keys may.
//! - A chunk counts against the breaker when none of its records has an answer, or when the search for its
//!   culprits took more than one deadline. One poisonous record a batch, cheaply found, does not open it.
//! - A record that faults alone is tried again on a new instance, unless it was the instance's first: what earlier
//!   records left behind is not its fault.
//! - Tables are granted by a binding, and only to hooks whose answers nobody expects to be the same again: so the imports
//!   are open to every module, and what is not granted can't be opened.
//! - A policy is told how each record failed, in the header of the call; what it does not mention is decided by whoever asks.
//! - A call is timed by CPU time only when it is long: asking for it costs more than many a hook (`meter`).
//!   A deadline is therefore late by up to two ticks of 4 ms.
//!
//! # Modules
//!
//! | | |
//! |---|---|
//! | `host`, `plugin` | what callers hold: all plugins' engine; one loaded plugin |
//! | `hook`, `failure`, `viewer`, `outcome`, `fault`, `stats`, `error` | what goes in and what comes out |
//! | `run`, `chunk`, `isolate`, `breaker` | how a batch is taken through a hook |
//! | `table` | what plugins look things up in |
//! | `sandbox`, `counters`, `hook_stats`, `voice` | one plugin: its instances, what it did, what it says |
//! | `instance`, `room`, `state`, `meter`, `ticker`, `trap` | one instance: its calls and their limits |
//! | `abi`, `answer`, `imports`, `exports`, `signature` | the bytes and functions that cross, and their checks |
//! | `engine`, `compile`, `selftest`, `inspect` | from a `.wasm` file to a plugin that may be bound |

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "tests touch real files"
    )
)]

mod abi;
mod answer;
mod breaker;
mod chunk;
mod compile;
mod counters;
mod engine;
mod error;
mod exports;
mod failure;
mod fault;
mod hook;
mod hook_stats;
mod host;
mod imports;
mod inspect;
mod instance;
mod isolate;
mod meter;
mod moment;
mod outcome;
mod plugin;
mod pool;
mod room;
mod run;
mod sandbox;
mod selftest;
mod signature;
mod state;
mod stats;
mod table;
mod ticker;
mod trap;
mod viewer;
mod voice;

#[cfg(test)]
mod tests;

pub use compile::compile_main;
pub use error::{HostError, LoadError};
pub use failure::{FailedStage, Failure, OwnedFailures};
pub use fault::{Fault, FaultKind};
pub use hook::{Hook, HookInput, HookSet};
pub use hook_stats::{Became, CALL_SECONDS, HookStats, LastFault};
pub use host::{Compiler, HostConfig, Limits, LoadSpec, PluginHost};
pub use inspect::{Import, Inspection, inspect};
pub use moment::Moment;
pub use outcome::{
    DELAY_MAX_MS, Decision, Decisions, Edit, Edited, Edits, Failing, HeaderOp, HeaderOps, Outcome, Replacement, Route,
    Verdict, Viewed, Views,
};
pub use plugin::Plugin;
pub use stats::{BreakerState, PluginStats};
pub use table::{Table, Tables};
pub use viewer::{OwnedViewer, Viewer};
