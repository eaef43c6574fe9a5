//! Requests of a group `g`, with what tests don't care about filled in.

use bytes::Bytes;

use crate::request::{
    CommitRequest, HeartbeatRequest, JoinRequest, LeaveRequest, LeavingMember, OffsetToCommit, Protocol, SyncRequest,
    Topic,
};

/// Who asks: the member's id, its generation, and its `group.instance.id`.
pub type Who = (String, i32, Option<String>);

pub fn join(
    client_id: &str,
    member_id: String,
    instance_id: Option<String>,
    protocols: &[&str],
    topics: &str,
) -> JoinRequest {
    let protocol = |name: &&str| Protocol {
        name: (*name).to_owned(),
        metadata: subscription(topics),
    };
    JoinRequest {
        group_id: "g".into(),
        member_id,
        group_instance_id: instance_id,
        client_id: client_id.into(),
        client_host: "/127.0.0.1".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        protocol_type: "consumer".into(),
        protocols: protocols.iter().map(protocol).collect(),
        reason: None,
        requires_known_member_id: false,
        supports_skip_assignment: false,
    }
}

pub fn sync((member_id, generation, group_instance_id): Who, assignments: Vec<(String, Bytes)>) -> SyncRequest {
    SyncRequest {
        group_id: "g".into(),
        generation,
        member_id,
        group_instance_id,
        protocol_type: None,
        protocol_name: None,
        assignments,
    }
}

pub fn heartbeat((member_id, generation, group_instance_id): Who) -> HeartbeatRequest {
    HeartbeatRequest {
        group_id: "g".into(),
        generation,
        member_id,
        group_instance_id,
    }
}

pub fn leave((member_id, _, group_instance_id): Who) -> LeaveRequest {
    let leaving = LeavingMember {
        member_id,
        group_instance_id,
        reason: None,
    };
    LeaveRequest {
        group_id: "g".into(),
        members: vec![leaving],
    }
}

pub fn commit((member_id, generation, group_instance_id): Who, topics: Vec<Topic<OffsetToCommit>>) -> CommitRequest {
    CommitRequest {
        group_id: "g".into(),
        generation,
        member_id,
        group_instance_id,
        knows_missing_groups: true,
        retention_ms: None,
        topics,
    }
}

/// A consumer's subscription, version 0: `topic+topic`.
pub fn subscription(topics: &str) -> Bytes {
    let mut bytes = vec![0, 0];
    let topics: Vec<&str> = topics.split('+').collect();
    bytes.extend((topics.len() as i32).to_be_bytes());
    for topic in topics {
        bytes.extend((topic.len() as i16).to_be_bytes());
        bytes.extend(topic.as_bytes());
    }
    bytes.extend((-1_i32).to_be_bytes());
    bytes.into()
}
