//! Consumer groups: state, offsets, lag.

use corvid_coordinator::group::GroupState;
use corvid_coordinator::{FetchOffsetsRequest, ListGroupsRequest};
use corvid_metadata::Image;
use corvid_replication::PartitionId;

use super::family::{Families, label};
use crate::context::Context;

pub(super) async fn gather(context: &Context, image: &Image, families: &mut Families) {
    states(context, families);
    // While offsets are being loaded, there are none to show.
    let listed = context
        .coordinator
        .list_groups(&ListGroupsRequest::default())
        .await
        .unwrap_or_default();
    let ids: Vec<String> = listed.into_iter().map(|group| group.group_id).collect();
    for (group, description) in context.coordinator.describe_groups(&ids).await {
        if let Ok(description) = description {
            let labels = vec![label("consumergroup", &group)];
            families.gauge(
                "kafka_consumergroup_members",
                "As kafka_exporter has it",
                labels,
                description.members.len(),
            );
        }
        offsets(context, image, group, families).await;
    }
}

fn states(context: &Context, families: &mut Families) {
    let stats = context.coordinator.stats();
    let of = |state: GroupState| stats.groups.get(&state).copied().unwrap_or(0);
    let mut gauge = |name, value: usize| families.gauge(name, "As in Kafka", vec![], value);
    gauge(
        "kafka_coordinator_group_groupmetadatamanager_numgroups",
        stats.groups.values().sum(),
    );
    gauge(
        "kafka_coordinator_group_groupmetadatamanager_numgroupsempty",
        of(GroupState::Empty),
    );
    gauge(
        "kafka_coordinator_group_groupmetadatamanager_numgroupspreparingrebalance",
        of(GroupState::PreparingRebalance),
    );
    gauge(
        "kafka_coordinator_group_groupmetadatamanager_numgroupscompletingrebalance",
        of(GroupState::CompletingRebalance),
    );
    gauge(
        "kafka_coordinator_group_groupmetadatamanager_numgroupsstable",
        of(GroupState::Stable),
    );
    gauge(
        "kafka_coordinator_group_groupmetadatamanager_numgroupsdead",
        of(GroupState::Dead),
    );
    gauge("kafka_coordinator_group_groupmetadatamanager_numoffsets", stats.offsets);
}

async fn offsets(context: &Context, image: &Image, group: String, families: &mut Families) {
    let request = FetchOffsetsRequest {
        group_id: group.clone(),
        member_id: None,
        member_epoch: -1,
        topics: None,
        require_stable: false,
    };
    for topic in context.coordinator.fetch_offsets(request).await.unwrap_or_default() {
        let Some(id) = image.topic(&topic.name).map(|topic| topic.id) else {
            continue;
        };
        let mut sum = 0;
        for (index, committed) in &topic.partitions {
            let Some(partition) = context.replicas.get(PartitionId {
                topic: id,
                index: *index,
            }) else {
                continue;
            };
            let lag = (partition.visible_end().0 - committed.offset).max(0);
            sum += lag;
            let labels = vec![
                label("consumergroup", &group),
                label("topic", &topic.name),
                label("partition", index),
            ];
            families.gauge(
                "kafka_consumergroup_current_offset",
                "As kafka_exporter has it",
                labels.clone(),
                committed.offset,
            );
            families.gauge("kafka_consumergroup_lag", "As kafka_exporter has it", labels, lag);
        }
        let labels = vec![label("consumergroup", &group), label("topic", &topic.name)];
        families.gauge("kafka_consumergroup_lag_sum", "As kafka_exporter has it", labels, sum);
    }
}
