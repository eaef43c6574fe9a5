//! JoinGroup, SyncGroup, Heartbeat, LeaveGroup.

use corvid_env::random;

use super::Coordinator;
use super::shard::Missing;
use crate::answer::{JoinAnswer, JoinRefused, LeaveAnswer, LeftMember, SyncAnswer};
use crate::error::GroupError;
use crate::group::{Answer, Event};
use crate::request::{HeartbeatRequest, JoinRequest, LeaveRequest, SyncRequest};

/// Texts of members are at most this long: more does not fit into the log's 16-bit lengths, ids appended.
const MAX_TEXT_BYTES: usize = 16 << 10;

impl Coordinator {
    /// JoinGroup. Waits for the other members, at most for the rebalance timeout.
    pub async fn join(&self, request: JoinRequest) -> JoinAnswer {
        let refused = |error| JoinRefused {
            error,
            member_id: request.member_id.clone(),
        };
        self.check_join(&request).map_err(refused)?;
        // Only one that has no id yet founds a group.
        let missing = if request.member_id.is_empty() {
            Missing::Create
        } else {
            Missing::Refuse
        };
        let (group_id, member_id) = (request.group_id.clone(), request.member_id.clone());
        let fresh_id = fresh_member_id(&request);
        let answer = self
            .ask(&group_id, missing, |call| Event::Join {
                call,
                request,
                fresh_id,
            })
            .await;
        match answer {
            Ok(Answer::Join(answer)) => answer,
            Ok(other) => unexpected(&other),
            Err(error) => Err(JoinRefused {
                error: unknown_member(error),
                member_id,
            }),
        }
    }

    fn check_join(&self, request: &JoinRequest) -> Result<(), GroupError> {
        if request.group_id.is_empty() {
            return Err(GroupError::InvalidGroupId);
        }
        let protocols = request.protocols.iter().map(|protocol| protocol.name.len());
        let texts = [
            &request.group_id,
            &request.client_id,
            &request.client_host,
            &request.protocol_type,
        ];
        let texts = texts.into_iter().chain(&request.group_instance_id).map(String::len);
        if texts.chain(protocols).any(|len| len > MAX_TEXT_BYTES) {
            return Err(GroupError::Unwritable);
        }
        let allowed = self.config.min_session_timeout.as_millis()..=self.config.max_session_timeout.as_millis();
        match u128::try_from(request.session_timeout_ms) {
            Ok(timeout) if allowed.contains(&timeout) => Ok(()),
            _ => Err(GroupError::InvalidSessionTimeout),
        }
    }

    /// SyncGroup. Waits for the leader's assignment and for it to be committed.
    pub async fn sync(&self, request: SyncRequest) -> SyncAnswer {
        check_group_id(&request.group_id)?;
        let group_id = request.group_id.clone();
        let answer = self
            .ask(&group_id, Missing::Refuse, |call| Event::Sync { call, request })
            .await;
        match answer.map_err(unknown_member)? {
            Answer::Sync(answer) => answer,
            other => unexpected(&other),
        }
    }

    /// Heartbeat.
    pub async fn heartbeat(&self, request: HeartbeatRequest) -> Result<(), GroupError> {
        check_group_id(&request.group_id)?;
        let group_id = request.group_id.clone();
        let answer = self
            .ask(&group_id, Missing::Refuse, |call| Event::Heartbeat { call, request })
            .await;
        match answer {
            Ok(Answer::Heartbeat(answer)) => answer,
            Ok(other) => unexpected(&other),
            // The members are not known yet, and none dies meanwhile: no reason to alarm one.
            Err(GroupError::CoordinatorLoadInProgress) => Ok(()),
            Err(error) => Err(unknown_member(error)),
        }
    }

    /// LeaveGroup.
    pub async fn leave(&self, request: LeaveRequest) -> LeaveAnswer {
        check_group_id(&request.group_id)?;
        let group_id = request.group_id.clone();
        let members = request.members.clone();
        let answer = self
            .ask_in_time(&group_id, Missing::Refuse, |call| Event::Leave { call, request })
            .await;
        match answer {
            Ok(Answer::Leave(answer)) => answer,
            Ok(other) => unexpected(&other),
            Err(GroupError::GroupIdNotFound) => {
                let unknown = members.into_iter().map(|member| LeftMember {
                    member_id: member.member_id,
                    group_instance_id: member.group_instance_id,
                    result: Err(GroupError::UnknownMemberId),
                });
                Ok(unknown.collect())
            }
            Err(error) => Err(error),
        }
    }
}

/// Members of a group that does not exist are told that they are unknown: then they join anew.
fn unknown_member(error: GroupError) -> GroupError {
    if error == GroupError::GroupIdNotFound {
        GroupError::UnknownMemberId
    } else {
        error
    }
}

fn check_group_id(group_id: &str) -> Result<(), GroupError> {
    if group_id.is_empty() {
        Err(GroupError::InvalidGroupId)
    } else {
        Ok(())
    }
}

/// `CLIENT-UUID`, or `INSTANCE-UUID` for a static member.
fn fresh_member_id(request: &JoinRequest) -> String {
    let name = request.group_instance_id.as_ref().unwrap_or(&request.client_id);
    let hex: String = random::uuid().iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{name}-{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// Invariant: a group answers what it was asked.
pub(super) fn unexpected(answer: &Answer) -> ! {
    unreachable!("a group answered another question: {answer:?}")
}
