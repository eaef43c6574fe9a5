//! What pages show of the repository's own files is what is in them.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::Finding;
use crate::shell::root;

/// The folders of files that a block may name, from the top. Other names are those of a reader's own files.
const FOLDERS: &[&str] = &["broker/", "config/", "plugin-sdk/", "plugins/", "tests/"];

/// Checks each fenced block whose first line names a file of the repository (```` ```toml tests/clients/retries.toml ````): it
/// is that file.
pub fn check() -> anyhow::Result<Vec<Finding>> {
    let mut pages = Vec::new();
    collect(&root(), &mut pages)?;
    let mut findings = Vec::new();
    for page in pages {
        let text = fs::read_to_string(root().join(&page)).context(page.clone())?;
        for (line, name, block) in blocks(&text) {
            let file = fs::read_to_string(root().join(name));
            if !file.is_ok_and(|file| file == block) {
                findings.push(Finding {
                    place: format!("{page}:{line}"),
                    message: format!("this block is not {name}: show the file as it is, for it is what is tested"),
                });
            }
        }
    }
    Ok(findings)
}

/// The blocks that name a file of the repository: line, name and text.
fn blocks(page: &str) -> Vec<(usize, &str, &str)> {
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(fence) = page[at..].find("```") {
        let start = at + fence;
        let Some((head, body)) = page[start..].split_once('\n') else {
            break;
        };
        let text = &body[..body.find("```").unwrap_or(body.len())];
        let name = head.split_whitespace().nth(1).unwrap_or_default();
        if FOLDERS.iter().any(|folder| name.starts_with(folder)) {
            blocks.push((page[..start].lines().count() + 1, name, text));
        }
        at = page.len() - body.len() + text.len() + 3;
        if at > page.len() {
            break;
        }
    }
    blocks
}

fn collect(folder: &Path, pages: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let ours = !name.to_string_lossy().starts_with('.') && name != "target" && name != "node_modules";
        if ours && entry.file_type()?.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path.strip_prefix(root())?.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn blocks_that_name_a_file_of_the_repository() {
        let page = "text\n```toml orders.toml\na\n```\n```toml tests/a.toml\nb = 1\n```\n\n```sh\nc\n```\n```js tests/open.js\nd\n";
        assert_eq!(
            blocks(page),
            [(5, "tests/a.toml", "b = 1\n"), (12, "tests/open.js", "d\n")]
        );
    }
}
