//! `on_refused = "drop"`, and transforms that drop: the record is nowhere, its offset is a gap.

use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

use crate::on_bad;

async fn drops(behaviour: &str, on_refused: &str) {
    let scene = Scene::new().await;
    scene
        .topic("orders", 1, &[("corvid.produce", &on_bad(behaviour, on_refused))])
        .await;
    let batch = || {
        plain(&[
            record("a", "good"),
            record("b", "bad"),
            record("c", "good"),
            record("d", "bad"),
        ])
    };
    assert_eq!(scene.produce("orders", 0, batch()).await, 0);
    assert_eq!(scene.produce("orders", 0, batch()).await, 4);
    let kept = [("a", 0), ("c", 2), ("a", 4), ("c", 6)].map(|(key, offset)| (key.to_owned(), offset));
    assert_eq!(scene.keys("orders", 0).await, kept);
    assert_eq!(scene.range("orders", 0).await.end, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_dropped() {
    drops("refuse", "drop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transform_drops_a_record() {
    drops("drop", "refuse").await;
}
