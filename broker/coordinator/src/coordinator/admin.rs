//! DescribeGroups, ListGroups, DeleteGroups, and what metrics show.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::Coordinator;
use super::membership::unexpected;
use super::shard::Missing;
use crate::answer::{DeleteAnswer, GroupDescription, ListedGroup};
use crate::error::GroupError;
use crate::group::{Answer, Event, Group, GroupState};
use crate::request::ListGroupsRequest;

/// What metrics show of all groups led here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Groups, by their state.
    pub groups: BTreeMap<GroupState, usize>,
    /// Committed offsets.
    pub offsets: usize,
    /// Partitions that are still being loaded.
    pub loading: usize,
    /// Records of the logs that this release could not read, and left alone.
    pub skipped_records: u64,
}

impl Coordinator {
    /// DeleteGroups: a result for each group, in order.
    pub async fn delete_groups(&self, group_ids: &[String]) -> Vec<(String, DeleteAnswer)> {
        // All are written before the first is waited for: they share the log's rounds of syncing.
        let delete = |group_id| self.question(group_id, Missing::Refuse, |call| Event::Delete { call });
        let asked: Vec<_> = group_ids.iter().map(|group_id| (group_id, delete(group_id))).collect();
        let mut results = Vec::with_capacity(asked.len());
        for (group_id, question) in asked {
            let answer = match question {
                Ok(answer) => self.in_time(answer).await,
                Err(error) => Err(error),
            };
            let result = match answer {
                Ok(Answer::Delete(result)) => result,
                Ok(other) => unexpected(&other),
                Err(error) => Err(error),
            };
            results.push((group_id.clone(), result));
        }
        results
    }

    /// DescribeGroups: `GroupIdNotFound` is shown as a dead group below v6.
    pub async fn describe_groups(&self, group_ids: &[String]) -> Vec<(String, Result<GroupDescription, GroupError>)> {
        let describe = |group_id: &String| self.shard_of(group_id)?.look(group_id, Group::describe);
        group_ids
            .iter()
            .map(|group_id| (group_id.clone(), describe(group_id)))
            .collect()
    }

    /// ListGroups. `CoordinatorLoadInProgress` while a partition is being loaded, as Kafka answers.
    pub async fn list_groups(&self, request: &ListGroupsRequest) -> Result<Vec<ListedGroup>, GroupError> {
        let mut groups = Vec::new();
        for shard in self.all_shards() {
            let listed = shard.look_at_all(|group| {
                let group = group.list();
                if allows(&request.states, group.state.name()) && allows(&request.types, group.group_type) {
                    groups.push(group);
                }
            });
            match listed {
                // Its groups are another node's to list.
                Ok(()) | Err(GroupError::NotCoordinator) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(groups)
    }

    /// What metrics show.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for shard in self.all_shards() {
            let counted = shard.look_at_all(|group| {
                *stats.groups.entry(group.state()).or_default() += 1;
                stats.offsets += group.offset_count();
            });
            stats.loading += usize::from(counted == Err(GroupError::CoordinatorLoadInProgress));
            stats.skipped_records += shard.skipped.load(Ordering::Relaxed);
        }
        stats
    }
}

/// Whether a filter lets a name through: an empty one lets all.
fn allows(filter: &[String], name: &str) -> bool {
    filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
}
