//! A group from its first member to its last.

use std::time::Duration;

use super::*;
use crate::group::GroupState;
use crate::request::{LeaveRequest, LeavingMember, ListGroupsRequest};

#[test]
fn groups_are_where_kafka_looks_for_them() {
    // `Utils.abs(id.hashCode()) % 50`, as Java computes it; the fifth has the hash Integer.MIN_VALUE.
    let places = [
        ("my-group", 12),
        ("g", 3),
        ("", 0),
        ("ümlaut", 13),
        ("polygenelubricants", 0),
        ("🦀-group", 30),
    ];
    for (group, partition) in places {
        assert_eq!(
            super::super::partition_of(group, 50),
            PartitionIndex(partition),
            "{group}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn two_members_share_a_group_until_one_dies() {
    let (coordinator, _log) = coordinator().await;
    let first = join(&coordinator, "g").await;
    assert_eq!(sync(&coordinator, "g", &first).await.assignment, "all");

    let second = tokio::spawn({
        let coordinator = coordinator.clone();
        async move { join(&coordinator, "g").await }
    });
    tokio::task::yield_now().await;
    assert_eq!(
        beat(&coordinator, "g", &first).await,
        Err(GroupError::RebalanceInProgress)
    );
    let first = coordinator.join(join_request("g", &first.member_id)).await.unwrap();
    let second = second.await.unwrap();
    assert_eq!((first.generation, second.generation), (2, 2));
    assert_eq!(first.members.len(), 2);
    sync(&coordinator, "g", &first).await;

    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(6)).await;
        let _rebalances_in_the_end = beat(&coordinator, "g", &second).await;
    }
    assert_eq!(
        beat(&coordinator, "g", &second).await,
        Err(GroupError::RebalanceInProgress)
    );
    let second = coordinator.join(join_request("g", &second.member_id)).await.unwrap();
    assert_eq!((second.generation, second.members.len()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn timers_run_without_anybody_asking() {
    let (coordinator, log) = coordinator().await;
    let member = join(&coordinator, "g").await;
    sync(&coordinator, "g", &member).await;
    let written = log.batch_count();
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(log.batch_count(), written + 1, "that the group is empty is written");
    assert_eq!(
        coordinator.describe_groups(&["g".into()]).await[0]
            .1
            .as_ref()
            .unwrap()
            .state,
        GroupState::Empty
    );
    tokio::time::sleep(Duration::from_mins(11)).await;
    let gone = coordinator.describe_groups(&["g".into()]).await.remove(0).1;
    assert_eq!(
        gone,
        Err(GroupError::GroupIdNotFound),
        "an empty group without offsets is cleaned up"
    );
}

/// The bug it is for: the alarm stood at a member's session end, and nothing woke the group for what was due sooner.
#[tokio::test(start_paused = true)]
async fn what_is_due_sooner_moves_the_alarm() {
    let (coordinator, _log) = coordinator().await;
    let mut patient = join_request("g", "");
    (patient.session_timeout_ms, patient.rebalance_timeout_ms) = (600_000, 2_000);
    let member = coordinator.join(patient.clone()).await.unwrap();
    sync(&coordinator, "g", &member).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let began = tokio::time::Instant::now();
    let alone = coordinator.join(patient).await.unwrap();
    assert_eq!(alone.members.len(), 1, "the first has not joined again");
    assert_eq!(began.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn groups_are_listed_by_state_and_type() {
    let (coordinator, _log) = coordinator().await;
    commit(&coordinator, "simple", 1).await.unwrap();
    let member = join(&coordinator, "live").await;
    sync(&coordinator, "live", &member).await;
    let list = async |states: &[&str], types: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let request = ListGroupsRequest {
            states: owned(states),
            types: owned(types),
        };
        let groups = coordinator.list_groups(&request).await.unwrap();
        groups
            .into_iter()
            .map(|group| format!("{} {}", group.group_id, group.protocol_type))
            .collect::<Vec<_>>()
    };
    assert_eq!(list(&[], &[]).await, ["live consumer", "simple "]);
    assert_eq!(list(&["stable"], &["Classic"]).await, ["live consumer"]);
    assert_eq!(list(&["Empty", "Dead"], &[]).await, ["simple "]);
    assert!(list(&[], &["share"]).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn requests_are_checked_before_there_is_a_group() {
    let (coordinator, _log) = coordinator().await;
    let refused = async |change: fn(&mut JoinRequest)| {
        let mut request = join_request("g", "");
        change(&mut request);
        coordinator.join(request).await.unwrap_err().error
    };
    assert_eq!(
        refused(|request| request.group_id.clear()).await,
        GroupError::InvalidGroupId
    );
    assert_eq!(
        refused(|request| request.session_timeout_ms = 5_999).await,
        GroupError::InvalidSessionTimeout
    );
    assert_eq!(
        refused(|request| request.session_timeout_ms = -1).await,
        GroupError::InvalidSessionTimeout
    );
    assert_eq!(
        refused(|request| request.session_timeout_ms = 1_800_001).await,
        GroupError::InvalidSessionTimeout
    );
    assert_eq!(
        refused(|request| request.member_id = "me".into()).await,
        GroupError::UnknownMemberId
    );
    assert_eq!(
        refused(|request| request.client_id = "x".repeat(20_000)).await,
        GroupError::Unwritable
    );
    assert_eq!(
        refused(|request| request.protocols.clear()).await,
        GroupError::InconsistentGroupProtocol
    );
    let members = vec![LeavingMember {
        member_id: "me".into(),
        group_instance_id: None,
        reason: None,
    }];
    let left = coordinator
        .leave(LeaveRequest {
            group_id: "g".into(),
            members,
        })
        .await
        .unwrap();
    assert_eq!(left[0].result, Err(GroupError::UnknownMemberId));
    let mut stale = commit_request("g", 1);
    stale.generation = 4;
    assert_eq!(
        coordinator.commit_offsets(stale.clone()).await,
        Err(GroupError::GroupIdNotFound)
    );
    stale.knows_missing_groups = false;
    assert_eq!(
        coordinator.commit_offsets(stale).await,
        Err(GroupError::IllegalGeneration)
    );
}

/// The bug it is for: every refused JoinGroup of a made-up group left a group behind.
#[tokio::test(start_paused = true)]
async fn groups_that_nobody_entered_are_forgotten() {
    let (coordinator, log) = coordinator().await;
    for group in 0..100 {
        let mut request = join_request(&group.to_string(), "");
        request.protocols.clear();
        coordinator.join(request).await.unwrap_err();
        let mut request = join_request(&format!("{group}-pending"), "");
        request.requires_known_member_id = true;
        coordinator.join(request).await.unwrap_err();
    }
    assert_eq!(coordinator.stats().groups.values().sum::<usize>(), 100);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(coordinator.stats().groups.values().sum::<usize>(), 0);
    assert_eq!(log.batch_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_group_is_gone_and_can_come_again() {
    let (coordinator, _log) = coordinator().await;
    commit(&coordinator, "g", 7).await.unwrap();
    commit(&coordinator, "h", 8).await.unwrap();
    let deleted = coordinator.delete_groups(&["g".into(), "nobody".into()]).await;
    assert_eq!(
        deleted,
        [
            ("g".into(), Ok(())),
            ("nobody".into(), Err(GroupError::GroupIdNotFound))
        ]
    );
    assert_eq!(fetch(&coordinator, "g").await, Ok(-1));
    assert_eq!(fetch(&coordinator, "h").await, Ok(8));
    commit(&coordinator, "g", 9).await.unwrap();
    assert_eq!(fetch(&coordinator, "g").await, Ok(9));
}
