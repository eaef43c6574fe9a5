//! What a node was told is there after it was stopped and started again.

use path_tests::batch::{plain, record, sequenced};
use path_tests::scene::{Scene, produce};

use crate::{by_number, on_bad};

#[tokio::test(flavor = "multi_thread")]
async fn records_bindings_and_producers_are_there_again() {
    let scene = Scene::new().await;
    let configs = [
        ("corvid.partitioner", &*by_number()),
        ("corvid.produce", &*on_bad("refuse", "dead-letter")),
    ];
    scene.topic("orders", 2, &configs).await;
    let batch = || plain(&[record("0", "good"), record("1", "good"), record("2", "bad")]);
    let producer = scene.producer().await;
    let sent = sequenced(producer, 0, &[record("4", "last"), record("5", "last")]);
    scene.produce("orders", 0, batch()).await;
    let told = scene.produce("orders", 0, sent.clone()).await;
    let before = all(&scene).await;
    assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);

    let scene = scene.restarted(|_| ()).await;
    assert_eq!(all(&scene).await, before);
    let answer = produce(&mut scene.client().await, "orders", 0, -1, sent).await.unwrap();
    assert_eq!(
        (answer.error_code, answer.base_offset),
        (0, told),
        "the producer's state has survived"
    );
    assert_eq!(all(&scene).await, before);
    scene.produce("orders", 0, batch()).await;
    assert_eq!(all(&scene).await.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 2]);
}

async fn all(scene: &Scene) -> [Vec<path_tests::read::ConsumedRecord>; 3] {
    [
        scene.read("orders", 0).await,
        scene.read("orders", 1).await,
        scene.read("orders.DLT", 0).await,
    ]
}
