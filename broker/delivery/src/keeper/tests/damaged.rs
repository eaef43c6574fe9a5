//! A log whose entries are damaged on the disk.

use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;
use corvid_env::fs::Dir;
use corvid_metadata::config::Durability;
use corvid_metadata::{NodeId, PartitionIndex, TopicId};
use corvid_record::hidden::{EntryBuilder, Hold, SubBatch, Target};
use corvid_record::{BatchBuilder, Compression, LeaderEpoch, RecordParts, Timestamp};
use corvid_replication::{Leadership, PartitionId};
use corvid_storage::{AppendKind, LogConfig, LogDirectory, LogDirectoryConfig};

use super::super::*;

const TOPIC: TopicId = TopicId([7; 16]);

async fn partition(path: &Path) -> (Arc<LogDirectory>, Arc<Partition>) {
    let config = LogDirectoryConfig {
        reserve_bytes: 1 << 20,
        ..LogDirectoryConfig::default()
    };
    let logs = LogDirectory::open(Dir::open(path).unwrap(), config).await.unwrap();
    let log = logs.open_log("orders-0", LogConfig::default()).unwrap();
    let epoch = LeaderEpoch(1);
    log.begin_epoch(epoch);
    let id = PartitionId {
        topic: TOPIC,
        index: PartitionIndex(0),
    };
    let leadership = Leadership {
        epoch,
        in_sync: vec![NodeId(1)],
        durability: Durability::Disk,
        min_in_sync: 1,
        source: SourceId::new(1),
        release_rate: Some(1_000),
    };
    (logs, Partition::lead(id, "orders".into(), log, leadership))
}

/// An entry of the broker's own that holds one record until then.
fn holding(due: i64) -> Bytes {
    let mut batch = BatchBuilder::new(Compression::None);
    batch.push(&RecordParts {
        value: Some(&[7; 200]),
        ..RecordParts::default()
    });
    let held = SubBatch {
        target: Target {
            topic_id: TOPIC.0,
            partition: 0,
        },
        hold: Some(Hold {
            due: Timestamp(due),
            first_offset: None,
            attempts: 0,
            decision: Vec::new(),
        }),
        origins: Vec::new(),
        offset_headers: Vec::new(),
        batch: batch.finish(None).unwrap(),
    };
    let entry = EntryBuilder::armed_alone(Timestamp(0)).sub_batch(held);
    entry.finish().unwrap()
}

/// The bug: one entry among those that are looked through again is damaged, and the keeper ends: nothing is released any more.
#[tokio::test]
async fn a_damaged_entry_is_passed_over_when_holds_are_found_again() {
    let temporary = tempfile::tempdir().unwrap();
    let (_logs, partition) = partition(temporary.path()).await;
    let (_asks, asked) = mpsc::channel(1);
    let counters = Arc::<Counters>::default();
    let source = partition.source().unwrap();
    let mut keeper = Keeper::new(partition.clone(), source, counters.clone(), asked, None);
    for due in [i64::MAX - 2, i64::MAX - 1] {
        let appended = partition.append(holding(due), AppendKind::Internal).unwrap();
        partition.committed(appended.end).await.unwrap();
    }
    keeper.follow().unwrap();
    assert_eq!(keeper.holds.len(), 2);
    let log = temporary.path().join("orders-0/00000000000000000000.log");
    let log = std::fs::File::options().write(true).open(log).unwrap();
    log.write_all_at(&[0xff; 8], 100).unwrap();
    let found = keeper.held_in(Offset(0), Offset(4096)).unwrap();
    let due: Vec<_> = found.iter().map(|held| held.due).collect();
    assert_eq!(due, [Timestamp(i64::MAX - 1)]);
    assert_eq!(counters.holds_damaged(), 1);
    assert_eq!(keeper.holds.len(), 2, "nothing of it is deleted");
}
