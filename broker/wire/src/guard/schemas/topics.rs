//! The administration of topics.

use crate::guard::field::{Messages, boolean, int8, int16, int32, int32s, string, strings, structs, uuid};

/// CreateTopics, versions 2 to 7.
#[rustfmt::skip]
pub(crate) const CREATE_TOPICS: Messages = Messages {
    request: &[
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
    ],
    response: &[
        int32("ThrottleTimeMs"),
        structs("Topics", &[
            string("Name"),
            uuid("TopicId").since(7),
            int16("ErrorCode"),
            string("ErrorMessage").nullable(),
            int16("TopicConfigErrorCode").since(5).tagged(0),
            int32("NumPartitions").since(5),
            int16("ReplicationFactor").since(5),
            structs("Configs", &[
                string("Name"),
                string("Value").nullable(),
                boolean("ReadOnly"),
                int8("ConfigSource"),
                boolean("IsSensitive"),
            ]).since(5).nullable(),
        ]),
    ],
};

/// DeleteTopics, versions 1 to 6.
#[rustfmt::skip]
pub(crate) const DELETE_TOPICS: Messages = Messages {
    request: &[
        structs("Topics", &[
            string("Name").nullable(),
            uuid("TopicId"),
        ]).since(6),
        strings("TopicNames").until(5),
        int32("TimeoutMs"),
    ],
    response: &[
        int32("ThrottleTimeMs"),
        structs("Responses", &[
            string("Name").nullable_since(6),
            uuid("TopicId").since(6),
            int16("ErrorCode"),
            string("ErrorMessage").since(5).nullable(),
        ]),
    ],
};

/// CreatePartitions, versions 0 to 3.
#[rustfmt::skip]
pub(crate) const CREATE_PARTITIONS: Messages = Messages {
    request: &[
        structs("Topics", &[
            string("Name"),
            int32("Count"),
            structs("Assignments", &[
                int32s("BrokerIds"),
            ]).nullable(),
        ]),
        int32("TimeoutMs"),
        boolean("ValidateOnly"),
    ],
    response: &[
        int32("ThrottleTimeMs"),
        structs("Results", &[
            string("Name"),
            int16("ErrorCode"),
            string("ErrorMessage").nullable(),
        ]),
    ],
};
