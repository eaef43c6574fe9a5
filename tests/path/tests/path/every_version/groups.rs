//! Groups: FindCoordinator, JoinGroup, SyncGroup, Heartbeat, LeaveGroup, DescribeGroups, ListGroups, DeleteGroups.

use bed::pipe::Pipe;
use bytes::Bytes;
use corvid_wire::kafka::ResponseError as E;
use corvid_wire::kafka::messages::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use corvid_wire::kafka::messages::leave_group_request::{LeaveGroupRequest, MemberIdentity};
use corvid_wire::kafka::messages::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};
use corvid_wire::kafka::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, FindCoordinatorRequest, GroupId, HeartbeatRequest, JoinGroupResponse,
    ListGroupsRequest,
};

use super::world::{NOBODY, READERS, call, code, text};

/// Longer than any test.
const SESSION_MS: i32 = 1_800_000;
const NEWEST_JOIN: i16 = 9;
const NEWEST_SYNC: i16 = 5;

fn group(id: &str) -> GroupId {
    GroupId(text(id))
}

fn join_request(id: &str, version: i16, member: &str, instance: Option<&str>) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(Bytes::from_static(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
    let request = JoinGroupRequest::default()
        .with_group_id(group(id))
        .with_session_timeout_ms(SESSION_MS)
        .with_member_id(text(member))
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol]);
    let request = if version >= 1 {
        request.with_rebalance_timeout_ms(SESSION_MS)
    } else {
        request
    };
    let request = if version >= 8 {
        request.with_reason(Some(text("to read")))
    } else {
        request
    };
    match instance {
        Some(instance) => request.with_group_instance_id(Some(text(instance))),
        None => request,
    }
}

/// Joins as a member, in as many steps as the version takes.
async fn join_as(pipe: &mut Pipe, id: &str, version: i16, instance: Option<&str>) -> JoinGroupResponse {
    let first = call(pipe, version, &join_request(id, version, "", instance)).await;
    if version < 4 || instance.is_some() {
        return first;
    }
    assert_eq!(first.error_code, code(E::MemberIdRequired));
    call(pipe, version, &join_request(id, version, &first.member_id, None)).await
}

fn sync_request(id: &str, version: i16, joined: &JoinGroupResponse) -> SyncGroupRequest {
    let assigned = SyncGroupRequestAssignment::default()
        .with_member_id(joined.member_id.clone())
        .with_assignment(Bytes::from_static(b"yours"));
    let request = SyncGroupRequest::default()
        .with_group_id(group(id))
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone())
        .with_assignments(vec![assigned]);
    match version {
        5.. => request
            .with_protocol_type(Some(text("consumer")))
            .with_protocol_name(Some(text("range"))),
        _older => request,
    }
}

/// Makes a group of one member that has its assignment.
pub async fn gather(pipe: &mut Pipe, id: &str, instance: Option<&str>) -> JoinGroupResponse {
    let joined = join_as(pipe, id, NEWEST_JOIN, instance).await;
    assert_eq!(joined.error_code, 0);
    let synced = call(pipe, NEWEST_SYNC, &sync_request(id, NEWEST_SYNC, &joined)).await;
    assert_eq!(synced.error_code, 0);
    joined
}

pub async fn find_coordinator(pipe: &mut Pipe, version: i16) {
    const TRANSACTION: i8 = 1;
    let request = match version {
        4.. => FindCoordinatorRequest::default().with_coordinator_keys(vec![text(READERS), text(NOBODY)]),
        _older => FindCoordinatorRequest::default().with_key(text(READERS)),
    };
    let answer = call(pipe, version, &request).await;
    let found = answer
        .coordinators
        .iter()
        .map(|found| (found.error_code, found.port > 0));
    let found: Vec<_> = found.chain([(answer.error_code, answer.port > 0)]).collect();
    match version {
        4.. => assert_eq!(found, [(0, true), (0, true), (0, false)]),
        _older => assert_eq!(found, [(0, true)]),
    }
    if version >= 1 {
        let answer = call(pipe, version, &request.with_key_type(TRANSACTION)).await;
        let codes = answer
            .coordinators
            .iter()
            .map(|found| (found.error_code, found.error_message.is_some()));
        let (error, says_why) = codes
            .last()
            .unwrap_or((answer.error_code, answer.error_message.is_some()));
        assert_eq!((error, says_why), (code(E::InvalidRequest), true));
    }
}

pub async fn join(pipe: &mut Pipe, version: i16) {
    let id = format!("join-{version}");
    let instance = (version >= 5).then_some("fixed");
    let joined = join_as(pipe, &id, version, instance).await;
    assert_eq!(joined.error_code, 0);
    assert_eq!(joined.leader, joined.member_id);
    assert_eq!(joined.protocol_name.as_deref(), Some("range"));
    assert_eq!(joined.members[0].group_instance_id.as_deref(), instance);
    assert_eq!(joined.protocol_type.as_deref(), (version >= 7).then_some("consumer"));
    if instance.is_some() {
        // A static member that comes back; from v9 on it leads without assigning.
        call(pipe, NEWEST_SYNC, &sync_request(&id, NEWEST_SYNC, &joined)).await;
        let again = join_as(pipe, &id, version, instance).await;
        assert_eq!((again.error_code, again.skip_assignment), (0, version >= 9));
    }
    let no_group = call(pipe, version, &join_request("", version, "", None)).await;
    assert_eq!(no_group.error_code, code(E::InvalidGroupId));
    let strangely = join_request(READERS, version, "stranger", None).with_protocol_type(text("connect"));
    assert_eq!(
        call(pipe, version, &strangely).await.error_code,
        code(E::InconsistentGroupProtocol)
    );
    let stranger = call(pipe, version, &join_request(NOBODY, version, "stranger", None)).await;
    assert_eq!(stranger.error_code, code(E::UnknownMemberId));
}

