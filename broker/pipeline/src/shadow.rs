//! Shadows: a candidate sees what the active generation sees, and what the two say is compared.
//!
//! ```text
//! judge ── asks the active one ──► its answers ──► append ──► the client's answer
//!             └─ a job: the same records, its answers ──► a bounded queue ──► the shadow's own thread: asks the candidate, compares
//! ```
//!
//! The produce path clones the answers and hands over the batch's bytes, which are shared; it waits for nothing. When the queue
//! is full, the batch is not compared, and that is counted. What the candidate says, and its faults, are counted and thrown away.

mod compare;
mod findings;
mod registry;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use corvid_env::task;
use corvid_plugin_host::{Hook, HookInput, Plugin};
use parking_lot::Mutex;
use tokio::sync::mpsc;

pub use compare::{Answers, Said};
pub use findings::{Difference, Findings};
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

/// A batch on its way to a shadow, without its offset.
pub(crate) struct Look {
    shadow: Arc<Shadow>,
    job: Job,
}

/// A batch that a shadow is to see.
pub(crate) struct Job {
    plugin: Arc<Plugin>,
    hook: Hook,
    topic: Arc<str>,
    partition: i32,
    partitions: i32,
    base_timestamp: i64,
    /// Of the batch that the client sent, if it was appended.
    base_offset: Option<i64>,
    records: Bytes,
    count: u32,
    /// Where each record stands in the client's batch; `None`: at its own place.
    places: Option<Vec<u32>>,
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
        let (bytes, count) = (job.records.len(), u64::from(job.count));
        let room = self.bytes.fetch_add(bytes, Relaxed) + bytes <= BYTES_MAX;
        if !room || self.jobs.try_send(job).is_err() {
            self.bytes.fetch_sub(bytes, Relaxed);
            self.findings.lock().skipped += count;
        }
    }
}

impl Look {
    /// Notes what the active generation was asked and said, for `shadow`.
    pub(crate) fn new(
        shadow: &Arc<Shadow>,
        plugin: &Arc<Plugin>,
        input: &HookInput<'_>,
        records: &Bytes,
        places: Option<&[u32]>,
        answers: Answers,
    ) -> Self {
        Self {
            shadow: shadow.clone(),
            job: Job {
                plugin: plugin.clone(),
                hook: answers.hook(),
                topic: input.topic.into(),
                partition: input.partition,
                partitions: input.partitions,
                base_timestamp: input.base_timestamp,
                base_offset: None,
                records: records.clone(),
                count: input.count,
                places: places.map(<[u32]>::to_vec),
                answers,
            },
        }
    }

    /// Hands the batch over, once it is known where it was appended, if it was.
    pub(crate) fn hand_over(mut self, base_offset: Option<i64>) {
        self.job.base_offset = base_offset;
        self.shadow.offer(self.job);
    }
}

/// The shadow's thread.
async fn work(mut queue: mpsc::Receiver<Job>, findings: Arc<Mutex<Findings>>, queued: Arc<AtomicUsize>) {
    while let Some(job) = queue.recv().await {
        let candidate = ask(&job).await;
        findings.lock().add(&job, &candidate);
        queued.fetch_sub(job.records.len(), Relaxed);
    }
}

async fn ask(job: &Job) -> Answers {
    let input = HookInput {
        topic: &job.topic,
        partition: job.partition,
        partitions: job.partitions,
        base_timestamp: job.base_timestamp,
        records: &job.records,
        count: job.count,
        failures: &[],
        viewer: None,
    };
    Answers::of(&job.plugin, job.hook, input).await
}
