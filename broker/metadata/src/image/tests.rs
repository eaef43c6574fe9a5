use std::collections::BTreeMap;

use super::*;
use crate::ids::Digest;
use crate::policy::PluginLimits;
use crate::record::{FORMAT_VERSION, PartitionRecord, Record};

pub(super) const NODE: NodeId = NodeId(1);

pub(super) fn id(n: u8) -> TopicId {
    TopicId([n; 16])
}

pub(super) fn create(n: u8, name: &str, partitions: usize) -> Record {
    let partitions = vec![PartitionRecord::new(vec![NODE]); partitions];
    Record::CreateTopic {
        id: id(n),
        name: name.into(),
        partitions,
        configs: BTreeMap::new(),
    }
}

pub(super) fn bind(n: u8, plugin: Option<&str>) -> Record {
    Record::SetTopicConfig {
        topic: id(n),
        key: "corvid.produce".into(),
        value: plugin.map(str::to_owned),
    }
}

pub(super) fn put(name: &str, generation: u64) -> Record {
    let plugin = PluginRecord {
        module: Digest([generation as u8; 32]),
        builtin: None,
        config: serde_json::json!({ "x": 0.1, "y": 1e300 }),
        limits: PluginLimits::default(),
        generation,
        deployment: crate::plugin::Deployment::default(),
    };
    Record::PutPlugin {
        name: name.into(),
        plugin,
    }
}

pub(super) fn register(incarnation: &str) -> Record {
    Record::RegisterBroker {
        node: NODE,
        incarnation: incarnation.into(),
        host: "h".into(),
        port: 9092,
        rack: None,
    }
}

pub(super) fn after(records: &[Record]) -> Image {
    Image::default().apply(records).unwrap()
}

#[test]
fn of_two_creations_the_second_conflicts() {
    let image = after(&[create(1, "orders.v1", 2)]);
    assert_eq!(
        image.apply(&[create(2, "orders.v1", 9)]),
        Err(Conflict::TopicExists {
            name: "orders.v1".into(),
            id: id(1)
        })
    );
    assert!(matches!(
        image.apply(&[create(2, "orders_v1", 9)]),
        Err(Conflict::TopicCollides { .. })
    ));
    assert_eq!(
        image.apply(&[create(1, "other", 1)]),
        Err(Conflict::TopicIdTaken(id(1)))
    );
    assert_eq!(image.topic("orders.v1").unwrap().partitions.len(), 2);
    assert!(image.topic("orders_v1").is_none());
}

#[test]
fn a_batch_is_all_or_nothing() {
    let image = after(&[create(1, "a", 1)]);
    let before = image.clone();
    assert!(
        image
            .apply(&[create(2, "b", 1), Record::DeleteTopic { id: id(1) }, create(2, "c", 1)])
            .is_err()
    );
    assert_eq!(image, before);
}

#[test]
fn a_deleted_topic_takes_its_routes_along() {
    let route = |topic, target| Record::AddRoute {
        topic: id(topic),
        target: id(target),
    };
    let image = after(&[create(1, "a", 1), create(2, "b", 1), route(1, 1), route(1, 2)]);
    assert_eq!(image.routes_of(id(1)).collect::<Vec<_>>(), [id(1), id(2)]);
    let image = image.apply(&[Record::DeleteTopic { id: id(2) }]).unwrap();
    assert_eq!(image.routes_of(id(1)).collect::<Vec<_>>(), [id(1)]);
    // The name is free again, the identity is another.
    let image = image.apply(&[create(3, "b", 1)]).unwrap();
    assert_eq!(image.topic("b").unwrap().id, id(3));
}

#[test]
fn a_start_begins_a_leader_epoch_once() {
    let image = after(&[register("one"), create(1, "a", 3)]);
    let image = image.apply(&[register("two")]).unwrap();
    assert!(
        image
            .topic("a")
            .unwrap()
            .partitions
            .iter()
            .all(|partition| partition.leader_epoch == 1)
    );
    assert!(matches!(
        image.apply(&[register("two")]),
        Err(Conflict::AlreadyRegistered { .. })
    ));
}

#[test]
fn producer_ids_and_sources_are_compare_and_set() {
    let block = |first, count| Record::AllocateProducerIds { first, count };
    let image = after(&[block(0, 1000)]);
    assert_eq!(image.next_producer_id(), 1000);
    assert_eq!(
        image.apply(&[block(0, 1000)]),
        Err(Conflict::ProducerIdsMoved { next: 1000, first: 0 })
    );
    assert!(matches!(
        image.apply(&[block(1000, -1)]),
        Err(Conflict::BadProducerIds { .. })
    ));

    let source = |partition, source| Record::AllocateSource {
        topic: id(1),
        partition: PartitionIndex(partition),
        source,
    };
    let image = after(&[create(1, "a", 2), source(0, 0), source(1, 1)]);
    assert_eq!(image.source_of(id(1), PartitionIndex(1)), Some(1));
    assert!(matches!(image.apply(&[source(1, 2)]), Err(Conflict::SourceSet { .. })));
    // A deleted topic's source ids are never given again.
    let image = image
        .apply(&[Record::DeleteTopic { id: id(1) }, create(2, "a", 1)])
        .unwrap();
    let again = Record::AllocateSource {
        topic: id(2),
        partition: PartitionIndex(0),
        source: 0,
    };
    assert_eq!(image.apply(&[again]), Err(Conflict::SourcesMoved { next: 2, given: 0 }));
}

