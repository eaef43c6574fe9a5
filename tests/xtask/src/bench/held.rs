//! A million records that are held until later: what they cost in memory, at a start, and whether they come back in time.
//!
//! Kafka has nothing to hold beside this, so these figures have limits instead of ratios.

use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use super::broker::Broker;
use super::trial::Client;
use super::{corvid, machine};
use crate::shell::root;

/// How many are held.
const RECORDS: u32 = 1_000_000;
/// How many a second are due.
const RATE: u32 = 50_000;
/// When the first is due, seconds from the sending: sending and a restart must fit in before.
const AHEAD: u32 = 60;
/// More memory than this is too much, MiB.
const GROWTH_MAX: f64 = 64.0;
/// A restart that takes longer is too long, seconds.
const RESTART_MAX: f64 = 3.0;
/// Released at a rate lower than this share of what is due, they come too late.
const RATE_MIN: f64 = 0.95;

/// What the client measured.
#[derive(Deserialize)]
struct Measured {
    produce_seconds: f64,
    produce_cpu: f64,
    consume_cpu: f64,
    p50: f64,
    p999: f64,
    release_rate: f64,
}

/// Measures and prints; an error if something is beyond its limit.
pub fn run() -> anyhow::Result<()> {
    println!("\n==> {RECORDS} records that are held until later");
    let folder = root().join("target/bench/held");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let measured = measure(&folder);
    let _ = std::fs::remove_dir_all(&folder);
    measured
}

fn measure(folder: &std::path::Path) -> anyhow::Result<()> {
    let client = Client::build(folder.join("ballast"))?;
    let program = corvid::Program::build()?;
    let node = Broker::start("Corvid", program.command(folder)?)?;
    let before = machine::memory(node.pid())?;
    let sent = client_run(&client, &node, "send")?;
    let held = machine::memory(node.pid())?;
    drop(node);
    let node = Broker::start("Corvid", program.command(folder)?)?;
    let restarted = machine::memory(node.pid())?;
    let read = client_run(&client, &node, "read")?;
    let growth = held.1 - before.1;
    let restart = node.started_in.as_secs_f64();
    let rate = read.release_rate / f64::from(RATE);
    println!("sent in {:.1} s, {:.2} CPU-s", sent.produce_seconds, sent.produce_cpu);
    println!(
        "memory: {growth:.1} MiB more (of no file), at most {GROWTH_MAX}; {:.1} after a restart",
        restarted.1
    );
    println!("restart with them: {restart:.3} s, at most {RESTART_MAX}");
    println!(
        "released: {:.0} a second where {RATE} are due, {:.2} CPU-s; late by {:.0} ms (p50), {:.0} ms (p99.9)",
        read.release_rate, read.consume_cpu, read.p50, read.p999
    );
    ensure!(growth <= GROWTH_MAX, "what is held takes too much memory");
    ensure!(restart <= RESTART_MAX, "a restart with held records takes too long");
    ensure!(rate >= RATE_MIN, "what is due is released too slowly");
    Ok(())
}

fn client_run(client: &Client, node: &Broker, held: &str) -> anyhow::Result<Measured> {
    let output = Command::new(client.program())
        .arg(format!("-broker=127.0.0.1:{}", node.port))
        .arg(format!("-pid={}", node.pid()))
        .args([
            "-topic=held",
            "-configs=corvid.delay.max.ms=3600000;corvid.delay.release.rate=200000",
        ])
        .arg(format!("-records={RECORDS}"))
        .arg(format!("-rate={RATE}"))
        .arg(format!("-ahead={AHEAD}"))
        .args(["-size=100", &format!("-held={held}")])
        .stderr(Stdio::inherit())
        .output()
        .context("the client cannot be started")?;
    if !output.status.success() {
        bail!("held records: the client ended with {}", output.status);
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
