//! A topic is deleted, and another one of the same name made.

use corvid_wire::kafka::ResponseError;
use path_tests::batch::{plain, record};
use path_tests::read::Range;
use path_tests::scene::{Scene, produce};

use crate::{by_number, on_bad};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_old_topic_is_in_the_new_one() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    scene
        .produce("orders", 0, plain(&[record("0", "old"), record("1", "old")]))
        .await;
    scene.delete_topic("orders").await;
    let answer = produce(
        &mut scene.client().await,
        "orders",
        0,
        -1,
        plain(&[record("0", "lost")]),
    )
    .await
    .unwrap();
    assert_eq!(answer.error_code, ResponseError::UnknownTopicOrPartition.code());
    assert!(!scene.log_folder("orders", 0).exists(), "its files are gone with it");

    scene.topic("orders", 1, &[]).await;
    assert_eq!(scene.range("orders", 0).await, Range { start: 0, end: 0 });
    assert_eq!(
        scene.produce("orders", 0, plain(&[record("1", "new")])).await,
        0,
        "and so is its partitioner"
    );
    let scene = scene.restarted(|_| ()).await;
    assert_eq!(scene.keys("orders", 0).await, [("1".to_owned(), 0)]);
}

/// Links know their targets by id, so that letters of the old topic are not taken for the new one's, nor skipped.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_dead_letter_topic_gets_the_letters_from_now_on() {
    let scene = Scene::new().await;
    scene
        .topic("orders", 1, &[("corvid.produce", &on_bad("refuse", "dead-letter"))])
        .await;
    let bad = || plain(&[record("k", "bad")]);
    for _ in 0..3 {
        scene.produce("orders", 0, bad()).await;
    }
    scene.delete_topic("orders.DLT").await;
    scene.produce("orders", 0, bad()).await;
    assert_eq!(scene.read("orders.DLT", 0).await.len(), 1);
    let scene = scene.restarted(|_| ()).await;
    scene.produce("orders", 0, bad()).await;
    assert_eq!(scene.read("orders.DLT", 0).await.len(), 2);
}
