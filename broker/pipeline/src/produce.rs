//! The produce path: check, judge, append, and wait for what the client asked for.
//!
//! ```text
//! bytes ─ check ─ duplicate? ─ open ─ judge (hooks) ─ assemble (Y, X) ─ append Y X ─ committed ─ delivered
//!         header    answered     only where a hook is bound             one write     acks=all   acks=all and Y
//! ```

use std::sync::Arc;

use bytes::Bytes;
use corvid_delivery::elsewhere_of;
use corvid_env::{clock, fault};
use corvid_metadata::TopicSettings;
use corvid_metadata::config::CompressionType;
use corvid_plugin_host::Hook;
use corvid_record::{Batch, Compression};
use corvid_replication::{
    Acks, AppendError, Closed, Elsewhere, Holding, Partition, PartitionId, Refusal, RefusedRecord,
};
use corvid_storage::Appended;

use crate::assemble::{self, AssembleError, Assembled, DeadLetterTopic, Source};
use crate::check::{self, BatchRefused};
use crate::compacted;
use crate::decided::TopicNotes;
use crate::delay;
use crate::fates::{Fate, Fates};
use crate::judge::{self, Destination};
use crate::plan::TopicPlan;
use crate::plugins::BoundKey;
use crate::policy::Policy;
use crate::retry::{self, RetryMeter, Rules, Tally};
use crate::room::{Cost, Room};
use crate::section::{Offsets, Section, SectionError};
use crate::shadow::Look;
use crate::view::TopicViews;

/// A topic as the produce path needs it: settled before the batch is looked at, and swapped whole.
pub struct ProduceTopic {
    /// The topic's name.
    pub name: Arc<str>,
    /// How many partitions it has.
    pub partitions: i32,
    /// Its settings.
    pub settings: TopicSettings,
    /// Its hooks; `Err` says why they are not there, and then nothing is appended.
    pub plan: Result<TopicPlan, String>,
    /// Where its dead letters go, if some binding sends them: the usual topic first.
    pub dead_letters: Vec<DeadLetterTopic>,
    /// What the plan was loaded from.
    pub(crate) keys: Vec<BoundKey>,
    /// What readers see of it; `Err` says why its views are not there, and then those they are for see nothing.
    pub(crate) views: Result<TopicViews, String>,
    /// What is noted of who decides; `None`: nobody ever did.
    pub(crate) notes: Option<TopicNotes>,
    /// What became of its records, if it is a retry topic.
    pub retry_meter: Arc<RetryMeter>,
    /// Where its batches are opened.
    pub(crate) room: Room,
}

/// A batch that is in the log, or a duplicate of one.
pub struct Accepted {
    /// Its offsets.
    pub appended: Appended,
    partition: Arc<Partition>,
    /// Where some of it is to be before acks=all is answered.
    elsewhere: Elsewhere,
}

