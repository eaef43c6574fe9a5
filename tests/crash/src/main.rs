//! `crash`: kills a broker again and again. People call it by `cargo xtask crash`.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // A harness, outside of the broker: it uses the machine.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use crash::run::{Options, run};
use crash::schedule::Fault;

/// Kills a broker again and again under idempotent producers, and looks whether every acknowledged record is there once.
#[derive(Parser)]
struct Arguments {
    /// How often the broker is killed.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// From which faults, changes and records are drawn; by default, another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// A bug to plant, as CORVID_FAULT has it: link.dedupe=skip,link.check=skip.
    #[arg(long)]
    plant: Option<String>,
    /// Say what each round is.
    #[arg(long)]
    talk: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match crash(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn crash(arguments: Arguments) -> anyhow::Result<bool> {
    let seed = arguments.seed.unwrap_or_else(|| corvid_env::random::below(1_000_000));
    let options = Options {
        rounds: arguments.rounds,
        seed,
        node: beside_this_program("crash-node")?,
        plant: arguments.plant,
        faults: Fault::ALL.to_vec(),
        talk: arguments.talk,
    };
    let dir = tempfile::Builder::new().prefix("corvid-crash-").tempdir()?;
    let kept = dir.path().to_owned();
    println!("seed {seed}, in {}", kept.display());
    let report = run(&options, dir.path()).await;
    if !report.as_ref().is_ok_and(|report| report.violations.is_empty()) {
        println!("kept for a look: {}", dir.keep().display());
    }
    let report = report.with_context(|| format!("seed {seed}"))?;
    println!("{report}");
    Ok(report.violations.is_empty())
}

fn beside_this_program(name: &str) -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let beside = here.with_file_name(name);
    anyhow::ensure!(
        beside.exists(),
        "{} is not built: use `cargo xtask crash`",
        beside.display()
    );
    Ok(beside)
}
