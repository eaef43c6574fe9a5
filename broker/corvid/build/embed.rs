//! The source of `embedded.rs`: tables of files.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Tables of the modules, of the SDK's files of each hook's template, and of the program for `plugin bench`.
pub fn source(sdk: &Path, modules: &[(String, PathBuf)]) -> String {
    let mut source = String::new();
    let mut table = |name: &str, entry: &str, rows: Vec<(String, PathBuf)>, include: &str| {
        writeln!(source, "pub(crate) static {name}: &[(&str, {entry})] = &[").expect("a string takes all");
        for (key, path) in rows {
            writeln!(source, "    ({key:?}, {include}!({:?})),", path.display().to_string())
                .expect("a string takes all");
        }
        writeln!(source, "];").expect("a string takes all");
    };
    table("PLUGINS", "&[u8]", modules.to_vec(), "include_bytes");
    let mut files = vec![("Cargo.toml".to_owned(), sdk.join("Cargo.toml"))];
    files.extend(
        files_in(&sdk.join("src"))
            .into_iter()
            .map(|(name, path)| (format!("src/{name}"), path)),
    );
    files.push(("ABI.md".to_owned(), sdk.join("ABI.md")));
    table("SDK", "&str", files, "include_str");
    for hook in [
        "partitioner",
        "validator",
        "transform",
        "policy",
        "view",
        "native",
        "script",
    ] {
        let files = files_in(&sdk.join("template").join(hook));
        table(
            &format!("TEMPLATE_{}", hook.to_uppercase()),
            "&str",
            files,
            "include_str",
        );
    }
    source
}

/// All files below a folder, by their path in it, sorted.
fn files_in(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![(String::new(), folder.to_owned())];
    while let Some((prefix, folder)) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let path = entry.expect("a folder of the repository can be listed").path();
            let name = path
                .file_name()
                .expect("an entry has a name")
                .to_string_lossy()
                .into_owned();
            match path.is_dir() {
                true => folders.push((format!("{prefix}{name}/"), path)),
                false => found.push((format!("{prefix}{name}"), path)),
            }
        }
    }
    found.sort();
    found
}
