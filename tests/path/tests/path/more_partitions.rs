//! CreatePartitions on a topic with a partitioner.

use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

use crate::by_number;

/// The bug it is for: a partition that comes later has no source id, and what leaves it stays for ever.
#[tokio::test(flavor = "multi_thread")]
async fn new_partitions_take_records_and_send_them() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let batch = || plain(&["0", "1", "2"].map(|key| record(key, "value")));
    scene.produce("orders", 0, batch()).await;
    assert_eq!(scene.grow("orders", 3).await, 0);
    for partition in 0..3 {
        scene.produce("orders", partition, batch()).await;
    }
    let mut counts = Vec::new();
    for partition in 0..3 {
        counts.push(scene.read("orders", partition).await.len());
    }
    // Two of the first batch stayed in partition 0, as two partitions have it; then one of each batch went to each.
    assert_eq!(counts, [5, 4, 3]);
}
