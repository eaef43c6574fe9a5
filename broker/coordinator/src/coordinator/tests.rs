//! The driver over a log in memory whose commits the test holds back or lets through; time stands still but for sleeps.

mod group_life;
mod loading;
mod memory_log;
mod waiting;

use std::sync::Arc;

use bytes::Bytes;
use corvid_metadata::PartitionIndex;

use super::Coordinator;
use crate::answer::{Joined, OffsetsAnswer, Synced};
use crate::config::CoordinatorConfig;
use crate::error::GroupError;
use crate::request::{
    CommitRequest, FetchOffsetsRequest, HeartbeatRequest, JoinRequest, OffsetToCommit, Protocol, SyncRequest, Topic,
};
use memory_log::MemoryLog;

/// A coordinator that leads the only partition, loaded.
async fn coordinator() -> (Arc<Coordinator>, Arc<MemoryLog>) {
    let log = MemoryLog::new();
    let coordinator = leading(&log);
    loaded(&coordinator).await;
    (coordinator, log)
}

/// A coordinator that has begun to load the only partition.
fn leading(log: &Arc<MemoryLog>) -> Arc<Coordinator> {
    let config = CoordinatorConfig {
        partitions: 1,
        initial_rebalance_delay: std::time::Duration::ZERO,
        ..CoordinatorConfig::default()
    };
    let coordinator = Coordinator::new(config);
    coordinator.lead(PartitionIndex(0), log.clone());
    coordinator
}

async fn loaded(coordinator: &Coordinator) {
    while coordinator.stats().loading > 0 {
        tokio::task::yield_now().await;
    }
}

fn join_request(group: &str, member_id: &str) -> JoinRequest {
    JoinRequest {
        group_id: group.into(),
        member_id: member_id.into(),
        group_instance_id: None,
        client_id: "client".into(),
        client_host: "/127.0.0.1".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        protocol_type: "consumer".into(),
        protocols: vec![Protocol {
            name: "range".into(),
            metadata: Bytes::from_static(&[0, 0, 0, 0, 0, 0]),
        }],
        reason: None,
        requires_known_member_id: false,
        supports_skip_assignment: true,
    }
}

async fn join(coordinator: &Coordinator, group: &str) -> Joined {
    coordinator.join(join_request(group, "")).await.unwrap()
}

fn sync_request(group: &str, joined: &Joined) -> SyncRequest {
    SyncRequest {
        group_id: group.into(),
        generation: joined.generation,
        member_id: joined.member_id.clone(),
        group_instance_id: None,
        protocol_type: None,
        protocol_name: None,
        assignments: vec![(joined.member_id.clone(), Bytes::from_static(b"all"))],
    }
}

async fn sync(coordinator: &Coordinator, group: &str, joined: &Joined) -> Synced {
    coordinator.sync(sync_request(group, joined)).await.unwrap()
}

async fn beat(coordinator: &Coordinator, group: &str, joined: &Joined) -> Result<(), GroupError> {
    let request = HeartbeatRequest {
        group_id: group.into(),
        generation: joined.generation,
        member_id: joined.member_id.clone(),
        group_instance_id: None,
    };
    coordinator.heartbeat(request).await
}

fn commit_request(group: &str, offset: i64) -> CommitRequest {
    let offset = OffsetToCommit {
        offset,
        leader_epoch: 3,
        metadata: Some("note".into()),
    };
    CommitRequest {
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
    }
}

async fn commit(coordinator: &Coordinator, group: &str, offset: i64) -> OffsetsAnswer {
    coordinator.commit_offsets(commit_request(group, offset)).await
}

/// The committed offset of `t-0`; -1 if there is none.
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
    let topics = coordinator.fetch_offsets(request).await?;
    Ok(topics[0].partitions[0].1.offset)
}
