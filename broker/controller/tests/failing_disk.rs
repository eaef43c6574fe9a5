//! A disk that fails under the quorum's log. (A process of its own: fail-points are the whole process's.)

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test, with a runtime of its own"
)]

use std::sync::Arc;

use corvid_controller::{Advertised, Controller, ControllerConfig, CreateTopicError, SubmitError, TopicSpec};
use corvid_env::fault;
use corvid_env::fs::Dir;
use corvid_metadata::NodeId;

async fn start(path: &std::path::Path) -> Arc<Controller> {
    let dir = Dir::create_all(path).unwrap();
    Controller::start(ControllerConfig::new(NodeId(1), dir, Advertised::default()))
        .await
        .unwrap()
}

async fn create(controller: &Controller, name: &str) -> Result<(), CreateTopicError> {
    let spec = TopicSpec {
        name: name.to_owned(),
        ..TopicSpec::default()
    };
    controller.create_topic(spec, false).await.map(drop)
}

#[tokio::test]
async fn a_failed_write_ends_the_quorum_and_what_was_acknowledged_stays() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "before").await.unwrap();
    for point in ["metadata.written=error", "fs.sync_data=full"] {
        let controller = if point.starts_with("fs") {
            start(dir.path()).await
        } else {
            Arc::clone(&controller)
        };
        fault::arm(point).unwrap();
        let refused = create(&controller, &format!("during-{}", point.len())).await;
        fault::arm("").unwrap();
        assert!(
            matches!(refused, Err(CreateTopicError::Submit(SubmitError::Unavailable(_)))),
            "{refused:?}"
        );
        // The disk is well again, but what it has lost is not known: only a restart goes on.
        assert!(create(&controller, "after").await.is_err());
        assert!(!controller.stopped().await.is_empty());
        assert!(controller.image().topic("before").is_some(), "images stay readable");
        controller.shutdown().await;
    }
    let controller = start(dir.path()).await;
    assert!(controller.image().topic("before").is_some());
    create(&controller, "after").await.unwrap();
    controller.shutdown().await;
}
