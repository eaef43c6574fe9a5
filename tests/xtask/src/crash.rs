//! `cargo xtask crash`: kill -9 in rounds, under producers that want every record acknowledged. The rounds are in tests/crash.

use crate::shell::{cargo, run};

/// How many rounds, and which.
#[derive(clap::Args)]
pub struct Options {
    /// How often the broker is killed.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// From which faults, changes and records are drawn; by default, another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Say what each round is.
    #[arg(long)]
    talk: bool,
}

/// Builds the harness and its broker, and runs them.
pub fn run_rounds(options: &Options) -> anyhow::Result<()> {
    run(cargo().args(["build", "--quiet", "--locked", "--package", "crash", "--bins"]))?;
    let mut rounds = cargo();
    rounds.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "crash",
        "--bin",
        "crash",
        "--",
    ]);
    rounds.args(["--rounds", &options.rounds.to_string()]);
    if let Some(seed) = options.seed {
        rounds.args(["--seed", &seed.to_string()]);
    }
    if options.talk {
        rounds.arg("--talk");
    }
    run(&mut rounds)
}

/// Each fault once.
pub fn smoke() -> anyhow::Result<()> {
    run_rounds(&Options {
        rounds: 21,
        seed: Some(1),
        talk: true,
    })
}
