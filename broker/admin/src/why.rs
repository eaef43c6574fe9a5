//! What decided on a record, where it comes from, and where it went: read from the log, and from what the node noted.
//!
//! A batch that moved something has an outbox entry right before it, with its deciders. What arrived by a link has a stamp that
//! leads to that entry in its source's log. Of all others the log says nothing: `corvid_pipeline`'s notes do.

mod entry;

use corvid_metadata::{Digest, PartitionIndex, TopicImage};
use corvid_pipeline::{DecidedBy, Noted};
use corvid_record::hidden::{self, LinkStamp};
use corvid_record::{Batch, Offset, Records};
use corvid_replication::{Partition, PartitionId};
use corvid_storage::Which;

use crate::context::Context;
use crate::error::ApiError;
use crate::model::{DeciderBody, Found, Known, OriginBody, WhyBody};

use entry::Entry;

/// How far a batch is decompressed to look for one record.
const DECOMPRESSED_BYTES_MAX: usize = 256 << 20;

/// What is known of an offset.
pub(crate) fn why(
    context: &Context,
    topic: &TopicImage,
    index: PartitionIndex,
    offset: i64,
) -> Result<WhyBody, ApiError> {
    let id = PartitionId { topic: topic.id, index };
    let partition = context.replicas.get(id).ok_or_else(|| {
        ApiError::not_found(format!("topic {} has no partition {}", topic.name, index.0))
            .hint(format!("it has {}", topic.partitions.len()))
    })?;
    in_range(topic, &partition, offset)?;
    let bytes = read(&partition, Offset(offset), partition.high_watermark())?;
    let mut body = WhyBody {
        topic: topic.name.clone(),
        partition: index.0,
        offset,
        found: Found::Gap,
        key: None,
        timestamp: None,
        deciders: Vec::new(),
        known: Known::Not,
        one_of: Vec::new(),
        came_from: None,
        went_to: Vec::new(),
    };
    let batch = Batch::parse(&bytes).map_err(|error| unreadable(&error.to_string()))?;
    if batch.base_offset().0 > offset {
        // Compaction took whatever was here.
        return Ok(body);
    }
    if hidden::is_hidden(&batch) {
        body.found = Found::Hidden;
        held_here(context, &partition, &mut body);
        return Ok(body);
    }
    let place = look(&batch, &mut body)?;
    match LinkStamp::of(&batch).ok().flatten() {
        Some(stamp) => arrived(context, &partition, stamp, place, &mut body),
        None => sent_here(context, &partition, &batch, &mut body),
    }
    Ok(body)
}

fn in_range(topic: &TopicImage, partition: &Partition, offset: i64) -> Result<(), ApiError> {
    // Behind what readers are told is the end there may be a gap: it says where its records went.
    let (start, end) = (partition.visible_start().0, partition.high_watermark().0);
    if (start..end).contains(&offset) {
        return Ok(());
    }
    let place = format!("{}/{}", topic.name, partition.id().index.0);
    let error = if offset < start {
        format!("{place} begins at offset {start}: what was at {offset} is deleted")
    } else {
        format!("{place} ends before offset {end}: nothing committed is at {offset}")
    };
    Err(ApiError::not_found(error))
}

/// The whole batch that an offset is in, hidden or not.
fn read(partition: &Partition, offset: Offset, limit: Offset) -> Result<bytes::Bytes, ApiError> {
    let read = partition.log().read_bytes(offset, limit, 1, true, Which::All);
    read.map_err(|error| unreadable(&error.to_string()))
}

fn unreadable(why: &str) -> ApiError {
    ApiError::unavailable(format!("the log cannot be read there: {why}"))
}

