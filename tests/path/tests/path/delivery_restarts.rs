//! After a restart, delivery goes on where it was: nothing delivered is looked at again, and nothing is passed over.

use std::fs;
use std::path::Path;

use path_tests::batch::{plain, record};
use path_tests::scene::{Scene, copy_folder};

use crate::{by_number, on_bad};

const HINTS: &str = "outbox-delivered-checkpoint";

/// A topic whose odd keys move to partition 1, and whose bad records are dead letters.
async fn scene() -> Scene {
    let scene = Scene::new().await;
    let configs = [
        ("corvid.partitioner", &*by_number()),
        ("corvid.produce", &*on_bad("refuse", "dead-letter")),
    ];
    scene.topic("orders", 2, &configs).await;
    scene
}

/// Sends batches whose records all have this value, one to each place.
async fn send(scene: &Scene, batches: usize, value: &'static str) {
    for _ in 0..batches {
        let batch = plain(&[record("0", value), record("1", value), record("2", "bad")]);
        scene.produce("orders", 0, batch).await;
    }
}

/// What consumers see in each place.
async fn places(scene: &Scene) -> [usize; 3] {
    [
        scene.read("orders", 0).await.len(),
        scene.read("orders", 1).await.len(),
        scene.read("orders.DLT", 0).await.len(),
    ]
}

/// The entries that were read since the start; a further one is sent, so that all before it have been looked at.
async fn entries_read(scene: &Scene) -> u64 {
    send(scene, 1, "probe").await;
    scene.node().delivery().counters().entries_read().saturating_sub(1)
}

/// The logs are as they were kept.
fn put_back(kept: &Path, data: &Path) {
    let logs = data.join("logs");
    fs::remove_dir_all(&logs).unwrap();
    copy_folder(kept, &logs).unwrap();
}

/// The bug it is for: couriers begin at the log's start, and a start takes as long as the log is.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_is_not_looked_at_again_after_a_stop() {
    let scene = scene().await;
    send(&scene, 20, "a").await;
    assert_eq!(places(&scene).await, [20; 3]);
    let scene = scene.restarted(|_| ()).await;
    assert_eq!(entries_read(&scene).await, 0);
    assert_eq!(places(&scene).await, [21; 3]);
    // A checkpoint that is lost costs a look at all of them, and nothing else; so does one that is nonsense.
    let scene = scene
        .restarted(|data| fs::remove_file(data.join("logs").join(HINTS)).unwrap())
        .await;
    assert_eq!(entries_read(&scene).await, 21);
    let scene = scene
        .restarted(|data| fs::write(data.join("logs").join(HINTS), "0\n1\nnonsense 0 0 9 00000000\n").unwrap())
        .await;
    assert_eq!(entries_read(&scene).await, 22);
    assert_eq!(places(&scene).await, [23; 3]);
}

/// The bugs it is for: what was appended at a target after the last checkpoint is appended there again; or the checkpoint
/// says more than was delivered.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_the_last_checkpoint_neither_loses_nor_doubles() {
    let scene = scene().await;
    send(&scene, 10, "a").await;
    scene.node().delivery().write_hints().await.unwrap();
    let checkpoint = fs::read(scene.log_folder("orders", 0).with_file_name(HINTS)).unwrap();
    send(&scene, 5, "b").await;
    let kept = scene.logs_now();
    // Whatever the node wrote since: a crash may come before it.
    fs::write(kept.path().join(HINTS), checkpoint).unwrap();
    let scene = scene.restarted(|data| put_back(kept.path(), data)).await;
    assert_eq!(entries_read(&scene).await, 5);
    assert_eq!(places(&scene).await, [16; 3]);
}

/// The bug it is for: entries of a log that was cut, and written again beyond the checkpoint, are passed over.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_a_log_that_was_cut_is_not_believed() {
    let scene = scene().await;
    send(&scene, 2, "a").await;
    let early = scene.logs_now();
    send(&scene, 3, "lost").await;
    let late = tempfile::tempdir().unwrap();
    let scene = scene
        .restarted(|data| {
            copy_folder(&data.join("logs"), late.path()).unwrap();
            put_back(early.path(), data);
            fs::copy(late.path().join(HINTS), data.join("logs").join(HINTS)).unwrap();
        })
        .await;
    assert_eq!(entries_read(&scene).await, 2, "the log ends below the checkpoint");
    send(&scene, 9, "b").await;
    let scene = scene
        .restarted(|data| {
            fs::copy(late.path().join(HINTS), data.join("logs").join(HINTS)).unwrap();
        })
        .await;
    assert_eq!(entries_read(&scene).await, 12, "the log has another epoch there");
    assert_eq!(places(&scene).await, [13; 3]);
}

/// The bug it is for: the checkpoint of a topic is taken for that of another one of the same name.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_an_earlier_topic_is_not_believed() {
    let scene = scene().await;
    send(&scene, 5, "a").await;
    let kept = tempfile::tempdir().unwrap();
    let scene = scene
        .restarted(|data| {
            fs::copy(data.join("logs").join(HINTS), kept.path().join(HINTS)).unwrap();
        })
        .await;
    scene.delete_topic("orders").await;
    let configs = [
        ("corvid.partitioner", &*by_number()),
        ("corvid.produce", &*on_bad("refuse", "dead-letter")),
    ];
    scene.topic("orders", 2, &configs).await;
    send(&scene, 8, "b").await;
    let scene = scene
        .restarted(|data| {
            fs::copy(kept.path().join(HINTS), data.join("logs").join(HINTS)).unwrap();
        })
        .await;
    assert_eq!(entries_read(&scene).await, 8);
}
