//! What a power cut takes from a target is delivered to it again. A program of its own: the fail-point that plants the bug
//! is armed for all of the process.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is a test, on the real machine"
)]

use std::fs;
use std::path::Path;

use corvid_env::fault;
use path_tests::batch::{plain, record};
use path_tests::scene::{Scene, copy_folder};

const SEGMENT: &str = "00000000000000000000.log";

/// The bug it is for: what a target has written, but not flushed, counts as delivered for good. It is planted, to see that
/// it would be noticed.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_power_cut_takes_from_a_target_is_delivered_again() {
    assert_eq!(letters_after_a_power_cut().await, 4);
    fault::arm("hint.durable=skip").unwrap();
    assert_eq!(letters_after_a_power_cut().await, 1, "the planted bug shows");
}

/// Three letters before it, one after it.
async fn letters_after_a_power_cut() -> usize {
    let scene = Scene::new().await;
    // It waits for no disk: what it has is in the page cache.
    scene.topic("letters", 1, &[("corvid.durability", "replicas")]).await;
    let refuse = serde_json::json!({ "behaviour": "refuse" });
    let produce = serde_json::json!([bed::topics::check(&refuse, "dead-letter")]).to_string();
    let configs = [("corvid.produce", &*produce), ("corvid.dead.letter.topic", "letters")];
    scene.topic("orders", 1, &configs).await;
    for _ in 0..3 {
        scene.produce("orders", 0, plain(&[record("0", "bad")])).await;
    }
    assert_eq!(scene.read("letters", 0).await.len(), 3);
    scene.node().delivery().write_hints().await.unwrap();
    let kept = scene.logs_now();
    fs::write(kept.path().join("letters-0").join(SEGMENT), b"").unwrap();
    let scene = scene.restarted(|data| put_back(kept.path(), data)).await;
    scene.produce("orders", 0, plain(&[record("0", "bad")])).await;
    scene.read("letters", 0).await.len()
}

fn put_back(kept: &Path, data: &Path) {
    let logs = data.join("logs");
    fs::remove_dir_all(&logs).unwrap();
    copy_folder(kept, &logs).unwrap();
}
