//! Words that belong in one place only: `unsafe`, and the machine's clock, files, sockets, threads and chance.

use super::Finding;
use super::exceptions::{Exceptions, covers};
use super::source::SourceFile;

/// What goes through `corvid_env`. (Clippy bans the same by type and path; this sees what it cannot, such as code that
/// is not compiled here.)
const MACHINE: &[&str] = &[
    "std::fs::",
    "std::net::Tcp",
    "std::net::Udp",
    "std::thread::",
    "std::time::Instant::now",
    "Instant::now()",
    "SystemTime::now",
    "tokio::fs",
    "tokio::net",
    "tokio::time",
    "tokio::spawn",
    "tokio::task::spawn",
    "tokio::process",
];

/// Checks what ships; tests may use the machine.
pub fn check(sources: &[SourceFile], exceptions: &Exceptions) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.iter().filter(|file| !file.is_test()) {
        let may_be_unsafe = covers(&exceptions.unsafe_files, &file.path);
        let outside = covers(&exceptions.outside_the_seam, &file.path);
        for (number, line) in file.code_lines() {
            let code = line.split("//").next().unwrap_or_default();
            let place = || format!("{}:{number}", file.path);
            if !may_be_unsafe && is_unsafe(code) {
                findings.push(Finding {
                    place: place(),
                    message: "unsafe outside the files that are listed for it".to_owned(),
                });
            }
            if let Some(word) = MACHINE.iter().find(|word| !outside && code.contains(**word)) {
                findings.push(Finding {
                    place: place(),
                    message: format!("{word} goes around the seam: use corvid_env"),
                });
            }
        }
    }
    findings
}

fn is_unsafe(code: &str) -> bool {
    code.contains("unsafe {")
        || code.contains("unsafe fn")
        || code.contains("unsafe impl")
        || code.contains("unsafe extern")
}
