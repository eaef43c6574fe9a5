//! The committed offsets of consumer groups.

use crate::guard::field::{Messages, boolean, int16, int32, int32s, int64, string, structs, uuid};

/// OffsetCommit, versions 2 to 10.
#[rustfmt::skip]
pub(crate) const OFFSET_COMMIT: Messages = Messages {
    request: &[
        string("GroupId"),
        int32("GenerationIdOrMemberEpoch"),
        string("MemberId"),
        string("GroupInstanceId").since(7).nullable(),
        int64("RetentionTimeMs").until(4),
        structs("Topics", &[
            string("Name").until(9),
            uuid("TopicId").since(10),
            structs("Partitions", &[
                int32("PartitionIndex"),
                int64("CommittedOffset"),
                int32("CommittedLeaderEpoch").since(6),
                string("CommittedMetadata").nullable(),
            ]),
        ]),
    ],
    response: &[
        int32("ThrottleTimeMs").since(3),
        structs("Topics", &[
            string("Name").until(9),
            uuid("TopicId").since(10),
            structs("Partitions", &[
                int32("PartitionIndex"),
                int16("ErrorCode"),
            ]),
        ]),
    ],
};

/// OffsetFetch, versions 1 to 10.
#[rustfmt::skip]
pub(crate) const OFFSET_FETCH: Messages = Messages {
    request: &[
        string("GroupId").until(7),
        structs("Topics", &[
            string("Name"),
            int32s("PartitionIndexes"),
        ]).until(7).nullable_since(2),
        structs("Groups", &[
            string("GroupId"),
            string("MemberId").since(9).nullable(),
            int32("MemberEpoch").since(9),
            structs("Topics", &[
                string("Name").until(9),
                uuid("TopicId").since(10),
                int32s("PartitionIndexes"),
            ]).nullable(),
        ]).since(8),
        boolean("RequireStable").since(7),
    ],
    response: &[
        int32("ThrottleTimeMs").since(3),
        structs("Topics", &[
            string("Name"),
            structs("Partitions", &[
                int32("PartitionIndex"),
                int64("CommittedOffset"),
                int32("CommittedLeaderEpoch").since(5),
                string("Metadata").nullable(),
                int16("ErrorCode"),
            ]),
        ]).until(7),
        int16("ErrorCode").since(2).until(7),
        structs("Groups", &[
            string("GroupId"),
            structs("Topics", &[
                string("Name").until(9),
                uuid("TopicId").since(10),
                structs("Partitions", &[
                    int32("PartitionIndex"),
                    int64("CommittedOffset"),
                    int32("CommittedLeaderEpoch"),
                    string("Metadata").nullable(),
                    int16("ErrorCode"),
                ]),
            ]),
            int16("ErrorCode"),
        ]).since(8),
    ],
};

/// OffsetDelete, versions 0 to 0.
#[rustfmt::skip]
pub(crate) const OFFSET_DELETE: Messages = Messages {
    request: &[
        string("GroupId"),
        structs("Topics", &[
            string("Name"),
            structs("Partitions", &[
                int32("PartitionIndex"),
            ]),
        ]),
    ],
    response: &[
        int16("ErrorCode"),
        int32("ThrottleTimeMs"),
        structs("Topics", &[
            string("Name"),
            structs("Partitions", &[
                int32("PartitionIndex"),
                int16("ErrorCode"),
            ]),
        ]),
    ],
};
