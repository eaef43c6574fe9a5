//! Fail-points armed from outside, by the environment: the process really dies, and a write really is cut.

#![cfg(not(corvid_sim))]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test looks at the files with other eyes"
)]

use std::io::IoSlice;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};

use corvid_env::fs::Dir;

const DIRECTORY: &str = "CORVID_TEST_DIRECTORY";
const SIGKILL: i32 = 9;

/// Not a test of its own: what [`run_writer`] runs in another process.
#[test]
fn writer() {
    let Ok(path) = std::env::var(DIRECTORY) else { return };
    let file = Dir::open(path).unwrap().create("file").unwrap();
    for at in [0, 10, 20] {
        let halves = &mut [IoSlice::new(b"01234"), IoSlice::new(b"56789")];
        file.write_all_at(at, halves).unwrap();
    }
}

fn run_writer(directory: &Path, faults: &str) -> ExitStatus {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer"])
        .env(DIRECTORY, directory)
        .env(corvid_env::fault::VARIABLE, faults)
        .output()
        .unwrap()
        .status
}

#[test]
fn a_write_is_cut_where_the_fail_point_says_and_the_process_dies() {
    let root = tempfile::tempdir().unwrap();
    let status = run_writer(root.path(), "fs.write=cut:7@2");
    assert_eq!(status.signal(), Some(SIGKILL));
    assert_eq!(std::fs::read(root.path().join("file")).unwrap(), b"01234567890123456");
}

#[test]
fn the_process_dies_before_the_write_that_is_named() {
    let root = tempfile::tempdir().unwrap();
    let status = run_writer(root.path(), "other=error,fs.write=kill@3");
    assert_eq!(status.signal(), Some(SIGKILL));
    assert_eq!(std::fs::read(root.path().join("file")).unwrap().len(), 20);
}

/// A mistyped fail-point must not make a crash test pass that crashes nothing.
#[test]
fn a_fail_point_that_cannot_be_read_is_a_failure() {
    let root = tempfile::tempdir().unwrap();
    let status = run_writer(root.path(), "fs.write=kil");
    assert_eq!((status.signal(), status.success()), (None, false));
}

#[test]
fn without_fail_points_nothing_happens() {
    let root = tempfile::tempdir().unwrap();
    assert!(run_writer(root.path(), "").success());
    assert_eq!(std::fs::read(root.path().join("file")).unwrap().len(), 30);
}
