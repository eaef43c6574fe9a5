//! Records that ask to be delivered later.

use std::fs;
use std::time::Duration;

use corvid_delivery::HeldRecord;
use corvid_env::clock;
use corvid_metadata::PartitionIndex;
use corvid_record::{BatchBuilder, Compression, Offset, RecordParts, Timestamp};
use corvid_replication::PartitionId;
use corvid_wire::client::{Consumer, ConsumerOptions};
use path_tests::batch::{Sent, base_time, plain, record};
use path_tests::read::{ConsumedRecord, header, text};
use path_tests::scene::{Scene, produce};

const MAX_MS: (&str, &str) = ("corvid.delay.max.ms", "3600000");
const INVALID_RECORD: i16 = 87;

fn later(key: &'static str, ms: &'static str) -> Sent {
    Sent {
        headers: vec![("a", Some("1")), ("corvid-delay-ms", Some(ms)), ("a", None)],
        ..record(key, "value")
    }
}

/// A topic that allows delays.
async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[MAX_MS]).await;
    scene
}

/// The first so many records of the partition, as long as it takes.
async fn first(scene: &Scene, count: usize) -> Vec<ConsumedRecord> {
    let mut consumer = Consumer::new(scene.client().await, ConsumerOptions::default());
    consumer.assign("orders", 0, 0);
    let mut records = Vec::new();
    while records.len() < count {
        records.extend(consumer.poll().await.expect("Fetch is answered"));
    }
    records
}

fn partition(scene: &Scene) -> PartitionId {
    PartitionId {
        topic: scene.node().broker().image().topic("orders").unwrap().id,
        index: PartitionIndex(0),
    }
}

fn keys(records: &[ConsumedRecord]) -> Vec<String> {
    records.iter().map(|record| text(record.key.as_ref())).collect()
}

/// The bugs it is for: a record that comes before it is due, or with something missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_record_comes_back_whole_and_not_early() {
    let scene = scene().await;
    let before = clock::wall_clock().0;
    let batch = plain(&[later("late", "400"), record("now", "value"), later("later", "900")]);
    assert_eq!(scene.produce("orders", 0, batch).await, 2);
    let at_once = scene.read("orders", 0).await;
    assert!(at_once.iter().any(|record| record.offset == 3), "{at_once:?}");
    let records = first(&scene, 3).await;
    assert_eq!(keys(&records), ["now", "late", "later"]);
    for (came, ms) in records[1..].iter().zip([400, 900]) {
        assert!(
            came.timestamp >= before + ms,
            "{} ms early",
            before + ms - came.timestamp
        );
        assert!(clock::wall_clock().0 >= came.timestamp);
        assert_eq!(text(came.value.as_ref()), "value");
        let held_at: i64 = header(came, "corvid-held-timestamp").parse().unwrap();
        assert!((base_time() - 120_000..before).contains(&held_at));
        let own: Vec<_> = came.headers.iter().filter(|(key, _)| &key[..] == b"a").collect();
        assert_eq!(own.len(), 2);
        assert!(own[0].1.is_some() && own[1].1.is_none());
    }
}

/// The bug it is for: what is no time is taken for a time that is past, or for none, and the record goes out at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_meant_is_refused_with_its_reason() {
    let scene = scene().await;
    let mut client = scene.client().await;
    for ms in ["soon", "-1", "3600001"] {
        let answer = produce(&mut client, "orders", 0, -1, plain(&[record("a", "1"), later("b", ms)])).await;
        let answer = answer.unwrap();
        assert_eq!(answer.error_code, INVALID_RECORD, "{ms}");
        assert_eq!(answer.record_errors[0].batch_index, 1);
        let reason = answer.record_errors[0]
            .batch_index_error_message
            .as_ref()
            .unwrap()
            .to_string();
        assert!(
            reason.contains("corvid-delay-ms") || reason.contains("corvid.delay.max.ms"),
            "{reason}"
        );
    }
    assert_eq!(scene.read("orders", 0).await.len(), 0);
}

/// The bugs it is for: what is held is forgotten at a restart, or released twice: once before it and once after it. With the checkpoint
/// and without it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_comes_once_whatever_is_restarted() {
    let mut scene = scene().await;
    let batch = plain(&[later("a", "1"), later("b", "1500"), later("c", "700"), record("d", "")]);
    scene.produce("orders", 0, batch).await;
    assert_eq!(keys(&first(&scene, 2).await)[..2], ["d", "a"]);
    for without in [false, true] {
        scene = scene
            .restarted(|data| {
                if without {
                    fs::remove_file(data.join("logs").join("held-checkpoint")).unwrap();
                }
            })
            .await;
    }
    assert_eq!(keys(&first(&scene, 4).await), ["d", "a", "c", "b"]);
    let scene = scene.restarted(|_| ()).await;
    assert_eq!(held(&scene).await, []);
    assert_eq!(keys(&scene.read("orders", 0).await), ["d", "a", "c", "b"]);
}

/// The bug it is for: a cancelled record comes all the same, after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_never_comes() {
    let scene = scene().await;
    scene
        .produce("orders", 0, plain(&[later("a", "600000"), later("c", "600001")]))
        .await;
    let listed = held(&scene).await;
    assert_eq!(names(&listed), ["a", "c"]);
    let keepers = scene.node().delivery().held();
    let from_second = keepers.list(partition(&scene), listed[1].name, 10).await.unwrap();
    assert_eq!(from_second, listed[1..]);
    let cancelled = vec![listed[0].name, listed[0].name, Offset(10_000)];
    assert_eq!(keepers.cancel(partition(&scene), cancelled).await.unwrap(), 1);
    scene.produce("orders", 0, plain(&[later("b", "300")])).await;
    let scene = scene
        .restarted(|data| fs::remove_file(data.join("logs").join("held-checkpoint")).unwrap())
        .await;
    assert_eq!(keys(&first(&scene, 1).await), ["b"]);
    assert_eq!(names(&held(&scene).await), ["c"]);
}

