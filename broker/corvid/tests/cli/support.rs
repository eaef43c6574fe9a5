//! A node as a child process, and the command line beside it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Once;

use serde_json::Value;
use tempfile::TempDir;

/// Where `config check` keeps what it has compiled, for this run and the next.
const CACHE: &str = env!("CARGO_TARGET_TMPDIR");

/// What a command came to.
pub struct Came {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Came {
    /// The JSON of a command that must succeed.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// The error of a command that must fail with this code: what was wrong, and what to do.
    #[track_caller]
    pub fn failed(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        let line = self
            .err
            .lines()
            .rfind(|line| line.starts_with('{'))
            .unwrap_or_else(|| panic!("{}", self.err));
        serde_json::from_str(line).unwrap()
    }
}

/// Runs `corvid --json` in `folder`.
pub fn corvid(folder: &Path, arguments: &[&str], input: &str) -> Came {
    let mut child = command(folder, arguments)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input is done before it is written.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    Came {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// As a shell would run it: nothing of the cargo that runs the tests gets through.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_corvid"));
    clean(&mut command)
        .env("XDG_CACHE_HOME", CACHE)
        .current_dir(folder)
        .arg("--json")
        .args(arguments)
        .stdout(Stdio::piped());
    command
}

fn clean(command: &mut Command) -> &mut Command {
    let kept = ["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    let inherited = std::env::vars().map(|(name, _)| name);
    for name in inherited
        .filter(|name| (name.starts_with("CARGO") || name.starts_with("RUST")) && !kept.contains(&name.as_str()))
    {
        command.env_remove(name);
    }
    command
}

/// Gives a node's folder the compiled interpreter, which takes a test build of the compiler half a minute.
pub fn warm(folder: &Path) {
    static COMPILED: Once = Once::new();
    COMPILED.call_once(|| {
        let folder = tempfile::tempdir().unwrap();
        let script = "[plugins.a]\nscript = \"fn validate(record) { }\"\n";
        std::fs::write(folder.path().join("a.toml"), script).unwrap();
        corvid(folder.path(), &["config", "check", "a.toml"], "").json();
    });
    let cache = folder.join("corvid-data/plugin-cache");
    std::fs::create_dir_all(&cache).unwrap();
    for entry in std::fs::read_dir(Path::new(CACHE).join("corvid/plugins")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), cache.join(entry.file_name())).unwrap();
    }
}

/// Where a shell finds this `corvid`, and nothing of the cargo that runs the tests.
pub fn path_with_corvid(shell: &mut Command) {
    let folder = Path::new(env!("CARGO_BIN_EXE_corvid")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    clean(shell).env("PATH", path).env("XDG_CACHE_HOME", CACHE);
}

/// A node, and a folder around it; both are gone afterwards.
pub struct Node {
    child: Child,
    pub folder: TempDir,
    pub kafka: String,
    pub admin: String,
}

impl Node {
    /// With no file.
    pub fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), &[])
    }

    /// With more arguments, on free ports.
    pub fn start_in(folder: TempDir, more: &[&str]) -> Self {
        Self::start_to_fail(folder, more, "")
    }

    /// With fail-points armed.
    pub fn start_to_fail(folder: TempDir, more: &[&str], fault: &str) -> Self {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        arguments.extend(more);
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut child = command(folder.path(), &arguments)
            .env("CORVID_FAULT", fault)
            .stderr(log)
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut ready)
            .unwrap();
        let ready: Value = serde_json::from_str(&ready)
            .unwrap_or_else(|_| panic!("{}", std::fs::read_to_string(folder.path().join("log")).unwrap()));
        let text = |key: &str| ready[key].as_str().unwrap().to_owned();
        let (kafka, admin) = (text("kafka"), text("admin"));
        Self {
            child,
            folder,
            kafka,
            admin,
        }
    }

    /// A file beside it.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A command that asks its admin listener.
    pub fn admin(&self, arguments: &[&str]) -> Came {
        let admin = ["--admin", &self.admin];
        corvid(self.folder.path(), &[arguments, &admin].concat(), "")
    }

    /// A command that asks its Kafka listener.
    pub fn kafka(&self, arguments: &[&str], input: &str) -> Came {
        let kafka = ["--kafka", &self.kafka];
        corvid(self.folder.path(), &[arguments, &kafka].concat(), input)
    }

    /// Every record of a topic, as JSON.
    pub fn records(&self, topic: &str) -> Vec<Value> {
        let came = self.kafka(&["consume", topic], "");
        assert_eq!(came.code, 0, "{}", came.err);
        came.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Sends a request as it stands, and gives all of the answer.
    pub fn http(&self, request: &str) -> String {
        let mut socket = TcpStream::connect(&self.admin).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Waits until it has ended.
    pub fn ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Stops it, and gives the folder for the next one.
    pub fn stop(mut self) -> TempDir {
        self.signal("-TERM");
        assert!(self.ended().success(), "{}", self.log());
        self.folder()
    }

    /// The folder of a node that has ended, for the next one.
    pub fn folder(mut self) -> TempDir {
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It has ended already where a test has stopped it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
