//! `cargo xtask sim`: whole nodes in a simulated world, losing power. The tests are in tests/sim, a workspace of its own, since
//! its flags build every crate another way.

use crate::shell::{cargo, root, run};

/// How many histories.
#[derive(clap::Args)]
pub struct Options {
    /// Histories of each test, each from a seed of its own; by default, as many as the test says.
    #[arg(long)]
    runs: Option<u32>,
    /// One history only, of this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Only tests whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

/// The flags of tests/sim/.cargo/config.toml, which those of the environment would hide.
const FLAGS: &str = "--cfg corvid_sim --cfg tokio_unstable";

/// Builds the world, and runs its tests.
pub fn run_tests(options: &Options) -> anyhow::Result<()> {
    let mut tests = cargo();
    tests.args(["test", "--locked"]).args(options.only.iter());
    tests.current_dir(root().join("tests/sim")).env("RUSTFLAGS", FLAGS);
    for name in ["CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR"] {
        tests.env_remove(name);
    }
    if let Some(runs) = options.runs {
        tests.env("CORVID_SIM_RUNS", runs.to_string());
    }
    if let Some(seed) = options.seed {
        tests.env("CORVID_SIM_SEED", seed.to_string());
    }
    run(&mut tests)
}

/// 200 power cuts of a whole node, 200 of one whose records are moved by coins, and what is below.
pub fn smoke() -> anyhow::Result<()> {
    run_tests(&Options {
        runs: None,
        seed: None,
        only: None,
    })
}