async fn held(scene: &Scene) -> Vec<HeldRecord> {
    let held = scene.node().delivery().held();
    held.list(partition(scene), Offset(0), 10).await.unwrap()
}

fn names(held: &[HeldRecord]) -> Vec<String> {
    held.iter().map(|held| text(held.key.as_ref())).collect()
}

/// The bug it is for: what is held until next year keeps every segment since, or is deleted with its segment.
#[tokio::test(flavor = "multi_thread")]
async fn retention_goes_on_and_what_is_held_is_carried() {
    let scene = Scene::new().await;
    let configs = [MAX_MS, ("retention.bytes", "20000"), ("internal.segment.bytes", "4096")];
    scene.topic("orders", 1, &configs).await;
    let batch = plain(&[later("far", "600000"), later("soon", "2000")]);
    scene.produce("orders", 0, batch).await;
    // It reads along: what is due soon may come before the restart, and retention may take it then.
    let mut consumer = Consumer::new(scene.client().await, at_once());
    consumer.assign("orders", 0, 0);
    let mut came = Vec::new();
    for _ in 0..400 {
        produce_filler(&scene).await;
        came.extend(others(&mut consumer).await);
    }
    let led = scene.node().broker().replicas.get(partition(&scene)).unwrap();
    while led.log().start() < Offset(100) {
        // A log that has links can only begin where a segment repeats them: it may take more of them.
        produce_filler(&scene).await;
        came.extend(others(&mut consumer).await);
        scene
            .node()
            .broker()
            .replicas
            .tidy_up(Duration::from_secs(60), || true)
            .await;
        clock::sleep(Duration::from_millis(5)).await;
    }
    let far = held(&scene).await.pop().unwrap();
    assert_eq!((text(far.key.as_ref()), far.first), ("far".to_owned(), Offset(1)));
    assert!(far.name > Offset(400), "{far:?}");
    drop(led);
    let position = consumer.position("orders", 0).unwrap();
    drop(consumer);
    let scene = scene.restarted(|_| ()).await;
    let mut consumer = Consumer::new(scene.client().await, ConsumerOptions::default());
    consumer.assign("orders", 0, position);
    while came.is_empty() {
        came.extend(others(&mut consumer).await);
    }
    assert_eq!(came, ["soon"]);
    assert_eq!(held(&scene).await, [far]);
}

fn at_once() -> ConsumerOptions {
    ConsumerOptions {
        max_wait: Duration::ZERO,
        ..ConsumerOptions::default()
    }
}

async fn produce_filler(scene: &Scene) {
    scene
        .produce("orders", 0, plain(&[record("filler", "0123456789")]))
        .await;
}

/// The keys of what has come that is no filler.
async fn others(consumer: &mut Consumer) -> Vec<String> {
    let records = consumer.poll().await.unwrap();
    keys(&records).into_iter().filter(|key| key != "filler").collect()
}

/// The bug it is for: a topic is compacted while it holds records, and what comes late takes the place of what is newer.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_holds_records_is_not_compacted() {
    let scene = scene().await;
    scene.produce("orders", 0, plain(&[later("a", "3000000")])).await;
    let held = scene.node().delivery().held();
    while held.list(partition(&scene), Offset(0), 9).await.unwrap().is_empty() {}
    let mut client = scene.client().await;
    let configs = [("corvid.delay.max.ms", "0"), ("cleanup.policy", "compact")];
    let refused = bed::topics::alter(&mut client, "orders", &configs).await;
    let refused = refused.expect_err("it holds a record").to_string();
    assert!(
        refused.contains("it holds records until later (1 of them)"),
        "{refused}"
    );
    let names = held.list(partition(&scene), Offset(0), 9).await.unwrap();
    let names = names.iter().map(|held| held.name).collect();
    assert_eq!(held.cancel(partition(&scene), names).await.unwrap(), 1);
    bed::topics::alter(&mut client, "orders", &configs).await.unwrap();
}

/// The bugs it is for: a batch of many records, each for another time, makes an entry that can't be written or read; some come twice, or
/// not at all.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_records_of_one_batch_are_held_each_by_itself() {
    const MANY: usize = 20_000;
    let scene = Scene::new().await;
    let configs = [
        MAX_MS,
        ("corvid.delay.release.rate", "1000000"),
        ("max.message.bytes", "16777216"),
    ];
    scene.topic("orders", 1, &configs).await;
    let mut builder = BatchBuilder::new(Compression::None);
    for number in 0..MANY {
        let ms = (1 + number % 3_000).to_string();
        builder.push(&RecordParts {
            offset_delta: number as i32,
            timestamp: Timestamp(base_time()),
            key: Some(&(number as u32).to_be_bytes()),
            headers: &[(b"corvid-delay-ms", Some(ms.as_bytes()))],
            ..RecordParts::default()
        });
    }
    scene.produce("orders", 0, builder.finish(None).unwrap()).await;
    let mut keys: Vec<_> = first(&scene, MANY).await.into_iter().map(|record| record.key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), MANY);
    assert_eq!(scene.node().delivery().counters().records_released(), MANY as u64);
}
