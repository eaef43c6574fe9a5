//! What the binary carries: the first-party plugins, the SDK with its templates, and the quickstart's files.

use std::collections::BTreeMap;

use bytes::Bytes;

#[allow(clippy::unreadable_literal, reason = "written by the build script")]
mod files {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// Files of a folder: the path in it, and the text.
pub type Files = &'static [(&'static str, &'static str)];

/// The first-party plugins, by name: what `builtin = "…"` may name.
pub fn plugins() -> BTreeMap<String, Bytes> {
    files::PLUGINS
        .iter()
        .map(|(name, module)| ((*name).to_owned(), Bytes::from_static(module)))
        .collect()
}

/// The crate that plugins are written with, for the folder `sdk` of a project.
pub fn sdk() -> Files {
    files::SDK
}

/// A new project for a hook, or the program of `native` that runs a plugin without a sandbox, or the files of every
/// hook's `script`; `{{name}}` in its texts stands for the plugin's name.
pub fn template(hook: &str) -> Option<Files> {
    match hook {
        "partitioner" => Some(files::TEMPLATE_PARTITIONER),
        "validator" => Some(files::TEMPLATE_VALIDATOR),
        "transform" => Some(files::TEMPLATE_TRANSFORM),
        "policy" => Some(files::TEMPLATE_POLICY),
        "view" => Some(files::TEMPLATE_VIEW),
        "native" => Some(files::TEMPLATE_NATIVE),
        "script" => Some(files::TEMPLATE_SCRIPT),
        _ => None,
    }
}

/// The events of the quickstart, a JSON object a line.
pub const EARTHQUAKES: &str = include_str!("../../../config/quickstart/earthquakes.jsonl");

/// The policies of the quickstart.
pub const QUICKSTART: &str = include_str!("../../../config/quickstart/quickstart.toml");
