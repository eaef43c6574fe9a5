//! Consumer groups: membership and administration.

use crate::guard::field::{Field, boolean, bytes, int32, string, strings, structs};

/// JoinGroup, versions 0 to 9.
#[rustfmt::skip]
pub(crate) const JOIN_GROUP: &[Field] = &[
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
];

/// SyncGroup, versions 0 to 5.
#[rustfmt::skip]
pub(crate) const SYNC_GROUP: &[Field] = &[
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
];

/// Heartbeat, versions 0 to 4.
#[rustfmt::skip]
pub(crate) const HEARTBEAT: &[Field] = &[
    string("GroupId"),
    int32("GenerationId"),
    string("MemberId"),
    string("GroupInstanceId").since(3).nullable(),
];

/// LeaveGroup, versions 0 to 5.
#[rustfmt::skip]
pub(crate) const LEAVE_GROUP: &[Field] = &[
    string("GroupId"),
    string("MemberId").until(2),
    structs("Members", &[
        string("MemberId"),
        string("GroupInstanceId").nullable(),
        string("Reason").since(5).nullable(),
    ]).since(3),
];

/// DescribeGroups, versions 0 to 6.
#[rustfmt::skip]
pub(crate) const DESCRIBE_GROUPS: &[Field] = &[
    strings("Groups"),
    boolean("IncludeAuthorizedOperations").since(3),
];

/// ListGroups, versions 0 to 5.
#[rustfmt::skip]
pub(crate) const LIST_GROUPS: &[Field] = &[
    strings("StatesFilter").since(4),
    strings("TypesFilter").since(5),
];

/// DeleteGroups, versions 0 to 2.
#[rustfmt::skip]
pub(crate) const DELETE_GROUPS: &[Field] = &[
    strings("GroupsNames"),
];
