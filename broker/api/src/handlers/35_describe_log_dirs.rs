//! DescribeLogDirs (key 35), versions 1 to 4: how large each partition is. v3: an error of the whole. v4: the size
//! of the volume and what is free (KIP-827).

use std::collections::BTreeMap;
use std::sync::Arc;

use corvid_metadata::PartitionIndex;
use corvid_replication::Partition;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::DescribeLogDirsRequest;
use corvid_wire::kafka::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::{self, text};
use crate::reply::{HandlerResult, Head};

/// Answers a DescribeLogDirs.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let request: DescribeLogDirsRequest = decode(&frame)?;
    let wanted = |partition: &Partition| {
        request.topics.as_ref().is_none_or(|topics| {
            topics
                .iter()
                .any(|topic| **topic.topic == **partition.topic() && topic.partitions.contains(&partition.id().index.0))
        })
    };
    let mut topics: BTreeMap<Arc<str>, Vec<(PartitionIndex, u64)>> = BTreeMap::new();
    for partition in broker.replicas.all().values().filter(|partition| wanted(partition)) {
        let size = partition.log().size_bytes();
        topics
            .entry(partition.topic().clone())
            .or_default()
            .push((partition.id().index, size));
    }
    let failed = broker
        .replicas
        .directory()
        .poisoned()
        .map_or(0, |_| ResponseError::KafkaStorageError.code());
    let result = DescribeLogDirsResult::default()
        .with_error_code(failed)
        .with_log_dir(text(&broker.replicas.root().path().display().to_string()))
        .with_topics(
            topics
                .iter()
                .map(|(name, partitions)| topic(name, partitions))
                .collect(),
        )
        .with_total_bytes(-1)
        .with_usable_bytes(
            broker
                .replicas
                .root()
                .available_bytes()
                .map_or(-1, |bytes| bytes as i64),
        );
    Head::of(&frame).now(&DescribeLogDirsResponse::default().with_results(vec![result]))
}

fn topic(name: &str, partitions: &[(PartitionIndex, u64)]) -> DescribeLogDirsTopic {
    let partition = |(index, bytes): &(PartitionIndex, u64)| {
        DescribeLogDirsPartition::default()
            .with_partition_index(index.0)
            .with_partition_size(*bytes as i64)
    };
    DescribeLogDirsTopic::default()
        .with_name(convert::topic_name(name))
        .with_partitions(partitions.iter().map(partition).collect())
}
