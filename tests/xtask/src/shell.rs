//! Running other programs.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

/// The top of the repository.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("xtask lies two levels below the top")
        .to_owned()
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs to the end; an error names the command that failed, or the tool that is missing.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{command:?}");
    let status = command
        .status()
        .with_context(|| format!("{shown} cannot be started: is the tool installed?"))?;
    if !status.success() {
        bail!("{shown} ended with {status}");
    }
    Ok(())
}
