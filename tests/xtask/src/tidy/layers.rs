//! The direction of dependencies: a crate of the broker uses those below it, never one above.

use std::fs;

use anyhow::Context;

use super::Finding;
use crate::shell::root;

/// Top down. A crate may use those on later lines.
const LAYERS: &[&str] = &[
    "corvid",
    "api",
    "admin",
    "pipeline",
    "delivery",
    "coordinator",
    "replication",
    "controller",
    "plugin-host",
    "storage",
    "metadata",
    "wire",
    "record",
    "env",
];

/// The only crates that may name the protocol crate.
const PROTOCOL_USERS: &[&str] = &["wire", "api"];

/// Reads every manifest of `broker/`.
pub fn check() -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for entry in fs::read_dir(root().join("broker"))? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let place = format!("broker/{name}/Cargo.toml");
        let Some(layer) = LAYERS.iter().position(|layer| *layer == name) else {
            findings.push(finding(
                &place,
                "this folder is no layer: add it to the list in tidy/layers.rs",
            ));
            continue;
        };
        let text = fs::read_to_string(entry.path().join("Cargo.toml")).with_context(|| place.clone())?;
        let manifest: toml::Table = toml::from_str(&text).with_context(|| place.clone())?;
        for dependency in dependencies(&manifest) {
            if dependency == "kafka-protocol" && !PROTOCOL_USERS.contains(&name.as_str()) {
                findings.push(finding(&place, "only wire and api may name kafka-protocol"));
            }
            let Some(used) = dependency.strip_prefix("corvid-") else {
                continue;
            };
            let below = LAYERS
                .iter()
                .position(|other| *other == used)
                .is_some_and(|other| other > layer);
            if !below && used != "plugin-sdk" {
                findings.push(finding(
                    &place,
                    &format!("{name} may not use {used}, which is not below it"),
                ));
            }
        }
    }
    Ok(findings)
}

fn dependencies(manifest: &toml::Table) -> Vec<String> {
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    table.into_iter().flat_map(|table| table.keys().cloned()).collect()
}

fn finding(place: &str, message: &str) -> Finding {
    Finding {
        place: place.to_owned(),
        message: message.to_owned(),
    }
}
