use std::collections::BTreeMap;

use corvid_metadata::config::{ConfigError, Configs};
use corvid_metadata::{Digest, PluginLimits, PluginRecord, Record};

use super::{NODE, create, start};
use crate::configs::{AlterConfigsError, Change, Op};
use crate::controller::Controller;

fn set(key: &str, value: &str) -> Change {
    Change {
        key: key.into(),
        op: Op::Set(value.into()),
    }
}

fn configs(controller: &Controller) -> Configs {
    controller.image().topic("a").unwrap().configs.clone()
}

async fn put_plugin(controller: &Controller, name: &str) {
    let plugin = PluginRecord {
        module: Digest([1; 32]),
        builtin: None,
        config: serde_json::Value::Null,
        limits: PluginLimits::default(),
        generation: 1,
        deployment: corvid_metadata::Deployment::default(),
    };
    controller
        .submit(vec![Record::PutPlugin {
            name: name.into(),
            plugin,
        }])
        .await
        .unwrap();
}

#[tokio::test]
async fn topic_configs_are_set_and_go_back_to_default() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "a").await;
    let alter = async |changes: &[Change]| controller.alter_topic_configs("a", changes, false).await;
    alter(&[set("retention.ms", "5"), set("segment.ms", "7")])
        .await
        .unwrap();
    alter(&[Change {
        key: "retention.ms".into(),
        op: Op::Delete,
    }])
    .await
    .unwrap();
    assert_eq!(
        configs(&controller),
        BTreeMap::from([("segment.ms".into(), "7".into())])
    );
    controller
        .alter_topic_configs("a", &[set("retention.ms", "5")], true)
        .await
        .unwrap();
    assert_eq!(configs(&controller).len(), 1, "validated only");
    controller
        .replace_topic_configs("a", Configs::from([("retention.ms".into(), "9".into())]), false)
        .await
        .unwrap();
    assert_eq!(
        configs(&controller),
        BTreeMap::from([("retention.ms".into(), "9".into())])
    );
    let version = controller.image().version();
    alter(&[set("retention.ms", "9")]).await.unwrap();
    assert_eq!(controller.image().version(), version, "no change, no entry");
}

#[tokio::test]
async fn impossible_configs_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "a").await;
    let refuse = async |changes: &[Change]| controller.alter_topic_configs("a", changes, false).await.unwrap_err();
    let invalid = |error| matches!(error, AlterConfigsError::InvalidConfig(_));
    assert!(invalid(refuse(&[set("nonsense", "1")]).await));
    assert!(invalid(refuse(&[set("retention.ms", "soon")]).await));
    assert!(invalid(refuse(&[set("remote.storage.enable", "true")]).await));
    assert!(invalid(
        refuse(&[Change {
            key: "cleanup.policy".into(),
            op: Op::Append("compress".into())
        }])
        .await
    ));
    let twice = [set("retention.ms", "1"), set("retention.ms", "2")];
    assert_eq!(refuse(&twice).await, AlterConfigsError::Twice("retention.ms".into()));
    let append = Change {
        key: "retention.ms".into(),
        op: Op::Append("1".into()),
    };
    assert_eq!(
        refuse(&[append]).await,
        AlterConfigsError::NotAList("retention.ms".into())
    );
    assert!(matches!(
        refuse(&[set("corvid.produce", "nobody")]).await,
        AlterConfigsError::InvalidBinding(_)
    ));
    let unknown = controller.alter_topic_configs("b", &[], false).await;
    assert_eq!(unknown, Err(AlterConfigsError::UnknownTopic("b".into())));
}

#[tokio::test]
async fn a_chain_is_appended_to_and_subtracted_from() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "a").await;
    put_plugin(&controller, "p").await;
    put_plugin(&controller, "q").await;
    let alter = async |op: Op| {
        let change = Change {
            key: "corvid.produce".into(),
            op,
        };
        controller.alter_topic_configs("a", &[change], false).await.unwrap();
        configs(&controller)["corvid.produce"].clone()
    };
    assert_eq!(alter(Op::Append("p".into())).await, r#"["p"]"#);
    let both = alter(Op::Append(r#"[{"plugin":"q","config":{"x":1}}]"#.into())).await;
    assert_eq!(both, r#"["p",{"plugin":"q","config":{"x":1}}]"#);
    assert_eq!(
        alter(Op::Subtract("p".into())).await,
        r#"[{"plugin":"q","config":{"x":1}}]"#
    );
    // A plugin that is bound can't go.
    let removed = controller.submit(vec![Record::RemovePlugin { name: "q".into() }]).await;
    assert!(removed.is_err());
}

#[tokio::test]
async fn broker_configs_have_layers() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    controller
        .alter_broker_configs(None, &[set("log.retention.ms", "1")], false)
        .await
        .unwrap();
    controller
        .alter_broker_configs(Some(NODE), &[set("log.retention.ms", "2")], false)
        .await
        .unwrap();
    assert_eq!(controller.broker_configs()["log.retention.ms"], "2");
    controller
        .replace_broker_configs(Some(NODE), Configs::new(), false)
        .await
        .unwrap();
    assert_eq!(controller.broker_configs()["log.retention.ms"], "1");
    let refused = controller
        .alter_broker_configs(None, &[set("num.partitions", "3")], false)
        .await;
    assert_eq!(
        refused,
        Err(AlterConfigsError::InvalidConfig(ConfigError::ReadOnly {
            key: "num.partitions".into()
        }))
    );
    controller
        .alter_group_configs("g", &[set("consumer.session.timeout.ms", "50000")], false)
        .await
        .unwrap();
    assert_eq!(controller.image().group_configs("g").len(), 1);
}
