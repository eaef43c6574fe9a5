use std::collections::BTreeSet;

use corvid_metadata::PartitionIndex;

use super::{NODE, config, crash, create, names, start, topic};
use crate::controller::Controller;
use crate::error::SubmitError;
use crate::topics::CreateTopicError;

fn epochs(controller: &Controller, name: &str) -> Vec<i32> {
    controller
        .image()
        .topic(name)
        .unwrap()
        .partitions
        .iter()
        .map(|partition| partition.leader_epoch)
        .collect()
}

#[tokio::test]
async fn a_fresh_directory_becomes_a_cluster_of_one() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    let image = controller.image();
    assert_eq!(image.cluster_id().unwrap().len(), 22);
    let broker = image.broker(NODE).unwrap();
    assert_eq!((broker.host.as_str(), broker.port), ("localhost", 9092));
    controller.shutdown().await;
    assert_eq!(controller.stopped().await, "the controller is shut down");
}

#[tokio::test]
async fn topics_survive_a_crash_and_a_shutdown_in_new_leader_epochs() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "a").await;
    let cluster = controller.image().cluster_id().unwrap().to_owned();
    let id = controller.image().topic("a").unwrap().id;
    let mut incarnations = BTreeSet::from([controller.image().broker(NODE).unwrap().incarnation.clone()]);
    crash(&controller).await;
    for life in 1..6 {
        let controller = start(dir.path()).await;
        let image = controller.image();
        assert_eq!(image.cluster_id(), Some(cluster.as_str()));
        assert_eq!(image.topic("a").unwrap().id, id);
        assert_eq!(epochs(&controller, "a"), [life, life]);
        assert!(incarnations.insert(image.broker(NODE).unwrap().incarnation.clone()));
        if life % 2 == 0 {
            crash(&controller).await;
        } else {
            controller.shutdown().await;
        }
    }
}

#[tokio::test]
async fn snapshots_cut_the_log_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for life in 0..4 {
        let settings = crate::ControllerConfig {
            snapshot_every: 5,
            ..config(dir.path())
        };
        let controller = Controller::start(settings).await.unwrap();
        assert_eq!(names(&controller), expected, "life {life}");
        for n in 0..12 {
            let name = format!("t{life}-{n:02}");
            create(&controller, &name).await;
            expected.push(name);
        }
        let image = controller.image();
        if life % 2 == 0 {
            crash(&controller).await;
        } else {
            controller.shutdown().await;
            let log = std::fs::read(dir.path().join("quorum.log")).unwrap();
            assert!(
                !String::from_utf8_lossy(&log).contains("CreateTopic"),
                "a shutdown leaves an empty log"
            );
            let file = std::fs::read(dir.path().join("image.snapshot")).unwrap();
            let scanned = crate::journal::scan(&file).unwrap();
            assert_eq!(
                corvid_metadata::Image::from_snapshot(&scanned.payloads[1].1).unwrap(),
                *image
            );
        }
    }
}

#[tokio::test]
async fn after_a_shutdown_nothing_is_taken_and_images_stay_readable() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "a").await;
    controller.shutdown().await;
    controller.shutdown().await;
    let refused = controller.create_topic(topic("b", 1), false).await;
    assert!(
        matches!(refused, Err(CreateTopicError::Submit(SubmitError::Unavailable(_)))),
        "{refused:?}"
    );
    assert_eq!(names(&controller), ["a"]);
}

/// The checker of the next test, and of the bug that it must see.
async fn take_ids(controller: &Controller, count: usize, taken: &mut BTreeSet<i64>) -> Result<(), String> {
    for _ in 0..count {
        let id = controller.next_producer_id().await.map_err(|error| error.to_string())?;
        if !taken.insert(id) {
            return Err(format!("producer id {id} was handed out twice"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_producer_id_is_handed_out_twice_whatever_crashes() {
    let dir = tempfile::tempdir().unwrap();
    let mut taken = BTreeSet::new();
    for count in [1, 2, 1500, 3, 1] {
        let controller = start(dir.path()).await;
        take_ids(&controller, count, &mut taken).await.unwrap();
        crash(&controller).await;
    }
    assert_eq!(taken.len(), 1507);
}

#[tokio::test]
async fn the_checker_sees_a_log_that_was_not_synced_before_a_block_was_used() {
    let dir = tempfile::tempdir().unwrap();
    let mut taken = BTreeSet::new();
    let controller = start(dir.path()).await;
    let log = dir.path().join("quorum.log");
    let synced = std::fs::read(&log).unwrap();
    take_ids(&controller, 1, &mut taken).await.unwrap();
    crash(&controller).await;
    // The bug: the block was answered before its entry was on disk; the power goes out.
    std::fs::write(&log, synced).unwrap();
    let controller = start(dir.path()).await;
    assert_eq!(
        take_ids(&controller, 1, &mut taken).await,
        Err("producer id 0 was handed out twice".to_owned())
    );
}

#[tokio::test]
async fn concurrent_producers_get_ids_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let controller = controller.clone();
            tokio::spawn(async move { controller.next_producer_id().await.unwrap() })
        })
        .collect();
    let mut ids = BTreeSet::new();
    for task in tasks {
        assert!(ids.insert(task.await.unwrap()));
    }
}

#[tokio::test]
async fn source_ids_survive_and_are_never_given_again() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "a").await;
    create(&controller, "b").await;
    let id = |controller: &Controller, name: &str| controller.image().topic(name).unwrap().id;
    let (a, b) = (id(&controller, "a"), id(&controller, "b"));
    controller.ensure_route(a, b).await.unwrap();
    let version = controller.image().version();
    controller.ensure_route(a, b).await.unwrap();
    assert_eq!(controller.image().version(), version, "what is there costs nothing");
    crash(&controller).await;

    let controller = start(dir.path()).await;
    let image = controller.image();
    assert_eq!(image.routes_of(a).collect::<Vec<_>>(), [b]);
    assert_eq!(
        [0, 1].map(|n| image.source_of(a, PartitionIndex(n))),
        [Some(0), Some(1)]
    );
    // New partitions of a topic with routes have theirs from the start.
    controller.create_partitions("a", 4, &[], false).await.unwrap();
    assert_eq!(controller.image().source_of(a, PartitionIndex(3)), Some(3));
    controller.delete_topic(a).await.unwrap();
    controller.ensure_route(b, b).await.unwrap();
    assert_eq!(controller.image().source_of(b, PartitionIndex(0)), Some(4));
    controller.remove_route(b, b).await.unwrap();
    controller.remove_route(b, b).await.unwrap();
    assert_eq!(controller.image().routes_of(b).count(), 0);
}
