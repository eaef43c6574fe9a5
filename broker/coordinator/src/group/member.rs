//! A member of a group.

use std::time::Duration;

use bytes::Bytes;

use crate::request::{JoinRequest, Protocol};
use crate::schema::MemberMetadata;

/// What a member said when it joined, and may say anew when it joins again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What it can speak, the most preferred first; no name twice.
    pub protocols: Vec<Protocol>,
    /// How long a rebalance waits for it.
    pub rebalance_timeout: Duration,
    /// Without a heartbeat for this long, it counts as dead.
    pub session_timeout: Duration,
}

impl Terms {
    /// The terms of a request whose timeouts were checked.
    pub fn of(request: &JoinRequest) -> Self {
        let session_timeout = millis(request.session_timeout_ms);
        let rebalance_timeout = if request.rebalance_timeout_ms < 0 {
            session_timeout
        } else {
            millis(request.rebalance_timeout_ms)
        };
        let mut protocols: Vec<Protocol> = Vec::with_capacity(request.protocols.len());
        for protocol in &request.protocols {
            if !protocols.iter().any(|known| known.name == protocol.name) {
                protocols.push(protocol.clone());
            }
        }
        Self {
            protocols,
            rebalance_timeout,
            session_timeout,
        }
    }

    /// The names of its protocols.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.protocols.iter().map(|protocol| protocol.name.as_str())
    }

    /// What it offers for a protocol; empty for one that it does not speak.
    pub fn metadata(&self, protocol: &str) -> Bytes {
        let known = self.protocols.iter().find(|known| known.name == protocol);
        known.map(|known| known.metadata.clone()).unwrap_or_default()
    }
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub id: String,
    /// `group.instance.id` of a static member (KIP-345).
    pub instance_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub terms: Terms,
    /// What the leader assigned to it in this generation.
    pub assignment: Bytes,
    /// It has not been in a generation yet. Its client may not know its id, so it sends no heartbeats, and its
    /// JoinGroup must not wait for ever.
    pub is_new: bool,
}

impl Member {
    pub fn new(id: String, request: &JoinRequest, terms: Terms) -> Self {
        Self {
            id,
            instance_id: request.group_instance_id.clone(),
            client_id: request.client_id.clone(),
            client_host: request.client_host.clone(),
            terms,
            assignment: Bytes::new(),
            is_new: true,
        }
    }

    /// A member of the log's; the log has what it offered for the chosen protocol only.
    pub fn from_log(member: MemberMetadata, protocol: &str) -> Self {
        let protocols = vec![Protocol {
            name: protocol.to_owned(),
            metadata: member.subscription,
        }];
        Self {
            id: member.member_id,
            instance_id: member.group_instance_id,
            client_id: member.client_id,
            client_host: member.client_host,
            terms: Terms {
                protocols,
                rebalance_timeout: millis(member.rebalance_timeout_ms),
                session_timeout: millis(member.session_timeout_ms),
            },
            assignment: member.assignment,
            is_new: false,
        }
    }

    /// As the log has it, with an assignment that may still be on its way.
    pub fn to_log(&self, protocol: &str, assignment: Bytes) -> MemberMetadata {
        MemberMetadata {
            member_id: self.id.clone(),
            group_instance_id: self.instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            rebalance_timeout_ms: self.terms.rebalance_timeout.as_millis() as i32,
            session_timeout_ms: self.terms.session_timeout.as_millis() as i32,
            subscription: self.terms.metadata(protocol),
            assignment,
        }
    }

    pub fn is_static(&self) -> bool {
        self.instance_id.is_some()
    }
}

/// A timeout of Kafka's; a negative one is none.
fn millis(millis: i32) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
