//! The plugin's project: made, tested, built and checked as the tutorial says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::broker::Broker;
use crate::shell::{root, run};

/// What it is called.
pub const NAME: &str = "by-name";

/// What its code does.
#[derive(Debug, Clone, Copy)]
pub enum Version {
    /// A–M to partition 0, N–Z to 1: the code of the tutorial.
    AtoMFirst,
    /// The other way round.
    NtoZFirst,
}

/// A folder with a plugin in it.
pub struct Project<'a> {
    broker: &'a Broker,
    folder: PathBuf,
}

impl<'a> Project<'a> {
    /// `corvid plugin new`; what it writes passes its own tests.
    pub fn create(broker: &'a Broker, place: &Path) -> anyhow::Result<Self> {
        let mut new = broker.corvid();
        run(as_a_user(&mut new)
            .args(["plugin", "new", NAME, "--hook", "partitioner"])
            .current_dir(place))?;
        let project = Self {
            broker,
            folder: place.join(NAME),
        };
        run(as_a_user(&mut Command::new("cargo"))
            .args(["test", "--quiet"])
            .current_dir(&project.folder))?;
        Ok(project)
    }

    /// Writes the code, `corvid plugin build`, `corvid plugin check`. Gives the module.
    pub fn build(&self, version: Version) -> anyhow::Result<Vec<u8>> {
        fs::write(self.folder.join("src/lib.rs"), code(version)?)?;
        for step in ["build", "check"] {
            run(as_a_user(&mut self.broker.corvid())
                .args(["plugin", step])
                .current_dir(&self.folder))?;
        }
        Ok(fs::read(self.module())?)
    }

    /// Puts these bytes where the module is.
    pub fn put(&self, module: &[u8]) -> anyhow::Result<()> {
        Ok(fs::write(self.module(), module)?)
    }

    fn module(&self) -> PathBuf {
        self.folder.join(format!("{NAME}.wasm"))
    }
}

/// Without what the cargo that runs us has set.
fn as_a_user(command: &mut Command) -> &mut Command {
    let set_by_cargo = |name: &str| {
        name.starts_with("CARGO_") && name != "CARGO_HOME" || name == "CARGO" || name.ends_with("RUSTFLAGS")
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(set_by_cargo) {
            command.env_remove(name);
        }
    }
    command
}

/// The code that the README shows, so that what it shows works.
fn code(version: Version) -> anyhow::Result<String> {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let mut blocks = readme
        .split("```rust\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let code = blocks
        .find(|block| block.contains("impl Partitioner for"))
        .context("README.md shows no partitioner")?;
    ensure!(
        code.contains("Route::To(0)") && code.contains("Route::To(1)"),
        "the README's plugin names partitions 0 and 1"
    );
    Ok(match version {
        Version::AtoMFirst => code.to_owned(),
        Version::NtoZFirst => code
            .replace("Route::To(0)", "Route::To(9)")
            .replace("Route::To(1)", "Route::To(0)")
            .replace("Route::To(9)", "Route::To(1)"),
    })
}
