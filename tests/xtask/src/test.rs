//! `cargo xtask test`: everything that CI checks.

use std::time::Instant;

use anyhow::Context;

use crate::shell::{cargo, root, run};
use crate::{clients, crash, fuzz, json_schema, languages, main_job, sim, tidy};

/// What to leave out while working on one thing.
#[derive(clap::Args)]
pub struct Options {
    /// Only steps whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

type Step = (&'static str, fn() -> anyhow::Result<()>);

const STEPS: &[Step] = &[
    ("format", format),
    ("locks", locks),
    ("tidy", tidy::run),
    ("clippy", || {
        run(cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    }),
    ("unit", || run(cargo().args(["test", "--workspace", "--locked"]))),
    ("json-schema", json_schema::run_suite),
    ("release", || {
        run(cargo().args(["build", "--release", "--locked", "--package", "corvid"]))
    }),
    ("quickstart", quickstart),
    ("crash", crash::smoke),
    ("sim", sim::smoke),
    ("fuzz", fuzz::smoke),
    ("clients", clients::everything),
    ("main-job", main_job::in_ci),
    ("languages", languages::in_ci),
];

/// Runs the steps in order; the first failure ends it, by name.
pub fn run_steps(options: &Options) -> anyhow::Result<()> {
    let only = options.only.as_deref();
    let mut times = Vec::new();
    let wanted = STEPS
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| name.contains(only)));
    for (name, step) in wanted {
        println!("\n==> {name}");
        let begun = Instant::now();
        step().map_err(|error| error.context(format!("step \"{name}\" failed")))?;
        times.push((name, begun.elapsed()));
    }
    println!("\n==> times");
    for (name, time) in &times {
        println!("{name:12} {:6.1} s", time.as_secs_f64());
    }
    println!("\n{} passed, 0 failed", times.len());
    Ok(())
}

/// The workspace, and those that are workspaces of their own.
const WORKSPACES: [&str; 4] = [".", "tests/sim", "tests/fuzz", "tests/bench/accept-all"];

fn format() -> anyhow::Result<()> {
    let check = |folder| {
        run(cargo()
            .args(["fmt", "--all", "--check"])
            .current_dir(root().join(folder)))
    };
    WORKSPACES.into_iter().try_for_each(check)
}

/// Every lock file says what the manifests say: the steps far below would fail late.
fn locks() -> anyhow::Result<()> {
    let check = |folder: &str| {
        let mut tree = cargo();
        tree.args(["tree", "--quiet", "--locked", "--depth", "0"]);
        run(tree
            .current_dir(root().join(folder))
            .stdout(std::process::Stdio::null()))
        .with_context(|| format!("{folder}: `cargo update --workspace` there mends it"))
    };
    WORKSPACES.into_iter().try_for_each(check)
}

fn quickstart() -> anyhow::Result<()> {
    let binary = root().join("target/release/corvid");
    run(std::process::Command::new(binary)
        .args(["quickstart", "--once"])
        .current_dir(root()))
}
