//! The node, as `corvid serve` runs it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::broker::{Launch, free_port};
use crate::shell::{cargo, root, run};

/// The release build, and the plugins of the workloads.
pub struct Program {
    binary: PathBuf,
    accept_all: PathBuf,
}

impl Program {
    /// Builds both.
    pub fn build() -> anyhow::Result<Self> {
        run(cargo().args(["build", "--release", "--locked", "--package", "corvid"]))?;
        let target = root().join("target");
        let mut plugin = cargo();
        plugin.args([
            "build",
            "--quiet",
            "--release",
            "--target",
            "wasm32-unknown-unknown",
            "--manifest-path",
        ]);
        plugin
            .arg(root().join("tests/bench/accept-all/Cargo.toml"))
            .arg("--target-dir")
            .arg(target.join("bench/plugins"));
        run(&mut plugin)?;
        Ok(Self {
            binary: target.join("release/corvid"),
            accept_all: target.join("bench/plugins/wasm32-unknown-unknown/release/accept_all.wasm"),
        })
    }

    /// A node that keeps its data in `folder`, with the plugins of the workloads.
    pub fn command(&self, folder: &Path) -> anyhow::Result<Launch> {
        fs::create_dir_all(folder)?;
        let (port, admin) = (free_port()?, free_port()?);
        let settings = folder.join("corvid.toml");
        fs::write(&settings, self.settings(folder, port, admin))?;
        let mut command = Command::new(&self.binary);
        command
            .args(["serve", "--config"])
            .arg(settings)
            .stdout(File::create(folder.join("out"))?);
        command.stderr(File::create(folder.join("err"))?);
        Ok(Launch { command, port })
    }

    fn settings(&self, folder: &Path, port: u16, admin: u16) -> String {
        let (data, accept_all) = (folder.join("data"), self.accept_all.display());
        let data = data.display();
        format!(
            "[node]\ndata = '{data}'\n\n\
             [listeners]\nkafka = \"127.0.0.1:{port}\"\n\n\
             [admin]\nlisten = \"127.0.0.1:{admin}\"\n\n\
             [plugins.accept-all]\nfile = '{accept_all}'\n\n\
             [plugins.letters]\nbuiltin = \"letter-range-partitioner\"\n"
        )
    }
}
