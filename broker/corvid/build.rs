//! Builds the first-party plugins for WebAssembly and embeds them, so that a prebuilt binary shows everything without a
//! toolchain; embeds the SDK and its templates, which `corvid plugin new` writes into projects.

#![allow(
    clippy::disallowed_methods,
    reason = "a build script has the machine itself, and no simulation"
)]

#[path = "build/embed.rs"]
mod embed;
#[path = "build/plugins.rs"]
mod plugins;

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let root = repository();
    for watched in ["plugins", "plugin-sdk", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let modules = plugins::build(&root, &out);
    let source = embed::source(&root.join("plugin-sdk"), &modules);
    fs::write(out.join("embedded.rs"), source).expect("OUT_DIR can be written");
}

fn repository() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let crate_dir = PathBuf::from(manifest);
    let root = crate_dir.ancestors().nth(2);
    root.expect("this crate lies in broker/corvid").to_owned()
}
