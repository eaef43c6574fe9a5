//! Who has the answer to acks=all can read each record where it belongs.

use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

use crate::{by_number, on_bad};

/// The bug it is for: the answer goes out when the record is written at its source, and its target comes later.
#[tokio::test(flavor = "multi_thread")]
async fn a_moved_record_is_at_its_target_when_the_producer_is_answered() {
    let scene = Scene::new().await;
    let configs = [
        ("corvid.partitioner", &*by_number()),
        ("corvid.produce", &*on_bad("refuse", "dead-letter")),
    ];
    scene.topic("orders", 2, &configs).await;
    for round in 1..=50 {
        scene
            .produce(
                "orders",
                0,
                plain(&[record("1", "moves"), record("0", "bad"), record("2", "stays")]),
            )
            .await;
        let there = (
            scene.read("orders", 1).await.len(),
            scene.read("orders.DLT", 0).await.len(),
        );
        assert_eq!(there, (round, round));
    }
}
