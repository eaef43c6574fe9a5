//! From the log and back: restarts, crashes, and what others have written.

use std::fmt::Write as _;

use corvid_record::{BatchBuilder, Compression, LeaderEpoch, RecordParts, patch};

use super::*;
use crate::group::GroupState;
use crate::log::OffsetsLog;

/// Everything that clients can see of a coordinator's groups.
async fn seen(coordinator: &Coordinator) -> String {
    let mut seen = String::new();
    for group in coordinator
        .list_groups(&crate::ListGroupsRequest::default())
        .await
        .unwrap()
    {
        let described = coordinator.describe_groups(std::slice::from_ref(&group.group_id)).await;
        let request = FetchOffsetsRequest {
            group_id: group.group_id,
            member_id: None,
            member_epoch: -1,
            topics: None,
            require_stable: false,
        };
        let offsets = coordinator.fetch_offsets(request).await.unwrap();
        let _infallible = writeln!(seen, "{described:?} {offsets:?}");
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn a_restart_finds_the_groups_as_they_were() {
    let (coordinator, log) = coordinator().await;
    for (group, offset) in (0..20).map(|n| (format!("g{}", n % 5), n)) {
        commit(&coordinator, &group, offset).await.unwrap();
    }
    let member = join(&coordinator, "live").await;
    sync(&coordinator, "live", &member).await;
    coordinator.delete_groups(&["g2".into()]).await;
    let before = seen(&coordinator).await;

    let restarted = leading(&log.after_crash(log.batch_count()));
    loaded(&restarted).await;
    assert_eq!(seen(&restarted).await, before);
    assert_eq!(
        beat(&restarted, "live", &member).await,
        Ok(()),
        "members go on as if nothing had been"
    );
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    let silent = restarted.describe_groups(&["live".into()]).await.remove(0).1.unwrap();
    assert_eq!(silent.state, GroupState::Empty, "and die as ever");
}

#[tokio::test(start_paused = true)]
async fn a_crash_may_take_only_what_was_not_acknowledged() {
    let (coordinator, log) = coordinator().await;
    let mut acknowledged = Vec::new();
    for offset in 0..6 {
        commit(&coordinator, "g", offset).await.unwrap();
        acknowledged.push((log.batch_count(), offset));
    }
    log.hold();
    assert!(commit(&coordinator, "g", 6).await.is_err());
    for cut in 0..=log.batch_count() {
        let restarted = leading(&log.after_crash(cut));
        loaded(&restarted).await;
        let found = fetch(&restarted, "g").await.unwrap();
        let promised = acknowledged
            .iter()
            .filter(|(batches, _)| *batches <= cut)
            .map(|(_, offset)| *offset)
            .max();
        assert!(found >= promised.unwrap_or(-1), "cut behind batch {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_loads_it_says_so() {
    let (first, log) = coordinator().await;
    commit(&first, "g", 5).await.unwrap();
    let held = log.after_crash(1);
    held.hold();
    // The log's tail is not committed yet, as after a crash before it was synced.
    held.append(Bytes::copy_from_slice(
        &log.read(corvid_record::Offset::ZERO, 1).unwrap(),
    ))
    .unwrap();
    let coordinator = leading(&held);
    // Time moves only when nobody has anything to do: by then, all is read.
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    assert_eq!(
        commit(&coordinator, "g", 6).await,
        Err(GroupError::CoordinatorLoadInProgress)
    );
    assert_eq!(
        fetch(&coordinator, "g").await,
        Err(GroupError::CoordinatorLoadInProgress)
    );
    let listed = coordinator.list_groups(&crate::ListGroupsRequest::default()).await;
    assert_eq!(listed, Err(GroupError::CoordinatorLoadInProgress));
    let joined = coordinator.join(join_request("g", "")).await.unwrap_err();
    assert_eq!(joined.error, GroupError::CoordinatorLoadInProgress);
    let member = Joined {
        member_id: "m".into(),
        generation: 1,
        protocol_type: None,
        protocol_name: None,
        leader: String::new(),
        skip_assignment: false,
        members: Vec::new(),
    };
    assert_eq!(
        beat(&coordinator, "g", &member).await,
        Ok(()),
        "members need not be alarmed"
    );
    assert_eq!(
        coordinator.loaded("g").await,
        Err(GroupError::CoordinatorLoadInProgress),
        "nobody waits for ever"
    );
    coordinator.topics_deleted(&["t".into()]);
    held.release();
    assert_eq!(coordinator.loaded("g").await, Ok(()));
    loaded(&coordinator).await;
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    assert_eq!(
        fetch(&coordinator, "g").await,
        Ok(-1),
        "the topic was deleted meanwhile"
    );
}

#[tokio::test(start_paused = true)]
async fn records_of_later_releases_are_counted_and_left_alone() {
    let (first, log) = coordinator().await;
    commit(&first, "g", 5).await.unwrap();
    let mut builder = BatchBuilder::new(Compression::Lz4).base_offset(log.end());
    for (offset_delta, key) in [(0, &[0, 30, 1][..]), (1, &[0, 2, 0, 1, b'g']), (2, &[0])] {
        builder.push(&RecordParts {
            offset_delta,
            key: Some(key),
            value: Some(&[0, 77]),
            ..RecordParts::default()
        });
    }
    let mut batch = Vec::from(builder.finish(None).unwrap());
    patch::place(log.end(), LeaderEpoch(1), &mut batch);
    log.push_raw(batch.into());
    let coordinator = leading(&log);
    loaded(&coordinator).await;
    assert_eq!(coordinator.stats().skipped_records, 3);
    assert_eq!(fetch(&coordinator, "g").await, Ok(5));
    commit(&coordinator, "g", 6).await.unwrap();
    assert_eq!(fetch(&coordinator, "g").await, Ok(6));
}
