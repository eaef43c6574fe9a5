//! `min.insync.replicas`: two on a single replica refuse acks=all, and nothing else.

use corvid_wire::kafka::ResponseError;
use path_tests::batch::{plain, record};
use path_tests::read::Range;
use path_tests::scene::{Scene, produce};

#[tokio::test(flavor = "multi_thread")]
async fn two_on_a_single_replica_refuse_acks_all() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[("min.insync.replicas", "2")]).await;
    let mut client = scene.client().await;
    let batch = plain(&[record("k", "v")]);
    let answer = produce(&mut client, "orders", 0, -1, batch.clone()).await.unwrap();
    assert_eq!(answer.error_code, ResponseError::NotEnoughReplicas.code());
    assert_eq!(scene.range("orders", 0).await, Range { start: 0, end: 0 });
    let answer = produce(&mut client, "orders", 0, 1, batch.clone()).await.unwrap();
    assert_eq!((answer.error_code, answer.base_offset), (0, 0));
    bed::topics::alter(&mut client, "orders", &[("min.insync.replicas", "1")])
        .await
        .unwrap();
    let answer = produce(&mut client, "orders", 0, -1, batch).await.unwrap();
    assert_eq!((answer.error_code, answer.base_offset), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_acks_than_kafkas_are_refused() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let answer = produce(&mut scene.client().await, "orders", 0, 2, plain(&[record("k", "v")]))
        .await
        .unwrap();
    assert_eq!(answer.error_code, ResponseError::InvalidRequiredAcks.code());
}
