//! The committed offsets of consumer groups.

use crate::guard::field::{Field, boolean, int32, int32s, int64, string, structs};

/// OffsetCommit, versions 2 to 9.
#[rustfmt::skip]
pub(crate) const OFFSET_COMMIT: &[Field] = &[
    string("GroupId"),
    int32("GenerationIdOrMemberEpoch"),
    string("MemberId"),
    string("GroupInstanceId").since(7).nullable(),
    int64("RetentionTimeMs").until(4),
    structs("Topics", &[
        string("Name"),
        structs("Partitions", &[
            int32("PartitionIndex"),
            int64("CommittedOffset"),
            int32("CommittedLeaderEpoch").since(6),
            string("CommittedMetadata").nullable(),
        ]),
    ]),
];

/// OffsetFetch, versions 1 to 9.
#[rustfmt::skip]
pub(crate) const OFFSET_FETCH: &[Field] = &[
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
            string("Name"),
            int32s("PartitionIndexes"),
        ]).nullable(),
    ]).since(8),
    boolean("RequireStable").since(7),
];

/// OffsetDelete, versions 0 to 0.
#[rustfmt::skip]
pub(crate) const OFFSET_DELETE: &[Field] = &[
    string("GroupId"),
    structs("Topics", &[
        string("Name"),
        structs("Partitions", &[
            int32("PartitionIndex"),
        ]),
    ]),
];
