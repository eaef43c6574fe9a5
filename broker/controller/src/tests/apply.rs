use std::collections::BTreeMap;

use corvid_metadata::desired::{Desired, DesiredPlugin, DesiredTopic};
use corvid_metadata::{Digest, PluginLimits};

use super::{create, names, start};
use crate::apply::ApplyError;

fn file(topics: &[(&str, i32, &str)]) -> Desired {
    let topic = |(name, partitions, produce): &(&str, i32, &str)| {
        let configs = BTreeMap::from([("corvid.produce".to_owned(), (*produce).to_owned())]);
        (
            (*name).to_owned(),
            DesiredTopic {
                partitions: Some(*partitions),
                configs,
            },
        )
    };
    let plugin = DesiredPlugin {
        module: Digest([1; 32]),
        builtin: None,
        config: serde_json::json!({ "field": "region" }),
        limits: PluginLimits::default(),
    };
    Desired {
        owner: "main".to_owned(),
        topics: topics.iter().map(topic).collect(),
        plugins: BTreeMap::from([("p".to_owned(), plugin)]),
    }
}

#[tokio::test]
async fn a_file_is_applied_in_one_batch_and_then_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "old").await;
    let version = controller.image().version();
    let desired = file(&[("new", 3, "p"), ("old", 4, "p")]);
    let dry = controller.apply(&desired, true).await.unwrap();
    assert_eq!(controller.image().version(), version);
    // What was loaded for the topics that the dry run had is loaded once.
    let applied = controller.apply_as(&desired, false, &dry.made).await.unwrap();
    assert_eq!(dry.plan.changes, applied.plan.changes);
    assert_eq!(dry.made, applied.made);
    assert_eq!(dry.made["new"], controller.image().topic("new").unwrap().id);
    assert_eq!(controller.image().version(), version + 1, "one batch");
    assert_eq!(names(&controller), ["new", "old"]);
    assert_eq!(controller.image().topic("old").unwrap().partitions.len(), 4);
    assert!(controller.apply(&desired, false).await.unwrap().plan.changes.is_empty());
    assert_eq!(controller.image().version(), version + 1);
}

#[tokio::test]
async fn topics_with_source_ids_grow_together() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    for name in ["a", "b"] {
        create(&controller, name).await;
        let id = controller.image().topic(name).unwrap().id;
        controller.ensure_route(id, id).await.unwrap();
    }
    controller
        .apply(&file(&[("a", 4, "p"), ("b", 4, "p")]), false)
        .await
        .unwrap();
    assert_eq!(controller.image().next_source(), 8);
}

#[tokio::test]
async fn a_file_that_cannot_be_made_so_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "old").await;
    let version = controller.image().version();
    let error = controller
        .apply(&file(&[("new", 1, "p"), ("old", 1, "p")]), false)
        .await
        .unwrap_err();
    assert!(matches!(error, ApplyError::Plan(_)), "{error}");
    assert_eq!(controller.image().version(), version);
}

/// The bug: what a client is refused, a file gets: a topic for records that fail in a retry topic, which nobody reads.
#[tokio::test]
async fn a_file_makes_no_retry_topic_of_a_retry_topic() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    let desired = |name: &str, configs: &[(&str, &str)]| Desired {
        owner: "main".to_owned(),
        topics: BTreeMap::from([(
            name.to_owned(),
            DesiredTopic {
                partitions: None,
                configs: configs
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                    .collect(),
            },
        )]),
        plugins: BTreeMap::new(),
    };
    let orders = desired(
        "orders",
        &[
            ("corvid.retry.attempts", "3"),
            ("corvid.dead.letter.topic", "orders.DLT"),
        ],
    );
    controller.apply(&orders, false).await.unwrap();
    create(&controller, "orders.g.retry").await;
    let refused = controller.apply(&desired("orders.g.retry.g.retry", &[]), true).await;
    let Err(ApplyError::Topic { reason, .. }) = refused else {
        panic!("{:?}", refused.map(|applied| applied.made))
    };
    assert!(reason.contains("\"orders.g.retry\" is a retry topic"), "{reason}");
}
