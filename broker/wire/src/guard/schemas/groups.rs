//! Consumer groups: membership and administration.

use crate::guard::field::{Messages, boolean, bytes, int16, int32, string, strings, structs};

/// JoinGroup, versions 0 to 9.
#[rustfmt::skip]
pub(crate) const JOIN_GROUP: Messages = Messages {
    request: &[
        string("GroupId"),
        int32("SessionTimeoutMs"),
        int32("RebalanceTimeoutMs").since(1),
        string("MemberId"),
        string("GroupInstanceId").since(5).nullable(),
        string("ProtocolType"),
        structs("Protocols", &[
            string("Name"),
            bytes("Metadata"),
        ]),
        string("Reason").since(8).nullable(),
    ],
    response: &[
        int32("ThrottleTimeMs").since(2),
        int16("ErrorCode"),
        int32("GenerationId"),
        string("ProtocolType").since(7).nullable(),
        string("ProtocolName").nullable_since(7),
        string("Leader"),
        boolean("SkipAssignment").since(9),
        string("MemberId"),
        structs("Members", &[
            string("MemberId"),
            string("GroupInstanceId").since(5).nullable(),
            bytes("Metadata"),
        ]),
    ],
};

/// SyncGroup, versions 0 to 5.
#[rustfmt::skip]
pub(crate) const SYNC_GROUP: Messages = Messages {
    request: &[
        string("GroupId"),
        int32("GenerationId"),
        string("MemberId"),
        string("GroupInstanceId").since(3).nullable(),
        string("ProtocolType").since(5).nullable(),
        string("ProtocolName").since(5).nullable(),
        structs("Assignments", &[
            string("MemberId"),
            bytes("Assignment"),
        ]),
    ],
    response: &[
        int32("ThrottleTimeMs").since(1),
        int16("ErrorCode"),
        string("ProtocolType").since(5).nullable(),
        string("ProtocolName").since(5).nullable(),
        bytes("Assignment"),
    ],
};

/// Heartbeat, versions 0 to 4.
#[rustfmt::skip]
pub(crate) const HEARTBEAT: Messages = Messages {
    request: &[
        string("GroupId"),
        int32("GenerationId"),
        string("MemberId"),
        string("GroupInstanceId").since(3).nullable(),
    ],
    response: &[
        int32("ThrottleTimeMs").since(1),
        int16("ErrorCode"),
    ],
};

/// LeaveGroup, versions 0 to 5.
#[rustfmt::skip]
pub(crate) const LEAVE_GROUP: Messages = Messages {
    request: &[
        string("GroupId"),
        string("MemberId").until(2),
        structs("Members", &[
            string("MemberId"),
            string("GroupInstanceId").nullable(),
            string("Reason").since(5).nullable(),
        ]).since(3),
    ],
    response: &[
        int32("ThrottleTimeMs").since(1),
        int16("ErrorCode"),
        structs("Members", &[
            string("MemberId"),
            string("GroupInstanceId").nullable(),
            int16("ErrorCode"),
        ]).since(3),
    ],
};

/// DescribeGroups, versions 0 to 6.
#[rustfmt::skip]
pub(crate) const DESCRIBE_GROUPS: Messages = Messages {
    request: &[
        strings("Groups"),
        boolean("IncludeAuthorizedOperations").since(3),
    ],
    response: &[
        int32("ThrottleTimeMs").since(1),
        structs("Groups", &[
            int16("ErrorCode"),
            string("ErrorMessage").since(6).nullable(),
            string("GroupId"),
            string("GroupState"),
            string("ProtocolType"),
            string("ProtocolData"),
            structs("Members", &[
                string("MemberId"),
                string("GroupInstanceId").since(4).nullable(),
                string("ClientId"),
                string("ClientHost"),
                bytes("MemberMetadata"),
                bytes("MemberAssignment"),
            ]),
            int32("AuthorizedOperations").since(3),
        ]),
    ],
};

/// ListGroups, versions 0 to 5.
#[rustfmt::skip]
pub(crate) const LIST_GROUPS: Messages = Messages {
    request: &[
        strings("StatesFilter").since(4),
        strings("TypesFilter").since(5),
    ],
    response: &[
        int32("ThrottleTimeMs").since(1),
        int16("ErrorCode"),
        structs("Groups", &[
            string("GroupId"),
            string("ProtocolType"),
            string("GroupState").since(4),
            string("GroupType").since(5),
        ]),
    ],
};

/// DeleteGroups, versions 0 to 2.
#[rustfmt::skip]
pub(crate) const DELETE_GROUPS: Messages = Messages {
    request: &[
        strings("GroupsNames"),
    ],
    response: &[
        int32("ThrottleTimeMs"),
        structs("Results", &[
            string("GroupId"),
            int16("ErrorCode"),
        ]),
    ],
};
