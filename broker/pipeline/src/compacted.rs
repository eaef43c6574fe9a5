//! Compacted topics: every record has a key, or it could not be found, nor replaced.

use corvid_metadata::{PartitionIndex, TopicId, TopicSettings};
use corvid_replication::{PartitionId, Replicas};

use crate::edit;
use crate::fates::{Edited, Fate, Fates, Stage, Why};
use crate::section::Section;

/// Refuses what is left without a key, as Kafka does. A topic that is not compacted looks at nothing.
pub(crate) fn judge(settings: &TopicSettings, section: &Section, fates: &mut Fates) {
    if !settings.cleanup_policy.compacts() {
        return;
    }
    let untouched = Edited::default();
    let keyless = |place: &u32| {
        let edited = fates.edit_of(*place).unwrap_or(&untouched);
        edit::key(&section.record(*place), edited).is_none()
    };
    let places: Vec<u32> = fates.staying().filter(keyless).collect();
    for place in places {
        fates.decide(place, Fate::Refuse(Box::new(why())));
    }
}

/// Refuses that a topic becomes compacted while it holds records until later, which would take the place of newer ones.
pub(crate) fn check_held(
    replicas: &Replicas,
    id: TopicId,
    before: &TopicSettings,
    after: &TopicSettings,
    partitions: i32,
) -> Result<(), String> {
    if before.cleanup_policy.compacts() || !after.cleanup_policy.compacts() {
        return Ok(());
    }
    let held = |index| {
        let id = PartitionId {
            topic: id,
            index: PartitionIndex(index),
        };
        replicas.get(id).map_or(0, |partition| partition.holding().pending())
    };
    match (0..partitions).map(held).sum::<u64>() {
        0 => Ok(()),
        held => Err(format!(
            "it holds records until later ({held} of them), which would take the place of newer ones if it were compacted: wait until \
             they are released, or cancel them with `corvid delayed cancel`"
        )),
    }
}

fn why() -> Why {
    Why {
        stage: Stage::Compaction,
        plugin: "compaction".to_owned(),
        generation: 0,
        code: "no_key".to_owned(),
        reason: "the topic is compacted, and the record has no key".to_owned(),
        letters: 0,
        history: None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use corvid_metadata::config::CleanupPolicy;
    use corvid_record::{Batch, BatchBuilder, Compression, RecordParts};

    use super::*;

    /// The bug: a record without a key is taken, told as written, and gone with the next compaction.
    #[test]
    fn a_record_without_a_key_is_refused_where_the_log_is_compacted() {
        let mut builder = BatchBuilder::new(Compression::None);
        for (offset_delta, key) in (0..).zip([Some(&b"k"[..]), None, Some(b""), Some(b"gone")]) {
            builder.push(&RecordParts {
                offset_delta,
                key,
                ..RecordParts::default()
            });
        }
        let bytes: Bytes = builder.finish(None).unwrap();
        let section = Section::open(
            &bytes,
            &Batch::parse(&bytes).unwrap(),
            1 << 20,
            crate::section::Offsets::Dense,
        )
        .unwrap();
        let mut settings = TopicSettings::default_for("users");
        for (policy, refused) in [
            (CleanupPolicy::Delete, &[][..]),
            (CleanupPolicy::Compact, &[1, 3]),
            (CleanupPolicy::CompactAndDelete, &[1, 3]),
        ] {
            settings.cleanup_policy = policy;
            let mut fates = Fates::all_stay(4);
            // A transform took this one's key.
            fates.edit(
                3,
                Edited {
                    key: Some(None),
                    ..Edited::default()
                },
            );
            judge(&settings, &section, &mut fates);
            let places: Vec<u32> = fates.leaving().map(|(place, _)| place).collect();
            assert_eq!(places, refused, "{policy:?}");
        }
    }
}
