//! Those who wait: for the log, for others, in vain.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_commit_is_answered_and_seen_only_when_it_is_committed() {
    let (coordinator, log) = coordinator().await;
    log.hold();
    let answer = tokio::spawn({
        let coordinator = coordinator.clone();
        async move { commit(&coordinator, "g", 5).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!answer.is_finished());
    assert_eq!(fetch(&coordinator, "g").await, Ok(-1));
    log.release();
    assert!(answer.await.unwrap().is_ok());
    assert_eq!(fetch(&coordinator, "g").await, Ok(5));
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_takes_too_long_is_to_be_tried_again() {
    let (coordinator, log) = coordinator().await;
    log.hold();
    assert_eq!(
        commit(&coordinator, "g", 5).await,
        Err(GroupError::CoordinatorNotAvailable)
    );
    log.refuses.store(true, Ordering::Relaxed);
    assert_eq!(
        commit(&coordinator, "g", 6).await,
        Err(GroupError::CoordinatorNotAvailable)
    );
    log.refuses.store(false, Ordering::Relaxed);
    log.release();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(
        fetch(&coordinator, "g").await,
        Ok(5),
        "what is in the log counts, acknowledged or not"
    );
}

#[tokio::test(start_paused = true)]
async fn an_assignment_is_handed_out_only_when_it_is_committed() {
    let (coordinator, log) = coordinator().await;
    let member = join(&coordinator, "g").await;
    log.hold();
    let answer = tokio::spawn({
        let coordinator = coordinator.clone();
        async move { sync(&coordinator, "g", &member).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!answer.is_finished());
    log.release();
    assert_eq!(answer.await.unwrap().assignment, "all");
}

/// The bug it is for: a commit whose client went away was in the log, and not in the group.
#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_takes_nothing_along() {
    let (coordinator, log) = coordinator().await;
    log.hold();
    let gone = tokio::spawn({
        let coordinator = coordinator.clone();
        async move { commit(&coordinator, "g", 5).await }
    });
    tokio::task::yield_now().await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    log.release();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(fetch(&coordinator, "g").await, Ok(5));
}

#[tokio::test(start_paused = true)]
async fn a_member_that_goes_away_while_it_joins_is_gone_after_a_while() {
    let (coordinator, _log) = coordinator().await;
    let member = join(&coordinator, "g").await;
    sync(&coordinator, "g", &member).await;
    let gone = tokio::spawn({
        let coordinator = coordinator.clone();
        async move { join(&coordinator, "g").await }
    });
    tokio::task::yield_now().await;
    gone.abort();
    // The rebalance goes on with it; then it never syncs, and its session ends.
    let member = coordinator.join(join_request("g", &member.member_id)).await.unwrap();
    assert_eq!(member.members.len(), 2);
    sync(&coordinator, "g", &member).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let _rebalances_in_the_end = beat(&coordinator, "g", &member).await;
    }
    let member = coordinator.join(join_request("g", &member.member_id)).await.unwrap();
    assert_eq!(member.members.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_when_the_partition_moves_is_sent_away() {
    let (coordinator, log) = coordinator().await;
    let member = join(&coordinator, "g").await;
    sync(&coordinator, "g", &member).await;
    log.hold();
    let waiting = [
        tokio::spawn({
            let coordinator = coordinator.clone();
            async move {
                coordinator
                    .join(join_request("g", ""))
                    .await
                    .map(|_| ())
                    .map_err(|refused| refused.error)
            }
        }),
        tokio::spawn({
            let coordinator = coordinator.clone();
            async move { commit(&coordinator, "h", 5).await.map(|_| ()) }
        }),
    ];
    tokio::task::yield_now().await;
    coordinator.resign(PartitionIndex(0));
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), Err(GroupError::NotCoordinator));
    }
    assert_eq!(beat(&coordinator, "g", &member).await, Err(GroupError::NotCoordinator));
    assert_eq!(fetch(&coordinator, "g").await, Err(GroupError::NotCoordinator));
    assert!(
        coordinator
            .list_groups(&crate::ListGroupsRequest::default())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn after_shutdown_nobody_is_coordinated() {
    let (coordinator, _log) = coordinator().await;
    let member = join(&coordinator, "g").await;
    let waiting = tokio::spawn({
        let coordinator = coordinator.clone();
        async move { coordinator.join(join_request("g", "")).await.unwrap_err().error }
    });
    tokio::task::yield_now().await;
    coordinator.shutdown().await;
    assert_eq!(waiting.await.unwrap(), GroupError::NotCoordinator);
    assert_eq!(beat(&coordinator, "g", &member).await, Err(GroupError::NotCoordinator));
}

/// Many at once, on several threads: nobody is forgotten, and no lock is taken the wrong way round.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_members_of_many_groups_at_once() {
    let (coordinator, _log) = coordinator().await;
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..200 {
        let coordinator = coordinator.clone();
        clients.spawn(async move {
            let group = format!("g{}", client % 7);
            let mut member = join(&coordinator, &group).await;
            while coordinator.sync(sync_request(&group, &member)).await.is_err() {
                let again = coordinator.join(join_request(&group, &member.member_id)).await;
                member = match again {
                    Ok(member) => member,
                    Err(_) => join(&coordinator, &group).await,
                };
            }
            commit(&coordinator, &format!("own-{client}"), client).await.unwrap();
            assert_eq!(fetch(&coordinator, &format!("own-{client}")).await, Ok(client));
            let member_id = member.member_id.clone();
            let members = vec![crate::LeavingMember {
                member_id,
                group_instance_id: None,
                reason: None,
            }];
            coordinator
                .leave(crate::LeaveRequest {
                    group_id: group,
                    members,
                })
                .await
                .unwrap();
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
}
