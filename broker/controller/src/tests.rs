//! The controller as a whole, on real files.

mod apply;
mod configs;
mod damage;
mod fixtures;
mod restart;
mod topics;

use std::path::Path;
use std::sync::Arc;

use corvid_env::fs::Dir;
use corvid_metadata::NodeId;

use crate::controller::{Advertised, Controller, ControllerConfig};
use crate::error::StartError;
use crate::runner::Stop;
use crate::topics::TopicSpec;

const NODE: NodeId = NodeId(1);

fn config(path: &Path) -> ControllerConfig {
    let advertised = Advertised {
        host: "localhost".to_owned(),
        port: 9092,
        rack: None,
    };
    ControllerConfig::new(NODE, Dir::create_all(path).unwrap(), advertised)
}

async fn try_start(path: &Path) -> Result<Arc<Controller>, StartError> {
    Controller::start(config(path)).await
}

async fn start(path: &Path) -> Arc<Controller> {
    try_start(path).await.unwrap()
}

/// Ends the quorum without a snapshot, as a kill would.
async fn crash(controller: &Controller) {
    controller.stop(Stop::AtOnce).await;
}

fn topic(name: &str, partitions: i32) -> TopicSpec {
    TopicSpec {
        name: name.to_owned(),
        partitions: Some(partitions),
        ..TopicSpec::default()
    }
}

async fn create(controller: &Controller, name: &str) {
    controller.create_topic(topic(name, 2), false).await.unwrap();
}

fn names(controller: &Controller) -> Vec<String> {
    controller.image().topics().map(|topic| topic.name.clone()).collect()
}
