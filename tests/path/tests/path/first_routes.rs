//! A topic gets its first route late, when its log doesn't begin at 0 any more.

use corvid_env::clock;
use corvid_wire::client::topic_name;
use corvid_wire::kafka::messages::DeleteRecordsRequest;
use corvid_wire::kafka::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

use crate::by_number;

const FIRST_SEGMENT: &str = "00000000000000000000.log";

/// The bug it is for: delivery begins where the log began when the node started, finds nothing there, and ends; so nobody
/// who waits for a moved record is ever answered.
#[tokio::test(flavor = "multi_thread")]
async fn delivery_begins_at_the_start_of_a_log_that_retention_has_cut() {
    let scene = Scene::with(&[("log.retention.check.interval.ms", "5")]).await;
    scene.topic("orders", 2, &[("internal.segment.bytes", "1024")]).await;
    let batch = || plain(&[record("0", "stays"), record("1", "moves")]);
    let mut last = 0;
    for _ in 0..30 {
        last = scene.produce("orders", 0, batch()).await;
    }
    delete_records_below(&scene, last).await;
    let first_segment = scene.log_folder("orders", 0).join(FIRST_SEGMENT);
    while first_segment.exists() {
        clock::sleep(std::time::Duration::from_millis(1)).await;
    }
    bed::topics::alter(
        &mut scene.client().await,
        "orders",
        &[("corvid.partitioner", &by_number())],
    )
    .await
    .unwrap();
    scene.produce("orders", 0, batch()).await;
    assert_eq!(scene.read("orders", 1).await.len(), 1);
}

async fn delete_records_below(scene: &Scene, offset: i64) {
    let partition = DeleteRecordsPartition::default()
        .with_partition_index(0)
        .with_offset(offset);
    let topic = DeleteRecordsTopic::default()
        .with_name(topic_name("orders"))
        .with_partitions(vec![partition]);
    let request = DeleteRecordsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(10_000);
    let response = scene.client().await.request(&request).await.unwrap();
    assert_eq!(response.topics[0].partitions[0].error_code, 0);
}
