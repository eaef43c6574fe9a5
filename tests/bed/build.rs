//! Builds the plugin of the tests, tests/plugins/misbehaving, for wasm32.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // A harness, outside of the broker: it uses the machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const TARGET: &str = "wasm32-unknown-unknown";

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let root = manifest.ancestors().nth(2).expect("this crate lies in tests/bed");
    for watched in ["tests/plugins/misbehaving", "plugin-sdk/src", "plugin-sdk/Cargo.toml"] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    let built = build(root).join("misbehaving.wasm");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy(&built, out.join("misbehaving.wasm")).unwrap_or_else(|error| panic!("{}: {error}", built.display()));
}

/// Builds with a target directory apart from the outer cargo's, whose lock is held; the first-party plugins share it.
fn build(root: &Path) -> PathBuf {
    let target = root.join("target/plugins");
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets CARGO"));
    for (name, _) in env::vars_os() {
        // These would make the inner cargo build something else, or in the same place.
        let text = name.to_string_lossy();
        let is_outer = text.starts_with("CARGO_PROFILE_")
            || text.starts_with("CARGO_BUILD_")
            || text.ends_with("RUSTFLAGS")
            || text.contains("RUSTC_")
            || text == "CARGO_TARGET_DIR";
        if is_outer {
            cargo.env_remove(&name);
        }
    }
    cargo
        .current_dir(root)
        .args(["build", "--locked", "--quiet", "--lib", "--package", "misbehaving"]);
    cargo
        .args(["--profile", "plugin", "--target", TARGET, "--target-dir"])
        .arg(&target);
    let status = cargo.status().unwrap_or_else(|error| panic!("{cargo:?}: {error}"));
    assert!(
        status.success(),
        "the plugin of the tests does not build: {cargo:?} ended with {status}"
    );
    target.join(TARGET).join("plugin")
}
