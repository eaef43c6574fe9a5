//! The handle that everyone holds.

use std::sync::{Arc, Mutex, PoisonError};

use corvid_env::fs::Dir;
use corvid_env::task::{ThreadHandle, spawn_thread};
use corvid_metadata::config::Configs;
use corvid_metadata::{Conflict, Image, NodeId, Record};
use tokio::sync::{oneshot, watch};

use crate::error::{StartError, SubmitError};
use crate::first_use::FirstUses;
use crate::producer_ids::ProducerIds;
use crate::raft::{self, Raft};
use crate::runner::{self, Stop};

/// The largest batch, as JSON: far beyond what one request can ask for.
pub const MAX_BATCH_BYTES: usize = 16 << 20;

/// How often a request is built anew when another one has overtaken it.
const MAX_RACES: usize = 100;

/// What a controller is started with.
#[derive(Clone, Debug)]
pub struct ControllerConfig {
    /// This node.
    pub node: NodeId,
    /// Where the quorum's files are: a directory of its own.
    pub dir: Dir,
    /// Where clients reach this node.
    pub advertised: Advertised,
    /// The configs from the node's own file, under Kafka's names.
    pub fixed: Configs,
    /// A snapshot is written, and the log cut, after so many entries.
    pub snapshot_every: u64,
}

impl ControllerConfig {
    /// A node whose clients are told this address, with everything else by default.
    pub fn new(node: NodeId, dir: Dir, advertised: Advertised) -> Self {
        ControllerConfig {
            node,
            dir,
            advertised,
            fixed: Configs::new(),
            snapshot_every: 1000,
        }
    }
}

/// Where clients reach a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advertised {
    /// A name or an address.
    pub host: String,
    /// The port of that.
    pub port: u16,
    /// `broker.rack`.
    pub rack: Option<String>,
}

/// This node's part of the metadata quorum.
///
/// Dropping it without [`Controller::shutdown`] ends the quorum as a crash would: nothing that was
/// committed is lost, the next start replays more.
pub struct Controller {
    node: NodeId,
    fixed: Configs,
    images: watch::Receiver<Arc<Image>>,
    raft: Raft,
    pub(crate) producer_ids: ProducerIds,
    pub(crate) first_uses: FirstUses,
    stop: watch::Sender<Stop>,
    stopped: watch::Receiver<Option<String>>,
    thread: Mutex<Option<ThreadHandle>>,
}

impl Controller {
    /// Starts the quorum from its files, or founds it in an empty directory; registers this node,
    /// and returns when the image is up to date.
    pub async fn start(config: ControllerConfig) -> Result<Arc<Controller>, StartError> {
        let (node, fixed) = (config.node, config.fixed.clone());
        let (stop, stop_signal) = watch::channel(Stop::Run);
        let (stopped_sender, stopped) = watch::channel(None);
        let (started_sender, started) = oneshot::channel();
        let thread = spawn_thread("controller", move || {
            runner::run(config, started_sender, stop_signal, stopped_sender)
        });
        let started = started
            .await
            .map_err(|_| StartError::Quorum("its thread has panicked".to_owned()))??;
        Ok(Arc::new(Controller {
            node,
            fixed,
            images: started.images,
            raft: started.raft,
            producer_ids: ProducerIds::default(),
            first_uses: FirstUses::default(),
            stop,
            stopped,
            thread: Mutex::new(Some(thread)),
        }))
    }

    /// This node.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The configs from the node's own file.
    pub fn fixed_configs(&self) -> &Configs {
        &self.fixed
    }

    /// The newest image.
    pub fn image(&self) -> Arc<Image> {
        self.images.borrow().clone()
    }

    /// Tells of every new image. A slow watcher sees the newest only.
    pub fn watch(&self) -> watch::Receiver<Arc<Image>> {
        self.images.clone()
    }

    /// The broker configs that count on this node: its file, under what was set over the wire.
    pub fn broker_configs(&self) -> Configs {
        self.image().broker_layers(self.node, &self.fixed).merged()
    }

    /// Commits a batch, all or nothing, and returns an image that has it.
    pub async fn submit(&self, records: Vec<Record>) -> Result<Arc<Image>, SubmitError> {
        runner::check_size(&records)?;
        raft::write(&self.raft, records).await
    }

    /// Builds a batch from the newest image and commits it; builds it anew when another request
    /// has overtaken it. An empty batch is not submitted.
    pub(crate) async fn submit_built<E>(
        &self,
        build: impl Fn(&Image) -> Result<Vec<Record>, E>,
        overtaken: impl Fn(&Conflict) -> bool,
        fail: impl Fn(SubmitError) -> E,
    ) -> Result<Arc<Image>, E> {
        for _ in 0..MAX_RACES {
            let image = self.image();
            let records = build(&image)?;
            if records.is_empty() {
                return Ok(image);
            }
            match self.submit(records).await {
                Err(SubmitError::Conflict(conflict)) if overtaken(&conflict) => {}
                other => return other.map_err(&fail),
            }
        }
        Err(fail(SubmitError::Unavailable(format!(
            "overtaken by other requests {MAX_RACES} times"
        ))))
    }

    /// Waits until the quorum has ended, and says why: by [`Controller::shutdown`], or because its
    /// disk has failed. Images stay readable.
    pub async fn stopped(&self) -> String {
        let mut stopped = self.stopped.clone();
        match stopped.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            Err(_) => "the controller's thread has panicked".to_owned(),
        }
    }

    /// Writes a snapshot and stops. Afterwards every submission is [`SubmitError::Unavailable`].
    pub async fn shutdown(&self) {
        self.stop(Stop::Gracefully).await;
    }

    pub(crate) async fn stop(&self, how: Stop) {
        self.stop.send_replace(how);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && let Err(panicked) = thread.join().await
        {
            tracing::error!(%panicked, "the controller did not stop in order");
        }
    }
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller")
            .field("node", &self.node)
            .field("version", &self.image().version())
            .finish_non_exhaustive()
    }
}
