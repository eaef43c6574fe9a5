//! The requests of a group's only member.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use bytes::{BufMut, Bytes, BytesMut};
use corvid_wire::client::{BrokerError, Client, ClientError, topic_name};
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::join_group_request::JoinGroupRequestProtocol;
use corvid_wire::kafka::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use corvid_wire::kafka::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use corvid_wire::kafka::messages::sync_group_request::SyncGroupRequestAssignment;
use corvid_wire::kafka::messages::{
    FindCoordinatorRequest, GroupId, JoinGroupRequest, OffsetCommitRequest, OffsetFetchRequest, SyncGroupRequest,
};
use corvid_wire::kafka::protocol::StrBytes;

use crate::history::PartitionName;

/// A member's place in its group.
#[derive(Debug)]
pub struct Group {
    id: GroupId,
    member: StrBytes,
    generation: i32,
}

/// Why a commit was not taken.
#[derive(Debug)]
pub enum GroupError {
    /// No answer.
    Client(ClientError),
    /// The member has to enter again; nothing was committed.
    Left(ResponseError),
    /// Anything else.
    Broker(ResponseError),
}

impl Group {
    /// Not a member yet.
    pub fn new(id: &str) -> Self {
        Self {
            id: GroupId(StrBytes::from_string(id.to_owned())),
            member: StrBytes::default(),
            generation: -1,
        }
    }

    /// Becomes a member, or stays one after the broker was restarted.
    pub async fn enter(&mut self, client: &mut Client, topics: &[String]) -> anyhow::Result<()> {
        self.find_coordinator(client).await?;
        loop {
            let joined = match self.join(client, topics).await? {
                Ok(joined) => joined,
                Err(ResponseError::MemberIdRequired) => continue,
                Err(ResponseError::UnknownMemberId) => {
                    self.member = StrBytes::default();
                    continue;
                }
                Err(error) => return Err(retriable_or(error, "JoinGroup")),
            };
            self.generation = joined;
            match self.sync(client).await? {
                Ok(()) => return Ok(()),
                Err(ResponseError::RebalanceInProgress | ResponseError::IllegalGeneration) => {}
                Err(ResponseError::UnknownMemberId) => self.member = StrBytes::default(),
                Err(error) => return Err(retriable_or(error, "SyncGroup")),
            }
        }
    }

    /// The committed offsets of these partitions; −1 where there is none.
    pub async fn committed(
        &self,
        client: &mut Client,
        partitions: &[PartitionName],
    ) -> anyhow::Result<BTreeMap<PartitionName, i64>> {
        let mut topics: Vec<OffsetFetchRequestTopics> = Vec::new();
        for (topic, index) in partitions {
            match topics.last_mut().filter(|last| last.name.as_str() == &**topic) {
                Some(last) => last.partition_indexes.push(*index),
                None => topics.push(
                    OffsetFetchRequestTopics::default()
                        .with_name(topic_name(topic))
                        .with_partition_indexes(vec![*index]),
                ),
            }
        }
        let group = OffsetFetchRequestGroup::default()
            .with_group_id(self.id.clone())
            .with_topics(Some(topics));
        let request = OffsetFetchRequest::default()
            .with_groups(vec![group])
            .with_require_stable(true);
        let response = client.request(&request).await?;
        let group = response.groups.first().context("OffsetFetch answers about no group")?;
        BrokerError::check(group.error_code, || "OffsetFetch".to_owned()).map_err(ClientError::from)?;
        let mut committed = BTreeMap::new();
        for topic in &group.topics {
            for partition in &topic.partitions {
                BrokerError::check(partition.error_code, || "OffsetFetch".to_owned()).map_err(ClientError::from)?;
                committed.insert(
                    (topic.name.as_str().into(), partition.partition_index),
                    partition.committed_offset,
                );
            }
        }
        Ok(committed)
    }