/// Why nothing of a batch is in any log, now or later.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// The bytes are not a batch that may be appended.
    #[error(transparent)]
    Batch(#[from] BatchRefused),
    /// The records inside cannot be read, and a hook must see them.
    #[error("the records cannot be read: {0}")]
    Records(#[from] SectionError),
    /// A plugin could not judge a record, and the binding says that the client shall try again.
    #[error("{plugin} failed on record {record}: {reason}")]
    Plugin {
        /// The plugin.
        plugin: String,
        /// The first record it failed on: its place in the batch.
        record: u32,
        /// What happened.
        reason: String,
    },
    /// The topic's plugins are not loaded.
    #[error("the topic's plugins are not ready: {0}")]
    NotReady(String),
    /// Too many records that left wait for their targets.
    #[error("{waiting} offsets wait to be delivered to other partitions, the limit is {BACKLOG_MAX}")]
    Backlog {
        /// How many offsets of this partition.
        waiting: i64,
    },
    /// What the hooks left of the batch cannot be written.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// The partition says no.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// How many offsets of a partition may wait for delivery before batches with more are refused.
pub const BACKLOG_MAX: i64 = 1_000_000;

/// Appends a client's batch to the partition that it named. On an error, nothing has happened anywhere.
pub async fn append(
    topic: &ProduceTopic,
    partition: Arc<Partition>,
    acks: Acks,
    bytes: Bytes,
) -> Result<Accepted, ProduceError> {
    let result = try_append(topic, partition.clone(), acks, &bytes).await;
    let batch = Batch::parse(&bytes);
    match (&result, &batch) {
        (Ok(accepted), Ok(batch)) if !accepted.appended.duplicate => {
            let messages = u64::from(batch.record_count());
            partition.traffic().produced(messages, bytes.len() as u64);
            if let Some(notes) = &topic.notes {
                notes.appended(&partition, &accepted.appended);
            }
        }
        (Ok(_), _) => {}
        (Err(_), batch) => {
            partition.traffic().produce_failed();
            if let Ok(batch) = batch {
                partition.failed(batch);
            }
        }
    }
    result
}

async fn try_append(
    topic: &ProduceTopic,
    partition: Arc<Partition>,
    acks: Acks,
    bytes: &Bytes,
) -> Result<Accepted, ProduceError> {
    let plan = topic
        .plan
        .as_ref()
        .map_err(|reason| ProduceError::NotReady(reason.clone()))?;
    let batch = match check::check(bytes, &topic.settings, clock::wall_clock()) {
        Ok(batch) => batch,
        Err(refused) => {
            let appended = retried(&partition, bytes, &refused).ok_or(refused)?;
            return Ok(Accepted::new(partition, appended, Vec::new()));
        }
    };
    if let Some(notes) = &topic.notes {
        notes.begin(&partition).await;
    }
    let codec = codec(&topic.settings, &batch);
    if topic.takes_as_it_comes(plan) && codec == batch.compression() {
        let appended = partition.append_produced(acks, &batch, None, bytes.clone())?;
        return Ok(Accepted::new(partition, appended, Vec::new()));
    }
    // A retry never runs a plugin again for what is in the log: the decision that was written stands.
    if let Some(appended) = partition.log().find_duplicate(&batch) {
        return Ok(Accepted::new(partition, appended, Vec::new()));
    }
    let ready = plan.ready().await.map_err(ProduceError::NotReady)?;
    let cost = topic.cost(plan);
    let open = topic.room.open_at(cost, bytes, &batch, Offsets::Dense).await?;
    let section = &open.section;
    let to = Destination {
        topic: &topic.name,
        partition: partition.id().index.0,
        partitions: topic.partitions,
    };
    let mut looks = Vec::new();
    let (fates, tally) = topic.judge(plan, to, section, partition.holding(), &mut looks).await?;
    plan.still(ready).map_err(ProduceError::NotReady)?;
    if topic.is_for_retries() {
        // A test kills the node here and below: what is decided is not written, or nobody knows that it is.
        let _ = fault::hit("retry.before_append");
    }
    let accepted = append_judged(topic, plan, partition, acks, bytes, section, &fates);
    if topic.is_for_retries() {
        let _ = fault::hit("retry.after_append");
    }
    let offset = accepted.as_ref().ok().map(|accepted| accepted.appended.base_offset.0);
    for look in looks {
        look.hand_over(offset);
    }
    let accepted = accepted?;
    if topic.is_for_retries() && !accepted.appended.duplicate {
        topic.retry_meter.note(&topic.name, &tally, &fates);
    }
    Ok(accepted)
}

impl ProduceTopic {
    /// Whether nothing of a batch needs to be looked at.
    fn takes_as_it_comes(&self, plan: &TopicPlan) -> bool {
        let looks_inside = self.settings.holds() || self.settings.cleanup_policy.compacts();
        plan.is_empty() && !looks_inside
    }

    /// What its batches cost while they are open.
    fn cost(&self, plan: &TopicPlan) -> Cost {
        let cost = if self.is_for_retries() || plan.policy.is_some() {
            Cost::FAILED
        } else if self.takes_as_it_comes(plan) {
            Cost::SEEN
        } else {
            Cost::JUDGED
        };
        if self.settings.holds() { cost.with_holds() } else { cost }
    }

    /// Whether it is a retry topic.
    pub fn is_for_retries(&self) -> bool {
        self.settings.bindings.retry_of.is_some()
    }

    /// The fates of a batch's records.
    async fn judge(
        &self,
        plan: &TopicPlan,
        to: Destination<'_>,
        section: &Section,
        holding: &Holding,
        looks: &mut Vec<Look>,
    ) -> Result<(Fates, Tally), ProduceError> {
        let bindings = &self.settings.bindings;
        let policy = plan.policy.as_ref().map(|policy| Policy {
            plugin: policy.plugin_at(to.partition),
            letters: &bindings.dead_letter,
            beside: policy.trial.as_ref().and_then(|trial| trial.beside(Hook::Policy)),
        });
        if let (Some(of), Some(table)) = (&bindings.retry_of, &bindings.retry) {
            let rules = Rules {
                of,
                table,
                policy,
                holding,
            };
            let judged = retry::judge(&rules, to, section, looks).await;
            return Ok(judged.map_err(AssembleError::from)?);
        }
        let judged = judge::judge(plan, policy, to, section, looks).await;
        let mut fates = judged.map_err(AssembleError::from)?;
        if self.settings.delay_max_ms > 0 {
            delay::judge(&self.settings, section, &mut fates, holding.believed());
        }
        compacted::judge(&self.settings, section, &mut fates);
        Ok((fates, Tally::default()))
    }
}

/// Where the batch is already, if what refuses it now let it pass then: its producer only missed the answer.
fn retried(partition: &Partition, bytes: &Bytes, refused: &BatchRefused) -> Option<Appended> {
    if !refused.may_be_in_the_log() {
        return None;
    }
    let batch = Batch::parse(bytes).ok()?;
    batch.verify_crc().ok()?;
    partition.log().find_duplicate(&batch)
}

fn append_judged(
    topic: &ProduceTopic,
    plan: &TopicPlan,
    partition: Arc<Partition>,
    acks: Acks,
    bytes: &Bytes,
    section: &Section,
    fates: &Fates,
) -> Result<Accepted, ProduceError> {
    let batch = Batch::parse(bytes).map_err(BatchRefused::from)?;
    if let Some(error) = retriable(fates) {
        return Err(error);
    }
    if let Some(refusal) = refusal(fates) {
        let appended = partition.refuse(&batch, refusal)?;
        return Ok(Accepted::new(partition, appended, Vec::new()));
    }
    let source = Source {
        topic: partition.id().topic,
        name: &topic.name,
        partition: partition.id().index.0,
        dead_letters: &topic.dead_letters,
        batch,
        section,
        fates,
        retries: topic.is_for_retries(),
        codec: codec(&topic.settings, &batch),
    };
    let Assembled {
        entry,
        targets,
        remainder,
    } = assemble::assemble(&source, plan, bytes)?;
    if !targets.is_empty() {
        bounded_backlog(&partition, &targets)?;
    }
    let appended = partition.append_produced(acks, &source.batch, entry, remainder)?;
    Ok(Accepted::new(partition, appended, targets))
}

/// `compression.type`: a topic that names a codec has every batch in it; levels are the codecs' defaults.
fn codec(settings: &TopicSettings, batch: &Batch<'_>) -> Compression {
    match settings.compression_type {
        CompressionType::Producer => batch.compression(),
        CompressionType::Uncompressed => Compression::None,
        CompressionType::Gzip(_) => Compression::Gzip,
        CompressionType::Snappy => Compression::Snappy,
        CompressionType::Lz4(_) => Compression::Lz4,
        CompressionType::Zstd(_) => Compression::Zstd,
    }
}

/// A target that takes nothing must not fill the source's disk.
pub(crate) fn bounded_backlog(partition: &Partition, targets: &[PartitionId]) -> Result<(), ProduceError> {
    let waiting = partition.high_watermark().0 - partition.delivered().taken_by(targets).0;
    if waiting > BACKLOG_MAX {
        Err(ProduceError::Backlog { waiting })
    } else {
        Ok(())
    }
}

/// A fault that the client shall retry: the whole batch, since its sequence is one.
fn retriable(fates: &Fates) -> Option<ProduceError> {
    fates.leaving().find_map(|(record, fate)| match fate {
        Fate::Retry(why) => Some(ProduceError::Plugin {
            plugin: why.plugin.clone(),
            record,
            reason: why.reason.clone(),
        }),
        _ => None,
    })
}

fn refusal(fates: &Fates) -> Option<Refusal> {
    Refusal::of(fates.leaving().filter_map(|(record, fate)| match fate {
        Fate::Refuse(why) => Some(RefusedRecord {
            index: record as i32,
            plugin: why.plugin.clone(),
            reason: why.reason.clone(),
        }),
        _ => None,
    }))
}

impl Accepted {
    /// A duplicate's records went where the log says: the decision that was written stands.
    fn new(partition: Arc<Partition>, appended: Appended, targets: Vec<PartitionId>) -> Self {
        let elsewhere = if appended.duplicate && partition.source().is_some() {
            elsewhere_of(&partition, appended.base_offset)
        } else {
            Elsewhere::To(targets)
        };
        Self {
            appended,
            partition,
            elsewhere,
        }
    }

    /// Returns once what `acks` asks for has happened. With acks=all: the batch is committed, and every
    /// record that left is committed where it went, so that who has the answer can read it there.
    pub async fn acknowledged(&self, acks: Acks) -> Result<(), Closed> {
        if acks != Acks::All {
            return Ok(());
        }
        self.partition.committed(self.appended.end).await?;
        self.partition
            .delivered()
            .reached(self.appended.end, &self.elsewhere)
            .await
    }
}
