//! DeleteRecords on a partition from which records have moved.

use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

use crate::by_number;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_below_is_gone_and_what_moved_is_not() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let batch = || plain(&["0", "1", "2"].map(|key| record(key, "value")));
    scene.produce("orders", 0, batch()).await;
    let second = scene.produce("orders", 0, batch()).await;
    assert_eq!(scene.delete_records("orders", 0, second + 1).await, (0, second + 1));
    let scene = scene.restarted(|_| ()).await;
    assert_eq!(scene.range("orders", 0).await.start, second + 1);
    assert_eq!(scene.keys("orders", 0).await, [("2".to_owned(), second + 2)]);
    assert_eq!(scene.read("orders", 1).await.len(), 2);
    scene.produce("orders", 0, batch()).await;
    assert_eq!(scene.read("orders", 1).await.len(), 3);
}
