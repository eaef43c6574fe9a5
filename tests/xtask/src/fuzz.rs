//! `cargo xtask fuzz`: libFuzzer on every parser that meets a wire or a disk first. The targets are in tests/fuzz, a workspace of
//! its own; its README says what must hold. What `cargo fuzz` would do is done here, since nothing else is needed of it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::shell::{cargo, root, run};

/// What, and how long.
#[derive(clap::Args)]
pub struct Options {
    /// Only this target.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(TARGETS))]
    only: Option<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

const TARGETS: [&str; 5] = ["batch", "decompress", "frames", "hidden", "messages"];

/// Counters at every edge, and every comparison told to libFuzzer; overflows and assertions as in a debug build.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0 \
    -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks --cfg fuzzing";

/// Bounds that no input may cross, MiB: of the process, and of one allocation.
const MEMORY_MAX: [&str; 2] = ["-rss_limit_mb=512", "-malloc_limit_mb=96"];

/// Inputs in the smoke: enough to see that a target works and that what it looks for isn't everywhere.
const SMOKE: &str = "-runs=20000";

/// Runs each target for a time.
pub fn run_targets(options: &Options) -> anyhow::Result<()> {
    let targets = TARGETS
        .iter()
        .filter(|name| options.only.as_deref().is_none_or(|only| only == **name));
    play(targets, &[&format!("-max_total_time={}", options.seconds)])
}

/// Each target on some inputs, the same ones each time.
pub fn smoke() -> anyhow::Result<()> {
    play(TARGETS.iter(), &[SMOKE, "-seed=1"])
}

fn play<'a>(targets: impl Iterator<Item = &'a &'static str>, limits: &[&str]) -> anyhow::Result<()> {
    let programs = build()?;
    for target in targets {
        let folder = programs.join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        let mut fuzz = Command::new(programs.join(target));
        fuzz.args(limits)
            .args(MEMORY_MAX)
            .arg("-verbosity=0")
            .arg("-print_final_stats=1");
        fuzz.arg(format!("-artifact_prefix={}/found-", folder.display()));
        fuzz.arg(&folder).args(seeds(target).filter(|seeds| seeds.exists()));
        let output = fuzz.output().with_context(|| format!("{target} cannot be started"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!(
                "{target} ended with {}; what it found is in {}:\n{said}",
                output.status,
                folder.display()
            );
        }
        println!("    {target:12} {}", figures(&said));
    }
    Ok(())
}

/// What libFuzzer says in the end, in one line.
fn figures(said: &str) -> String {
    let of_interest = ["number_of_executed_units", "peak_rss_mb"];
    let lines = said.lines().filter_map(|line| line.strip_prefix("stat::"));
    let figures = lines.filter(|line| of_interest.iter().any(|name| line.starts_with(name)));
    figures
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Builds all targets; gives the folder where they are.
fn build() -> anyhow::Result<PathBuf> {
    let host = host()?;
    let mut build = cargo();
    build.args(["build", "--quiet", "--release", "--locked", "--bins"]);
    // With a target named, build scripts and macros are built without these flags, with which they would not link.
    build.args(["--target", &host, "--target-dir", "target"]);
    build.current_dir(root().join("tests/fuzz")).env("RUSTFLAGS", FLAGS);
    build.env_remove("CARGO_ENCODED_RUSTFLAGS");
    run(&mut build)?;
    Ok(root().join("tests/fuzz/target").join(host).join("release"))
}

fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .context("rustc cannot be started")?;
    let text = String::from_utf8(output.stdout)?;
    match text.lines().find_map(|line| line.strip_prefix("host: ")) {
        Some(host) => Ok(host.to_owned()),
        None => bail!("rustc -vV names no host: {text}"),
    }
}

/// First inputs, for formats that luck would not find.
fn seeds(target: &str) -> impl Iterator<Item = PathBuf> {
    let own = root().join("tests/fuzz/seeds").join(target);
    let batches = (target == "batch").then(|| root().join("broker/record/tests/fixtures"));
    [Some(own), batches].into_iter().flatten()
}
