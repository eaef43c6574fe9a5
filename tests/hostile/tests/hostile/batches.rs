//! Batches whose fields lie, and batches that are far larger than they look.

use bed::pipe::Pipe;
use bytes::Bytes;
use corvid_record::{BatchBuilder, Compression, RecordParts, Timestamp, crc32c};
use corvid_wire::client::topic_name;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::ProduceRequest;
use corvid_wire::kafka::messages::produce_request::{PartitionProduceData, TopicProduceData};
use serde_json::json;

use crate::memory::{Growth, MIB};
use crate::scene::Scene;

const VERSION: i16 = 9;
const CODECS: [Compression; 4] = [
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

/// A topic whose records a plugin looks at, and one that nobody looks into.
async fn scene() -> Scene {
    let scene = Scene::start().await;
    let looks = json!([{ "plugin": bed::PLUGIN, "config": {} }]);
    let moves = json!({ "plugin": bed::PLUGIN, "config": { "behaviour": "coin-flip" } });
    let configs = [
        ("corvid.produce", looks.to_string()),
        ("corvid.partitioner", moves.to_string()),
    ];
    let configs: Vec<_> = configs.iter().map(|(key, value)| (*key, value.as_str())).collect();
    scene.topic("looked-at", &configs).await;
    scene.topic("unseen", &[]).await;
    scene
}

/// The bug this is for: a length, a count, an offset or a time of a batch or of a record that is believed: a panic,
/// an overflow, an allocation. The checksum is right, so everything gets as far as it can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_of_a_batch_and_its_records() {
    let scene = scene().await;
    let bystander = scene.bystander().await;
    let growth = Growth::begin();
    for topic in ["looked-at", "unseen"] {
        let mut pipe = scene.pipe().await;
        for codec in [Compression::None, Compression::Snappy] {
            let whole = records(codec, 3, 20);
            for (at, lie) in lies(whole.len()) {
                let mut batch = whole.to_vec();
                batch[at..at + lie.len()].copy_from_slice(lie);
                renew_crc(&mut batch);
                pipe.send(VERSION, &produce(topic, batch.into()))
                    .await
                    .expect("it is taken");
                let answer = pipe.receive::<ProduceRequest>(VERSION).await;
                answer.unwrap_or_else(|error| panic!("{topic}, {codec:?}, {lie:x?} at {at}: {error}"));
            }
        }
    }
    growth.stays_below(64 * MIB);
    // What was taken can be read: nothing that is stored breaks a fetch.
    scene.check_panics();
    bystander.is_well().await;
    scene.end().await;
}

/// The bug this is for: a batch of a few KiB that is hundreds of MiB once it is opened for a plugin, from many clients at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_of_each_codec() {
    let scene = scene().await;
    let mut bystander = scene.bystander().await;
    for codec in CODECS {
        let zeros = records(codec, 1, largest_bomb(codec));
        let growth = Growth::begin();
        throw(
            &scene,
            &zeros,
            16,
            &[
                Some(ResponseError::InvalidRecord),
                Some(ResponseError::NotEnoughReplicas),
            ],
        )
        .await;
        bystander.sees(1).await;
        growth.stays_below(200 * MIB);
    }
    bystander.is_well().await;
    scene.end().await;
}

/// The bug this is for: records of a few bytes each, of which millions fit into what may be decompressed: what is kept for each of
/// them is more than they are themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_of_many_small_records() {
    let scene = scene().await;
    let mut bystander = scene.bystander().await;
    let many = records(Compression::Zstd, 200_000, 0);
    let growth = Growth::begin();
    throw(&scene, &many, 8, &[None]).await;
    bystander.sees(1).await;
    growth.stays_below(350 * MIB);
    bystander.is_well().await;
    scene.end().await;
}

/// The bug this is for: what a retry topic keeps of a record (its history, a decision, headers) is many times a record, and a time of
/// its own for each makes a batch of each, in memory and in the log. Only the records' bytes were counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_of_many_small_records_that_are_held() {
    const RETRY: &str = "orders.billing.retry";
    let scene = Scene::start().await;
    let backoff = r#"{"fixed":"1h","jitter":1}"#;
    let table = [("corvid.retry.attempts", "3"), ("corvid.retry.backoff", backoff)];
    scene.topic("orders", &table).await;
    scene.topic("later", &[("corvid.delay.max.ms", "86400000")]).await;
    let retry = scene.client().await.partition_count(RETRY, false).await;
    retry.expect("it is there as soon as somebody asks");
    let mut bystander = scene.bystander().await;
    let too_large = Some(ResponseError::MessageTooLarge);
    // Last in each pair: as many as there may be, and more than anybody sends.
    for (topic, many, connections, expected) in [
        ("later", delayed(60_000), 8, too_large),
        ("later", delayed(10_000), 8, None),
        (RETRY, records(Compression::Zstd, 300_000, 0), 8, too_large),
        (RETRY, records(Compression::Zstd, 70_000, 0), 6, None),
    ] {
        let growth = Growth::begin();
        throw_at(topic, &scene, &many, connections, &[expected]).await;
        bystander.sees(1).await;
        growth.stays_below(350 * MIB);
    }
    bystander.is_well().await;
    scene.end().await;
}

