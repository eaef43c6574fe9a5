//! What a hook costs, beside native code.

use anyhow::{Context, bail};

use crate::shell::cargo;

/// A partitioner or a validator may cost this much of native code, on records of 100 B.
const RATIO_MAX: f64 = 4.0;

/// Runs the plugin host's own benchmark; an error if a hook is dearer than it may be.
pub fn run(rounds: u32) -> anyhow::Result<()> {
    println!("==> hooks: nanoseconds a record, beside native code");
    let mut bench = cargo();
    bench.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "corvid-plugin-host",
        "--example",
        "hook_bench",
        "--",
    ]);
    let output = bench
        .args(["--rounds", &rounds.to_string()])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    if !output.status.success() {
        bail!("hook_bench ended with {}", output.status);
    }
    let judged = |line: &&str| {
        let hook = line.split_whitespace().next().unwrap_or_default();
        matches!(hook, "partition" | "validate") && line.contains(" 100 B")
    };
    let judged: Vec<_> = text.lines().filter(judged).collect();
    if judged.len() != 2 {
        bail!("hook_bench printed no line for the partitioner and the validator at 100 B");
    }
    for line in judged {
        let ratio = line
            .split_whitespace()
            .last()
            .and_then(|ratio| ratio.trim_end_matches('x').parse::<f64>().ok());
        let ratio = ratio.with_context(|| format!("no ratio in {line:?}"))?;
        let verdict = if ratio <= RATIO_MAX { "within" } else { "MISSED" };
        println!(
            "{verdict}: {} of native, the limit is {RATIO_MAX}",
            line.split_whitespace().next().unwrap_or_default()
        );
    }
    Ok(())
}
