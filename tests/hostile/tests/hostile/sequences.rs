//! Producers whose batches are refused, and what comes behind them.

use corvid_record::{BatchBuilder, Compression, Producer, ProducerEpoch, ProducerId, RecordParts, Sequence, Timestamp};
use corvid_wire::client::{NewRecord, ProducerOptions, topic_name};
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::ProduceRequest;
use corvid_wire::kafka::messages::produce_request::{PartitionProduceData, TopicProduceData};
use serde_json::json;

use crate::scene::Scene;

/// A topic whose plugin refuses records of the value "bad" and panics on those of the value "worse".
async fn scene() -> Scene {
    let scene = Scene::start().await;
    let refuse = json!({ "plugin": bed::PLUGIN, "config": { "behaviour": "refuse" } });
    let panic = json!({ "plugin": bed::PLUGIN, "config": { "behaviour": "panic", "on": "worse" } });
    scene
        .topic("strict", &[("corvid.produce", &json!([refuse, panic]).to_string())])
        .await;
    scene
}

/// The bug this is for: a log takes any first sequence from a producer that it doesn't know, so the batch behind a
/// first one that was refused went in, and the retry of the first (when the plugin had changed its mind, or could
/// judge again) was taken for an old duplicate: acknowledged, and lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_taken_behind_a_first_batch_that_failed() {
    let scene = scene().await;
    let (refused, again) = (Err(ResponseError::InvalidRecord), Err(ResponseError::NotEnoughReplicas));
    let too_early = Err(ResponseError::OutOfOrderSequenceNumber);
    for (producer, value, answer) in [(1, "bad", refused), (2, "worse", again)] {
        let first = batch(producer, 0, &[value]);
        let second = batch(producer, 1, &["good"]);
        let answers = send(&scene, &[first.clone(), second.clone(), first]).await;
        assert_eq!(answers, [answer, too_early, answer], "after \"{value}\"");
        // The plugin could judge it after all, or the client gives the sequence to another batch.
        let answers = send(&scene, &[second.clone(), batch(producer, 0, &["good"]), second]).await;
        assert_eq!(answers[0], too_early);
        let base = answers[1].expect("the first is there");
        assert_eq!(answers[2], Ok(base + 1));
    }
    scene.end().await;
}

/// The bug this is for: what is older than all that is remembered of a producer was called a duplicate, which clients take
/// for success.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_older_than_what_is_remembered_is_no_success() {
    let scene = scene().await;
    let batches: Vec<_> = (0..8).map(|sequence| batch(1, sequence, &["good"])).collect();
    let first = send(&scene, &batches).await;
    assert_eq!(first, (0..8).map(Ok).collect::<Vec<_>>());
    let again = send(&scene, &batches).await;
    let forgotten = [Err(ResponseError::OutOfOrderSequenceNumber); 3];
    assert_eq!(again, [&forgotten[..], &first[3..]].concat());
    scene.end().await;
}

/// The bug this is for: a refusal is remembered under its sequence, which a client gives to its next batch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_goes_on_after_a_refusal() {
    let scene = scene().await;
    let mut producer = corvid_wire::client::Producer::new(scene.client().await, ProducerOptions::default());
    for (value, is_taken) in [
        ("good", true),
        ("bad", false),
        ("good", true),
        ("bad", false),
        ("good", true),
    ] {
        let record = NewRecord {
            value: Some(value.into()),
            ..NewRecord::default()
        };
        producer.send("strict", Some(0), record).await.expect("it is gathered");
        let deliveries = producer.flush().await.expect("an answer");
        assert_eq!(deliveries[0].result.is_ok(), is_taken, "{value}: {deliveries:?}");
    }
    scene.end().await;
}

fn batch(producer: i64, sequence: i32, values: &[&str]) -> bytes::Bytes {
    let producer = Producer {
        id: ProducerId(producer),
        epoch: ProducerEpoch(0),
        base_sequence: Sequence(sequence),
    };
    let mut builder = BatchBuilder::new(Compression::None).producer(producer);
    for (delta, value) in (0..).zip(values) {
        builder.push(&RecordParts {
            offset_delta: delta,
            timestamp: Timestamp(corvid_env::clock::wall_clock().0),
            value: Some(value.as_bytes()),
            ..RecordParts::default()
        });
    }
    builder.finish(None).expect("it is a batch")
}

/// Sends batches to partition 0, each before the last one is answered; gives their base offsets, or errors.
async fn send(scene: &Scene, batches: &[bytes::Bytes]) -> Vec<Result<i64, ResponseError>> {
    const VERSION: i16 = 9;
    let mut pipe = scene.pipe().await;
    for batch in batches {
        let data = PartitionProduceData::default().with_records(Some(batch.clone()));
        let topic = TopicProduceData::default()
            .with_name(topic_name("strict"))
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(30_000)
            .with_topic_data(vec![topic]);
        pipe.send(VERSION, &request).await.expect("it is taken");
    }
    let mut answers = Vec::new();
    for _ in batches {
        let (_, response) = pipe.receive::<ProduceRequest>(VERSION).await.expect("an answer");
        let partition = &response.responses[0].partition_responses[0];
        answers.push(ResponseError::try_from_code(partition.error_code).map_or(Ok(partition.base_offset), Err));
    }
    answers
}
