//! Shadows: a candidate sees what the active generation sees, and what the two say is compared.
//!
//! ```text
//! a hook ── asks the active one ──► its answers ──► append, or what the reader gets ──► the client's answer
//!             └─ a job: the same records, its answers ──► a bounded queue ──► the shadow's own thread: asks the candidate, compares
//! ```
//!
//! So at every hook: those of a produce, the policy with what has failed, the view with who reads. Both are told the same time
//! and draw the same random numbers ([`Moment`]).
//!
//! The path clones the answers and hands over the records' bytes, which are shared; it waits for nothing. When the queue
//! is full, the records are not compared, and that is counted. What the candidate says, and its faults, are counted and thrown
//! away: there is no way from here to a log, to a reader, or to what is kept of views.

mod compare;
mod findings;
mod registry;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use corvid_env::task;
use corvid_plugin_host::{Hook, HookInput, Moment, OwnedFailures, OwnedViewer, Plugin};
use parking_lot::Mutex;
use tokio::sync::mpsc;

pub use compare::{Answers, Said};
pub use findings::{Compared, Difference, Findings};
pub(crate) use registry::Shadows;

/// How many batches may wait to be compared.
const JOBS_MAX: usize = 64;
/// How many bytes of records they may have together.
const BYTES_MAX: usize = 8 << 20;

/// One generation's shadow: its queue, and what was found so far.
pub struct Shadow {
    /// The plugin's name.
    pub plugin: String,
    /// The generation that is tried.
    pub generation: u64,
    jobs: mpsc::Sender<Job>,
    bytes: Arc<AtomicUsize>,
    findings: Arc<Mutex<Findings>>,
}

/// A candidate beside a hook that is about to be asked.
#[derive(Clone, Copy)]
pub(crate) struct Beside<'a> {
    shadow: &'a Arc<Shadow>,
    plugin: &'a Arc<Plugin>,
    moment: Moment,
}

/// Records on their way to a shadow, without the offset of their batch.
pub(crate) struct Look {
    shadow: Arc<Shadow>,
    job: Job,
}

/// Records that a shadow is to see.
pub(crate) struct Job {
    plugin: Arc<Plugin>,
    hook: Hook,
    topic: Arc<str>,
    partition: i32,
    partitions: i32,
    base_timestamp: i64,
    /// Of the batch that they are of, if it was appended.
    base_offset: Option<i64>,
    records: Bytes,
    count: u32,
    /// How far behind the base offset each record stands; `None`: as far as it stands among these.
    places: Option<Vec<u32>>,
    failures: OwnedFailures,
    viewer: Option<OwnedViewer>,
    moment: Moment,
    /// For a policy: the topic that letters usually go to.
    letters: Option<String>,
    answers: Answers,
}

impl Shadow {
    /// A shadow that has seen nothing. Its thread ends with it.
    pub(crate) fn new(plugin: &str, generation: u64) -> Arc<Self> {
        let (jobs, queue) = mpsc::channel(JOBS_MAX);
        let findings = Arc::new(Mutex::new(Findings::default()));
        let bytes = Arc::new(AtomicUsize::new(0));
        let (into, freed) = (findings.clone(), bytes.clone());
        drop(task::spawn_thread("shadow", move || work(queue, into, freed)));
        Arc::new(Self {
            plugin: plugin.to_owned(),
            generation,
            jobs,
            bytes,
            findings,
        })
    }

    /// What was found so far.
    pub fn findings(&self) -> Findings {
        self.findings.lock().clone()
    }

    fn offer(&self, job: Job) {
        let (bytes, count, hook) = (job.size(), u64::from(job.count), job.hook);
        let room = self.bytes.fetch_add(bytes, Relaxed) + bytes <= BYTES_MAX;
        if !room || self.jobs.try_send(job).is_err() {
            self.bytes.fetch_sub(bytes, Relaxed);
            self.findings.lock().skip(hook, count);
        }
    }
}

impl<'a> Beside<'a> {
    pub(crate) fn new(shadow: &'a Arc<Shadow>, plugin: &'a Arc<Plugin>) -> Self {
        Self {
            shadow,
            plugin,
            moment: Moment::now(),
        }
    }

    /// The time and the chance that the active generation is to be asked with.
    pub(crate) fn moment(&self) -> Moment {
        self.moment
    }

    /// Notes what the active generation was asked and said. `records` are those of the input; they are copied, since they may be a small
    /// part of a request or of what was read from a log, and wait here for longer than that.
    pub(crate) fn look(&self, input: &HookInput<'_>, records: &[u8], places: Option<&[u32]>, answers: Answers) -> Look {
        Look {
            shadow: self.shadow.clone(),
            job: Job {
                plugin: self.plugin.clone(),
                hook: answers.hook(),
                topic: input.topic.into(),
                partition: input.partition,
                partitions: input.partitions,
                base_timestamp: input.base_timestamp,
                base_offset: None,
                records: Bytes::copy_from_slice(records),
                count: input.count,
                places: places.map(<[u32]>::to_vec),
                failures: OwnedFailures::of(input.failures),
                viewer: input.viewer.map(OwnedViewer::from),
                moment: self.moment,
                letters: None,
                answers,
            },
        }
    }
}

impl Look {
    /// Letters usually go to this topic.
    pub(crate) fn with_letters(mut self, topic: &str) -> Self {
        self.job.letters = Some(topic.to_owned());
        self
    }

    /// Hands the records over, once it is known where their batch was appended, if it was.
    pub(crate) fn hand_over(mut self, base_offset: Option<i64>) {
        self.job.base_offset = base_offset;
        self.shadow.offer(self.job);
    }
}

impl Job {
    /// About what it keeps in memory.
    fn size(&self) -> usize {
        self.records.len() + self.failures.size()
    }
}

/// The shadow's thread.
async fn work(mut queue: mpsc::Receiver<Job>, findings: Arc<Mutex<Findings>>, queued: Arc<AtomicUsize>) {
    while let Some(job) = queue.recv().await {
        let candidate = ask(&job).await;
        findings.lock().add(&job, &candidate);
        queued.fetch_sub(job.size(), Relaxed);
    }
}

async fn ask(job: &Job) -> Answers {
    let failures = job.failures.view();
    let input = HookInput {
        topic: &job.topic,
        partition: job.partition,
        partitions: job.partitions,
        base_timestamp: job.base_timestamp,
        records: &job.records,
        count: job.count,
        failures: &failures,
        viewer: job.viewer.as_ref().map(OwnedViewer::borrow),
        moment: Some(job.moment),
    };
    Answers::of(&job.plugin, job.hook, input).await
}
