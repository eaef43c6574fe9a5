//! What an earlier release has written, this one reads. A format that is raised gets a directory of its own;
//! those that are there never change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use corvid_metadata::desired::{Desired, DesiredPlugin, DesiredTopic};
use corvid_metadata::{Digest, PartitionIndex, PluginLimits};

use super::{NODE, crash, create, start, try_start};
use crate::configs::{Change, Op};

fn fixture(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/format-{format}"))
}

#[tokio::test]
async fn format_1_is_read() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["quorum.log", "image.snapshot"] {
        fs::copy(fixture(1).join(name), dir.path().join(name)).unwrap();
    }
    let controller = try_start(dir.path()).await.unwrap();
    let image = controller.image();
    assert_eq!(image.cluster_id().unwrap().len(), 22);
    let (orders, late) = (image.topic("orders").unwrap(), image.topic("late.topic").unwrap());
    assert_eq!(orders.partitions.len(), 3);
    assert_eq!(orders.configs["corvid.produce"], "schema");
    assert_eq!(orders.configs["retention.ms"], "60000");
    assert_eq!(orders.routes, [late.id].into());
    assert_eq!(image.source_of(orders.id, PartitionIndex(2)), Some(2));
    assert!(image.topic("deleted").is_none());
    let plugin = image.plugin("schema").unwrap();
    assert_eq!((plugin.module, plugin.generation), (Digest([7; 32]), 1));
    assert_eq!(plugin.limits.deadline_ms, Some(20));
    assert_eq!(image.broker_configs(Some(NODE))["log.retention.ms"], "1000");
    assert_eq!(image.broker_configs(None)["log.segment.bytes"], "2097152");
    assert_eq!(image.group_configs("g")["consumer.session.timeout.ms"], "50000");
    assert!(image.applied_keys("main").unwrap().plugins.contains("schema"));
    assert_eq!(controller.next_producer_id().await.unwrap(), 1000);
}

/// Writes the fixture of the present format: every kind of record, some of them in the snapshot, some behind it.
#[tokio::test]
#[ignore = "run it once, when the format is raised"]
async fn write_the_fixture() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    let set = |key: &str, value: &str| {
        [Change {
            key: key.into(),
            op: Op::Set(value.into()),
        }]
    };
    let plugin = DesiredPlugin {
        module: Digest([7; 32]),
        builtin: Some("json-schema-validator".into()),
        config: serde_json::json!({ "field": "a", "ratio": 0.1 }),
        limits: PluginLimits {
            deadline_ms: Some(20),
            memory_bytes: None,
        },
    };
    let configs = BTreeMap::from([("corvid.produce".into(), "schema".into())]);
    let orders = DesiredTopic {
        partitions: Some(2),
        configs,
    };
    let desired = Desired {
        owner: "main".into(),
        topics: [("orders".into(), orders)].into(),
        plugins: [("schema".into(), plugin)].into(),
    };
    controller.apply(&desired, false).await.unwrap();
    controller
        .alter_broker_configs(Some(NODE), &set("log.retention.ms", "1000"), false)
        .await
        .unwrap();
    controller
        .alter_broker_configs(None, &set("log.segment.bytes", "2097152"), false)
        .await
        .unwrap();
    controller
        .alter_group_configs("g", &set("consumer.session.timeout.ms", "50000"), false)
        .await
        .unwrap();
    create(&controller, "deleted").await;
    controller.shutdown().await;

    let controller = start(dir.path()).await;
    create(&controller, "late.topic").await;
    let image = controller.image();
    let id = |name: &str| image.topic(name).unwrap().id;
    controller.delete_topic(id("deleted")).await.unwrap();
    controller.ensure_route(id("orders"), id("late.topic")).await.unwrap();
    controller.create_partitions("orders", 3, &[], false).await.unwrap();
    controller
        .alter_topic_configs("orders", &set("retention.ms", "60000"), false)
        .await
        .unwrap();
    assert_eq!(controller.next_producer_id().await.unwrap(), 0);
    crash(&controller).await;
    fs::create_dir_all(fixture(crate::journal::FORMAT)).unwrap();
    for name in ["quorum.log", "image.snapshot"] {
        fs::copy(dir.path().join(name), fixture(crate::journal::FORMAT).join(name)).unwrap();
    }
}
