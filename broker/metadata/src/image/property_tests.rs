//! Random records, random bytes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::plugin_tests::tried;
use super::tests::{NODE, after, bind, create, id, put, register};
use super::{Image, partitions};
use crate::ids::{NodeId, PartitionIndex, TopicId};
use crate::record::{AppliedKeys, PartitionRecord, Record};

fn topic_ids() -> impl Strategy<Value = TopicId> {
    (0u8..6).prop_map(id)
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("a.b"),
        Just("a_b"),
        Just("t"),
        Just("x-changelog"),
        Just(""),
        Just("__consumer_offsets")
    ]
    .prop_map(str::to_owned)
}

fn partition_records() -> impl Strategy<Value = PartitionRecord> {
    let nodes = || prop::collection::vec((0i32..3).prop_map(NodeId), 0..3);
    let good = Just(PartitionRecord::new(vec![NODE]));
    let any = (nodes(), nodes(), prop::option::of((0i32..3).prop_map(NodeId)), -1i32..3).prop_map(
        |(replicas, isr, leader, leader_epoch)| PartitionRecord {
            replicas,
            isr,
            leader,
            leader_epoch,
        },
    );
    prop_oneof![4 => good, 1 => any]
}

fn configs() -> impl Strategy<Value = (String, Option<String>)> {
    let key = prop_oneof![
        Just("corvid.produce"),
        Just("corvid.partitioner"),
        Just("cleanup.policy"),
        Just("nonsense")
    ];
    let value = prop_oneof![
        Just("p"),
        Just("q,p"),
        Just("compact"),
        Just("delete"),
        Just("{"),
        Just("")
    ];
    (
        key.prop_map(str::to_owned),
        prop::option::of(value.prop_map(str::to_owned)),
    )
}

fn plugin_records() -> impl Strategy<Value = Record> {
    prop_oneof![
        (prop_oneof![Just("p"), Just("q")], 0u64..3).prop_map(|(name, generation)| put(name, generation)),
        (0u64..5).prop_map(|generation| tried("p", generation)),
        (0u64..5).prop_map(|generation| Record::PromotePlugin {
            name: "p".into(),
            generation
        }),
        (0u64..5).prop_map(|generation| Record::AbandonPlugin {
            name: "p".into(),
            generation
        }),
        prop_oneof![Just("p"), Just("q")].prop_map(|name| Record::RemovePlugin { name: name.into() }),
    ]
}

fn records() -> impl Strategy<Value = Record> {
    let partitions = || prop::collection::vec(partition_records(), 0..4);
    prop_oneof![
        (topic_ids(), words(), partitions()).prop_map(|(id, name, partitions)| Record::CreateTopic {
            id,
            name,
            partitions,
            configs: BTreeMap::new()
        }),
        topic_ids().prop_map(|id| Record::DeleteTopic { id }),
        (topic_ids(), 0i32..5, partitions()).prop_map(|(id, from, partitions)| Record::AddPartitions {
            id,
            from,
            partitions
        }),
        (topic_ids(), configs()).prop_map(|(topic, (key, value))| Record::SetTopicConfig { topic, key, value }),
        (prop::option::of(0i32..2), configs()).prop_map(|(node, (key, value))| Record::SetBrokerConfig {
            node: node.map(NodeId),
            key,
            value
        }),
        (words(), configs()).prop_map(|(group, (key, value))| Record::SetGroupConfig { group, key, value }),
        (topic_ids(), -1i32..4, any::<u8>(), 0i32..4).prop_map(|(topic, partition, leader, leader_epoch)| {
            let leader = (leader % 3 != 0).then_some(NODE);
            Record::ChangePartition {
                topic,
                partition: PartitionIndex(partition),
                leader,
                leader_epoch,
                isr: vec![NODE],
            }
        }),
        (0i64..3, -1i32..3).prop_map(|(first, count)| Record::AllocateProducerIds { first, count }),
        (topic_ids(), 0i32..3, 0u32..4).prop_map(|(topic, partition, source)| Record::AllocateSource {
            topic,
            partition: PartitionIndex(partition),
            source
        }),
        (topic_ids(), topic_ids()).prop_map(|(topic, target)| Record::AddRoute { topic, target }),
        (topic_ids(), topic_ids()).prop_map(|(topic, target)| Record::RemoveRoute { topic, target }),
        plugin_records(),
        words().prop_map(|incarnation| register(&incarnation)),
        any::<[u8; 16]>().prop_map(|bytes| Record::ClusterId {
            id: crate::ids::uuid_text(&bytes)
        }),
        (0u32..3).prop_map(|version| Record::FormatVersion { version }),
        (words(), words()).prop_map(|(owner, plugin)| Record::AppliedKeys {
            owner,
            keys: AppliedKeys {
                topics: BTreeMap::new(),
                plugins: [plugin].into(),
                wanted: BTreeMap::new()
            }
        }),
    ]
}

/// What no image may ever break, whatever was applied.
fn check_invariants(image: &Image) {
    let mut sources = BTreeSet::new();
    assert_eq!(image.names.len(), image.topics.len());
    for topic in image.topics() {
        assert_eq!(image.topic(&topic.name).unwrap().id, topic.id);
        assert!(!topic.partitions.is_empty());
        assert!(
            topic.routes.iter().all(|target| image.topic_by_id(*target).is_some()),
            "a route to nowhere"
        );
        for partition in &topic.partitions {
            partitions::check(&topic.name, partition).unwrap();
            assert!(
                partition
                    .source
                    .is_none_or(|source| source < image.next_source && sources.insert(source))
            );
        }
        image.check_bindings(topic).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_records_keep_every_invariant(batches in prop::collection::vec(prop::collection::vec(records(), 0..4), 0..40)) {
        let mut image = Image::default();
        let mut replayed = Vec::new();
        for batch in batches {
            let json = serde_json::to_vec(&batch).unwrap();
            prop_assert_eq!(&serde_json::from_slice::<Vec<Record>>(&json).unwrap(), &batch);
            let before = image.clone();
            if let Ok(next) = image.apply(&batch) {
                prop_assert_eq!(next.version(), image.version() + 1);
                image = next;
                replayed.push(batch);
            } else {
                prop_assert_eq!(&image, &before);
            }
            check_invariants(&image);
        }
        // Deterministic: the batches that were taken give the same image again.
        let again = replayed.iter().try_fold(Image::default(), |image, batch| image.apply(batch)).unwrap();
        prop_assert_eq!(&again, &image);
        // And so does the snapshot, which is the same bytes when written again.
        let bytes = image.to_snapshot();
        let restored = Image::from_snapshot(&bytes).unwrap();
        prop_assert_eq!(&restored, &image);
        prop_assert_eq!(restored.to_snapshot(), bytes);
    }

    #[test]
    fn a_broken_snapshot_is_an_error(cut in 0usize..400, at in 0usize..400, byte: u8) {
        let bytes = after(&[create(1, "a", 2), put("p", 1), bind(1, Some("p"))]).to_snapshot();
        let _ = Image::from_snapshot(&bytes[..cut.min(bytes.len())]);
        let mut flipped = bytes.clone();
        flipped[at % bytes.len()] = byte;
        if let Ok(image) = Image::from_snapshot(&flipped) {
            let _ = image.to_snapshot();
        }
    }
}
