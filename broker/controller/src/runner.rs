//! What runs on the controller's thread: it opens the quorum, brings it up, registers the node,
//! and then only waits to be stopped.

use std::sync::Arc;

use corvid_env::fs::DirLock;
use corvid_env::random;
use corvid_metadata::ids::uuid_text;
use corvid_metadata::record::FORMAT_VERSION;
use corvid_metadata::{Image, Record};
use tokio::sync::{oneshot, watch};

use crate::controller::ControllerConfig;
use crate::error::{StartError, SubmitError};
use crate::raft::log_store::LogStore;
use crate::raft::recovery::recover;
use crate::raft::{self, Metrics, NoPeers, Raft, ServerState, StateMachine, WatchReceiver};

/// How the thread is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Not yet.
    Run,
    /// Write a snapshot first.
    Gracefully,
    /// As a crash would, but for the memory.
    AtOnce,
}

/// What the thread hands back once the quorum is up.
pub(crate) struct Started {
    pub(crate) raft: Raft,
    pub(crate) images: watch::Receiver<Arc<Image>>,
}

/// The life of the thread.
pub(crate) async fn run(
    config: ControllerConfig,
    started: oneshot::Sender<Result<Started, StartError>>,
    mut stop: watch::Receiver<Stop>,
    stopped: watch::Sender<Option<String>>,
) {
    let reason = raft::scope(async {
        // The lock goes when this ends, after openraft has let go of the files.
        let (raft, images, _lock) = match open(&config).await {
            Ok(opened) => opened,
            Err(error) => {
                let reason = error.to_string();
                let _ = started.send(Err(error));
                return reason;
            }
        };
        // Whoever asked may have given up; then the stop signal is gone, too, and all ends below.
        let _ = started.send(Ok(Started {
            raft: raft.clone(),
            images,
        }));
        until_stopped(&raft, &mut stop).await
    })
    .await;
    stopped.send_replace(Some(reason));
}

async fn open(config: &ControllerConfig) -> Result<(Raft, watch::Receiver<Arc<Image>>, DirLock), StartError> {
    let recovered = recover(&config.dir, config.node).await?;
    let (images_sender, images) = watch::channel(Arc::default());
    let machine = StateMachine::new(recovered.snapshots, recovered.on_disk.snapshot, images_sender);
    let fresh = recovered.on_disk.content.last().is_none();
    let store = LogStore::new(recovered.journal, recovered.on_disk.content);
    let quorum = |error: &dyn std::fmt::Display| StartError::Quorum(error.to_string());
    let raft_config = raft::config(config.snapshot_every).map_err(|error| quorum(&error))?;
    let raft = Raft::new(raft::raft_id(config.node), raft_config, NoPeers, store, machine)
        .await
        .map_err(|error| quorum(&error))?;
    if fresh {
        raft.initialize(raft::members(config.node))
            .await
            .map_err(|error| quorum(&error))?;
    }
    raft.trigger().elect(false).await.map_err(|error| quorum(&error))?;
    until(&raft, leads_and_has_applied_all)
        .await
        .map_err(|reason| quorum(&reason))?;
    let registration = registration(config, &images.borrow());
    raft::write(&raft, registration).await.map_err(|error| quorum(&error))?;
    Ok((raft, images, recovered.lock))
}

/// A quorum of one elects itself as soon as its vote is on disk. Its first entry, of the new term,
/// commits what earlier lives left behind.
fn leads_and_has_applied_all(metrics: &Metrics) -> bool {
    let applied = metrics.last_applied.as_ref();
    metrics.state == ServerState::Leader
        && applied.map(|applied| applied.index) == metrics.last_log_index
        && applied.is_some_and(|applied| applied.leader_id.term == metrics.current_term)
}

/// One batch: a new life of this node, and of the cluster, if it has none yet.
fn registration(config: &ControllerConfig, image: &Image) -> Vec<Record> {
    let mut records = Vec::new();
    if image.cluster_id().is_none() {
        records.push(Record::FormatVersion {
            version: FORMAT_VERSION,
        });
        records.push(Record::ClusterId {
            id: uuid_text(&random::uuid()),
        });
    }
    records.push(Record::RegisterBroker {
        node: config.node,
        incarnation: uuid_text(&random::uuid()),
        host: config.advertised.host.clone(),
        port: config.advertised.port,
        rack: config.advertised.rack.clone(),
    });
    records
}

/// Waits for the signal, or for the quorum to fail; says why it ended.
async fn until_stopped(raft: &Raft, stop: &mut watch::Receiver<Stop>) -> String {
    let signal = tokio::select! {
        biased;
        // A handle that is dropped without a word has crashed.
        signal = stop.wait_for(|stop| *stop != Stop::Run) => signal.map_or(Stop::AtOnce, |stop| *stop),
        failed = until(raft, |_| false) => {
            let reason = failed.err().unwrap_or_default();
            tracing::error!(reason, "the metadata quorum has failed: metadata can't change until a restart");
            return reason;
        }
    };
    if signal == Stop::Gracefully
        && let Err(reason) = snapshot(raft).await
    {
        tracing::warn!(reason, "no snapshot at shutdown: the next start replays the log");
    }
    // The error is that of joining a task that has ended by itself: all the same here.
    let _ = raft.shutdown().await;
    "the controller is shut down".to_owned()
}

/// Everything that is applied, in a snapshot, and out of the log.
async fn snapshot(raft: &Raft) -> Result<(), String> {
    let target = raft.metrics().borrow_watched().last_applied;
    raft.trigger().snapshot().await.map_err(|error| error.to_string())?;
    until(raft, |metrics| metrics.snapshot >= target && metrics.purged >= target).await
}

/// Waits until the quorum's metrics are as wanted; an error says why they never will be.
async fn until(raft: &Raft, wanted: impl Fn(&Metrics) -> bool) -> Result<(), String> {
    let mut metrics = raft.metrics();
    loop {
        {
            let now = metrics.borrow_watched();
            if let Err(fatal) = &now.running_state {
                return Err(fatal.to_string());
            }
            if wanted(&now) {
                return Ok(());
            }
        }
        if metrics.changed().await.is_err() {
            return Err("the quorum's task has ended".to_owned());
        }
    }
}

/// Serializing a batch tells its size without keeping it.
pub(crate) fn check_size(records: &[Record]) -> Result<(), SubmitError> {
    let mut counter = Counter(0);
    serde_json::to_writer(&mut counter, records).expect("records are plain data, and counting takes all");
    if counter.0 > crate::controller::MAX_BATCH_BYTES {
        return Err(SubmitError::TooLarge {
            bytes: counter.0,
            limit: crate::controller::MAX_BATCH_BYTES,
        });
    }
    Ok(())
}

struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
