//! Letters on their way out: shown to the plugins of where they go, and sorted by partition.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use corvid_env::clock;
use corvid_metadata::{PartitionIndex, TopicId};
use corvid_record::hidden::{Decider, EntryBuilder, SubBatch, Target};
use corvid_record::{Batch, BatchBuilder, Compression, Header, Offset, RecordParts, Timestamp};
use corvid_replication::{Partition, PartitionId};

use super::known::{REDRIVE, REDRIVEN_FROM_HEADER};
use super::page::Letter;
use super::{RedriveError, Stays};
use crate::compacted;
use crate::edit;
use crate::fates::{Edited, Fate};
use crate::judge::{self, Destination};
use crate::produce::ProduceTopic;
use crate::section::{Offsets, Section};

/// Where letters go.
#[derive(Clone)]
pub(super) struct Goal {
    pub id: TopicId,
    pub topic: Arc<ProduceTopic>,
}

/// Letters by where they go, and those that stay.
#[derive(Default)]
pub(super) struct Sorted {
    parts: BTreeMap<PartitionId, BatchBuilder>,
    deciders: Vec<Decider>,
    /// How many go to each topic.
    pub going: BTreeMap<String, u64>,
    /// Those that don't go.
    pub stay: Vec<Stays>,
}

impl Sorted {
    /// Asks the plugins of `goal` about letters for one of its partitions, as if a client sent them there again.
    pub async fn add(
        &mut self,
        from: &Partition,
        goal: &Goal,
        partition: i32,
        letters: &[&Letter],
    ) -> Result<(), RedriveError> {
        let topic = &goal.topic;
        let not_ready = |reason| RedriveError::NotReady {
            topic: topic.name.to_string(),
            reason,
        };
        let plan = topic.plan.as_ref().map_err(|reason| not_ready(reason.clone()))?;
        let ready = plan.ready().await.map_err(not_ready)?;
        let now = clock::wall_clock().0;
        let whole = plain_batch(letters, now)?;
        let batch = Batch::parse(&whole).expect("a batch that was just built");
        let open = topic.room.open(&whole, &batch, Offsets::Dense).await?;
        let to = Destination {
            topic: &topic.name,
            partition,
            partitions: topic.partitions,
        };
        // What shadows would see was seen when the letters failed. What fails again stays where it is, whatever a policy thinks.
        let mut fates = judge::judge(plan, None, to, &open.section, &mut Vec::new()).await?;
        plan.still(ready).map_err(not_ready)?;
        compacted::judge(&topic.settings, &open.section, &mut fates);
        for (place, letter) in (0..).zip(letters) {
            let untouched = Edited::default();
            let edited = fates.edit_of(place).unwrap_or(&untouched);
            match where_to(fates.of(place), partition) {
                Ok(partition) => {
                    let id = PartitionId {
                        topic: goal.id,
                        index: PartitionIndex(partition),
                    };
                    self.push(id, from, letter, &open.section, place, edited, now);
                    *self.going.entry(topic.name.to_string()).or_default() += 1;
                }
                Err(reason) => self.stays(letter.offset, reason),
            }
        }
        for plugin in plan.plugins_at(partition) {
            let decider = Decider {
                digest: plugin.digest(),
                generation: plugin.generation(),
            };
            if !self.deciders.contains(&decider) {
                self.deciders.push(decider);
            }
        }
        Ok(())
    }

    /// A letter that doesn't go.
    pub fn stays(&mut self, offset: Offset, reason: String) {
        self.stay.push(Stays { offset, reason });
    }

    /// Where the letters go.
    pub fn targets(&self) -> Vec<PartitionId> {
        self.parts.keys().copied().collect()
    }

    /// The entry that sends them; a part for each partition, since a link has one position for the whole entry.
    pub fn into_entry(self) -> Result<Bytes, RedriveError> {
        let mut entry = EntryBuilder::armed_alone(Timestamp(clock::wall_clock().0)).decided_by(REDRIVE);
        for decider in self.deciders {
            entry = entry.decided_by(decider);
        }
        for (id, builder) in self.parts {
            entry = entry.sub_batch(SubBatch {
                target: Target {
                    topic_id: id.topic.0,
                    partition: id.index.0,
                },
                hold: None,
                origins: Vec::new(),
                offset_headers: Vec::new(),
                batch: builder.finish(None)?,
            });
        }
        Ok(entry.finish()?)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a record, its edit, and where it comes from and goes"
    )]
    fn push(
        &mut self,
        to: PartitionId,
        from: &Partition,
        letter: &Letter,
        section: &Section,
        place: u32,
        edited: &Edited,
        now: i64,
    ) {
        let record = section.record(place);
        let letters = format!("{}/{}/{}", from.topic(), from.id().index.0, letter.offset);
        let mut headers: Vec<Header<'_>> = edit::headers(&record, edited);
        // Behind the plugins: whatever they do, the log knows which letter it was.
        headers.push((REDRIVEN_FROM_HEADER, Some(letters.as_bytes())));
        let builder = self.parts.entry(to).or_insert_with(|| BatchBuilder::new(letter.codec));
        builder.push(&RecordParts {
            offset_delta: builder.len() as i32,
            timestamp: Timestamp(now),
            key: edit::key(&record, edited),
            value: edit::value(&record, edited),
            headers: &headers,
        });
    }
}

/// The letters as a client would send them.
fn plain_batch(letters: &[&Letter], now: i64) -> Result<Bytes, RedriveError> {
    let mut builder = BatchBuilder::new(Compression::None);
    for (offset_delta, letter) in (0..).zip(letters) {
        let headers: Vec<Header<'_>> = letter
            .headers
            .iter()
            .map(|(key, value)| (key.as_ref(), value.as_deref()))
            .collect();
        builder.push(&RecordParts {
            offset_delta,
            timestamp: Timestamp(now),
            key: letter.key.as_deref(),
            value: letter.value.as_deref(),
            headers: &headers,
        });
    }
    Ok(builder.finish(None)?)
}

/// The partition that a letter goes to; or why it stays a letter.
fn where_to(fate: &Fate, chosen: i32) -> Result<i32, String> {
    match fate {
        Fate::Stay => Ok(chosen),
        Fate::Move(partition) => Ok(*partition),
        Fate::Drop => Err("the topic's transform would drop it".to_owned()),
        Fate::DeadLetter(why) | Fate::Refuse(why) | Fate::Retry(why) => {
            Err(format!("{} fails it again: {}", why.plugin, why.reason))
        }
        Fate::Hold(_) => Err("the topic's policy would hold it".to_owned()),
    }
}
