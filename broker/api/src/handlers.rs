//! One handler a file, named by its API key: `ls handlers` is the table of what is served.
//!
//! Each file says its versions and what they changed. `COMPATIBILITY.md` beside this crate is the ledger of what
//! differs from Kafka, and why.

use corvid_metadata::TopicImage;
use corvid_replication::Partition;
use corvid_wire::kafka::ResponseError;

use crate::broker::Broker;

#[path = "handlers/33_alter_configs.rs"]
pub mod alter_configs;
#[path = "handlers/18_api_versions.rs"]
pub mod api_versions;
mod config_resource;
#[path = "handlers/37_create_partitions.rs"]
pub mod create_partitions;
#[path = "handlers/19_create_topics.rs"]
pub mod create_topics;
#[path = "handlers/42_delete_groups.rs"]
pub mod delete_groups;
#[path = "handlers/21_delete_records.rs"]
pub mod delete_records;
#[path = "handlers/20_delete_topics.rs"]
pub mod delete_topics;
#[path = "handlers/60_describe_cluster.rs"]
pub mod describe_cluster;
#[path = "handlers/32_describe_configs.rs"]
pub mod describe_configs;
#[path = "handlers/15_describe_groups.rs"]
pub mod describe_groups;
#[path = "handlers/35_describe_log_dirs.rs"]
pub mod describe_log_dirs;
mod existing;
#[path = "handlers/01_fetch.rs"]
pub mod fetch;
#[path = "handlers/10_find_coordinator.rs"]
pub mod find_coordinator;
mod first_use;
#[path = "handlers/12_heartbeat.rs"]
pub mod heartbeat;
#[path = "handlers/44_incremental_alter_configs.rs"]
pub mod incremental_alter_configs;
#[path = "handlers/22_init_producer_id.rs"]
pub mod init_producer_id;
#[path = "handlers/11_join_group.rs"]
pub mod join_group;
#[path = "handlers/13_leave_group.rs"]
pub mod leave_group;
#[path = "handlers/16_list_groups.rs"]
pub mod list_groups;
#[path = "handlers/02_list_offsets.rs"]
pub mod list_offsets;
#[path = "handlers/03_metadata.rs"]
pub mod metadata;
#[path = "handlers/08_offset_commit.rs"]
pub mod offset_commit;
#[path = "handlers/47_offset_delete.rs"]
pub mod offset_delete;
#[path = "handlers/09_offset_fetch.rs"]
pub mod offset_fetch;
#[path = "handlers/23_offset_for_leader_epoch.rs"]
pub mod offset_for_leader_epoch;
mod operations;
#[path = "handlers/00_produce.rs"]
pub mod produce;
#[path = "handlers/14_sync_group.rs"]
pub mod sync_group;
mod viewed;

/// Why a partition of a topic that exists is not served here.
pub(crate) fn not_served(broker: &Broker, topic: &TopicImage, index: i32) -> ResponseError {
    let id = corvid_replication::PartitionId {
        topic: topic.id,
        index: corvid_metadata::PartitionIndex(index),
    };
    match topic.partition(id.index) {
        None => ResponseError::UnknownTopicOrPartition,
        Some(_) if broker.replicas.offline_reason(id).is_some() => ResponseError::KafkaStorageError,
        Some(_) => ResponseError::NotLeaderOrFollower,
    }
}

/// Checks the leader epoch that a client believes in (KIP-320); −1 is no belief.
pub(crate) fn check_epoch(partition: &Partition, claimed: i32) -> Result<(), ResponseError> {
    let current = partition.leader_epoch().0;
    match claimed {
        ..0 => Ok(()),
        _ if claimed < current => Err(ResponseError::FencedLeaderEpoch),
        _ if claimed > current => Err(ResponseError::UnknownLeaderEpoch),
        _ => Ok(()),
    }
}
