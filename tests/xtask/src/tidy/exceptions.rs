//! What may break a rule, each with its reason.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;

use super::Finding;
use super::source::SourceFile;
use crate::shell::root;

const FILE: &str = "tests/xtask/tidy.toml";

/// From a path (or `path::function`) to why.
type Reasons = BTreeMap<String, String>;

/// `tidy.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// Files above the limit of lines.
    pub long_files: Reasons,
    /// Functions above it.
    pub long_functions: Reasons,
    /// Files with `unsafe` in them.
    pub unsafe_files: Reasons,
    /// Files that use the machine without the seam.
    pub outside_the_seam: Reasons,
}

impl Exceptions {
    /// Reads the file.
    pub fn load() -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(root().join(FILE)).context(FILE)?;
        toml::from_str(&text).context(FILE)
    }

    /// Exceptions for what isn't there any more.
    pub fn unused(&self, sources: &[SourceFile]) -> Vec<Finding> {
        let all = [
            &self.long_files,
            &self.long_functions,
            &self.unsafe_files,
            &self.outside_the_seam,
        ];
        let names = all.into_iter().flat_map(BTreeMap::keys);
        let gone = |name: &&String| {
            let path = name.split("::").next().unwrap_or(name);
            !sources
                .iter()
                .any(|file| file.path == path || file.path.starts_with(&format!("{path}/")))
        };
        names
            .filter(gone)
            .map(|name| Finding {
                place: FILE.to_owned(),
                message: format!("{name} is not there any more: take the line out"),
            })
            .collect()
    }
}

/// Whether a path is excepted, itself or with its folder.
pub fn covers(reasons: &Reasons, path: &str) -> bool {
    reasons
        .keys()
        .any(|name| path == name || path.starts_with(&format!("{name}/")))
}
