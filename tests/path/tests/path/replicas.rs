//! A topic with the durability `replicas`: its records are acknowledged before they are on the disk, and what leaves it goes only then.

use std::sync::Arc;

use corvid_replication::Partition;
use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

use crate::on_bad;

/// The bugs it is for: a courier waits for a flush that nobody asks for, and a letter comes when the segment is full; or it asks for one
/// where nothing is to leave, and each produce costs a sync.
#[tokio::test(flavor = "multi_thread")]
async fn its_log_is_flushed_for_what_leaves_and_for_nothing_else() {
    let scene = Scene::new().await;
    let check = on_bad("refuse", "dead-letter");
    let configs = [("corvid.durability", "replicas"), ("corvid.produce", &*check)];
    scene.topic("orders", 1, &configs).await;
    // With the first one, the route is made.
    for letters in 1..4 {
        let bad = plain(&[record("a", "good"), record("b", "bad")]);
        scene.produce("orders", 0, bad).await;
        // An acknowledgement says that it is there.
        assert_eq!(scene.read("orders.DLT", 0).await.len(), letters);
        let orders = partition(&scene, "orders");
        let flushed = orders.log().flushed();
        assert_eq!(flushed, orders.log().end());
        for _ in 0..10 {
            scene.produce("orders", 0, plain(&[record("c", "good")])).await;
        }
        assert_eq!(orders.log().flushed(), flushed);
        assert_eq!(orders.high_watermark(), orders.log().end());
    }
}

fn partition(scene: &Scene, topic: &str) -> Arc<Partition> {
    let all = scene.node().broker().replicas.all();
    let found = all.values().find(|partition| **partition.topic() == *topic);
    found.expect("it was created").clone()
}
