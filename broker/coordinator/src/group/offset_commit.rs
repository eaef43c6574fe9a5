//! OffsetCommit and OffsetFetch.

use corvid_metadata::TopicId;

use crate::answer::{CommittedOffset, OffsetsAnswer};
use crate::error::GroupError;
use crate::group::event::{AfterWrite, Answer, CallId, Now};
use crate::group::{Group, GroupState};
use crate::request::{CommitRequest, OffsetToCommit, Topic};
use crate::schema::{OffsetCommit, Record};

impl Group {
    pub(super) fn commit_offsets(&mut self, call: CallId, request: CommitRequest, now: Now) {
        if let Err(error) = self.check_commit(&request) {
            self.answer(call, Answer::Offsets(Err(error)));
            return;
        }
        // A commit is a sign of life, too, except while the group waits for the leader's assignment.
        self.renew_session(&request.member_id, now);
        let expire_timestamp = request
            .retention_ms
            .map(|retention| now.wall.0.saturating_add(retention));
        let mut commits = Vec::new();
        let mut answers = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for (partition, asked) in topic.partitions {
                let offset = self.accept(asked, topic.id, now, expire_timestamp);
                partitions.push((partition, offset.as_ref().map(|_| ()).map_err(|error| *error)));
                commits.extend(offset.ok().map(|offset| (topic.name.clone(), partition.0, offset)));
            }
            answers.push(Topic {
                name: topic.name,
                id: topic.id,
                partitions,
            });
        }
        if commits.is_empty() {
            self.answer(call, Answer::Offsets(Ok(answers)));
            return;
        }
        let records = commits
            .iter()
            .map(|(topic, partition, offset)| self.offset_record(topic, *partition, Some(offset)));
        let records = records.collect();
        for (topic, partition, _) in &commits {
            *self.committing.entry((topic.clone(), *partition)).or_default() += 1;
        }
        self.write(
            records,
            AfterWrite::Offsets {
                call,
                commits,
                answer: Ok(answers),
            },
        );
    }

    fn check_commit(&self, request: &CommitRequest) -> Result<(), GroupError> {
        if self.state == GroupState::Dead {
            return Err(GroupError::CoordinatorNotAvailable);
        }
        let outsider = request.generation < 0;
        if outsider && self.state == GroupState::Empty {
            // An administrator, or a consumer that assigns partitions to itself.
            return Ok(());
        }
        if outsider && request.member_id.is_empty() && request.group_instance_id.is_none() {
            return Err(GroupError::UnknownMemberId);
        }
        self.roster
            .validate(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        if self.state == GroupState::CompletingRebalance {
            // The member knows the new generation, and has no assignment in it yet.
            return Err(GroupError::RebalanceInProgress);
        }
        Ok(())
    }

    fn accept(
        &self,
        asked: OffsetToCommit,
        topic_id: Option<TopicId>,
        now: Now,
        expire_timestamp: Option<i64>,
    ) -> Result<OffsetCommit, GroupError> {
        let metadata = asked.metadata.unwrap_or_default();
        // Kafka compares UTF-16 units with a number that it calls bytes; so do we, or texts would be refused that it takes.
        if metadata.encode_utf16().count() > self.config.max_offset_metadata_bytes {
            return Err(GroupError::OffsetMetadataTooLarge);
        }
        Ok(OffsetCommit {
            offset: asked.offset,
            leader_epoch: asked.leader_epoch,
            metadata,
            commit_timestamp: now.wall.0,
            expire_timestamp,
            topic_id,
        })
    }

    pub(super) fn offset_record(&self, topic: &str, partition: i32, offset: Option<&OffsetCommit>) -> Record {
        Record::Offset {
            group: self.id.clone(),
            topic: topic.to_owned(),
            partition,
            value: offset.cloned(),
        }
    }

    pub(super) fn offsets_written(
        &mut self,
        call: CallId,
        commits: Vec<(String, i32, OffsetCommit)>,
        answer: OffsetsAnswer,
        result: Result<(), GroupError>,
    ) {
        for (topic, partition, offset) in commits {
            let committing = (topic, partition);
            if let Some(count) = self.committing.get_mut(&committing) {
                *count -= 1;
                if *count == 0 {
                    self.committing.remove(&committing);
                }
            }
            if result.is_ok() {
                self.offsets.set(committing.0, partition, offset);
            }
        }
        // What does not fit into a batch of group state is the broker's problem; here it is the client's.
        let answer = match result {
            Ok(()) => answer,
            Err(GroupError::Unwritable) => Err(GroupError::InvalidCommitOffsetSize),
            Err(error) => Err(error),
        };
        self.answer(call, Answer::Offsets(answer));
    }

    /// The committed offsets asked for; all that there are if `topics` is absent.
    pub fn fetch_offsets(&self, topics: Option<Vec<Topic<()>>>) -> Vec<Topic<CommittedOffset>> {
        match topics {
            Some(topics) => self.offsets.named(topics),
            None => self.offsets.all(),
        }
    }

    /// How many offsets are committed.
    pub fn offset_count(&self) -> usize {
        self.offsets.len()
    }
}

/// What OffsetFetch answers for a group that does not exist: that nothing is committed.
pub(crate) fn nothing_committed(topics: Option<Vec<Topic<()>>>) -> Vec<Topic<CommittedOffset>> {
    let topic = |topic: Topic<()>| Topic {
        name: topic.name,
        id: topic.id,
        partitions: topic
            .partitions
            .iter()
            .map(|(partition, ())| (*partition, CommittedOffset::NONE))
            .collect(),
    };
    topics.unwrap_or_default().into_iter().map(topic).collect()
}
