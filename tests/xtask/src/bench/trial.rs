//! One measurement: a topic of its own, filled and read by the client.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::broker::Broker;
use super::workloads::Workload;
use crate::shell::{root, run};

/// The client's program.
pub struct Client {
    program: PathBuf,
    ballast: PathBuf,
}

/// What the client measured; CPU times are seconds of the broker's process.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Measured {
    /// Bytes of values that were sent.
    pub bytes: u64,
    /// From the first record to the last acknowledgement.
    pub produce_seconds: f64,
    /// The broker's CPU time meanwhile.
    pub produce_cpu: f64,
    /// The broker's CPU time while all was read back.
    pub consume_cpu: f64,
    /// Bytes of values that were read.
    pub consume_bytes: u64,
    /// The middle of the latencies, ms.
    pub p50: f64,
    /// One in a thousand is above this, ms.
    pub p999: f64,
    /// The client's own CPU time.
    pub client_cpu: f64,
}

impl Client {
    /// Builds it. `ballast` is a file for it to keep.
    pub fn build(ballast: PathBuf) -> anyhow::Result<Self> {
        let program = root().join("target/bench/client");
        let mut go = Command::new("go");
        run(go
            .current_dir(root().join("tests/bench/client"))
            .args(["build", "-o"])
            .arg(&program)
            .arg("."))?;
        Ok(Self { program, ballast })
    }

    /// The program, for a trial with flags of its own.
    pub fn program(&self) -> &std::path::Path {
        &self.program
    }

    /// Runs a workload once.
    pub fn run(&self, work: &Workload, broker: &Broker, configs: &str, topic: &str) -> anyhow::Result<Measured> {
        let mut client = Command::new(&self.program);
        let mut flag = |name: &str, value: &str| {
            client.arg(format!("-{name}={value}"));
        };
        flag("broker", &format!("127.0.0.1:{}", broker.port));
        flag("pid", &broker.pid().to_string());
        flag("ballast", &self.ballast.to_string_lossy());
        flag("topic", topic);
        flag("configs", configs);
        flag("partitions", &work.partitions.to_string());
        flag("records", &work.records.to_string());
        flag("size", &work.size.to_string());
        flag("codec", work.codec);
        flag("keys", work.keys);
        flag("to", &work.to.to_string());
        flag("copies", &work.copies.to_string());
        flag("reads", &work.reads.to_string());
        flag("rate", &work.rate.to_string());
        let output = client
            .stderr(Stdio::inherit())
            .output()
            .context("the client cannot be started")?;
        if !output.status.success() {
            bail!(
                "\"{}\" with {}: the client ended with {}",
                work.name,
                broker.name,
                output.status
            );
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}
