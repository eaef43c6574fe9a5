//! Deterministic simulation: nodes, clients, their clocks, disks and network in one thread, from one seed.
//!
//! A [`World`] runs the broker's own code, built with `--cfg corvid_sim` so that `corvid_env` is turmoil's clock and
//! network and a disk that forgets what was not synced. One seed is one history: the trace of a run (every file
//! operation, every piece sent, and what the layers note of themselves) is the same bytes each time, and a failure is
//! found again by its seed.
//!
//! # What repeatability relies on
//!
//! - one thread; no blocking pool, no real clock, file, socket or random number (`clippy.toml` bans them);
//! - ordered maps wherever iteration order matters; `biased;` in `select!` where both sides may be ready;
//! - `--cfg tokio_unstable`, so that turmoil seeds tokio's own randomness (the order in which a watch channel wakes);
//! - one run a thread: the run's state is thread-local, and [`World::new`] starts it anew.
//!
//! # The next test of a whole node
//!
//! [`whole_node`] has the node, how it dies and how clients reach it; a test says what its clients do, and checks what they found.
//!
//! # Running it
//!
//! `cargo xtask sim`, or in this folder `cargo test`. `CORVID_SIM_SEED=n` runs
//! one seed, `CORVID_SIM_RUNS=n` that many of them (see [`seeds`]).

mod seeds;
mod trace;
pub mod whole_node;
mod world;

pub use corvid_env::sim::Survival;
pub use seeds::{seed, seeds};
pub use trace::assert_equal_traces;
pub use world::{Outcome, World};
