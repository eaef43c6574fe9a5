//! Flush rounds: who is told what, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use corvid_record::Offset;
use corvid_storage::{Durability, LogConfig, LogListener};

use crate::support::*;

#[derive(Default)]
struct Told {
    written: AtomicI64,
    flushed: AtomicI64,
    changed: tokio::sync::Notify,
}

impl LogListener for Told {
    fn written(&self, end: Offset) {
        assert!(self.written.fetch_max(end.0, Ordering::SeqCst) < end.0);
    }

    fn flushed(&self, end: Offset) {
        assert!(self.flushed.fetch_max(end.0, Ordering::SeqCst) < end.0, "it only rises");
        self.changed.notify_one();
    }

    fn failed(&self) {
        panic!("nothing failed");
    }
}

#[tokio::test]
async fn every_append_to_a_disk_log_is_flushed_without_being_asked() {
    let world = World::new().await;
    let log = world.log();
    let told = Arc::new(Told::default());
    log.set_listener(told.clone());
    for number in 1..=50 {
        append(&log, plain(1, 0)).unwrap();
        assert_eq!(told.written.load(Ordering::SeqCst), number);
        while told.flushed.load(Ordering::SeqCst) < number {
            told.changed.notified().await;
        }
        assert_eq!(log.flushed(), Offset(number));
    }
}

#[tokio::test]
async fn many_logs_share_rounds() {
    let world = World::new().await;
    let logs: Vec<_> = (0..50)
        .map(|number| {
            world
                .directory
                .open_log(&format!("t-{number}"), LogConfig::default())
                .unwrap()
        })
        .collect();
    for _ in 0..20 {
        for log in &logs {
            append(log, plain(1, 0)).unwrap();
        }
    }
    for log in &logs {
        flushed(log).await;
        assert_eq!(log.flushed(), Offset(20));
    }
    let killed = world.after_kill().await;
    for number in 0..50 {
        let log = killed
            .directory
            .open_log(&format!("t-{number}"), LogConfig::default())
            .unwrap();
        assert_eq!(
            (log.end(), log.flushed()),
            (Offset(20), Offset(20)),
            "what was flushed is known to be"
        );
    }
}

#[tokio::test]
async fn a_replicas_log_is_flushed_where_it_rolls() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        durability: Durability::Replicas,
        ..small_segments(500)
    });
    let told = Arc::new(Told::default());
    log.set_listener(told.clone());
    for _ in 0..10 {
        append(&log, plain(2, 0)).unwrap();
    }
    told.changed.notified().await;
    let flushed = log.flushed();
    assert!(flushed > Offset(0) && flushed < log.end());
    assert!(
        files(&world.log_path()).contains(&format!("{:020}.log", flushed.0)),
        "{flushed}"
    );
    // Its durability changes: what is written counts once it is synced.
    log.set_config(small_segments(500));
    while log.flushed() < log.end() {
        told.changed.notified().await;
    }
}
