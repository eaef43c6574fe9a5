//! What moves records and speaks of their offsets: Produce, Fetch and their companions.

use crate::guard::field::{Field, int8, int16, int32, int32s, int64, records, string, structs, structure, uuid};

/// Produce, versions 3 to 13.
#[rustfmt::skip]
pub(crate) const PRODUCE: &[Field] = &[
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
];

/// Fetch, versions 4 to 18.
#[rustfmt::skip]
pub(crate) const FETCH: &[Field] = &[
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
];

/// ListOffsets, versions 1 to 10.
#[rustfmt::skip]
pub(crate) const LIST_OFFSETS: &[Field] = &[
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
];

/// DeleteRecords, versions 0 to 2.
#[rustfmt::skip]
pub(crate) const DELETE_RECORDS: &[Field] = &[
    structs("Topics", &[
        string("Name"),
        structs("Partitions", &[
            int32("PartitionIndex"),
            int64("Offset"),
        ]),
    ]),
    int32("TimeoutMs"),
];

/// InitProducerId, versions 0 to 5.
#[rustfmt::skip]
pub(crate) const INIT_PRODUCER_ID: &[Field] = &[
    string("TransactionalId").nullable(),
    int32("TransactionTimeoutMs"),
    int64("ProducerId").since(3),
    int16("ProducerEpoch").since(3),
];

/// OffsetForLeaderEpoch, versions 2 to 4.
#[rustfmt::skip]
pub(crate) const OFFSET_FOR_LEADER_EPOCH: &[Field] = &[
    int32("ReplicaId").since(3),
    structs("Topics", &[
        string("Topic"),
        structs("Partitions", &[
            int32("Partition"),
            int32("CurrentLeaderEpoch"),
            int32("LeaderEpoch"),
        ]),
    ]),
];