/// The bug this is for: bombs that are within the limit are kept open while a plugin is slow, one for each connection; or they do
/// wait for each other, and all other topics with plugins behind them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_just_below_the_limit_wait_for_each_other() {
    let scene = Scene::start().await;
    let slow = json!([{ "plugin": bed::PLUGIN, "config": { "behaviour": "spin", "on": "*", "spin": 6_000_000 } }]);
    scene.topic("looked-at", &[("corvid.produce", &slow.to_string())]).await;
    let quick = json!([{ "plugin": bed::PLUGIN, "config": {} }]);
    let mut bystander = scene.bystander_at(&[("corvid.produce", &quick.to_string())]).await;
    let below = records(Compression::Zstd, 60, 1_000_000);
    let growth = Growth::begin();
    let mut pipes = thrown("looked-at", &scene, &below, 24).await;
    let (some, others) = pipes.split_at_mut(12);
    answered(&mut some[..1], &[None]).await;
    let well = tokio::spawn(async move {
        bystander.sees(5).await;
        bystander
    });
    answered(&mut some[1..], &[None]).await;
    assert!(
        well.is_finished(),
        "the bystander waits for the bombs, of which half were answered"
    );
    answered(others, &[None]).await;
    let bystander = well.await.expect("the bystander is well");
    growth.stays_below(350 * MIB);
    bystander.is_well().await;
    scene.end().await;
}

/// Sends a batch from so many connections at once, and waits for all answers. (The plugin gives up on a record of many MiB,
/// which clients are to try again.)
async fn throw(scene: &Scene, batch: &Bytes, connections: usize, expected: &[Option<ResponseError>]) {
    throw_at("looked-at", scene, batch, connections, expected).await;
}

async fn throw_at(topic: &str, scene: &Scene, batch: &Bytes, connections: usize, expected: &[Option<ResponseError>]) {
    let mut pipes = thrown(topic, scene, batch, connections).await;
    answered(&mut pipes, expected).await;
}

/// Connections that each have sent a batch.
async fn thrown(topic: &str, scene: &Scene, batch: &Bytes, connections: usize) -> Vec<Pipe> {
    let mut pipes = Vec::new();
    for _ in 0..connections {
        let mut pipe = scene.pipe().await;
        pipe.send(VERSION, &produce(topic, batch.clone()))
            .await
            .expect("it is taken");
        pipes.push(pipe);
    }
    pipes
}

async fn answered(pipes: &mut [Pipe], expected: &[Option<ResponseError>]) {
    for pipe in pipes {
        let (_, response) = pipe.receive::<ProduceRequest>(VERSION).await.expect("an answer");
        let error = ResponseError::try_from_code(response.responses[0].partition_responses[0].error_code);
        assert!(expected.contains(&error), "{error:?}");
    }
}

fn produce(topic: &str, batch: Bytes) -> ProduceRequest {
    let data = PartitionProduceData::default().with_records(Some(batch));
    let topic = TopicProduceData::default()
        .with_name(topic_name(topic))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(30_000)
        .with_topic_data(vec![topic])
}

/// A batch of so many records with values of so many zeros, and a header each.
fn records(codec: Compression, count: usize, bytes: usize) -> Bytes {
    let value = vec![0; bytes];
    let mut builder = BatchBuilder::new(codec);
    for delta in 0..count {
        builder.push(&RecordParts {
            offset_delta: delta as i32,
            timestamp: Timestamp(corvid_env::clock::wall_clock().0),
            key: None,
            value: Some(&value),
            headers: if count < 10 { &[(b"h", Some(b"x"))] } else { &[] },
        });
    }
    builder.finish(None).expect("it is a batch")
}

/// A batch of so many records, each of which is to be delivered at a time of its own.
fn delayed(count: i64) -> Bytes {
    let now = corvid_env::clock::wall_clock().0;
    let mut builder = BatchBuilder::new(Compression::Zstd);
    for delta in 0..count {
        let due = (now + 3_600_000 + delta).to_string();
        builder.push(&RecordParts {
            offset_delta: delta as i32,
            timestamp: Timestamp(now),
            headers: &[(b"corvid-deliver-at", Some(due.as_bytes()))],
            ..RecordParts::default()
        });
    }
    builder.finish(None).expect("it is a batch")
}

/// The checksum stands at byte 17, and is of all that follows it.
fn renew_crc(batch: &mut [u8]) {
    let crc = crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
}

/// So many zeros that the batch is just below max.message.bytes, or enough for any limit.
fn largest_bomb(codec: Compression) -> usize {
    match codec {
        Compression::Snappy => 20 * MIB,
        Compression::Lz4 => 200 * MIB,
        _ => 300 * MIB,
    }
}

/// What stands at which byte instead.
fn lies(len: usize) -> impl Iterator<Item = (usize, &'static [u8])> {
    const LIES: [&[u8]; 7] = [
        &[0xff],
        &[0x7f, 0xff, 0xff, 0xff],
        &[0x80, 0, 0, 0],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xfe, 0xff, 0xff, 0xff, 0x0f],
        &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x80, 0, 0, 0, 0, 0, 0, 0],
    ];
    (0..len).flat_map(move |at| {
        LIES.into_iter()
            .filter(move |lie| at + lie.len() <= len)
            .map(move |lie| (at, lie))
    })
}
