//! The seam between Corvid and the machine: clock, random numbers, files, sockets, threads, signals.
//!
//! Every layer above does its input and output through these small types and never through `std` or
//! `tokio` directly (`clippy.toml` bans those, with the reason beside each). So one compiler flag,
//! `--cfg corvid_sim`, puts a whole node into a simulated world where one seed is one history, where the
//! disk forgets what was not synced, and where a minute takes milliseconds (`tests/sim`).
//!
//! Users name the types here and are not generic over them.
//!
//! # Invariants
//!
//! - [`SIMULATED`] tells which world was compiled in; nothing else differs in the public face.
//! - In simulation nothing here touches the machine: no thread is started, no real file or socket is
//!   opened, no real clock is read, and every random number comes from the seed of the run.
//! - Reads and appends are synchronous; [`fs::File::sync_data`] is `async` because it takes (simulated) time.
//!   When real, it blocks its thread: whoever calls it runs on a thread of its own.
//! - Fail-points ([`fault`]) and the seam itself cost one relaxed atomic load when nothing is armed.
//!
//! # Modules
//!
//! [`clock`], [`random`], [`task`], [`fs`], [`net`], [`signal`]: the machine. [`fault`]: fail-points.
//! [`trace`]: what a simulated run did, byte for byte. `sim`: the handles a simulation harness needs; it
//! exists under `--cfg corvid_sim` only.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this crate is the one place where the real clock, files, sockets, threads and random numbers are used"
)]

pub mod clock;
pub mod fault;
pub mod fs;
pub mod net;
pub mod random;
pub mod signal;
pub mod task;
pub mod trace;

#[cfg(not(corvid_sim))]
mod real;
#[cfg(not(corvid_sim))]
use real as imp;

#[cfg(corvid_sim)]
pub mod sim;
#[cfg(corvid_sim)]
use sim as imp;

/// Whether this build runs in the simulated world (`--cfg corvid_sim`) or on the real machine.
pub const SIMULATED: bool = cfg!(corvid_sim);
