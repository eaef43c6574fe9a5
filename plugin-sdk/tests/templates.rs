//! What `corvid plugin new` writes builds and passes its tests, wherever it lies.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // This is a test: it writes files, and panics where it fails.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

/// A project inside somebody's workspace, which has never heard of it.
#[test]
fn inside_another_workspace() {
    let scratch = Scratch::new("inside");
    let outer = "[workspace]\nresolver = \"3\"\nmembers = []\n\n[workspace.package]\nedition = \"2021\"\n";
    fs::write(scratch.0.join("Cargo.toml"), outer).unwrap();
    for hook in ["partitioner", "validator", "transform", "policy", "view"] {
        let project = scratch.project(hook, &format!("my-{hook}"));
        scratch.cargo(&project, &["test", "--quiet"]);
    }
}

#[test]
fn outside_of_any() {
    let scratch = Scratch::new("outside");
    let project = scratch.project("validator", "order-limit");
    scratch.cargo(&project, &["test", "--quiet"]);
    scratch.cargo(&project, &["build", "--quiet", "--target", "wasm32-unknown-unknown"]);
    assert!(
        scratch
            .0
            .join("target/wasm32-unknown-unknown/debug/order_limit.wasm")
            .exists()
    );
}

/// A directory for a test, outside of this repository, and gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("corvid-template-{name}-{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    /// Does what `corvid plugin new` does: the template with its name filled in, and the SDK beside it.
    fn project(&self, hook: &str, name: &str) -> PathBuf {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR"));
        let project = self.0.join(name);
        copy(&sdk.join("template").join(hook), &project, name);
        copy(&sdk.join("src"), &project.join("sdk/src"), name);
        fs::copy(sdk.join("Cargo.toml"), project.join("sdk/Cargo.toml")).unwrap();
        project
    }

    /// Runs cargo as a user's shell would: nothing of the cargo that runs this test gets through.
    fn cargo(&self, project: &Path, arguments: &[&str]) {
        let mut command = Command::new(env!("CARGO"));
        for (variable, _) in env::vars().filter(|(variable, _)| is_cargos_own(variable)) {
            command.env_remove(variable);
        }
        command
            .env("CARGO_TARGET_DIR", self.0.join("target"))
            .arg("--offline")
            .args(arguments);
        let output = command.current_dir(project).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{arguments:?} in {}: {text}",
            project.display()
        );
        assert!(!text.contains("warning"), "{text}");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn is_cargos_own(variable: &str) -> bool {
    let kept = ["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    (variable.starts_with("CARGO") || variable.starts_with("RUST")) && !kept.contains(&variable)
}

fn copy(from: &Path, to: &Path, name: &str) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target, name);
        } else {
            fs::write(
                &target,
                fs::read_to_string(entry.path()).unwrap().replace("{{name}}", name),
            )
            .unwrap();
        }
    }
}
