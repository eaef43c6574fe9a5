//! A compacted topic whose last records were dropped: a reader that reads until the end comes to it.

use std::time::Duration;

use path_tests::batch::{Sent, plain, record};
use path_tests::scene::Scene;

use crate::on_bad;

/// The bug: the last visible record is a tombstone, its time is up, and compaction takes it. The end behind it is still told, and a
/// reader that reads until there waits for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_comes_to_the_end_when_the_last_tombstone_has_expired() {
    let scene = Scene::new().await;
    let configs = [
        ("cleanup.policy", "compact"),
        ("internal.segment.bytes", "1024"),
        ("delete.retention.ms", "0"),
        ("min.cleanable.dirty.ratio", "0"),
        ("corvid.produce", &*on_bad("refuse", "drop")),
    ];
    scene.topic("users", 1, &configs).await;
    for key in ["Ada", "Zoe", "Bob"] {
        scene.produce("users", 0, plain(&[record(key, "good")])).await;
    }
    let tombstone = Sent {
        value: None,
        ..record("Ada", "")
    };
    scene.produce("users", 0, plain(&[tombstone])).await;
    let kept = |keys: &[(&str, i64)]| -> Vec<(String, i64)> {
        keys.iter().map(|(key, offset)| ((*key).to_owned(), *offset)).collect()
    };
    for _ in 0..4 {
        for _ in 0..30 {
            scene.produce("users", 0, plain(&[record("Eve", "bad")])).await;
        }
        let replicas = &scene.node().broker().replicas;
        replicas.tidy_up(Duration::from_secs(60), || true).await;
        assert_eq!(scene.range("users", 0).await.end, 4);
        let last = scene.keys("users", 0).await.pop();
        assert_eq!(last, Some(("Ada".to_owned(), 3)));
    }
    assert_eq!(
        scene.keys("users", 0).await,
        kept(&[("Zoe", 1), ("Bob", 2), ("Ada", 3)])
    );
    let scene = scene.restarted(|_| ()).await;
    assert_eq!(scene.range("users", 0).await.end, 4);
    assert_eq!(
        scene.keys("users", 0).await,
        kept(&[("Zoe", 1), ("Bob", 2), ("Ada", 3)])
    );
}
