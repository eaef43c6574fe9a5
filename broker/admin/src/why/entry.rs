//! An outbox entry with its mate, as `why` needs it.

use bytes::Bytes;
use corvid_metadata::{Digest, Image, PartitionIndex, PluginRecord, TopicId};
use corvid_pipeline::Noted;
use corvid_record::hidden::{EntryView, SubBatchView};
use corvid_record::{Batch, Offset};
use corvid_replication::{Partition, PartitionId};
use corvid_storage::Which;

use super::named;
use crate::model::{DeciderBody, TargetBody};

/// An entry that counts, and where its mate stands.
pub(super) struct Entry {
    bytes: Bytes,
    /// The offsets of its mate; of an entry without one, its own.
    pub mate_base: Offset,
    pub mate_last: Offset,
}

impl Entry {
    /// The entry of this batch, if it has one.
    pub fn before(partition: &Partition, mate: &Batch<'_>) -> Option<Self> {
        let base = mate.base_offset();
        if base <= partition.log().start() {
            return None;
        }
        let bytes = read(partition, Offset(base.0 - 1), base)?;
        let entry = EntryView::parse(Batch::parse(&bytes).ok()?).ok()?;
        if entry.armed_alone() || !entry.is_armed(Some(mate)) {
            return None;
        }
        Some(Self {
            mate_base: base,
            mate_last: mate.last_offset(),
            bytes,
        })
    }

    /// The entry behind whose mate a link stood.
    pub fn of_position(source: &Partition, position: Offset) -> Option<Self> {
        let bytes = read(source, Offset(position.0 - 1), position)?;
        let mate = Batch::parse(&bytes).ok()?;
        match EntryView::parse(mate) {
            Ok(entry) if entry.armed_alone() => Self::alone(&bytes),
            Ok(_) => None,
            Err(_) => Self::before(source, &mate),
        }
    }

    /// The entry that has the hold with this name.
    pub fn that_holds(partition: &Partition, name: Offset) -> Option<Self> {
        let bytes = read(partition, name, partition.high_watermark())?;
        let entry = EntryView::parse(Batch::parse(&bytes).ok()?).ok()?;
        if entry.armed_alone() {
            return Self::alone(&bytes);
        }
        let next = entry.batch().next_offset();
        let mate = read(partition, next, partition.high_watermark())?;
        Self::before(partition, &Batch::parse(&mate).ok()?)
    }

    fn alone(bytes: &Bytes) -> Option<Self> {
        let batch = Batch::parse(bytes).ok()?;
        Some(Self {
            mate_base: batch.base_offset(),
            mate_last: batch.last_offset(),
            bytes: bytes.clone(),
        })
    }

    fn view(&self) -> EntryView<'_> {
        let batch = Batch::parse(&self.bytes).expect("it was read before");
        EntryView::parse(batch).expect("it was read before")
    }

    /// What decided, with the names that were noted, or else those that the metadata still has.
    pub fn deciders(&self, image: &Image, noted: &Noted) -> Vec<DeciderBody> {
        let noted = match noted {
            Noted::By(deciders) => deciders.to_vec(),
            Noted::OneOf(all) => all.iter().flat_map(|deciders| deciders.iter().cloned()).collect(),
            Noted::Not => Vec::new(),
        };
        let name = |generation: u64, module: Digest| {
            let mut of_notes = noted
                .iter()
                .filter(|by| (by.generation, by.module) == (generation, module));
            let name = of_notes.next().map(|by| by.plugin.clone());
            name.or_else(|| name_of(image, generation, module))
        };
        let deciders = self.view().deciders();
        let named = deciders.map(|by| {
            let module = Digest(by.digest);
            named(name(by.generation, module), by.generation, module)
        });
        named.collect()
    }

    /// Where its records went; `delta` is the one that is asked for, in the client's batch.
    pub fn targets(&self, image: &Image, delta: Option<i32>) -> Vec<TargetBody> {
        let entry = self.view();
        entry
            .sub_batches()
            .map(|sub_batch| target(image, sub_batch, delta))
            .collect()
    }

    /// What the hold with this name has.
    pub fn hold(&self, image: &Image, name: Offset) -> Option<TargetBody> {
        let entry = self.view();
        let (_, sub_batch) = entry.held().find(|(held, _)| *held == name)?;
        Some(target(image, sub_batch, None))
    }

    /// Whether the broker wrote it of its own, for no batch of a client.
    pub fn is_alone(&self) -> bool {
        self.view().armed_alone()
    }

    /// The offset that a client was told for the record at `place` of the batch that went to `here`, where the entry says it.
    pub fn origin(&self, here: PartitionId, hold: Option<Offset>, place: usize) -> Option<i64> {
        let entry = self.view();
        let is = |sub_batch: &SubBatchView<'_>| {
            let target = sub_batch.target();
            (TopicId(target.topic_id), PartitionIndex(target.partition)) == (here.topic, here.index)
        };
        let sub_batch = match hold {
            Some(name) => entry
                .held()
                .find(|(held, _)| *held == name)
                .map(|(_, sub_batch)| sub_batch),
            None => entry
                .sub_batches()
                .filter(|sub_batch| sub_batch.hold().is_none())
                .find(is),
        };
        let delta = sub_batch?.origins().iter().nth(place)?;
        Some(self.mate_base.0 + i64::from(delta))
    }
}

fn target(image: &Image, sub_batch: SubBatchView<'_>, delta: Option<i32>) -> TargetBody {
    let origins = sub_batch.origins();
    TargetBody {
        topic: image
            .topic_by_id(TopicId(sub_batch.target().topic_id))
            .map(|topic| topic.name.clone()),
        partition: sub_batch.target().partition,
        records: sub_batch.batch().record_count(),
        this: delta
            .filter(|_| !origins.is_empty())
            .map(|delta| origins.iter().any(|origin| origin == delta)),
        due: sub_batch.hold().map(|hold| hold.due.0),
    }
}

fn read(partition: &Partition, from: Offset, limit: Offset) -> Option<Bytes> {
    let bytes = partition.log().read_bytes(from, limit, 1, true, Which::All).ok()?;
    let size = Batch::parse(&bytes).ok()?.size();
    Some(bytes.slice(..size))
}

/// The plugin that has, or had, this generation of this module.
fn name_of(image: &Image, generation: u64, module: Digest) -> Option<String> {
    let is = |record: &PluginRecord| (record.generation, record.module) == (generation, module);
    let has = |name: &str| {
        let lineage = image.lineage(name);
        image.plugin(name).is_some_and(|record| is(record))
            || image.candidate(name).is_some_and(|candidate| is(&candidate.plugin))
            || lineage.is_some_and(|lineage| lineage.past(generation).is_some_and(|record| is(record)))
    };
    image
        .plugins()
        .map(|(name, _)| name)
        .find(|name| has(name))
        .map(str::to_owned)
}
