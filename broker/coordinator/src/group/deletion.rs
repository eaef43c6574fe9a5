//! OffsetDelete, DeleteGroups, and what topics leave behind when they are deleted.

use std::collections::BTreeSet;

use crate::error::GroupError;
use crate::group::event::{AfterWrite, Answer, CallId, Removal};
use crate::group::{Group, GroupState};
use crate::request::{DeleteOffsetsRequest, Topic};
use crate::schema::{Record, subscription};

impl Group {
    pub(super) fn delete_offsets(&mut self, call: CallId, request: DeleteOffsetsRequest) {
        if let Err(error) = self.check_delete_offsets() {
            self.answer(call, Answer::Offsets(Err(error)));
            return;
        }
        let mut partitions = Vec::new();
        let mut answers = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            let result = if self.subscribes_to(&topic.name) {
                Err(GroupError::GroupSubscribedToTopic)
            } else {
                Ok(())
            };
            let named = topic
                .partitions
                .iter()
                .map(|(partition, ())| (topic.name.clone(), partition.0));
            partitions.extend(named.filter(|named| result.is_ok() && self.has_offset(named)));
            let results = topic
                .partitions
                .iter()
                .map(|(partition, ())| (*partition, result))
                .collect();
            answers.push(Topic {
                name: topic.name,
                id: topic.id,
                partitions: results,
            });
        }
        if partitions.is_empty() {
            self.answer(call, Answer::Offsets(Ok(answers)));
        } else {
            self.remove(partitions, false, Some(Removal::Offsets(call, Ok(answers))));
        }
    }

    fn check_delete_offsets(&self) -> Result<(), GroupError> {
        match self.state {
            GroupState::Dead => Err(GroupError::GroupIdNotFound),
            GroupState::Empty => Ok(()),
            GroupState::PreparingRebalance | GroupState::CompletingRebalance | GroupState::Stable => {
                // Only of consumers is it known what they read.
                if self.protocol_type.as_deref() == Some(subscription::CONSUMER) {
                    Ok(())
                } else {
                    Err(GroupError::NonEmptyGroup)
                }
            }
        }
    }

    /// Whether the group reads a topic; also true of consumers whose subscription is not known.
    pub(super) fn subscribes_to(&self, topic: &str) -> bool {
        match &self.subscribed {
            Some(topics) => topics.contains(topic),
            None => self.protocol_type.as_deref() == Some(subscription::CONSUMER),
        }
    }

    pub(super) fn delete(&mut self, call: CallId) {
        match self.state {
            GroupState::Empty => {
                let all = self.partitions_with_offsets().into_iter().collect();
                self.remove(all, true, Some(Removal::Group(call)));
            }
            GroupState::PreparingRebalance | GroupState::CompletingRebalance | GroupState::Stable => {
                self.answer(call, Answer::Delete(Err(GroupError::NonEmptyGroup)));
            }
            GroupState::Dead => self.answer(call, Answer::Delete(Err(GroupError::GroupIdNotFound))),
        }
    }

    pub(super) fn topics_deleted(&mut self, names: &[String]) {
        if names.is_empty() {
            return;
        }
        let mut gone: Vec<(String, i32)> = self.partitions_with_offsets().into_iter().collect();
        gone.retain(|(topic, _)| names.contains(topic));
        if !gone.is_empty() {
            self.remove(gone, false, None);
        }
    }

    /// The partitions that have an offset in the log, or will have one when what is on its way there has arrived: a
    /// tombstone must come for all of them, or a restart would bring some back.
    fn partitions_with_offsets(&self) -> BTreeSet<(String, i32)> {
        let visible = self
            .offsets
            .iter()
            .map(|(topic, partition, _)| (topic.to_owned(), partition));
        visible.chain(self.committing.keys().cloned()).collect()
    }

    fn has_offset(&self, partition: &(String, i32)) -> bool {
        self.offsets.get(&partition.0, partition.1).is_some() || self.committing.contains_key(partition)
    }

    /// Writes tombstones for offsets, and one for the group itself if it goes as well.
    pub(super) fn remove(&mut self, partitions: Vec<(String, i32)>, group: bool, answer: Option<Removal>) {
        let tombstones = partitions
            .iter()
            .map(|(topic, partition)| self.offset_record(topic, *partition, None));
        let last = group.then(|| Record::Group {
            group: self.id.clone(),
            value: None,
        });
        let records = tombstones.chain(last).collect();
        self.write(
            records,
            AfterWrite::Removed {
                partitions,
                group,
                answer,
            },
        );
    }

    pub(super) fn removed(
        &mut self,
        partitions: Vec<(String, i32)>,
        group: bool,
        answer: Option<Removal>,
        result: Result<(), GroupError>,
    ) {
        if result.is_ok() {
            for (topic, partition) in &partitions {
                self.offsets.remove(topic, *partition);
            }
            if group {
                self.vanish();
            }
        }
        match answer {
            Some(Removal::Offsets(call, answer)) => {
                self.answer(call, Answer::Offsets(result.and(answer)));
            }
            Some(Removal::Group(call)) => self.answer(call, Answer::Delete(result)),
            None => {}
        }
    }

    /// The group's tombstone is committed. Whoever came since then keeps a group alive, but not this one's past; what
    /// it writes comes behind the tombstone in the log, so that a restart sees the same.
    fn vanish(&mut self) {
        if self.state != GroupState::Empty || self.states_in_flight > 0 {
            return;
        }
        self.generation = 0;
        self.protocol_type = None;
        self.subscribed = None;
        if self.pending.is_empty() && self.offsets.is_empty() && self.in_flight == 0 {
            self.in_log = false;
            self.state = GroupState::Dead;
        }
    }
}
