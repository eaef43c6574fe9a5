//! What a node does now and then: rolls and retention.

use std::sync::Arc;
use std::time::Duration;

use corvid_controller::Controller;
use corvid_env::clock;
use corvid_replication::Replicas;

/// Runs until it is aborted, every `log.retention.check.interval.ms`.
pub(crate) async fn run(controller: Arc<Controller>, replicas: Arc<Replicas>) {
    loop {
        let interval = {
            let image = controller.image();
            replicas
                .configs()
                .layers(&image)
                .number("log.retention.check.interval.ms")
                .max(1)
        };
        clock::sleep(Duration::from_millis(interval.unsigned_abs())).await;
        replicas.tidy_up().await;
    }
}
