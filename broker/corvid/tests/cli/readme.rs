//! Pages that teach: every file in them is written, every command is run, and its output is what the page says.
//!
//! A fenced block whose first line names a file (```` ```toml orders.toml ````) is that file. In a block ```` ```console ````, a line after
//! `$ ` is a command, and what follows is what it prints; `…` stands for anything, and a line of it for any lines. A node is started
//! by `corvid serve`, on ports of its own.
//!
//! `CORVID_README=write` writes what the commands print into the page instead.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::support::{Node, path_with_corvid, warm};

/// Does all that a page of the repository says.
pub fn follow(page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut reader = Reader {
        page: page.to_owned(),
        folder: Some(tempfile::tempdir().unwrap()),
        node: None,
    };
    let mut done = String::new();
    for (number, block) in blocks(&text).into_iter().enumerate() {
        match block {
            Block::Prose(prose) => done.push_str(prose),
            Block::File { head, name, text } => {
                reader.write(name, text);
                write!(done, "{head}\n{text}```\n").unwrap();
            }
            Block::Console(lines) => {
                let printed = reader.run(lines, number);
                write!(done, "```console\n{printed}```\n").unwrap();
            }
        }
    }
    if std::env::var_os("CORVID_README").is_some_and(|wish| wish == "write") {
        std::fs::write(path, done).unwrap();
    }
}

enum Block<'a> {
    Prose(&'a str),
    File {
        head: &'a str,
        name: &'a str,
        text: &'a str,
    },
    Console(&'a str),
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("```") {
        blocks.push(Block::Prose(&rest[..start]));
        let (head, body) = rest[start..].split_once('\n').unwrap();
        let end = body.find("```\n").unwrap();
        let inner = &body[..end];
        let words: Vec<&str> = head.trim_start_matches('`').split_whitespace().collect();
        blocks.push(match words[..] {
            ["console"] => Block::Console(inner),
            [_, name] => Block::File {
                head,
                name,
                text: inner,
            },
            _ => Block::Prose(&rest[start..start + head.len() + 1 + end + 4]),
        });
        rest = &body[end + 4..];
    }
    blocks.push(Block::Prose(rest));
    blocks
}

struct Reader {
    page: String,
    /// Where the files go, until a node has it.
    folder: Option<TempDir>,
    node: Option<Node>,
}

impl Reader {
    fn place(&self) -> PathBuf {
        match &self.node {
            Some(node) => node.folder.path().to_owned(),
            None => self.folder.as_ref().unwrap().path().to_owned(),
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.place().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs the commands of a block; the block as it is now.
    fn run(&mut self, lines: &str, number: usize) -> String {
        let mut printed = String::new();
        for command in lines.split("$ ").filter(|command| !command.is_empty()) {
            let (command, expected) = command.split_once('\n').unwrap();
            let output = self.command(command);
            let writes = std::env::var_os("CORVID_README").is_some_and(|wish| wish == "write");
            assert!(
                writes || matches(expected, &output),
                "{}, block {number}: `{command}` printed\n{output}\nand the page says\n{expected}",
                self.page
            );
            // What the page leaves open stays open.
            let shown = if matches(expected, &output) { expected } else { &output };
            write!(printed, "$ {command}\n{shown}").unwrap();
        }
        printed
    }

    fn command(&mut self, command: &str) -> String {
        if let Some(arguments) = command.strip_prefix("corvid serve") {
            let arguments: Vec<&str> = arguments.trim_end_matches('&').split_whitespace().collect();
            let folder = self.folder.take().expect("a page has one node");
            warm(folder.path());
            self.node = Some(Node::start_in(folder, &arguments));
            return String::new();
        }
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("{{ {command}\n}} 2>&1")])
            .current_dir(self.place());
        path_with_corvid(&mut shell);
        if let Some(node) = &self.node {
            shell.env("CORVID_KAFKA", &node.kafka).env("CORVID_ADMIN", &node.admin);
        }
        let output = shell.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(str::trim_end);
        lines.flat_map(|line| [line, "\n"]).collect()
    }
}

/// Whether `output` is what the page says.
fn matches(expected: &str, output: &str) -> bool {
    let (expected, output): (Vec<_>, Vec<_>) = (
        expected.trim_end().lines().collect(),
        output.trim_end().lines().collect(),
    );
    lines_match(&expected, &output)
}

fn lines_match(expected: &[&str], output: &[&str]) -> bool {
    match (expected, output) {
        ([], []) => true,
        (["…", rest @ ..], _) => (0..=output.len()).any(|skipped| lines_match(rest, &output[skipped..])),
        ([line, rest @ ..], [other, others @ ..]) => line_matches(line, other) && lines_match(rest, others),
        _ => false,
    }
}

fn line_matches(expected: &str, line: &str) -> bool {
    let mut parts = expected.trim_end().split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap()) else {
        return false;
    };
    let mut open = false;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        (rest, open) = (&rest[at + part.len()..], part.is_empty());
    }
    rest.is_empty() || open
}

#[test]
fn the_page_of_scripts() {
    follow("plugins/script/README.md");
}

#[test]
fn the_page_of_plugins() {
    follow("plugins/README.md");
}

#[test]
fn the_page_of_deployments() {
    follow("plugins/deploying.md");
}