    /// Commits these offsets.
    pub async fn commit(&self, client: &mut Client, offsets: &BTreeMap<PartitionName, i64>) -> Result<(), GroupError> {
        use ResponseError::{IllegalGeneration, RebalanceInProgress, UnknownMemberId};
        let topics = offsets.iter().map(|((topic, index), offset)| {
            let partition = OffsetCommitRequestPartition::default()
                .with_partition_index(*index)
                .with_committed_offset(*offset)
                .with_committed_leader_epoch(-1)
                .with_committed_metadata(Some(StrBytes::default()));
            OffsetCommitRequestTopic::default()
                .with_name(topic_name(topic))
                .with_partitions(vec![partition])
        });
        let request = OffsetCommitRequest::default()
            .with_group_id(self.id.clone())
            .with_generation_id_or_member_epoch(self.generation)
            .with_member_id(self.member.clone())
            .with_topics(topics.collect());
        let response = client.request(&request).await.map_err(GroupError::Client)?;
        for partition in response.topics.iter().flat_map(|topic| &topic.partitions) {
            match ResponseError::try_from_code(partition.error_code) {
                None => {}
                Some(error @ (UnknownMemberId | IllegalGeneration | RebalanceInProgress)) => {
                    return Err(GroupError::Left(error));
                }
                Some(error) if error.is_retriable() => {
                    let what = "OffsetCommit".to_owned();
                    return Err(GroupError::Client(BrokerError { what, error }.into()));
                }
                Some(error) => return Err(GroupError::Broker(error)),
            }
        }
        Ok(())
    }

    async fn find_coordinator(&self, client: &mut Client) -> anyhow::Result<()> {
        let request = FindCoordinatorRequest::default()
            .with_key_type(0)
            .with_coordinator_keys(vec![self.id.0.clone()]);
        let response = client.request(&request).await?;
        let found = response
            .coordinators
            .first()
            .context("FindCoordinator answers about no group")?;
        BrokerError::check(found.error_code, || "FindCoordinator".to_owned()).map_err(ClientError::from)?;
        Ok(())
    }

    async fn join(&mut self, client: &mut Client, topics: &[String]) -> anyhow::Result<Result<i32, ResponseError>> {
        let protocol = JoinGroupRequestProtocol::default()
            .with_name(StrBytes::from_static_str("range"))
            .with_metadata(subscription(topics));
        let request = JoinGroupRequest::default()
            .with_group_id(self.id.clone())
            .with_session_timeout_ms(60_000)
            .with_rebalance_timeout_ms(60_000)
            .with_member_id(self.member.clone())
            .with_protocol_type(StrBytes::from_static_str("consumer"))
            .with_protocols(vec![protocol]);
        let response = client.request(&request).await?;
        if response.error_code == ResponseError::MemberIdRequired.code() || response.error_code == 0 {
            self.member = response.member_id;
        }
        Ok(ResponseError::try_from_code(response.error_code).map_or(Ok(response.generation_id), Err))
    }

    async fn sync(&self, client: &mut Client) -> anyhow::Result<Result<(), ResponseError>> {
        let assignment = SyncGroupRequestAssignment::default()
            .with_member_id(self.member.clone())
            .with_assignment(Bytes::from_static(b"all of it"));
        let request = SyncGroupRequest::default()
            .with_group_id(self.id.clone())
            .with_generation_id(self.generation)
            .with_member_id(self.member.clone())
            .with_protocol_type(Some(StrBytes::from_static_str("consumer")))
            .with_protocol_name(Some(StrBytes::from_static_str("range")))
            .with_assignments(vec![assignment]);
        let response = client.request(&request).await?;
        if response.error_code == 0 && response.assignment != b"all of it"[..] {
            bail!("SyncGroup gives another assignment: {:?}", response.assignment);
        }
        Ok(ResponseError::try_from_code(response.error_code).map_or(Ok(()), Err))
    }
}

/// A retriable error means that the broker isn't ready, and the connection is made again.
fn retriable_or(error: ResponseError, what: &str) -> anyhow::Error {
    let what = what.to_owned();
    ClientError::from(BrokerError { what, error }).into()
}

/// A ConsumerProtocolSubscription in version 0.
fn subscription(topics: &[String]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(0);
    bytes.put_i32(topics.len() as i32);
    for topic in topics {
        bytes.put_i16(topic.len() as i16);
        bytes.put_slice(topic.as_bytes());
    }
    bytes.put_i32(-1);
    bytes.freeze()
}
