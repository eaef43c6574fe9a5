//! The administration of topics.

use crate::guard::field::{Field, boolean, int16, int32, int32s, string, strings, structs, uuid};

/// CreateTopics, versions 2 to 7.
#[rustfmt::skip]
pub(crate) const CREATE_TOPICS: &[Field] = &[
    structs("Topics", &[
        string("Name"),
        int32("NumPartitions"),
        int16("ReplicationFactor"),
        structs("Assignments", &[
            int32("PartitionIndex"),
            int32s("BrokerIds"),
        ]),
        structs("Configs", &[
            string("Name"),
            string("Value").nullable(),
        ]),
    ]),
    int32("timeoutMs"),
    boolean("validateOnly"),
];

/// DeleteTopics, versions 1 to 6.
#[rustfmt::skip]
pub(crate) const DELETE_TOPICS: &[Field] = &[
    structs("Topics", &[
        string("Name").nullable(),
        uuid("TopicId"),
    ]).since(6),
    strings("TopicNames").until(5),
    int32("TimeoutMs"),
];

/// CreatePartitions, versions 0 to 3.
#[rustfmt::skip]
pub(crate) const CREATE_PARTITIONS: &[Field] = &[
    structs("Topics", &[
        string("Name"),
        int32("Count"),
        structs("Assignments", &[
            int32s("BrokerIds"),
        ]).nullable(),
    ]),
    int32("TimeoutMs"),
    boolean("ValidateOnly"),
];
