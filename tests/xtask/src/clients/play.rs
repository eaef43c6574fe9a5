//! One scenario with one client: a process, with a limit of time, and its line of JSON. It may ask for something meanwhile.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
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

/// What a client asks for while it plays: a line of JSON. It waits for a line, which says that it is done.
#[derive(Debug, Deserialize)]
#[serde(tag = "wants", rename_all = "lowercase")]
pub enum Wish {
    /// That the dead letters of a group are looked at, and redriven.
    Redrive {
        /// Whose letters.
        topic: String,
        /// Who gave up on them.
        group: String,
    },
}

/// Grants what a client wishes.
pub type Granting<'a> = &'a dyn Fn(&Wish) -> anyhow::Result<()>;

/// Runs a scenario to its end.
pub fn play(client: &str, scenario: &str, broker: &str, options: &[String], grant: Granting<'_>) -> Answer {
    let begun = Instant::now();
    let mut answer = attempt(client, scenario, broker, options, grant).unwrap_or_else(|error| Answer {
        result: Ending::Failed,
        detail: format!("{error:#}"),
        took: Duration::ZERO,
    });
    answer.took = begun.elapsed();
    answer
}

fn attempt(
    client: &str,
    scenario: &str,
    broker: &str,
    options: &[String],
    grant: Granting<'_>,
) -> anyhow::Result<Answer> {
    let mut command = Command::new(root().join("tests/clients/run"));
    command
        .args([client, "--broker", broker, "--scenario", scenario])
        .args(options);
    let mut said = tempfile::tempfile()?;
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(said.try_clone()?);
    // A group of its own: some of them start others, which must not outlive them.
    let mut child = Group(
        command
            .process_group(0)
            .spawn()
            .with_context(|| format!("{command:?}"))?,
    );
    let output = child.output(grant)?;
    let status = child.0.wait()?;
    let line = output.lines().next_back().unwrap_or_default();
    serde_json::from_str(line)
        .with_context(|| format!("{client} ended with {status} and said: {output}{}", read(&mut said)))
}

/// A process and those that it has started.
struct Group(Child);

impl Group {
    /// What it prints beside its wishes, once it has ended; after too long, it is ended.
    fn output(&mut self, grant: Granting<'_>) -> anyhow::Result<String> {
        let out = BufReader::new(self.0.stdout.take().expect("it was piped"));
        let (tell, told) = mpsc::channel();
        let reading = thread::spawn(move || {
            // Nobody listens any more if this took too long.
            out.lines().try_for_each(|line| tell.send(line))
        });
        let output = self.listen(&told, grant);
        self.end();
        // Its pipe is closed now, since everyone who had it is gone.
        let _ = reading.join();
        output
    }

    fn listen(&mut self, told: &Receiver<io::Result<String>>, grant: Granting<'_>) -> anyhow::Result<String> {
        let (deadline, mut output) = (Instant::now() + TIME_MAX, String::new());
        loop {
            let line = match told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => line?,
                Err(RecvTimeoutError::Disconnected) => return Ok(output),
                Err(RecvTimeoutError::Timeout) => bail!("it took too long, and said: {output}"),
            };
            match serde_json::from_str::<Wish>(&line) {
                Ok(wish) => {
                    grant(&wish)?;
                    self.0.stdin.as_mut().expect("it is piped").write_all(b"done\n")?;
                }
                Err(_) => output.extend([&line, "\n"]),
            }
        }
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