pub async fn sync(pipe: &mut Pipe, version: i16) {
    let id = format!("sync-{version}");
    let instance = (version >= 3).then_some("fixed");
    let joined = join_as(pipe, &id, NEWEST_JOIN, instance).await;
    let request = sync_request(&id, version, &joined);
    let request = match instance {
        Some(instance) => request.with_group_instance_id(Some(text(instance))),
        None => request,
    };
    let synced = call(pipe, version, &request).await;
    assert_eq!((synced.error_code, &synced.assignment[..]), (0, &b"yours"[..]));
    assert_eq!(synced.protocol_name.as_deref(), (version >= 5).then_some("range"));
    let strange = call(pipe, version, &request.with_generation_id(99)).await;
    assert_eq!(strange.error_code, code(E::IllegalGeneration));
}

pub async fn heartbeat(pipe: &mut Pipe, version: i16) {
    let id = format!("heartbeat-{version}");
    let joined = gather(pipe, &id, Some("fixed")).await;
    let request = HeartbeatRequest::default()
        .with_group_id(group(&id))
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id);
    let request = match version {
        3.. => request.with_group_instance_id(Some(text("fixed"))),
        _older => request,
    };
    assert_eq!(call(pipe, version, &request).await.error_code, 0);
    let stranger = request.with_group_id(group(NOBODY));
    assert_eq!(
        call(pipe, version, &stranger).await.error_code,
        code(E::UnknownMemberId)
    );
}

pub async fn leave(pipe: &mut Pipe, version: i16) {
    let id = format!("leave-{version}");
    let joined = gather(pipe, &id, Some("fixed")).await;
    let request = LeaveGroupRequest::default().with_group_id(group(&id));
    if version < 3 {
        let request = request.with_member_id(joined.member_id);
        assert_eq!(call(pipe, version, &request).await.error_code, 0);
        assert_eq!(call(pipe, version, &request).await.error_code, code(E::UnknownMemberId));
        return;
    }
    let member = |id: &str, instance: Option<&str>| {
        let member = MemberIdentity::default()
            .with_member_id(text(id))
            .with_group_instance_id(instance.map(text));
        match version {
            5.. => member.with_reason(Some(text("done"))),
            _older => member,
        }
    };
    let members = vec![member("", Some("fixed")), member("stranger", None)];
    let answer = call(pipe, version, &request.with_members(members)).await;
    let codes: Vec<_> = answer.members.iter().map(|member| member.error_code).collect();
    assert_eq!(codes, [0, code(E::UnknownMemberId)]);
}

pub async fn describe(pipe: &mut Pipe, version: i16) {
    let request = DescribeGroupsRequest::default().with_groups(vec![group(READERS), group(NOBODY)]);
    let request = if version >= 3 {
        request.with_include_authorized_operations(true)
    } else {
        request
    };
    let answer = call(pipe, version, &request).await;
    let [readers, nobody] = &answer.groups[..] else {
        panic!("two groups are described");
    };
    assert_eq!((readers.error_code, &*readers.group_state), (0, "Stable"));
    assert_eq!(
        readers.members[0].group_instance_id.as_deref(),
        (version >= 4).then_some("fixed")
    );
    assert_eq!(&readers.members[0].member_assignment[..], b"yours");
    assert_eq!(
        nobody.error_code,
        if version >= 6 { code(E::GroupIdNotFound) } else { 0 }
    );
    assert_eq!(nobody.error_message.is_some(), version >= 6);
}

pub async fn list(pipe: &mut Pipe, version: i16) {
    let request = ListGroupsRequest::default();
    let request = if version >= 4 {
        request.with_states_filter(vec![text("Stable")])
    } else {
        request
    };
    let request = if version >= 5 {
        request.with_types_filter(vec![text("classic")])
    } else {
        request
    };
    let answer = call(pipe, version, &request).await;
    let readers = answer.groups.iter().find(|group| &**group.group_id == READERS).unwrap();
    assert_eq!(&*readers.protocol_type, "consumer");
    assert_eq!(&*readers.group_state, if version >= 4 { "Stable" } else { "" });
    assert_eq!(&*readers.group_type, if version >= 5 { "classic" } else { "" });
}

pub async fn delete(pipe: &mut Pipe, version: i16) {
    let id = format!("delete-{version}");
    super::offsets::commit_as(pipe, &id, 9).await;
    let names = vec![group(&id), group(READERS), group(NOBODY)];
    let request = DeleteGroupsRequest::default().with_groups_names(names);
    let answer = call(pipe, version, &request).await;
    let codes: Vec<_> = answer.results.iter().map(|result| result.error_code).collect();
    assert_eq!(codes, [0, code(E::NonEmptyGroup), code(E::GroupIdNotFound)]);
}
