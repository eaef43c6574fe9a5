//! A file's topics and plugins: checked as a whole, committed in one batch, and in effect when it is answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use corvid_controller::{Applied, ApplyError, Controller};
use corvid_metadata::desired::{Change, Desired, Plan};
use corvid_metadata::{Conflict, Digest};
use corvid_pipeline::{ModuleError, Topics, digest_of};
use tokio::sync::{Mutex, watch};

/// What is to be applied.
#[derive(Debug, Clone, Default)]
pub struct Application {
    /// Topics and plugins.
    pub desired: Desired,
    /// The bytes of the modules that it names; those that the node has already may be left out.
    pub modules: BTreeMap<Digest, Bytes>,
}

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The differences, for people; none if all was as the file wants it.
    pub changes: Vec<Change>,
    /// What is odd about the result.
    pub warnings: Vec<String>,
    /// The version of the metadata that is in effect.
    pub version: u64,
}

/// Why nothing of a file was applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyFailure {
    /// The bytes of a module are not what its digest says.
    #[error("a module that was sent is not {expected}: its digest is {found}")]
    OtherModule {
        /// What it was sent as.
        expected: Digest,
        /// What it is.
        found: Digest,
    },
    /// A module is not to be had.
    #[error("{0}")]
    Module(#[from] ModuleError),
    /// A plugin does not load, fails its self-test, or is bound where it cannot be.
    #[error("{0}")]
    Check(String),
    /// The plan contradicts the metadata.
    #[error("{0}")]
    Conflict(#[from] Conflict),
    /// The file cannot be made so.
    #[error("{0}")]
    Apply(#[from] ApplyError),
}

/// Applies files, one at a time.
pub struct Applier {
    pub(crate) controller: Arc<Controller>,
    pub(crate) topics: Arc<Topics>,
    settled: watch::Receiver<u64>,
    /// Between the check and the commit, no other file is applied, and no plugin deployed.
    pub(crate) turn: Mutex<()>,
}

impl Applier {
    /// `settled` tells which version of the metadata this node has put into effect.
    pub fn new(controller: Arc<Controller>, topics: Arc<Topics>, settled: watch::Receiver<u64>) -> Arc<Self> {
        Arc::new(Self {
            controller,
            topics,
            settled,
            turn: Mutex::default(),
        })
    }

    /// Makes the cluster what the application wants, or says what that would change.
    ///
    /// The modules are stored first, in a dry run, too: only what is on the node can be tried. Nothing else is done
    /// unless every plugin of the outcome loads and passes its self-test. When this returns, this node has put it
    /// into effect.
    pub async fn apply(&self, application: &Application, dry_run: bool) -> Result<Outcome, ApplyFailure> {
        let _turn = self.turn.lock().await;
        self.store(&application.modules).await?;
        let Applied { plan, image, made } = self.controller.apply(&application.desired, true).await?;
        // What is there already is loaded, and costs a look.
        let checked = self.topics.check(&image).await.map_err(ApplyFailure::Check);
        if checked.is_err() || dry_run {
            // What was loaded to be tried, and will not be bound.
            self.topics.plugins().forget_unused();
            self.topics.plugins().prune_cache().await;
        }
        checked?;
        if dry_run {
            return Ok(self.outcome(plan, &[]));
        }
        let Applied { plan, .. } = self.controller.apply_as(&application.desired, false, &made).await?;
        self.settle().await;
        let warnings = self.unavailable(application.desired.topics.keys().map(String::as_str));
        Ok(self.outcome(plan, &warnings))
    }

    /// Whether this node has a module, and its size.
    pub(crate) fn module(&self, digest: Digest) -> Result<usize, ModuleError> {
        self.topics.plugins().modules().get(digest).map(|bytes| bytes.len())
    }

    /// Keeps a module.
    pub(crate) async fn put(&self, expected: Digest, bytes: &[u8]) -> Result<(), ApplyFailure> {
        let found = digest_of(bytes);
        if found != expected {
            return Err(ApplyFailure::OtherModule { expected, found });
        }
        self.topics.plugins().modules().put(bytes).await?;
        Ok(())
    }

    /// Returns once this node has put the newest metadata into effect.
    pub(crate) async fn settle(&self) {
        let version = self.controller.image().version();
        // The sender lives as long as the node; if it is gone, there is nothing to wait for.
        let _ = self.settled.clone().wait_for(|settled| *settled >= version).await;
    }

    /// Which of these topics take no records, and why.
    pub(crate) fn unavailable<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<String> {
        let (image, topics) = (self.controller.image(), self.topics.all());
        let told = |name: &str| {
            let reason = topics.get(&image.topic(name)?.id)?.plan.as_ref().err()?;
            Some(format!("topic {name} takes no records: {reason}"))
        };
        names.filter_map(told).collect()
    }

    async fn store(&self, modules: &BTreeMap<Digest, Bytes>) -> Result<(), ApplyFailure> {
        for (digest, bytes) in modules {
            self.put(*digest, bytes).await?;
        }
        Ok(())
    }

    fn outcome(&self, plan: Plan, warnings: &[String]) -> Outcome {
        let drift = plan.drift.iter().map(ToString::to_string);
        let left = plan.left.iter().map(ToString::to_string);
        Outcome {
            warnings: drift.chain(left).chain(warnings.iter().cloned()).collect(),
            changes: plan.changes,
            version: *self.settled.borrow(),
        }
    }
}
