//! A partitioner moves records, and every offset that a client is told stays right.

use path_tests::batch::{plain, record};
use path_tests::read::Range;
use path_tests::scene::Scene;

use crate::by_number;

fn six() -> bytes::Bytes {
    plain(&["0", "1", "2", "3", "4", "5"].map(|key| record(key, "value")))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_keeps_its_offsets_and_what_moved_is_a_gap() {
    let scene = Scene::new().await;
    scene.topic("orders", 3, &[("corvid.partitioner", &by_number())]).await;
    let first = scene.produce("orders", 0, six()).await;
    let second = scene.produce("orders", 0, six()).await;
    assert!(second >= first + 6, "{first} {second}");
    let stayed = scene.keys("orders", 0).await;
    assert_eq!(
        stayed,
        [("0", first), ("3", first + 3), ("0", second), ("3", second + 3)].map(owned)
    );
    for (partition, keys) in [(1, ["1", "4", "1", "4"]), (2, ["2", "5", "2", "5"])] {
        let moved = scene.keys("orders", partition).await;
        assert_eq!(moved.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), keys);
        assert!(moved.is_sorted_by_key(|(_, offset)| *offset));
    }
    // The last records of the partition have moved: its end is behind the batch all the same.
    assert_eq!(scene.range("orders", 0).await.end, second + 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_moves_as_a_whole_leaves_nothing_to_read() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let moved = || plain(&[record("1", "a"), record("3", "b")]);
    let first = scene.produce("orders", 0, moved()).await;
    let second = scene.produce("orders", 0, moved()).await;
    assert!(second >= first + 2, "{first} {second}");
    assert_eq!(scene.read("orders", 0).await, []);
    assert_eq!(scene.range("orders", 0).await, Range { start: 0, end: 0 });
    assert_eq!(scene.read("orders", 1).await.len(), 4);
    // What comes behind is found from the beginning, over the batches that are empty now.
    let third = scene.produce("orders", 0, plain(&[record("2", "c")])).await;
    assert_eq!(scene.keys("orders", 0).await, [owned(("2", third))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_record_keeps_its_time_and_headers() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let mut sent = record("1", "value");
    sent.headers = vec![("a", Some("1")), ("b", None), ("a", Some("2")), ("c", Some(""))];
    let before = path_tests::batch::base_time();
    scene.produce("orders", 0, plain(&[record("0", "stays"), sent])).await;
    let moved = scene.read("orders", 1).await;
    let headers: Vec<_> = moved[0]
        .headers
        .iter()
        .map(|(key, value)| (&key[..], value.as_deref()))
        .collect();
    let expected: [(&[u8], Option<&[u8]>); 4] =
        [(b"a", Some(b"1")), (b"b", None), (b"a", Some(b"2")), (b"c", Some(b""))];
    assert_eq!(headers, expected);
    assert!((before..=path_tests::batch::base_time() + 1).contains(&moved[0].timestamp));
}

/// The bug it is for: a delivery that holds its source while it waits for its target.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_send_to_each_other_do_not_lock_up() {
    const ROUNDS: usize = 50;
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let across = async |from: i32, key: &'static str| {
        for _ in 0..ROUNDS {
            scene.produce("orders", from, plain(&[record(key, "moves")])).await;
        }
    };
    tokio::join!(across(0, "1"), across(1, "0"));
    let there = [scene.read("orders", 0).await.len(), scene.read("orders", 1).await.len()];
    assert_eq!(there, [ROUNDS, ROUNDS]);
}

fn owned((key, offset): (&str, i64)) -> (String, i64) {
    (key.to_owned(), offset)
}
