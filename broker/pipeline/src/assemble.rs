//! From the fates of a batch's records to the bytes of one append: the outbox entry (Y) and the
//! remainder (X).

use std::collections::BTreeMap;

use bytes::Bytes;
use corvid_env::clock;
use corvid_metadata::policy::HeaderStyle;
use corvid_metadata::{PartitionIndex, TopicId};
use corvid_record::hidden::{Decider, EntryBuilder, Hold, SubBatch, Target};
use corvid_record::{Batch, BatchBuilder, BuildError, Compression, Header, RecordParts, Timestamp};
use corvid_replication::PartitionId;

use crate::dead_letter::{self, Origin};
use crate::delay::HELD_TIMESTAMP_HEADER;
use crate::edit;
use crate::fates::{Edited, Fate, Fates, Held, Why};
use crate::plan::TopicPlan;
use crate::section::Section;
use crate::story::tells_of_a_death;

/// How many times the records of one batch may be held until: each makes a batch of its own, in memory and in the log.
pub const HOLDS_MAX: usize = 10_000;

/// The dead-letter topic of a topic that sends letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterTopic {
    /// Its id.
    pub id: TopicId,
    /// How many partitions it has: a letter goes to the source's partition, modulo this.
    pub partitions: i32,
    /// How its letters' headers are named.
    pub headers: HeaderStyle,
}

/// What of a batch is fixed while its records are sorted.
pub(crate) struct Source<'a> {
    pub topic: TopicId,
    pub name: &'a str,
    pub partition: i32,
    /// Where letters go, the usual topic first; none if nothing sends them.
    pub dead_letters: &'a [DeadLetterTopic],
    pub batch: Batch<'a>,
    pub section: &'a Section,
    pub fates: &'a Fates,
    /// Whether it is a retry topic: what leaves was somewhere else at first, and says so itself.
    pub retries: bool,
    /// How what is left, and what leaves, is compressed.
    pub codec: Compression,
}

/// One append.
#[derive(Debug)]
pub(crate) struct Assembled {
    /// Y, if something leaves.
    pub entry: Option<Bytes>,
    /// Where it goes.
    pub targets: Vec<PartitionId>,
    /// X: at the client's offsets, with its producer fields; perhaps without a record.
    pub remainder: Bytes,
}

impl Assembled {
    fn staying(remainder: Bytes) -> Self {
        Self {
            entry: None,
            targets: Vec::new(),
            remainder,
        }
    }
}

/// Why an append could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// What is left, or what leaves, is no batch any more.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Records that wait for more times than there are batches made of one.
    #[error(
        "the records of one batch are to be held until more than {HOLDS_MAX} different times; send smaller batches"
    )]
    TooManyHolds,
    /// The outbox entry cannot be built.
    #[error(transparent)]
    Entry(#[from] corvid_record::hidden::EntryError),
}

/// Builds the append of a batch whose records have met their fates.
pub(crate) fn assemble(source: &Source<'_>, plan: &TopicPlan, whole: &Bytes) -> Result<Assembled, AssembleError> {
    if source.fates.untouched() && source.codec == source.batch.compression() {
        return Ok(Assembled::staying(whole.clone()));
    }
    let remainder = edit::remainder(source.batch, source.section, source.fates, source.codec)?;
    let leaving = source.leaving()?;
    if leaving.is_empty() {
        return Ok(Assembled::staying(remainder));
    }
    let mate = Batch::parse(&remainder).expect("a batch that was just built");
    let mut entry = EntryBuilder::for_mate(&mate, Timestamp(clock::wall_clock().0));
    for plugin in plan.plugins_at(source.partition) {
        entry = entry.decided_by(Decider {
            digest: plugin.digest(),
            generation: plugin.generation(),
        });
    }
    let mut targets = Vec::with_capacity(leaving.len());
    for sub_batch in leaving {
        // What is held is nowhere else until it is due: nobody waits for it.
        if sub_batch.hold.is_none() {
            targets.push(PartitionId {
                topic: TopicId(sub_batch.target.topic_id),
                index: PartitionIndex(sub_batch.target.partition),
            });
        }
        entry = entry.sub_batch(sub_batch);
    }
    Ok(Assembled {
        entry: Some(entry.finish()?),
        targets,
        remainder,
    })
}

/// Records on their way to one place.
struct Leaving {
    builder: BatchBuilder,
    /// Each record's place in the client's batch.
    origins: Vec<i32>,
}

/// What delivery adds to a record at most: the header with its offset.
const DELIVERY_ADDS_BYTES: usize = 64;

impl Leaving {
    /// The batch, and its records' places in the client's.
    fn finish(self) -> Result<(Bytes, Vec<i32>), BuildError> {
        edit::check_size(self.builder.size() + self.origins.len() * DELIVERY_ADDS_BYTES)?;
        Ok((self.builder.finish(None)?, self.origins))
    }
}

