//! Runs the users' WebAssembly plugins: partitioners, validators and transforms.
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
//! # Modules
//!
//! | | |
//! |---|---|
//! | [`host`](PluginHost) | the engine, loading, what all plugins share |
//! | [`plugin`](Plugin) | a loaded plugin and its hooks: what the pipeline holds |
//! | `hook`, `outcome`, `fault` | what goes into a hook and what comes out |
//! | `run`, `chunk`, `isolate`, `breaker`, `pool` | how a batch is taken through a hook |
//! | `instance`, `imports`, `state`, `meter`, `ticker` | one sandbox: its calls, its imports, its limits |
//! | `abi`, `answer` | the bytes that cross, and the checks on what comes back |
//! | `compile`, `inspect`, `selftest` | from a `.wasm` file to a plugin that may be bound |
//! | `stats`, `guest_log` | what people see of it |

mod error;
mod fault;
mod hook;
mod host;
mod inspect;
mod outcome;
mod plugin;
mod stats;

pub use error::{HostError, LoadError};
pub use fault::{Fault, FaultKind};
pub use hook::{Hook, HookInput, HookSet};
pub use host::{Compiler, HostConfig, Limits, LoadSpec, PluginHost};
pub use inspect::{Import, Inspection, inspect};
pub use outcome::{Edit, Edited, Edits, Failing, HeaderOp, HeaderOps, Outcome, Route, Verdict};
pub use plugin::Plugin;
pub use stats::{BreakerState, PluginStats};

/// The entry of the child process that compiles a module: see [`Compiler::Child`].
pub fn compile_main() -> std::process::ExitCode {
    todo!()
}
