//! `on_refused = "refuse"`: the client is told which records, and nothing of the batch is anywhere.

use corvid_wire::kafka::ResponseError;
use path_tests::batch::{plain, record, sequenced};
use path_tests::read::Range;
use path_tests::scene::{Scene, produce};

use crate::on_bad;

async fn refusing() -> Scene {
    let scene = Scene::new().await;
    scene
        .topic("orders", 1, &[("corvid.produce", &on_bad("refuse", "refuse"))])
        .await;
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_names_the_records_and_nothing_is_appended() {
    let scene = refusing().await;
    let batch = plain(&["good", "bad", "good", "bad"].map(|value| record("k", value)));
    let answer = produce(&mut scene.client().await, "orders", 0, -1, batch)
        .await
        .unwrap();
    assert_eq!(answer.error_code, ResponseError::InvalidRecord.code());
    let records: Vec<_> = answer
        .record_errors
        .iter()
        .map(|error| {
            (
                error.batch_index,
                error.batch_index_error_message.as_deref().unwrap_or_default(),
            )
        })
        .collect();
    let expected = format!("{}: this record is bad", bed::PLUGIN);
    assert_eq!(records, [(1, &*expected), (3, &*expected)]);
    assert_eq!(answer.base_offset, -1);
    assert_eq!(scene.range("orders", 0).await, Range { start: 0, end: 0 });
    assert_eq!(
        scene.produce("orders", 0, plain(&[record("k", "good")])).await,
        0,
        "not even an offset was used"
    );
}

/// kafkajs, and our own producer, give the sequence of a batch that was refused to the next one.
#[tokio::test(flavor = "multi_thread")]
async fn the_sequence_of_a_refused_batch_is_free_for_the_next_one() {
    let scene = refusing().await;
    let producer = scene.producer().await;
    let mut client = scene.client().await;
    let refused = sequenced(producer, 0, &[record("k", "bad")]);
    let answer = produce(&mut client, "orders", 0, -1, refused.clone()).await.unwrap();
    assert_eq!(answer.error_code, ResponseError::InvalidRecord.code());
    let answer = produce(
        &mut client,
        "orders",
        0,
        -1,
        sequenced(producer, 0, &[record("k", "good")]),
    )
    .await
    .unwrap();
    assert_eq!(
        (answer.error_code, answer.base_offset),
        (0, 0),
        "{:?}",
        answer.error_message
    );
    // A late copy of what was refused: nobody waits for its answer, and it is not taken.
    produce(&mut client, "orders", 0, -1, refused).await.unwrap();
    assert_eq!(scene.keys("orders", 0).await, [("k".to_owned(), 0)]);
}
