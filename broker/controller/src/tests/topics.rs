use corvid_metadata::config::{ConfigError, Configs};
use corvid_metadata::topic_name::{self, TopicNameError};
use corvid_metadata::{NodeId, PartitionIndex, TopicId};

use super::{NODE, config, create, names, start, topic};
use crate::controller::Controller;
use crate::topics::{CreatePartitionsError, CreateTopicError, DeleteTopicError, TopicSpec};

#[tokio::test]
async fn of_two_concurrent_creations_the_log_takes_one() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    let (one, two) = tokio::join!(
        controller.create_topic(topic("a.b", 1), false),
        controller.create_topic(topic("a.b", 5), false)
    );
    let created = [&one, &two].into_iter().flatten().count();
    assert_eq!(created, 1, "{one:?} {two:?}");
    assert!([one, two].contains(&Err(CreateTopicError::Exists("a.b".to_owned()))));
    let collides = CreateTopicError::Collides {
        name: "a_b".to_owned(),
        other: "a.b".to_owned(),
    };
    assert_eq!(controller.create_topic(topic("a_b", 1), false).await, Err(collides));
}

#[tokio::test]
async fn a_topic_gets_what_it_asks_for_or_the_nodes_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let fixed = Configs::from([("num.partitions".into(), "7".into())]);
    let controller = Controller::start(crate::ControllerConfig {
        fixed,
        ..config(dir.path())
    })
    .await
    .unwrap();
    let spec = TopicSpec {
        name: "a".into(),
        ..TopicSpec::default()
    };
    let dry = controller.create_topic(spec.clone(), true).await.unwrap();
    assert_eq!((dry.id, dry.partitions, dry.replication_factor), (TopicId::ZERO, 7, 1));
    assert!(names(&controller).is_empty(), "validated only");
    let created = controller.create_topic(spec, false).await.unwrap();
    let image = controller.image();
    let partition = image.partition(created.id, PartitionIndex(6)).unwrap();
    assert_eq!(
        (partition.leader, partition.replicas.as_slice()),
        (Some(NODE), [NODE].as_slice())
    );
}

#[tokio::test]
async fn impossible_topics_are_refused_by_kafkas_names() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    let refuse = async |spec: TopicSpec| controller.create_topic(spec, false).await.unwrap_err();
    assert!(matches!(
        refuse(topic("a b", 1)).await,
        CreateTopicError::InvalidName(_)
    ));
    for count in [0, -5, 10_001, i32::MAX, i32::MIN] {
        assert!(
            matches!(refuse(topic("a", count)).await, CreateTopicError::InvalidPartitions(_)),
            "{count}"
        );
    }
    for factor in [0, -3, 2, i16::MAX] {
        let spec = TopicSpec {
            replication_factor: Some(factor),
            ..topic("a", 1)
        };
        assert!(
            matches!(refuse(spec).await, CreateTopicError::InvalidReplicationFactor(_)),
            "{factor}"
        );
    }
    let tiered = TopicSpec {
        configs: Configs::from([("remote.storage.enable".into(), "true".into())]),
        ..topic("a", 1)
    };
    assert!(matches!(
        refuse(tiered).await,
        CreateTopicError::InvalidConfig(ConfigError::Refused { .. })
    ));
    let bound = TopicSpec {
        configs: Configs::from([("corvid.produce".into(), "nobody".into())]),
        ..topic("a", 1)
    };
    assert!(matches!(refuse(bound).await, CreateTopicError::InvalidBinding(_)));
    // The bug: a client makes the topic of all groups, with a partition of its own choice.
    for internal in topic_name::INTERNAL {
        assert!(
            matches!(
                refuse(topic(internal, 1)).await,
                CreateTopicError::InvalidName(TopicNameError::Internal { .. })
            ),
            "{internal}"
        );
    }
    controller.make_offsets_topic().await.unwrap();
    let offsets = controller.image();
    let offsets = offsets.topic(topic_name::CONSUMER_OFFSETS).unwrap();
    assert_eq!(offsets.partitions.len(), 50);
}

#[tokio::test]
async fn replicas_chosen_by_hand_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    let refuse = async |spec: TopicSpec| controller.create_topic(spec, false).await.unwrap_err();
    let by_hand = |assignments: &[&[i32]]| TopicSpec {
        name: "a".into(),
        assignments: assignments
            .iter()
            .map(|replicas| replicas.iter().map(|node| NodeId(*node)).collect())
            .collect(),
        ..TopicSpec::default()
    };
    for assignments in [&[&[][..]][..], &[&[1, 1]], &[&[2]], &[&[1], &[]]] {
        let error = refuse(by_hand(assignments)).await;
        assert!(
            matches!(error, CreateTopicError::InvalidAssignment(_)),
            "{assignments:?}: {error}"
        );
    }
    let both = TopicSpec {
        partitions: Some(1),
        ..by_hand(&[&[1]])
    };
    assert_eq!(refuse(both).await, CreateTopicError::NumbersAndAssignments);
    assert_eq!(
        controller
            .create_topic(by_hand(&[&[1], &[1]]), false)
            .await
            .unwrap()
            .partitions,
        2
    );
}

#[tokio::test]
async fn topics_grow_and_never_shrink() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "a").await;
    for total in [2, 1, 0, -1, i32::MIN, i32::MAX] {
        let error = controller.create_partitions("a", total, &[], false).await.unwrap_err();
        assert!(
            matches!(error, CreatePartitionsError::InvalidPartitions(_)),
            "{total}: {error}"
        );
    }
    let error = controller
        .create_partitions("a", 4, &[vec![NODE]], false)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "attempted to add 2 partition(s), but 1 assignment(s) were specified"
    );
    assert!(matches!(
        controller.create_partitions("nobody", 4, &[], false).await,
        Err(CreatePartitionsError::Unknown(_))
    ));
    controller.create_partitions("a", 6, &[], true).await.unwrap();
    assert_eq!(
        controller.image().topic("a").unwrap().partitions.len(),
        2,
        "validated only"
    );
    // Two concurrent requests for six partitions give six, not ten.
    let (one, two) = tokio::join!(
        controller.create_partitions("a", 6, &[], false),
        controller.create_partitions("a", 6, &[], false)
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(controller.image().topic("a").unwrap().partitions.len(), 6);
}

#[tokio::test]
async fn topics_are_deleted_unless_the_node_forbids_it() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "a").await;
    let id = controller.image().topic("a").unwrap().id;
    controller.delete_topic(id).await.unwrap();
    assert_eq!(controller.delete_topic(id).await, Err(DeleteTopicError::Unknown));
    create(&controller, "a").await;
    let id = controller.image().topic("a").unwrap().id;
    controller.shutdown().await;
    let fixed = Configs::from([("delete.topic.enable".into(), "false".into())]);
    let controller = Controller::start(crate::ControllerConfig {
        fixed,
        ..config(dir.path())
    })
    .await
    .unwrap();
    assert_eq!(controller.delete_topic(id).await, Err(DeleteTopicError::Disabled));
}

#[tokio::test]
async fn a_watcher_is_told_of_every_change() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    let mut images = controller.watch();
    images.mark_unchanged();
    create(&controller, "a").await;
    images.changed().await.unwrap();
    assert!(images.borrow().topic("a").is_some());
}
