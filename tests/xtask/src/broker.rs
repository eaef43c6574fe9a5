//! A node as a process of its own: the binary, started on free ports, and ended whatever happens.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use serde_json::Value;

use crate::shell::{cargo, root, run};

/// Which build of the binary is used.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// As people run it.
    Release,
    /// As one builds it while working on it.
    Dev,
}

impl Profile {
    /// Builds the binary, and gives its path.
    pub fn build(self) -> anyhow::Result<PathBuf> {
        let mut build = cargo();
        build.args(["build", "--quiet", "--locked", "--package", "corvid"]);
        let folder = match self {
            Self::Release => {
                build.arg("--release");
                "release"
            }
            Self::Dev => "debug",
        };
        run(&mut build)?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        Ok(target.join(folder).join("corvid"))
    }
}

/// A running node.
pub struct Broker {
    binary: PathBuf,
    child: Child,
    log: PathBuf,
    ready: Ready,
}

/// What `corvid --json serve` says when it serves.
#[derive(Deserialize)]
struct Ready {
    kafka: String,
    admin: String,
}

impl Broker {
    /// Starts a node with these settings, whose data and log lie in `folder`.
    pub fn start(binary: &Path, folder: &Path, settings: &str) -> anyhow::Result<Self> {
        let (file, log) = (folder.join("node.toml"), folder.join("node.log"));
        fs::write(&file, settings)?;
        let mut serve = Command::new(binary);
        serve.args([
            "--json",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ]);
        serve.arg("--config").arg(&file).arg("--data").arg(folder.join("data"));
        serve
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?);
        let mut child = serve
            .spawn()
            .with_context(|| format!("{} cannot be started", binary.display()))?;
        let out = child.stdout.take().expect("it was piped");
        let mut broker = Self {
            binary: binary.to_owned(),
            child,
            log,
            ready: Ready {
                kafka: String::new(),
                admin: String::new(),
            },
        };
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        broker.ready =
            serde_json::from_str(&line).with_context(|| format!("the node does not serve: {}", broker.last_words()))?;
        Ok(broker)
    }

    /// Where Kafka clients connect.
    pub fn kafka(&self) -> &str {
        &self.ready.kafka
    }

    /// Where its logs lie.
    pub fn logs(&self) -> PathBuf {
        self.log.with_file_name("data").join("logs")
    }

    /// The command line, talking to this node.
    pub fn corvid(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env("CORVID_KAFKA", &self.ready.kafka)
            .env("CORVID_ADMIN", &self.ready.admin);
        command
    }

    /// What a command of the command line says, the values of JSON that it prints.
    pub fn ask(&self, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        let output = self.corvid().arg("--json").args(arguments).output()?;
        ensure!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let values = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
        values
            .collect::<Result<_, _>>()
            .with_context(|| format!("{arguments:?}"))
    }

    /// Sends lines of `KEY:VALUE` by the command line, as one batch for a partition.
    pub fn produce(&self, topic: &str, options: &[&str], lines: &str) -> anyhow::Result<()> {
        let mut produce = self.corvid();
        produce
            .args(["--json", "produce", topic, "--key-separator", ":"])
            .args(options);
        let mut child = produce
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let written = child.stdin.take().expect("it was piped").write_all(lines.as_bytes());
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "{produce:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(written?)
    }

    /// How many requests of an API have come in, as `/metrics` tells.
    pub fn requests(&self, api: &str) -> anyhow::Result<u64> {
        let mut response = ureq::get(format!("http://{}/metrics", self.ready.admin)).call()?;
        let text = response.body_mut().read_to_string()?;
        let start = format!("kafka_network_requestmetrics_requests_total{{request=\"{api}\"}} ");
        let count = text.lines().find_map(|line| line.strip_prefix(&start));
        Ok(count.context("the node does not count requests")?.trim().parse()?)
    }

    /// Keeps its log where the tests' output is, and says where.
    pub fn keep_log(&self) -> String {
        let kept = root().join("target/node.log");
        match fs::copy(&self.log, &kept) {
            Ok(_) => format!("its whole log is {}", kept.display()),
            Err(error) => format!("its log cannot be kept: {error}"),
        }
    }

    /// The last lines of its log.
    pub fn last_words(&self) -> String {
        const LINES: usize = 30;
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    /// Tells it to stop, and expects it to do so cleanly.
    pub fn stop(mut self) -> anyhow::Result<()> {
        ensure!(
            self.child.try_wait()?.is_none(),
            "the node has ended by itself: {}",
            self.last_words()
        );
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the node stopped with {status}: {}", self.last_words());
        }
        Ok(())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Both fail only for a process that has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
