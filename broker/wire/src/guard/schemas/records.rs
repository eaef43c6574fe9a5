//! What moves records and speaks of their offsets: Produce, Fetch and their companions.

use crate::guard::field::{
    Messages, boolean, int8, int16, int32, int32s, int64, records, string, structs, structure, uuid,
};

/// Produce, versions 3 to 13.
#[rustfmt::skip]
pub(crate) const PRODUCE: Messages = Messages {
    request: &[
        string("TransactionalId").nullable(),
        int16("Acks"),
        int32("TimeoutMs"),
        structs("TopicData", &[
            string("Name").until(12),
            uuid("TopicId").since(13),
            structs("PartitionData", &[
                int32("Index"),
                records("Records").nullable(),
            ]),
        ]),
    ],
    response: &[
        structs("Responses", &[
            string("Name").until(12),
            uuid("TopicId").since(13),
            structs("PartitionResponses", &[
                int32("Index"),
                int16("ErrorCode"),
                int64("BaseOffset"),
                int64("LogAppendTimeMs"),
                int64("LogStartOffset").since(5),
                structs("RecordErrors", &[
                    int32("BatchIndex"),
                    string("BatchIndexErrorMessage").nullable(),
                ]).since(8),
                string("ErrorMessage").since(8).nullable(),
                structure("CurrentLeader", &[
                    int32("LeaderId"),
                    int32("LeaderEpoch"),
                ]).since(10).tagged(0),
            ]),
        ]),
        int32("ThrottleTimeMs"),
        structs("NodeEndpoints", &[
            int32("NodeId"),
            string("Host"),
            int32("Port"),
            string("Rack").nullable(),
        ]).since(10).tagged(0),
    ],
};

/// Fetch, versions 4 to 18.
#[rustfmt::skip]
pub(crate) const FETCH: Messages = Messages {
    request: &[
        string("ClusterId").since(12).nullable().tagged(0),
        int32("ReplicaId").until(14),
        structure("ReplicaState", &[
            int32("ReplicaId"),
            int64("ReplicaEpoch"),
        ]).since(15).tagged(1),
        int32("MaxWaitMs"),
        int32("MinBytes"),
        int32("MaxBytes"),
        int8("IsolationLevel"),
        int32("SessionId").since(7),
        int32("SessionEpoch").since(7),
        structs("Topics", &[
            string("Topic").until(12),
            uuid("TopicId").since(13),
            structs("Partitions", &[
                int32("Partition"),
                int32("CurrentLeaderEpoch").since(9),
                int64("FetchOffset"),
                int32("LastFetchedEpoch").since(12),
                int64("LogStartOffset").since(5),
                int32("PartitionMaxBytes"),
                uuid("ReplicaDirectoryId").since(17).tagged(0),
                int64("HighWatermark").since(18).tagged(1),
            ]),
        ]),
        structs("ForgottenTopicsData", &[
            string("Topic").until(12),
            uuid("TopicId").since(13),
            int32s("Partitions"),
        ]).since(7),
        string("RackId").since(11),
    ],
    response: &[
        int32("ThrottleTimeMs"),
        int16("ErrorCode").since(7),
        int32("SessionId").since(7),
        structs("Responses", &[
            string("Topic").until(12),
            uuid("TopicId").since(13),
            structs("Partitions", &[
                int32("PartitionIndex"),
                int16("ErrorCode"),
                int64("HighWatermark"),
                int64("LastStableOffset"),
                int64("LogStartOffset").since(5),
                structure("DivergingEpoch", &[
                    int32("Epoch"),
                    int64("EndOffset"),
                ]).since(12).tagged(0),
                structure("CurrentLeader", &[
                    int32("LeaderId"),
                    int32("LeaderEpoch"),
                ]).since(12).tagged(1),
                structure("SnapshotId", &[
                    int64("EndOffset"),
                    int32("Epoch"),
                ]).since(12).tagged(2),
                structs("AbortedTransactions", &[
                    int64("ProducerId"),
                    int64("FirstOffset"),
                ]).nullable(),
                int32("PreferredReadReplica").since(11),
                records("Records").nullable(),
            ]),
        ]),
        structs("NodeEndpoints", &[
            int32("NodeId"),
            string("Host"),
            int32("Port"),
            string("Rack").nullable(),
        ]).since(16).tagged(0),
    ],
};

/// ListOffsets, versions 1 to 11.
#[rustfmt::skip]
pub(crate) const LIST_OFFSETS: Messages = Messages {
    request: &[
        int32("ReplicaId"),
        int8("IsolationLevel").since(2),
        structs("Topics", &[
            string("Name"),
            structs("Partitions", &[
                int32("PartitionIndex"),
                int32("CurrentLeaderEpoch").since(4),
                int64("Timestamp"),
            ]),
        ]),
        int32("TimeoutMs").since(10),
    ],
    response: &[
        int32("ThrottleTimeMs").since(2),
        structs("Topics", &[
            string("Name"),
            structs("Partitions", &[
                int32("PartitionIndex"),
                int16("ErrorCode"),
                int64("Timestamp"),
                int64("Offset"),
                int32("LeaderEpoch").since(4),
            ]),
        ]),
    ],
};

/// DeleteRecords, versions 0 to 2.
#[rustfmt::skip]
pub(crate) const DELETE_RECORDS: Messages = Messages {
    request: &[
        structs("Topics", &[
            string("Name"),
            structs("Partitions", &[
                int32("PartitionIndex"),
                int64("Offset"),
            ]),
        ]),
        int32("TimeoutMs"),
    ],
    response: &[
        int32("ThrottleTimeMs"),
        structs("Topics", &[
            string("Name"),
            structs("Partitions", &[
                int32("PartitionIndex"),
                int64("LowWatermark"),
                int16("ErrorCode"),
            ]),
        ]),
    ],
};

/// InitProducerId, versions 0 to 6.
#[rustfmt::skip]
pub(crate) const INIT_PRODUCER_ID: Messages = Messages {
    request: &[
        string("TransactionalId").nullable(),
        int32("TransactionTimeoutMs"),
        int64("ProducerId").since(3),
        int16("ProducerEpoch").since(3),
        boolean("Enable2Pc").since(6),
        boolean("KeepPreparedTxn").since(6),
    ],
    response: &[
        int32("ThrottleTimeMs"),
        int16("ErrorCode"),
        int64("ProducerId"),
        int16("ProducerEpoch"),
        int64("OngoingTxnProducerId").since(6),
        int16("OngoingTxnProducerEpoch").since(6),
    ],
};

/// OffsetForLeaderEpoch, versions 2 to 4.
#[rustfmt::skip]
pub(crate) const OFFSET_FOR_LEADER_EPOCH: Messages = Messages {
    request: &[
        int32("ReplicaId").since(3),
        structs("Topics", &[
            string("Topic"),
            structs("Partitions", &[
                int32("Partition"),
                int32("CurrentLeaderEpoch"),
                int32("LeaderEpoch"),
            ]),
        ]),
    ],
    response: &[
        int32("ThrottleTimeMs"),
        structs("Topics", &[
            string("Topic"),
            structs("Partitions", &[
                int16("ErrorCode"),
                int32("Partition"),
                int32("LeaderEpoch"),
                int64("EndOffset"),
            ]),
        ]),
    ],
};
