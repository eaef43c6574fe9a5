//! `cargo xtask json-schema`: `plugins/json-schema-validator` answers the official test suite of its draft.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::shell::{cargo, root, run};

/// The suite comes in a module of Go, whose registry and whose hash everybody has.
const MODULE: &str = "github.com/google/jsonschema-go";

/// Fetches the suite, unless it is there, and asks all of it.
pub fn run_suite() -> anyhow::Result<()> {
    let suite = fetch()?.join("jsonschema");
    let mut test = cargo();
    test.env("CORVID_JSON_SCHEMA_SUITE", suite).args([
        "test",
        "--quiet",
        "--locked",
        "--package",
        "json-schema-validator",
        "--test",
        "official",
        "--",
        "--ignored",
        "--nocapture",
    ]);
    run(&mut test)
}

/// The folder that the module lies in: of the version that go.mod names, checked by go.sum.
fn fetch() -> anyhow::Result<PathBuf> {
    let mut go = Command::new("go");
    go.args(["mod", "download", "-json", MODULE])
        .current_dir(root().join("plugins/json-schema-validator/tests/official"));
    let output = go.output().context("go cannot be started: is it installed?")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{MODULE}: {said}{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let module: Value = serde_json::from_slice(&output.stdout)?;
    let folder = module["Dir"].as_str().context("go does not say where the module is")?;
    Ok(PathBuf::from(folder))
}
