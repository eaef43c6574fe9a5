//! One scenario with one client: a process, with a limit of time, and its line of JSON.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;

use crate::shell::root;

/// Far beyond what any of them takes; a client of ours gives up by itself before.
const TIME_MAX: Duration = Duration::from_mins(4);

/// How a scenario ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Ending {
    /// All was as it must be.
    #[serde(rename = "pass")]
    Passed,
    /// Something was not.
    #[serde(rename = "fail")]
    Failed,
    /// The client says that it can't, though the list says that it can.
    #[serde(rename = "n/a")]
    Declined,
}

/// What a client says of a scenario.
#[derive(Debug, Deserialize)]
pub struct Answer {
    /// How it ended.
    pub result: Ending,
    /// What there is to say.
    pub detail: String,
    /// How long it took.
    #[serde(skip)]
    pub took: Duration,
}

/// Runs a scenario to its end.
pub fn play(client: &str, scenario: &str, broker: &str, options: &[String]) -> Answer {
    let begun = Instant::now();
    let mut answer = attempt(client, scenario, broker, options).unwrap_or_else(|error| Answer {
        result: Ending::Failed,
        detail: format!("{error:#}"),
        took: Duration::ZERO,
    });
    answer.took = begun.elapsed();
    answer
}

fn attempt(client: &str, scenario: &str, broker: &str, options: &[String]) -> anyhow::Result<Answer> {
    let mut command = Command::new(root().join("tests/clients/run"));
    command
        .args([client, "--broker", broker, "--scenario", scenario])
        .args(options);
    let mut said = tempfile::tempfile()?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(said.try_clone()?);
    // A group of its own: some of them start others, which must not outlive them.
    let mut child = Group(
        command
            .process_group(0)
            .spawn()
            .with_context(|| format!("{command:?}"))?,
    );
    let output = child.output()?;
    let status = child.0.wait()?;
    let line = output.lines().next_back().unwrap_or_default();
    serde_json::from_str(line)
        .with_context(|| format!("{client} ended with {status} and said: {output}{}", read(&mut said)))
}

/// A process and those that it has started.
struct Group(Child);

impl Group {
    /// What it prints, once it has ended; after too long, it is ended.
    fn output(&mut self) -> anyhow::Result<String> {
        let mut out = self.0.stdout.take().expect("it was piped");
        let (tell, told) = mpsc::channel();
        let reading = thread::spawn(move || {
            let mut text = String::new();
            let read = out.read_to_string(&mut text).map(|_| text);
            // Nobody listens any more if this took too long.
            let _ = tell.send(read);
        });
        let output = told.recv_timeout(TIME_MAX);
        self.end();
        // Its pipe is closed now, since everyone who had it is gone.
        let _ = reading.join();
        Ok(output.context("it took too long")??)
    }

    fn end(&self) {
        // Fails when all have ended, which is what is wanted.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
        let _ = self.0.wait();
    }
}

fn read(file: &mut File) -> String {
    use std::io::Seek as _;
    let mut text = String::new();
    // It is for a message only.
    let _ = file.rewind();
    let _ = file.read_to_string(&mut text);
    text
}