impl Source<'_> {
    /// A sub-batch for each place that records go to, moved ones before dead letters.
    fn leaving(&self) -> Result<Vec<SubBatch>, AssembleError> {
        let mut moved: BTreeMap<i32, Leaving> = BTreeMap::new();
        let mut held: BTreeMap<&Held, Leaving> = BTreeMap::new();
        let mut letters: BTreeMap<usize, Leaving> = BTreeMap::new();
        let sizes = self.sizes();
        let now = clock::wall_clock().0;
        for (place, fate) in self.fates.leaving() {
            match fate {
                Fate::Move(partition) => {
                    let room = || self.nothing_leaves(sizes.get(partition).copied().unwrap_or(0));
                    let leaving = moved.entry(*partition).or_insert_with(room);
                    let delta = leaving.origins.len() as i32;
                    edit::push(&mut leaving.builder, self.section, self.fates, place, delta);
                    leaving.origins.push(place as i32);
                }
                Fate::Hold(until) => {
                    let leaving = held.entry(until).or_insert_with(|| self.nothing_leaves(0));
                    self.push_held(leaving, place, now);
                    if held.len() > HOLDS_MAX {
                        return Err(AssembleError::TooManyHolds);
                    }
                }
                Fate::DeadLetter(why) => {
                    let leaving = letters.entry(why.letters).or_insert_with(|| self.nothing_leaves(0));
                    self.push_letter(leaving, place, why, now);
                }
                // Answered before, or gone.
                Fate::Stay | Fate::Drop | Fate::Refuse(_) | Fate::Retry(_) => {}
            }
        }
        let mut sub_batches = Vec::with_capacity(moved.len() + held.len() + 1);
        for (partition, leaving) in moved {
            sub_batches.push(SubBatch {
                target: Target {
                    topic_id: self.topic.0,
                    partition,
                },
                hold: None,
                origins: Vec::new(),
                offset_headers: Vec::new(),
                batch: leaving.finish()?.0,
            });
        }
        for (until, leaving) in held {
            sub_batches.push(self.held_until(until, leaving.finish()?.0));
        }
        for (which, letters) in letters {
            if let Some(topic) = self.dead_letters.get(which) {
                sub_batches.push(self.letters(topic, letters)?);
            }
        }
        Ok(sub_batches)
    }

    /// What is held is for its own partition.
    fn held_until(&self, until: &Held, batch: Bytes) -> SubBatch {
        SubBatch {
            target: Target {
                topic_id: self.topic.0,
                partition: self.partition,
            },
            hold: Some(Hold {
                due: until.due,
                first_offset: None,
                attempts: until.attempts,
                decision: until.decision.clone(),
            }),
            origins: Vec::new(),
            offset_headers: Vec::new(),
            batch,
        }
    }

    /// What goes to the dead-letter topic: to the same partition, as far as there are as many.
    fn letters(&self, topic: &DeadLetterTopic, letters: Leaving) -> Result<SubBatch, BuildError> {
        let (batch, origins) = letters.finish()?;
        let (origins, offset_headers) = if self.retries {
            (Vec::new(), Vec::new())
        } else {
            (origins, vec![dead_letter::offset_header(topic.headers)])
        };
        Ok(SubBatch {
            target: Target {
                topic_id: topic.id.0,
                partition: self.partition % topic.partitions.max(1),
            },
            hold: None,
            origins,
            offset_headers,
            batch,
        })
    }

    /// How many bytes move to each partition, so that there is room for them at once. A record's offset may become longer there.
    fn sizes(&self) -> BTreeMap<i32, usize> {
        const LONGER: usize = 4;
        let mut sizes = BTreeMap::new();
        for (place, fate) in self.fates.leaving() {
            if let Fate::Move(partition) = fate {
                *sizes.entry(*partition).or_default() += self.section.size(place) + LONGER;
            }
        }
        sizes
    }

    fn nothing_leaves(&self, bytes: usize) -> Leaving {
        Leaving {
            builder: BatchBuilder::new(self.codec).with_room(bytes),
            origins: Vec::new(),
        }
    }

    /// What is held has one time, so that its release is a change of the batch's header: its own is in a header.
    fn push_held(&self, held: &mut Leaving, place: u32, now: i64) {
        let record = self.section.record(place);
        let untouched = Edited::default();
        let edited = self.fates.edit_of(place).unwrap_or(&untouched);
        let time = self.section.timestamp(&record).0.to_string();
        let mut headers: Vec<Header<'_>> = edit::headers(&record, edited);
        headers.retain(|(key, _)| *key != HELD_TIMESTAMP_HEADER);
        headers.push((HELD_TIMESTAMP_HEADER, Some(time.as_bytes())));
        held.builder.push(&RecordParts {
            offset_delta: held.origins.len() as i32,
            timestamp: Timestamp(now),
            key: edit::key(&record, edited),
            value: edit::value(&record, edited),
            headers: &headers,
        });
        held.origins.push(place as i32);
    }

    /// A letter has the record as it was when it failed, and the time of its writing; but for what was told of an earlier death, or by
    /// whoever makes one up: a letter goes back to where its headers say.
    fn push_letter(&self, letters: &mut Leaving, place: u32, why: &Why, now: i64) {
        let style = self.dead_letters.first();
        let style = style.map_or(HeaderStyle::Corvid, |topic| topic.headers);
        let record = self.section.record(place);
        let origin = Origin {
            topic: self.name,
            partition: Some(self.partition),
            offset: None,
            timestamp: self.section.timestamp(&record).0,
        };
        let story = dead_letter::headers(style, origin, why, now);
        let untouched = Edited::default();
        let edited = self.fates.edit_of(place).unwrap_or(&untouched);
        let mut headers: Vec<Header<'_>> = edit::headers(&record, edited);
        headers.retain(|(key, _)| !tells_of_a_death(key));
        headers.extend(
            story
                .iter()
                .map(|(key, value)| (key.as_bytes(), Some(value.as_slice()))),
        );
        letters.builder.push(&RecordParts {
            offset_delta: letters.origins.len() as i32,
            timestamp: Timestamp(now),
            key: edit::key(&record, edited),
            value: edit::value(&record, edited),
            headers: &headers,
        });
        letters.origins.push(place as i32);
    }
}
