//! What tells a client about the cluster.

use crate::guard::field::{Field, boolean, int8, int32s, string, strings, structs, uuid};

/// ApiVersions, versions 0 to 4.
#[rustfmt::skip]
pub(crate) const API_VERSIONS: &[Field] = &[
    string("ClientSoftwareName").since(3),
    string("ClientSoftwareVersion").since(3),
];

/// Metadata, versions 0 to 13.
#[rustfmt::skip]
pub(crate) const METADATA: &[Field] = &[
    structs("Topics", &[
        uuid("TopicId").since(10),
        string("Name").nullable_since(10),
    ]).nullable_since(1),
    boolean("AllowAutoTopicCreation").since(4),
    boolean("IncludeClusterAuthorizedOperations").since(8).until(10),
    boolean("IncludeTopicAuthorizedOperations").since(8),
];

/// FindCoordinator, versions 0 to 6.
#[rustfmt::skip]
pub(crate) const FIND_COORDINATOR: &[Field] = &[
    string("Key").until(3),
    int8("KeyType").since(1),
    strings("CoordinatorKeys").since(4),
];

/// DescribeCluster, versions 0 to 2.
#[rustfmt::skip]
pub(crate) const DESCRIBE_CLUSTER: &[Field] = &[
    boolean("IncludeClusterAuthorizedOperations"),
    int8("EndpointType").since(1),
    boolean("IncludeFencedBrokers").since(2),
];

/// DescribeLogDirs, versions 1 to 4.
#[rustfmt::skip]
pub(crate) const DESCRIBE_LOG_DIRS: &[Field] = &[
    structs("Topics", &[
        string("Topic"),
        int32s("Partitions"),
    ]).nullable(),
];
