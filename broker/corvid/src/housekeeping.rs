//! What a node does now and then: rolls, retention, compaction, and letting go of what nobody needs any more.

use std::sync::Arc;
use std::time::Duration;

use corvid_controller::Controller;
use corvid_delivery::Delivery;
use corvid_env::clock;
use corvid_env::task::{self, ThreadHandle};
use corvid_pipeline::Topics;
use corvid_replication::Replicas;
use tokio::sync::watch;

use crate::follow::Follower;

/// What is kept.
pub(crate) struct Kept {
    pub controller: Arc<Controller>,
    pub replicas: Arc<Replicas>,
    pub delivery: Arc<Delivery>,
    pub topics: Arc<Topics>,
}

impl Kept {
    /// What follows the metadata is kept in order, too.
    pub fn of(follower: &Follower) -> Self {
        Self {
            controller: follower.controller.clone(),
            replicas: follower.replicas.clone(),
            delivery: follower.delivery.clone(),
            topics: follower.topics.clone(),
        }
    }
}

/// A thread of its own: compaction blocks for as long as it reads and writes.
pub(crate) struct Housekeeping {
    stop: watch::Sender<()>,
    thread: ThreadHandle,
}

impl Housekeeping {
    /// Begins, every `log.retention.check.interval.ms`.
    pub fn start(parts: Kept) -> Self {
        let (stop, stopped) = watch::channel(());
        Self {
            stop,
            thread: task::spawn_thread("housekeeping", move || run(parts, stopped)),
        }
    }

    /// Returns when it does nothing more.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.thread.join().await {
            tracing::error!(%error, "housekeeping");
        }
    }
}

/// Runs until the other end of `stopped` is gone.
async fn run(parts: Kept, mut stopped: watch::Receiver<()>) {
    let Kept {
        controller, replicas, ..
    } = &parts;
    loop {
        let interval = {
            let image = controller.image();
            replicas
                .configs()
                .layers(&image)
                .number("log.retention.check.interval.ms")
                .max(1)
        };
        let interval = Duration::from_millis(interval.unsigned_abs());
        if clock::timeout(interval, stopped.changed()).await.is_ok() {
            return;
        }
        let image = controller.image();
        parts.delivery.forget_gone_sources(&image);
        parts.topics.plugins().prune_modules(&image);
        let go_on = || stopped.has_changed().is_ok();
        replicas.tidy_up(interval, go_on).await;
    }
}
