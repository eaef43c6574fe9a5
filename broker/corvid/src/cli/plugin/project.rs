//! A plugin's project: its manifest, and cargo.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use corvid::settings::read_file;
use corvid_env::fs::Dir;
use serde_json::Value;

use super::super::Failure;

/// What a module is compiled for.
const TARGET: &str = "wasm32-unknown-unknown";

/// A project by its folder.
pub struct Project {
    /// Where it lies.
    pub folder: PathBuf,
    /// The package's name.
    pub name: String,
    manifest: toml::Table,
}

impl Project {
    /// Reads the manifest.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let manifest = folder.join("Cargo.toml");
        let unread = |why: String| {
            let failure = Failure::wrong(format!("{}: {why}", manifest.display()));
            failure.hint("run this in a plugin's project, or name its folder; `corvid plugin new` writes one")
        };
        let bytes = read_file(&manifest, 1 << 20).map_err(|error| unread(error.to_string()))?;
        let table: toml::Table =
            toml::from_str(&String::from_utf8_lossy(&bytes)).map_err(|error| unread(error.to_string()))?;
        let name = table.get("package").and_then(|package| package.get("name")?.as_str());
        Ok(Self {
            name: name.ok_or_else(|| unread("it has no package".to_owned()))?.to_owned(),
            folder: folder.to_owned(),
            manifest: table,
        })
    }

    /// Where `plugin build` puts the module.
    pub fn module(&self) -> PathBuf {
        self.folder.join(format!("{}.wasm", self.name))
    }

    /// Runs cargo, and gives the module that it made.
    pub fn compile(&self) -> Result<PathBuf, Failure> {
        self.add_target()?;
        let mut cargo = command("cargo", &self.folder);
        cargo.args(["build", "--release", "--target", TARGET]);
        messages(&mut cargo, "correct it, and build again")?
            .iter()
            .filter_map(|message| self.artifact(message))
            .next_back()
            .ok_or_else(|| {
                let failure = Failure::failed("cargo built no WebAssembly module");
                failure.hint("the library needs `crate-type = [\"cdylib\", \"rlib\"]` in its Cargo.toml")
            })
    }

    /// The profile with which it is built, as it stands in the manifest: nothing if it is cargo's own.
    pub fn profile(&self) -> String {
        let release = self.manifest.get("profile").and_then(|profile| profile.get("release"));
        let nested = |name: &str, value| toml::Table::from_iter([(name.to_owned(), value)]);
        let tables = release.map(|release| nested("profile", nested("release", release.clone()).into()));
        tables.map_or_else(String::new, |tables| format!("\n{tables}"))
    }

    /// The module that a message of cargo's tells of, if it is this package's.
    fn artifact(&self, message: &Value) -> Option<PathBuf> {
        let of_library = message["target"]["name"].as_str()?.replace('-', "_") == self.name.replace('-', "_");
        let files = message["filenames"].as_array()?;
        let mut files = files.iter().filter_map(Value::as_str).map(PathBuf::from);
        let module = files.find(|file| file.extension().is_some_and(|extension| extension == "wasm"))?;
        (message["reason"] == "compiler-artifact" && of_library).then_some(module)
    }

    /// Installs the target where the project's toolchain has it not.
    fn add_target(&self) -> Result<(), Failure> {
        let libdir = command("rustc", &self.folder)
            .args(["--print", "target-libdir", "--target", TARGET])
            .output();
        if libdir
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        {
            return Err(Failure::failed("there is no `rustc` on the PATH").hint("https://rustup.rs installs Rust"));
        }
        let there = libdir.is_ok_and(|output| Dir::open(String::from_utf8_lossy(&output.stdout).trim()).is_ok());
        if there {
            return Ok(());
        }
        let added = command("rustup", &self.folder).args(["target", "add", TARGET]).status();
        if added.is_ok_and(|status| status.success()) {
            return Ok(());
        }
        Err(Failure::failed(format!("the target {TARGET} is not installed"))
            .hint(format!("rustup target add {TARGET}")))
    }
}

/// Runs a `cargo build`, and gives the messages in which it tells what it has made. `hint` says
/// what to do if it fails.
pub fn messages(build: &mut Command, hint: &str) -> Result<Vec<Value>, Failure> {
    build.args(["--message-format", "json-render-diagnostics"]);
    let built = build.stderr(Stdio::inherit()).output().map_err(|error| {
        Failure::failed(format!("cargo does not run: {error}")).hint("install Rust: https://rustup.rs")
    })?;
    if !built.status.success() {
        return Err(Failure::failed("the plugin does not build: see above").hint(hint));
    }
    let lines = built.stdout.split(|byte| *byte == b'\n');
    Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
}

/// A program in a folder.
pub fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    command
}
