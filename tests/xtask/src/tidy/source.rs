//! The Rust files of the repository.

use std::fs;
use std::path::Path;

use crate::shell::root;

/// A file, with its path from the top.
pub struct SourceFile {
    /// From the top, with slashes.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl SourceFile {
    /// Whether it holds tests only.
    pub fn is_test(&self) -> bool {
        let in_folder = |name: &str| self.path.contains(&format!("/{name}/"));
        self.path.starts_with("tests/")
            || in_folder("tests")
            || in_folder("examples")
            || self.path.ends_with("/tests.rs")
    }

    /// The lines before the file's own tests, numbered from 1.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self
            .text
            .lines()
            .take_while(|line| !line.trim_start().starts_with("#[cfg(test)]") && !line.contains("#[cfg(all(test"));
        (1..).zip(lines)
    }
}

/// Every Rust file, by path.
pub fn all() -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for folder in ["broker", "plugin-sdk", "plugins", "tests"] {
        collect(&root().join(folder), &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<SourceFile>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if entry.file_type()?.is_dir() {
            if name != "target" && name != "node_modules" && name != "template" {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            let path = path.strip_prefix(root())?.to_string_lossy().into_owned();
            files.push(SourceFile { path, text });
        }
    }
    Ok(())
}
