//! A page's commands, as it shows them.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, ensure};

use crate::broker::Broker;
use crate::shell::root;

/// Runs each `$ corvid …` of a page's ```` ```console ```` blocks against a node, with other words where it has these. What a
/// command prints is what the page says; `…` stands for anything, and a line of it for any lines.
pub fn follow(broker: &Broker, page: &str, words: &[(&str, &str)]) -> anyhow::Result<()> {
    let text = fs::read_to_string(root().join(page)).context(page.to_owned())?;
    let blocks = text
        .split("```console\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let replaced = |text: &str| {
        words
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let commands = blocks.flat_map(|block| block.split("$ corvid ").skip(1)).map(replaced);
    let mut count = 0;
    for command in commands {
        let (command, expected) = command.split_once('\n').context("a command ends with its line")?;
        let output = broker
            .corvid()
            .args(command.split_whitespace())
            .stdin(Stdio::null())
            .output()?;
        let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        let (expected, lines): (Vec<&str>, Vec<&str>) = (
            expected.trim_end().lines().collect(),
            printed.trim_end().lines().collect(),
        );
        ensure!(
            lines_match(&expected, &lines),
            "`corvid {command}` printed\n{printed}\nand {page} says\n{}",
            expected.join("\n")
        );
        count += 1;
    }
    ensure!(count > 0, "{page} has no commands");
    Ok(())
}

fn lines_match(expected: &[&str], lines: &[&str]) -> bool {
    match (expected, lines) {
        ([], []) => true,
        (["…", rest @ ..], _) => (0..=lines.len()).any(|skipped| lines_match(rest, &lines[skipped..])),
        ([first, rest @ ..], [line, others @ ..]) => line_matches(first, line) && lines_match(rest, others),
        _ => false,
    }
}

fn line_matches(expected: &str, line: &str) -> bool {
    match expected.split_once('…') {
        None => expected == line,
        Some((start, rest)) => line
            .strip_prefix(start)
            .is_some_and(|line| line.char_indices().any(|(at, _)| line_matches(rest, &line[at..])) || rest.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::lines_match;

    #[test]
    fn what_is_open_may_be_anything() {
        let expected = ["orders/…/…, …", "…", "attempts  4, first …, last …"];
        let printed = ["orders/1/17, now", "one", "two", "attempts  4, first a, last b"];
        assert!(lines_match(&expected, &printed));
        assert!(!lines_match(&expected, &printed[..3]));
        assert!(!lines_match(
            &expected,
            &["orders/1, now", "attempts  4, first a, last b"]
        ));
        assert!(lines_match(&["a…", "b"], &["a", "b"]) && !lines_match(&["a"], &["a", "b"]));
    }
}
