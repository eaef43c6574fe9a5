//! The first-party plugins: one cargo run for all of them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const TARGET: &str = "wasm32-unknown-unknown";

/// Variables of the outer cargo that would make the inner one build something else, or in the same place.
const OUTER: &[&str] = &[
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
];

/// Builds every crate in `plugins/`, and gives their names with the modules, copied into `out`.
pub fn build(root: &Path, out: &Path) -> Vec<(String, PathBuf)> {
    let names = names(&root.join("plugins"));
    add_target();
    // Shared by all profiles: each would build the same bytes. Apart from the outer one, whose lock is held.
    let target = root.join("target/plugins");
    let mut cargo = clean(Command::new(env::var_os("CARGO").expect("cargo sets CARGO")));
    cargo.current_dir(root).args([
        "build",
        "--locked",
        "--quiet",
        "--profile",
        "plugin",
        "--target",
        TARGET,
    ]);
    cargo.arg("--target-dir").arg(&target);
    // A hash table's seed would otherwise be drawn for each build, and a plugin's digest with it.
    cargo.env("CONST_RANDOM_SEED", "corvid");
    for name in &names {
        cargo.args(["--package", name]);
    }
    run(&mut cargo, "the first-party plugins do not build");
    let built = target.join(TARGET).join("plugin");
    names.into_iter().map(|name| copy(&built, out, name)).collect()
}

fn names(plugins: &Path) -> Vec<String> {
    let entries = fs::read_dir(plugins).expect("plugins/ is part of the repository");
    let folders = entries.map(|entry| entry.expect("plugins/ can be listed").path());
    let crates = folders.filter(|folder| folder.join("Cargo.toml").exists());
    let mut names: Vec<String> = crates
        .filter_map(|folder| Some(folder.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

fn copy(built: &Path, out: &Path, name: String) -> (String, PathBuf) {
    let module = format!("{}.wasm", name.replace('-', "_"));
    let copied = out.join(&module);
    fs::copy(built.join(&module), &copied).unwrap_or_else(|error| panic!("{module} was not built: {error}"));
    (name, copied)
}

/// Installs the target where it is missing; asks nobody and no network where it is there.
fn add_target() {
    let mut rustc = clean(Command::new(env::var_os("RUSTC").expect("cargo sets RUSTC")));
    let output = rustc.args(["--print", "target-libdir", "--target", TARGET]).output();
    let there = output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists());
    if !there {
        let mut rustup = clean(Command::new("rustup"));
        rustup.args(["target", "add", TARGET]);
        run(
            &mut rustup,
            "the target wasm32-unknown-unknown is missing, and rustup could not add it",
        );
    }
}

fn clean(mut command: Command) -> Command {
    let profile = env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| name.to_string_lossy().starts_with("CARGO_PROFILE_"));
    for name in profile.chain(OUTER.iter().map(Into::into)) {
        command.env_remove(name);
    }
    command
}

fn run(command: &mut Command, what: &str) {
    let status = command.status().unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(status.success(), "{what}: {command:?} ended with {status}");
}
