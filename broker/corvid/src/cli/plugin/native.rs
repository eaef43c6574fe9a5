//! A plugin's hooks without a sandbox: its crate built for this machine, under a small program that calls them.

use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use corvid::embedded;
use corvid::settings::read_file;
use corvid_env::fs::Dir;
use corvid_plugin_host::Hook;

use super::super::Failure;
use super::project::{Project, command, messages};
use super::sandbox::{Contents, Sandbox};

/// Where the program lies in a project's target folder, and what cargo calls it.
const NAME: &str = "corvid-native";
/// The largest lock file.
const LOCK_BYTES_MAX: u64 = 16 << 20;

/// What else there is to do.
const HINT: &str = "a native build wants `crate-type = [\"cdylib\", \"rlib\"]`, `export!` in lib.rs, and the SDK of this corvid (of a new \
                    project's folder `sdk`); --no-native leaves it out";

/// The program.
pub struct Native {
    program: PathBuf,
}

/// A hook, and the inputs of its calls on a batch.
pub type Work = (Hook, Vec<Vec<u8>>);

impl Native {
    /// Writes and builds it, with the dependencies and the profile that the project has.
    pub fn build(project: &Project) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::failed(format!("{NAME} cannot be written: {error}"));
        let target = Dir::create_all(project.folder.join("target")).map_err(failed)?;
        let folder = target.subdir(NAME).map_err(failed)?;
        write(&folder, project).map_err(failed)?;
        // From within: the project's own configuration of cargo counts.
        let mut cargo = command("cargo", &project.folder.join("target").join(NAME));
        cargo.args(["build", "--release", "--target-dir", ".."]);
        let built = messages(&mut cargo, HINT)?;
        let program = built
            .iter()
            .filter_map(|message| message["executable"].as_str())
            .next_back();
        let program = program.ok_or_else(|| Failure::failed("cargo built no native program").hint(HINT))?;
        Ok(Self {
            program: program.into(),
        })
    }

    /// How many ns each piece of work takes, done again and again for this long.
    pub fn measure(&self, sandbox: &Sandbox, time: Duration, work: &[Work]) -> Result<Vec<f64>, Failure> {
        let failed = |why: String| Failure::failed(format!("the native build: {why}")).hint(HINT);
        let input = encoded(&sandbox.contents()?, work);
        let run = || {
            let mut program = command(&self.program.display().to_string(), Path::new("."));
            program.arg(&sandbox.config).arg(time.as_millis().to_string());
            let mut program = program
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()?;
            let written = program.stdin.take().expect("it is piped").write_all(&input);
            let output = program.wait_with_output()?;
            // What it says of itself is worth more than a pipe that has closed.
            output.status.success().then_some(written).transpose()?;
            Ok(output)
        };
        let output = run().map_err(|error: io::Error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let told = String::from_utf8_lossy(&output.stdout);
        let times: Vec<f64> = told.lines().filter_map(|line| line.parse().ok()).collect();
        (times.len() == work.len())
            .then_some(times)
            .ok_or_else(|| failed(format!("it says {told}")))
    }
}

/// The program's files. Those that are right stay, and need no build.
fn write(folder: &Dir, project: &Project) -> io::Result<()> {
    for (path, text) in embedded::template("native").expect("the bench has a template") {
        match path.split_once('/') {
            Some((inner, name)) => put(&folder.subdir(inner)?, name, text.as_bytes())?,
            None => {
                let manifest = text.replace("{{name}}", &project.name) + &project.profile();
                put(folder, path, manifest.as_bytes())?;
            }
        }
    }
    // The versions that the module is built with.
    match read_file(&project.folder.join("Cargo.lock"), LOCK_BYTES_MAX) {
        Ok(lock) => put(folder, "Cargo.lock", &lock),
        Err(_) => Ok(()),
    }
}

fn put(folder: &Dir, name: &str, bytes: &[u8]) -> io::Result<()> {
    let there = read_file(&folder.path().join(name), LOCK_BYTES_MAX);
    if there.is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if folder.exists(name) {
        folder.remove(name)?;
    }
    folder.create(name)?.write_all_at(0, &mut [IoSlice::new(bytes)])
}

/// As the program reads it.
fn encoded(tables: &[(String, Contents)], work: &[Work]) -> Vec<u8> {
    let mut all = Vec::new();
    put_number(&mut all, tables.len());
    for (name, contents) in tables {
        put_bytes(&mut all, name.as_bytes());
        put_number(&mut all, contents.len());
        for part in contents.iter().flat_map(|(key, value)| [key, value]) {
            put_bytes(&mut all, part);
        }
    }
    for (hook, calls) in work {
        put_bytes(&mut all, hook.name().as_bytes());
        put_number(&mut all, calls.len());
        for call in calls {
            put_bytes(&mut all, call);
        }
    }
    all
}

fn put_bytes(all: &mut Vec<u8>, bytes: &[u8]) {
    put_number(all, bytes.len());
    all.extend_from_slice(bytes);
}

fn put_number(all: &mut Vec<u8>, number: usize) {
    all.extend_from_slice(&(number as u32).to_le_bytes());
}
