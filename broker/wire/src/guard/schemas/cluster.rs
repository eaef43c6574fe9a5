//! What tells a client about the cluster.

use crate::guard::field::{Messages, boolean, int8, int16, int32, int32s, int64, string, strings, structs, uuid};

/// ApiVersions, versions 0 to 4.
#[rustfmt::skip]
pub(crate) const API_VERSIONS: Messages = Messages {
    request: &[
        string("ClientSoftwareName").since(3),
        string("ClientSoftwareVersion").since(3),
    ],
    response: &[
        int16("ErrorCode"),
        structs("ApiKeys", &[
            int16("ApiKey"),
            int16("MinVersion"),
            int16("MaxVersion"),
        ]),
        int32("ThrottleTimeMs").since(1),
        structs("SupportedFeatures", &[
            string("Name"),
            int16("MinVersion"),
            int16("MaxVersion"),
        ]).since(3).tagged(0),
        int64("FinalizedFeaturesEpoch").since(3).tagged(1),
        structs("FinalizedFeatures", &[
            string("Name"),
            int16("MaxVersionLevel"),
            int16("MinVersionLevel"),
        ]).since(3).tagged(2),
        boolean("ZkMigrationReady").since(3).tagged(3),
    ],
};

/// Metadata, versions 0 to 13.
#[rustfmt::skip]
pub(crate) const METADATA: Messages = Messages {
    request: &[
        structs("Topics", &[
            uuid("TopicId").since(10),
            string("Name").nullable_since(10),
        ]).nullable_since(1),
        boolean("AllowAutoTopicCreation").since(4),
        boolean("IncludeClusterAuthorizedOperations").since(8).until(10),
        boolean("IncludeTopicAuthorizedOperations").since(8),
    ],
    response: &[
        int32("ThrottleTimeMs").since(3),
        structs("Brokers", &[
            int32("NodeId"),
            string("Host"),
            int32("Port"),
            string("Rack").since(1).nullable(),
        ]),
        string("ClusterId").since(2).nullable(),
        int32("ControllerId").since(1),
        structs("Topics", &[
            int16("ErrorCode"),
            string("Name").nullable_since(12),
            uuid("TopicId").since(10),
            boolean("IsInternal").since(1),
            structs("Partitions", &[
                int16("ErrorCode"),
                int32("PartitionIndex"),
                int32("LeaderId"),
                int32("LeaderEpoch").since(7),
                int32s("ReplicaNodes"),
                int32s("IsrNodes"),
                int32s("OfflineReplicas").since(5),
            ]),
            int32("TopicAuthorizedOperations").since(8),
        ]),
        int32("ClusterAuthorizedOperations").since(8).until(10),
        int16("ErrorCode").since(13),
    ],
};

/// FindCoordinator, versions 0 to 6.
#[rustfmt::skip]
pub(crate) const FIND_COORDINATOR: Messages = Messages {
    request: &[
        string("Key").until(3),
        int8("KeyType").since(1),
        strings("CoordinatorKeys").since(4),
    ],
    response: &[
        int32("ThrottleTimeMs").since(1),
        int16("ErrorCode").until(3),
        string("ErrorMessage").since(1).until(3).nullable(),
        int32("NodeId").until(3),
        string("Host").until(3),
        int32("Port").until(3),
        structs("Coordinators", &[
            string("Key"),
            int32("NodeId"),
            string("Host"),
            int32("Port"),
            int16("ErrorCode"),
            string("ErrorMessage").nullable(),
        ]).since(4),
    ],
};

/// DescribeCluster, versions 0 to 2.
#[rustfmt::skip]
pub(crate) const DESCRIBE_CLUSTER: Messages = Messages {
    request: &[
        boolean("IncludeClusterAuthorizedOperations"),
        int8("EndpointType").since(1),
        boolean("IncludeFencedBrokers").since(2),
    ],
    response: &[
        int32("ThrottleTimeMs"),
        int16("ErrorCode"),
        string("ErrorMessage").nullable(),
        int8("EndpointType").since(1),
        string("ClusterId"),
        int32("ControllerId"),
        structs("Brokers", &[
            int32("BrokerId"),
            string("Host"),
            int32("Port"),
            string("Rack").nullable(),
            boolean("IsFenced").since(2),
        ]),
        int32("ClusterAuthorizedOperations"),
    ],
};

/// DescribeLogDirs, versions 1 to 5.
#[rustfmt::skip]
pub(crate) const DESCRIBE_LOG_DIRS: Messages = Messages {
    request: &[
        structs("Topics", &[
            string("Topic"),
            int32s("Partitions"),
        ]).nullable(),
    ],
    response: &[
        int32("ThrottleTimeMs"),
        int16("ErrorCode").since(3),
        structs("Results", &[
            int16("ErrorCode"),
            string("LogDir"),
            structs("Topics", &[
                string("Name"),
                structs("Partitions", &[
                    int32("PartitionIndex"),
                    int64("PartitionSize"),
                    int64("OffsetLag"),
                    boolean("IsFutureKey"),
                ]),
            ]),
            int64("TotalBytes").since(4),
            int64("UsableBytes").since(4),
            boolean("IsCordoned").since(5),
        ]),
    ],
};
