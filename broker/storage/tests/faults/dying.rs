//! Killed at each fail-point: what was told to be flushed is there afterwards, once, in order.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use corvid_record::Offset;
use corvid_storage::{Log, LogListener, Which};

use crate::arming::Armed;
use crate::support::*;

const DIRECTORY: &str = "CORVID_TEST_DIRECTORY";

/// Tells the parent how far the log is flushed, as a broker would acknowledge.
#[derive(Default)]
struct Acknowledge(tokio::sync::Notify);

impl LogListener for Acknowledge {
    fn written(&self, _: Offset) {}
    fn flushed(&self, end: Offset) {
        println!("\nflushed {end}");
        self.0.notify_one();
    }
    fn failed(&self) {
        println!("\nfailed");
    }
}

/// What the child appends: pairs and plain batches, of one idempotent producer.
fn append_numbered(log: &Log, number: i32) {
    let mate = produced(1, 0, number * 2, 2);
    let appended = if number % 2 == 0 {
        append_pair(log, entry_for(&mate, &plain(1, 0)), mate)
    } else {
        append(log, mate)
    };
    if let Err(error) = appended {
        println!("\nrefused {error}");
    }
}

/// The child's part: not a test of its own.
#[tokio::test]
#[ignore = "it is run by the test below"]
async fn child() {
    let Ok(path) = std::env::var(DIRECTORY) else { return };
    let directory = open_directory(path.as_ref()).await.unwrap();
    let log = directory.open_log(LOG, small_segments(900)).unwrap();
    let acknowledge = Arc::new(Acknowledge::default());
    log.set_listener(acknowledge.clone());
    for number in 0..60 {
        append_numbered(&log, number);
        // Kills fall between rounds as well as into them.
        while number % 4 == 0 && log.flushed() < log.end() {
            acknowledge.0.notified().await;
        }
    }
}

/// Runs the child with these fail-points; returns how far it said the log was flushed.
fn run_child(directory: &std::path::Path, faults: &str) -> (i64, bool) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "dying::child", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(corvid_env::fault::VARIABLE, faults)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut told = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        assert!(!line.contains("refused"), "{faults}: {line}");
        if let Some(end) = line.strip_prefix("flushed ") {
            told = end.parse().unwrap();
        }
    }
    (told, child.wait().unwrap().success())
}

/// The bugs: a batch is acknowledged before its sync; a torn pair is served; a roll that was interrupted loses a segment.
#[tokio::test]
async fn nothing_that_was_acknowledged_is_lost_or_doubled() {
    let _alone = Armed::none_yet().await;
    let mut points: Vec<String> = [
        "log.after_write=kill@7",
        "log.after_write=kill@23",
        "log.after_entry=cut:0@9",
        "log.after_entry=cut:0@20",
        "log.roll=kill@1",
        "log.roll=kill@4",
        "flush.before=kill@2",
        "flush.before=kill@9",
        "flush.after=kill@3",
        "flush.after=kill@9",
    ]
    .map(str::to_owned)
    .into();
    points.extend((0..12).map(|round| format!("log.write=cut:{}@{}", round * 41, 3 + round * 4)));
    for faults in points {
        let temporary = tempfile::tempdir().unwrap();
        let (told, lived) = run_child(temporary.path(), &faults);
        assert!(!lived, "{faults} was never reached");
        let world = World::over(temporary).await;
        let log = world.log_with(small_segments(900));
        assert!(
            log.end().0 >= told,
            "{faults}: flushed up to {told}, and there is {}",
            log.end()
        );
        // The client sends again what it knows no answer for, and all that comes after.
        let known = log
            .producers()
            .first()
            .map_or(0, |producer| (producer.last_sequence.0 + 1) / 2);
        for number in (known - 3).max(0)..60 {
            append_numbered(&log, number);
        }
        assert_eq!(
            bases(&log, Which::Visible).len(),
            60,
            "{faults}: each batch is there once"
        );
        let mut sequences = Vec::new();
        for base in bases(&log, Which::Visible) {
            let bytes = log
                .read_bytes(Offset(base), log.end(), 1, true, Which::Visible)
                .unwrap();
            sequences.push(corvid_record::Batch::parse(&bytes).unwrap().base_sequence().0);
        }
        assert_eq!(
            sequences,
            (0..60).map(|number| number * 2).collect::<Vec<_>>(),
            "{faults}"
        );
        // Its flusher would write on while the folder is being removed.
        world.directory.shutdown().await.unwrap();
    }
}
