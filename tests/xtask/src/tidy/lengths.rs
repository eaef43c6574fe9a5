//! Files and functions that one sitting holds.

use super::Finding;
use super::exceptions::{Exceptions, covers};
use super::source::SourceFile;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 60;

/// Files above 500 lines, functions above 60, unless they are excepted.
pub fn check(sources: &[SourceFile], exceptions: &Exceptions) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX && !covers(&exceptions.long_files, &file.path) {
            findings.push(Finding {
                place: file.path.clone(),
                message: format!("{lines} lines: would you know your room in there? The limit is {FILE_LINES_MAX}"),
            });
        }
        for (name, line, length) in functions(file) {
            let known = exceptions
                .long_functions
                .contains_key(&format!("{}::{name}", file.path));
            if length > FUNCTION_LINES_MAX && !known {
                findings.push(Finding {
                    place: format!("{}:{line}", file.path),
                    message: format!(
                        "fn {name} has {length} lines and wants to be two; the limit is {FUNCTION_LINES_MAX}"
                    ),
                });
            }
        }
    }
    findings
}

/// Name, first line and length of each function. A function ends where a brace stands at its own indentation,
/// which is how rustfmt leaves it.
fn functions(file: &SourceFile) -> Vec<(&str, usize, usize)> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indentation = line.len() - line.trim_start().len();
        let closing = format!("{}}}", " ".repeat(indentation));
        if line.trim_end().ends_with('}') || line.trim_end().ends_with(';') {
            continue;
        }
        let length = lines[at..]
            .iter()
            .position(|line| *line == closing)
            .map_or(0, |end| end + 1);
        found.push((name, at + 1, length));
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    for word in [
        "pub ",
        "pub(crate) ",
        "pub(super) ",
        "const ",
        "async ",
        "unsafe ",
        "extern \"C\" ",
    ] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let name = rest.strip_prefix("fn ")?;
    name.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
        .filter(|name| !name.is_empty())
}
