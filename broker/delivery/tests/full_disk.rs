//! A full disk whose logs hold records until much later: retention makes room all the same.
//!
//! Fail-points are the process's: one test to a program.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test, with a runtime of its own"
)]

use std::time::Duration;

use bytes::Bytes;
use corvid_delivery::Delivery;
use corvid_env::fault;
use corvid_env::fs::Dir;
use corvid_metadata::config::Configs;
use corvid_metadata::{Image, NodeId, PartitionIndex, PartitionRecord, Record, TopicId};
use corvid_record::hidden::{EntryBuilder, Hold, SubBatch, Target};
use corvid_record::{BatchBuilder, Compression, Offset, RecordParts, Timestamp};
use corvid_replication::{NodeConfigs, Partition, PartitionId, Replicas};
use corvid_storage::{AppendKind, LogDirectory, LogDirectoryConfig};

const TOPIC: TopicId = TopicId([7; 16]);
const INDEX: PartitionIndex = PartitionIndex(0);
/// Of a segment.
const BYTES: usize = 1 << 20;

fn image() -> Image {
    let configs = [
        ("corvid.delay.max.ms", "3600000".to_owned()),
        ("segment.bytes", BYTES.to_string()),
        ("retention.bytes", "0".to_owned()),
    ];
    let create = Record::CreateTopic {
        id: TOPIC,
        name: "later".into(),
        partitions: vec![PartitionRecord::new(vec![NodeId(1)])],
        configs: configs.map(|(key, value)| (key.to_owned(), value)).into(),
    };
    let source = Record::AllocateSource {
        topic: TOPIC,
        partition: INDEX,
        source: Image::default().next_source(),
    };
    Image::default().apply(&[create, source]).unwrap()
}

fn batch(bytes: usize) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(&RecordParts {
        value: Some(&vec![0; bytes]),
        ..RecordParts::default()
    });
    builder.finish(None).unwrap()
}

/// Held for longer than a test runs.
fn held() -> Bytes {
    let held = SubBatch {
        target: Target {
            topic_id: TOPIC.0,
            partition: INDEX.0,
        },
        hold: Some(Hold {
            due: Timestamp(i64::MAX - 1),
            first_offset: None,
            attempts: 0,
            decision: Vec::new(),
        }),
        origins: Vec::new(),
        offset_headers: Vec::new(),
        batch: batch(10),
    };
    let entry = EntryBuilder::armed_alone(Timestamp(1)).sub_batch(held);
    entry.finish().unwrap()
}

async fn append(partition: &Partition, batch: Bytes) {
    let appended = partition.append(batch, AppendKind::Internal).unwrap();
    partition.committed(appended.end).await.unwrap();
}

/// The bug: retention can't delete what holds a record, which can't be held again, since the disk is full; and full it stays.
#[tokio::test]
async fn one_far_hold_does_not_keep_a_full_disk_full() {
    let temporary = tempfile::tempdir().unwrap();
    let root = Dir::open(temporary.path()).unwrap();
    let config = LogDirectoryConfig {
        reserve_bytes: 1 << 20,
        ..LogDirectoryConfig::default()
    };
    let directory = LogDirectory::open(root.clone(), config).await.unwrap();
    let configs = NodeConfigs {
        node: NodeId(1),
        fixed: Configs::new(),
    };
    let replicas = Replicas::new(configs, root, directory.clone());
    replicas.reconcile(&image()).await;
    let delivery = Delivery::new(replicas.clone());
    delivery.reconcile();
    let id = PartitionId {
        topic: TOPIC,
        index: INDEX,
    };
    let partition = replicas.get(id).unwrap();
    assert!(partition.holding().rate().is_some(), "it allows delays");
    append(&partition, held()).await;
    for _ in 0..3 {
        append(&partition, batch(BYTES)).await;
    }
    fault::arm("log.write=full@1,space.again=full").unwrap();
    assert!(partition.append(batch(10), AppendKind::Internal).is_err());
    assert!(directory.read_only_since().is_some());

    let room = async {
        while partition.log().start() == Offset(0) {
            replicas.tidy_up(Duration::MAX, || true).await;
            tokio::task::yield_now().await;
        }
    };
    let made = tokio::time::timeout(Duration::from_secs(20), room).await;
    assert!(made.is_ok(), "nothing was deleted");
    assert!(directory.read_only_since().is_some(), "it was full all the time");
    assert_eq!(delivery.held().list(id, Offset(0), 9).await.unwrap().len(), 1);
    fault::arm("").unwrap();
    delivery.stop().await;
}