/// Finds the record, and its place among those of its batch.
fn look(batch: &Batch<'_>, body: &mut WhyBody) -> Result<Option<usize>, ApiError> {
    let section = batch
        .records_section(DECOMPRESSED_BYTES_MAX)
        .map_err(|error| unreadable(&error.to_string()))?;
    let records = Records::new(&section, batch.record_count()).map_while(Result::ok);
    let delta = body.offset - batch.base_offset().0;
    for (place, record) in records.enumerate() {
        if i64::from(record.offset_delta) == delta {
            body.found = Found::Record;
            body.key = record
                .key
                .map(|key| String::from_utf8_lossy(key).chars().take(200).collect());
            body.timestamp = Some(batch.timestamp_of(record.timestamp_delta).0);
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// A client sent the batch here: its entry, if it has one, tells the rest.
fn sent_here(context: &Context, partition: &Partition, batch: &Batch<'_>, body: &mut WhyBody) {
    let noted = context.topics.decided().at(partition.id(), body.offset);
    let entry = Entry::before(partition, batch);
    if let Some(entry) = &entry
        && body.found == Found::Gap
    {
        let delta = (body.offset - batch.base_offset().0) as i32;
        body.went_to = entry.targets(&context.image(), Some(delta));
    }
    match (entry, noted) {
        (Some(entry), noted) => {
            body.known = Known::Log;
            body.deciders = entry.deciders(&context.image(), &noted);
        }
        (None, Noted::By(deciders)) => {
            body.known = Known::Noted;
            body.deciders = deciders.iter().map(decider).collect();
        }
        (None, Noted::OneOf(all)) => {
            body.known = Known::OneOf;
            body.one_of = all
                .iter()
                .map(|deciders| deciders.iter().map(decider).collect())
                .collect();
        }
        (None, Noted::Not) => {}
    }
}

/// A hold has the offset of its entry for a name: what `delayed list` shows is told of by it.
fn held_here(context: &Context, partition: &Partition, body: &mut WhyBody) {
    let name = Offset(body.offset);
    let Some(entry) = Entry::that_holds(partition, name) else {
        return;
    };
    let image = context.image();
    let Some(target) = entry.hold(&image, name) else {
        return;
    };
    body.found = Found::Hold;
    body.went_to = vec![target];
    let noted = context.topics.decided().at(partition.id(), entry.mate_base.0);
    body.known = Known::Log;
    body.deciders = entry.deciders(&image, &noted);
    // The broker's own entries stand for no batch of a client.
    body.came_from = (!entry.is_alone()).then(|| OriginBody {
        topic: Some(body.topic.clone()),
        partition: Some(body.partition),
        first_offset: Some(entry.mate_base.0),
        last_offset: entry.mate_last.0,
        offset: entry.origin(partition.id(), Some(name), 0),
    });
}

/// A link brought the batch, or it was held: its stamp leads to the entry.
fn arrived(context: &Context, here: &Partition, stamp: LinkStamp, place: Option<usize>, body: &mut WhyBody) {
    let held = here.source() == Some(stamp.source);
    body.found = if held { Found::Released } else { Found::Delivered };
    let image = context.image();
    let source = image.topics().find_map(|topic| {
        let is = |(_, partition): &(PartitionIndex, &corvid_metadata::PartitionImage)| {
            partition.source == Some(stamp.source.get())
        };
        let (index, _) = topic.numbered().find(is)?;
        Some((topic.clone(), index))
    });
    let mut origin = OriginBody {
        topic: source.as_ref().map(|(topic, _)| topic.name.clone()),
        partition: source.as_ref().map(|(_, index)| index.0),
        first_offset: None,
        last_offset: stamp.position.0 - 1,
        offset: None,
    };
    let partition = source.and_then(|(topic, index)| context.replicas.get(PartitionId { topic: topic.id, index }));
    let found = partition.and_then(|partition| {
        if held {
            Entry::that_holds(&partition, stamp.position)
        } else {
            Entry::of_position(&partition, stamp.position)
        }
        .map(|entry| (partition, entry))
    });
    if let Some((partition, entry)) = found {
        origin.first_offset = Some(entry.mate_base.0);
        origin.last_offset = entry.mate_last.0;
        origin.offset = place.and_then(|place| entry.origin(here.id(), held.then_some(stamp.position), place));
        let noted = context.topics.decided().at(partition.id(), entry.mate_base.0);
        body.known = Known::Log;
        body.deciders = entry.deciders(&image, &noted);
    }
    body.came_from = Some(origin);
}

fn decider(decided: &DecidedBy) -> DeciderBody {
    named(Some(decided.plugin.clone()), decided.generation, decided.module)
}

fn named(plugin: Option<String>, generation: u64, module: Digest) -> DeciderBody {
    DeciderBody {
        plugin,
        generation,
        module: module.to_string(),
    }
}