#[test]
fn partitions_are_added_to_what_the_request_saw() {
    let image = after(&[create(1, "a", 2)]);
    let add = Record::AddPartitions {
        id: id(1),
        from: 2,
        partitions: vec![PartitionRecord::new(vec![NODE]); 4],
    };
    let image = image.apply(std::slice::from_ref(&add)).unwrap();
    assert_eq!(image.topic("a").unwrap().partitions.len(), 6);
    assert!(matches!(
        image.apply(&[add]),
        Err(Conflict::PartitionsMoved {
            have: 6,
            expected: 2,
            ..
        })
    ));
}

#[test]
fn a_stale_leader_is_not_elected() {
    let change = |leader_epoch, leader: Option<i32>, isr: &[i32]| Record::ChangePartition {
        topic: id(1),
        partition: PartitionIndex(0),
        leader: leader.map(NodeId),
        leader_epoch,
        isr: isr.iter().map(|n| NodeId(*n)).collect(),
    };
    let partitions = vec![PartitionRecord::new(vec![NodeId(1), NodeId(2)])];
    let image = after(&[Record::CreateTopic {
        id: id(1),
        name: "a".into(),
        partitions,
        configs: BTreeMap::new(),
    }]);
    let image = image.apply(&[change(1, Some(2), &[2])]).unwrap();
    assert!(matches!(
        image.apply(&[change(0, Some(1), &[1])]),
        Err(Conflict::StaleLeaderEpoch { .. })
    ));
    assert!(matches!(
        image.apply(&[change(1, None, &[2])]),
        Err(Conflict::StaleLeaderEpoch { .. })
    ));
    assert!(matches!(
        image.apply(&[change(2, Some(1), &[2])]),
        Err(Conflict::BadPartition { .. })
    ));
    assert!(matches!(
        image.apply(&[change(2, Some(3), &[3])]),
        Err(Conflict::BadPartition { .. })
    ));
}

#[test]
fn a_bound_plugin_stays_and_an_unknown_one_is_not_bound() {
    let image = after(&[create(1, "a", 1), put("p", 1)]);
    assert!(matches!(
        image.apply(&[bind(1, Some("q"))]),
        Err(Conflict::UnknownPlugin { .. })
    ));
    let image = image.apply(&[bind(1, Some("p"))]).unwrap();
    assert_eq!(image.topics_binding("p").collect::<Vec<_>>(), ["a"]);
    let remove = Record::RemovePlugin { name: "p".into() };
    assert!(matches!(
        image.apply(std::slice::from_ref(&remove)),
        Err(Conflict::UnknownPlugin { .. })
    ));
    // In one batch, in any order.
    assert!(image.apply(&[remove, bind(1, None)]).is_ok());
    assert!(matches!(
        image.apply(&[put("p", 1)]),
        Err(Conflict::StaleGeneration { have: 1, given: 1, .. })
    ));
}

#[test]
fn a_partitioner_is_refused_at_apply_too() {
    // Two requests that were each fine when they were checked: the log decides.
    let set = |key: &str, value: &str| Record::SetTopicConfig {
        topic: id(1),
        key: key.into(),
        value: Some(value.into()),
    };
    let image = after(&[create(1, "a", 1), put("p", 1), set("corvid.partitioner", "p")]);
    assert!(matches!(
        image.apply(&[set("cleanup.policy", "compact")]),
        Err(Conflict::PartitionerRefused(_))
    ));
}

#[test]
fn a_later_format_is_refused() {
    let later = FORMAT_VERSION + 1;
    assert!(matches!(
        Image::default().apply(&[Record::FormatVersion { version: later }]),
        Err(Conflict::UnknownFormat { .. })
    ));
    let bytes = String::from_utf8(Image::default().to_snapshot())
        .unwrap()
        .replace("format 0", "format 99");
    assert!(matches!(
        Image::from_snapshot(bytes.as_bytes()),
        Err(SnapshotError::UnknownFormat { version: 99 })
    ));
}

#[test]
fn ten_thousand_partitions_are_shared_not_copied() {
    let topics: Vec<Record> = (0..2500u32)
        .map(|n| {
            let mut bytes = [1; 16];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            let partitions = vec![PartitionRecord::new(vec![NODE]); 4];
            Record::CreateTopic {
                id: TopicId(bytes),
                name: format!("t{n}"),
                partitions,
                configs: BTreeMap::new(),
            }
        })
        .collect();
    let image = after(&topics);
    let next = image.apply(&[create(9, "one-more", 1)]).unwrap();
    assert!(
        image
            .topics()
            .zip(image.topics().map(|topic| next.topic(&topic.name).unwrap()))
            .all(|(a, b)| Arc::ptr_eq(a, b))
    );
    assert_eq!(Image::from_snapshot(&next.to_snapshot()).unwrap(), next);
}

#[test]
fn a_snapshot_that_contradicts_itself_is_refused() {
    let image = after(&[create(1, "a", 1), create(2, "b", 1)]);
    let text = String::from_utf8(image.to_snapshot()).unwrap();
    for (from, to) in [
        (r#""name":"b""#, r#""name":"a""#),
        (r#""isr":[1]"#, r#""isr":[2]"#),
        (r#""source":null"#, r#""source":5"#),
    ] {
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text);
        assert!(Image::from_snapshot(broken.as_bytes()).is_err(), "{to}");
    }
}
