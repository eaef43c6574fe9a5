//! A disk changes a byte of an outbox entry.

use std::fs;
use std::path::Path;

use path_tests::batch::{plain, record};
use path_tests::scene::{Scene, log_folder};

use crate::by_number;

const SEGMENT: &str = "00000000000000000000.log";

/// The bug it is for: what leaves gets a checksum of its own, and damage is delivered as if a client had sent it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_does_not_leave() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    scene.produce("orders", 0, plain(&[record("1", "untouched")])).await;
    assert_eq!(scene.read("orders", 1).await.len(), 1);
    let scene = scene.restarted(undelivered_and_damaged).await;
    assert_eq!(scene.read("orders", 1).await.len(), 0);
    assert_eq!(scene.node().delivery().counters().records_delivered(), 0);
}

/// The target is as if nothing had ever come, and the entry has another value than was sent.
fn undelivered_and_damaged(data: &Path) {
    fs::remove_dir_all(log_folder(data, "orders", 1)).unwrap();
    fs::remove_file(data.join("logs").join("outbox-delivered-checkpoint")).unwrap();
    let log = log_folder(data, "orders", 0).join(SEGMENT);
    let mut bytes = fs::read(&log).unwrap();
    let at = bytes.windows(9).position(|window| window == b"untouched").unwrap();
    bytes[at] = b'U';
    fs::write(&log, bytes).unwrap();
}
