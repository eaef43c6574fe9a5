//! Groups in a real log on disk: what was acknowledged is there after a crash, whatever the crash left of the rest.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use corvid_coordinator::{
    CommitRequest, Coordinator, CoordinatorConfig, FetchOffsetsRequest, GroupError, OffsetToCommit, PartitionLog, Topic,
};
use corvid_env::fs::Dir;
use corvid_metadata::config::Durability;
use corvid_metadata::{NodeId, PartitionIndex, TopicId};
use corvid_record::LeaderEpoch;
use corvid_replication::{Leadership, Partition, PartitionId};
use corvid_storage::{Cleanup, LogConfig, LogDirectory, LogDirectoryConfig};

const SEGMENT: &str = "__consumer_offsets-0/00000000000000000000.log";

/// A coordinator whose only partition lies in `path`, loaded.
async fn coordinator(path: &Path) -> (Arc<LogDirectory>, Arc<Coordinator>) {
    let dir = Dir::create_all(path).unwrap();
    let logs = LogDirectory::open(dir, LogDirectoryConfig::default()).await.unwrap();
    let config = LogConfig {
        cleanup: Cleanup::Compact,
        ..LogConfig::default()
    };
    let log = logs.open_log("__consumer_offsets-0", config).unwrap();
    let epoch = LeaderEpoch(log.latest_epoch().0 + 1);
    log.begin_epoch(epoch);
    let id = PartitionId {
        topic: TopicId([7; 16]),
        index: PartitionIndex(0),
    };
    let leadership = Leadership {
        epoch,
        in_sync: vec![NodeId(1)],
        durability: Durability::Disk,
        min_in_sync: 1,
        source: None,
        release_rate: None,
    };
    let partition = Partition::lead(id, "__consumer_offsets".into(), log, leadership);
    let coordinator = Coordinator::new(CoordinatorConfig {
        partitions: 1,
        ..CoordinatorConfig::default()
    });
    coordinator.lead(PartitionIndex(0), Arc::new(PartitionLog(partition)));
    while fetch(&coordinator, "any").await == Err(GroupError::CoordinatorLoadInProgress) {
        tokio::task::yield_now().await;
    }
    (logs, coordinator)
}

async fn commit(coordinator: &Coordinator, group: &str, offset: i64) {
    let offset = OffsetToCommit {
        offset,
        leader_epoch: -1,
        metadata: None,
    };
    let request = CommitRequest {
        group_id: group.into(),
        generation: -1,
        member_id: String::new(),
        group_instance_id: None,
        knows_missing_groups: true,
        retention_ms: None,
        topics: vec![Topic {
            name: "t".into(),
            id: None,
            partitions: vec![(PartitionIndex(0), offset)],
        }],
    };
    coordinator.commit_offsets(request).await.unwrap();
}

async fn fetch(coordinator: &Coordinator, group: &str) -> Result<i64, GroupError> {
    let request = FetchOffsetsRequest {
        group_id: group.into(),
        member_id: None,
        member_epoch: -1,
        topics: Some(vec![Topic {
            name: "t".into(),
            id: None,
            partitions: vec![(PartitionIndex(0), ())],
        }]),
        require_stable: false,
    };
    Ok(coordinator.fetch_offsets(request).await?[0].partitions[0].1.offset)
}

/// What is on the disk now, as a crash would leave it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn a_torn_tail_costs_only_what_was_not_acknowledged() {
    let place = tempfile::tempdir().unwrap();
    let (live, crashed) = (place.path().join("live"), place.path().join("crashed"));
    let (logs, first) = coordinator(&live).await;
    for offset in 0..10 {
        commit(&first, &format!("g{}", offset % 3), offset).await;
    }
    copy(&live, &crashed);
    let acknowledged = fs::read(crashed.join(SEGMENT)).unwrap();
    commit(&first, "g0", 1000).await;
    let next = fs::read(live.join(SEGMENT)).unwrap();
    first.shutdown().await;
    logs.shutdown().await.unwrap();

    // The next commit was on its way to the disk, and this much of it arrived.
    for arrived in [1, 12, 40, next.len() - acknowledged.len() - 1] {
        let path = place.path().join(format!("cut-{arrived}"));
        copy(&crashed, &path);
        fs::write(path.join(SEGMENT), &next[..acknowledged.len() + arrived]).unwrap();
        let (logs, again) = coordinator(&path).await;
        let found = [
            fetch(&again, "g0").await,
            fetch(&again, "g1").await,
            fetch(&again, "g2").await,
        ];
        assert_eq!(found, [Ok(9), Ok(7), Ok(8)], "{arrived} bytes of the next commit");
        commit(&again, "g0", 11).await;
        assert_eq!(fetch(&again, "g0").await, Ok(11));
        again.shutdown().await;
        logs.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_clean_restart_finds_all_and_a_deleted_group_stays_deleted() {
    let place = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let (logs, coordinator) = coordinator(place.path()).await;
        let expected = if round == 0 { -1 } else { round - 1 };
        assert_eq!(fetch(&coordinator, "kept").await, Ok(expected));
        assert_eq!(fetch(&coordinator, "deleted").await, Ok(-1));
        commit(&coordinator, "kept", round).await;
        commit(&coordinator, "deleted", round).await;
        assert_eq!(coordinator.delete_groups(&["deleted".into()]).await[0].1, Ok(()));
        coordinator.shutdown().await;
        logs.shutdown().await.unwrap();
    }
}
