//! The table of the APIs and versions that we serve.
//!
//! It is our own. The protocol crate's table includes versions that Kafka holds unstable
//! (InitProducerId 6) and ends before Kafka 4.3.1 in places, where we end with it: ListOffsets 10
//! (Kafka: 11, tiered storage), OffsetCommit 9 and OffsetFetch 9 (10, topic ids), and
//! DescribeLogDirs 4 (5, cordoned directories).
//!
//! Produce is advertised from version 0, as Kafka does, because older librdkafka takes a minimum
//! above that for a broker without the features it wants; below 3 nothing is decoded (KAFKA-18659).

use crate::guard::Messages;
use crate::guard::schemas::{cluster, configs, groups, offsets, records, topics};

/// One API that we serve.
#[derive(Debug)]
pub struct Api {
    /// The key that requests carry.
    pub key: i16,
    /// Kafka's name for it.
    pub name: &'static str,
    /// The lowest version that ApiVersions advertises.
    pub min: i16,
    /// The highest version that is advertised and decoded.
    pub max: i16,
    /// The lowest version that is decoded. Only Produce's differs from `min`.
    pub decoded_min: i16,
    /// The first version with compact types and tagged fields; beyond `max` when there is none.
    pub flexible_from: i16,
    /// The fields of its requests and responses, over all versions.
    pub(crate) messages: Messages,
}

impl Api {
    /// Whether a request of this version can be decoded.
    pub const fn decodes(&self, version: i16) -> bool {
        self.decoded_min <= version && version <= self.max
    }

    /// Whether this version has compact types and tagged fields.
    pub const fn is_flexible(&self, version: i16) -> bool {
        version >= self.flexible_from
    }

    /// The version of the header that a request of this version starts with.
    pub const fn request_header_version(&self, version: i16) -> i16 {
        if self.is_flexible(version) { 2 } else { 1 }
    }

    /// The version of the header that the response to a request of this version starts with.
    ///
    /// ApiVersions always has version 0, so that a client of any age can read the answer (KIP-511).
    pub const fn response_header_version(&self, version: i16) -> i16 {
        if self.key != API_VERSIONS && self.is_flexible(version) {
            1
        } else {
            0
        }
    }
}

/// The API with this key, if we serve it.
pub fn api(key: i16) -> Option<&'static Api> {
    APIS.binary_search_by_key(&key, |api| api.key).ok().map(|at| &APIS[at])
}

/// The key of Produce.
pub const PRODUCE: i16 = 0;
/// The key of Fetch.
pub const FETCH: i16 = 1;
/// The key of ApiVersions, which is answered whatever its version.
pub const API_VERSIONS: i16 = 18;

/// A version that an API without flexible versions never reaches.
const NEVER: i16 = i16::MAX;

/// Every API that we serve, by key. A row: key, name, lowest and highest version, flexible from, messages.
#[rustfmt::skip]
pub const APIS: &[Api] = &[
    Api { min: 0, ..entry(0, "Produce", 3, 13, 9, records::PRODUCE) },
    entry(1, "Fetch", 4, 18, 12, records::FETCH),
    entry(2, "ListOffsets", 1, 10, 6, records::LIST_OFFSETS),
    entry(3, "Metadata", 0, 13, 9, cluster::METADATA),
    entry(8, "OffsetCommit", 2, 9, 8, offsets::OFFSET_COMMIT),
    entry(9, "OffsetFetch", 1, 9, 6, offsets::OFFSET_FETCH),
    entry(10, "FindCoordinator", 0, 6, 3, cluster::FIND_COORDINATOR),
    entry(11, "JoinGroup", 0, 9, 6, groups::JOIN_GROUP),
    entry(12, "Heartbeat", 0, 4, 4, groups::HEARTBEAT),
    entry(13, "LeaveGroup", 0, 5, 4, groups::LEAVE_GROUP),
    entry(14, "SyncGroup", 0, 5, 4, groups::SYNC_GROUP),
    entry(15, "DescribeGroups", 0, 6, 5, groups::DESCRIBE_GROUPS),
    entry(16, "ListGroups", 0, 5, 3, groups::LIST_GROUPS),
    entry(API_VERSIONS, "ApiVersions", 0, 4, 3, cluster::API_VERSIONS),
    entry(19, "CreateTopics", 2, 7, 5, topics::CREATE_TOPICS),
    entry(20, "DeleteTopics", 1, 6, 4, topics::DELETE_TOPICS),
    entry(21, "DeleteRecords", 0, 2, 2, records::DELETE_RECORDS),
    entry(22, "InitProducerId", 0, 5, 2, records::INIT_PRODUCER_ID),
    entry(23, "OffsetForLeaderEpoch", 2, 4, 4, records::OFFSET_FOR_LEADER_EPOCH),
    entry(32, "DescribeConfigs", 1, 4, 4, configs::DESCRIBE_CONFIGS),
    entry(33, "AlterConfigs", 0, 2, 2, configs::ALTER_CONFIGS),
    entry(35, "DescribeLogDirs", 1, 4, 2, cluster::DESCRIBE_LOG_DIRS),
    entry(37, "CreatePartitions", 0, 3, 2, topics::CREATE_PARTITIONS),
    entry(42, "DeleteGroups", 0, 2, 2, groups::DELETE_GROUPS),
    entry(44, "IncrementalAlterConfigs", 0, 1, 1, configs::INCREMENTAL_ALTER_CONFIGS),
    entry(47, "OffsetDelete", 0, 0, NEVER, offsets::OFFSET_DELETE),
    entry(60, "DescribeCluster", 0, 2, 0, cluster::DESCRIBE_CLUSTER),
];

const fn entry(key: i16, name: &'static str, min: i16, max: i16, flexible_from: i16, messages: Messages) -> Api {
    Api {
        key,
        name,
        min,
        max,
        decoded_min: min,
        flexible_from,
        messages,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_ascend_so_that_the_search_finds_them() {
        assert!(APIS.is_sorted_by(|a, b| a.key < b.key));
        assert_eq!(api(60).map(|api| api.name), Some("DescribeCluster"));
        assert!(api(4).is_none());
    }

    #[test]
    fn produce_is_advertised_from_zero_and_decoded_from_three() {
        let produce = api(PRODUCE).expect("Produce is served");
        assert_eq!((produce.min, produce.decoded_min, produce.max), (0, 3, 13));
        assert!(!produce.decodes(2));
    }

    #[test]
    fn header_versions_agree_with_the_protocol_crate() {
        use kafka_protocol::messages::ApiKey;
        for api in APIS {
            let theirs = ApiKey::try_from(api.key).expect("the crate knows the key");
            for version in api.decoded_min..=api.max {
                assert_eq!(
                    api.request_header_version(version),
                    theirs.request_header_version(version)
                );
                assert_eq!(
                    api.response_header_version(version),
                    theirs.response_header_version(version)
                );
            }
        }
    }
}
