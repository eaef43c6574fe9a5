//! A target that takes nothing is nobody's trouble but of those who sent records there.

use std::fs;
use std::time::Duration;

use corvid_env::clock;
use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

use crate::{by_number, on_bad};

/// The bug it is for: one position for all of a source's targets, so that who moved a record waits for the backlog of
/// the dead-letter topic.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_topic_that_takes_nothing_holds_up_nobody_else() {
    let scene = Scene::new().await;
    let configs = [
        ("corvid.partitioner", &*by_number()),
        ("corvid.produce", &*on_bad("refuse", "dead-letter")),
    ];
    scene.topic("orders", 2, &configs).await;
    scene.produce("orders", 0, plain(&[record("0", "bad")])).await;
    let marker = |data: &std::path::Path| data.join("logs/orders.DLT-0/partition.metadata");
    let mut kept = Vec::new();
    let scene = scene
        .restarted(|data| {
            kept = fs::read(marker(data)).unwrap();
            fs::write(marker(data), "nonsense").unwrap();
        })
        .await;
    // It is answered, too: what a target without a leader lacks is durable at its source, and comes later.
    scene
        .produce("orders", 0, plain(&[record("1", "moves, too"), record("0", "bad")]))
        .await;
    for _ in 0..3 {
        scene
            .produce("orders", 0, plain(&[record("0", "stays"), record("1", "moves")]))
            .await;
    }
    assert_eq!(scene.read("orders", 1).await.len(), 4);
    let scene = scene.restarted(|data| fs::write(marker(data), &kept).unwrap()).await;
    scene.produce("orders", 0, plain(&[record("0", "bad")])).await;
    assert_eq!(scene.read("orders.DLT", 0).await.len(), 3);
    assert_eq!(scene.read("orders", 1).await.len(), 4);
}

/// The bug it is for: a topic that could not be opened is taken for one that will be, after it was deleted; what is for it
/// holds the source's log for ever.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_a_deleted_topic_is_dropped_even_if_it_could_not_be_opened() {
    let scene = Scene::new().await;
    let produce = on_bad("refuse", "dead-letter");
    scene.topic("orders", 1, &[("corvid.produce", &*produce)]).await;
    scene.produce("orders", 0, plain(&[record("0", "bad")])).await;
    let scene = scene
        .restarted(|data| fs::write(data.join("logs/orders.DLT-0/partition.metadata"), "nonsense").unwrap())
        .await;
    scene.produce("orders", 0, plain(&[record("0", "bad")])).await;
    scene.delete_topic("orders.DLT").await;
    while scene.node().delivery().counters().records_dropped() == 0 {
        clock::sleep(Duration::from_millis(1)).await;
    }
}
