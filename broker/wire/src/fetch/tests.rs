//! Our encoder against the protocol crate's, byte for byte, in every version.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::fetch_response::{
    self, AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, PartitionData,
};
use kafka_protocol::messages::{BrokerId, ProducerId, TopicName};
use kafka_protocol::protocol::{Decodable, StrBytes};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::response::{Response, encode};
use crate::versions::FETCH;

fn joined(response: &Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in response.chunks() {
        match chunk {
            Chunk::Bytes(piece) => bytes.extend_from_slice(piece),
            Chunk::Range(range) => {
                let mut piece = vec![0; range.len as usize];
                range
                    .file
                    .read_exact_at(range.offset, &mut piece)
                    .expect("the range is in the file");
                bytes.extend(piece);
            }
        }
    }
    bytes
}

fn arbitrary_partition() -> impl Strategy<Value = FetchedPartition> {
    let tags = (
        prop::option::of((any::<i32>(), any::<i64>())),
        prop::option::of((any::<i32>(), any::<i32>())),
    );
    let aborted = prop::option::of(prop::collection::vec((any::<i64>(), any::<i64>()), 0..3));
    let records = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..3);
    (any::<(i32, i16, i64, i64, i64, i32)>(), tags, aborted, records).prop_map(
        |((index, error_code, high_watermark, stable, start, replica), tags, aborted_transactions, records)| {
            FetchedPartition {
                index,
                error_code,
                high_watermark,
                last_stable_offset: stable,
                log_start_offset: start,
                diverging_epoch: tags.0,
                current_leader: tags.1,
                aborted_transactions,
                preferred_read_replica: replica,
                records: records
                    .into_iter()
                    .map(|records| Chunk::Bytes(records.into()))
                    .collect(),
            }
        },
    )
}

fn arbitrary_response() -> impl Strategy<Value = FetchResponse> {
    let topic = (
        "[a-z]{0,200}",
        any::<[u8; 16]>(),
        prop::collection::vec(arbitrary_partition(), 0..4),
    );
    let topics = prop::collection::vec(topic, 0..4);
    let endpoints = prop::collection::vec(
        (
            any::<i32>(),
            "[a-z.]{1,150}",
            any::<i32>(),
            prop::option::of("[a-z]{0,5}"),
        ),
        0..3,
    );
    (any::<(i32, i16, i32)>(), topics, endpoints).prop_map(|(top, topics, endpoints)| FetchResponse {
        throttle_time_ms: top.0,
        error_code: top.1,
        session_id: top.2,
        topics: topics
            .into_iter()
            .map(|(name, id, partitions)| FetchedTopic {
                name: name.into(),
                id,
                partitions,
            })
            .collect(),
        node_endpoints: endpoints
            .into_iter()
            .map(|(node_id, host, port, rack)| NodeEndpoint {
                node_id,
                host,
                port,
                rack,
            })
            .collect(),
    })
}

/// The same response in the crate's types, without what this version doesn't have.
fn theirs(ours: &FetchResponse, version: i16) -> kafka_protocol::messages::FetchResponse {
    let endpoints = ours.node_endpoints.iter().filter(|_| version >= 16).map(|node| {
        fetch_response::NodeEndpoint::default()
            .with_node_id(BrokerId(node.node_id))
            .with_host(StrBytes::from_string(node.host.clone()))
            .with_port(node.port)
            .with_rack(node.rack.clone().map(StrBytes::from_string))
    });
    kafka_protocol::messages::FetchResponse::default()
        .with_throttle_time_ms(ours.throttle_time_ms)
        .with_error_code(if version >= 7 { ours.error_code } else { 0 })
        .with_session_id(if version >= 7 { ours.session_id } else { 0 })
        .with_responses(ours.topics.iter().map(|topic| their_topic(topic, version)).collect())
        .with_node_endpoints(endpoints.collect())
}

fn their_topic(ours: &FetchedTopic, version: i16) -> FetchableTopicResponse {
    let topic = FetchableTopicResponse::default().with_partitions(
        ours.partitions
            .iter()
            .map(|partition| their_partition(partition, version))
            .collect(),
    );
    if version >= 13 {
        topic.with_topic_id(Uuid::from_bytes(ours.id))
    } else {
        topic.with_topic(TopicName(StrBytes::from_string(ours.name.to_string())))
    }
}

fn their_partition(ours: &FetchedPartition, version: i16) -> PartitionData {
    let mut records = BytesMut::new();
    for chunk in &ours.records {
        let Chunk::Bytes(bytes) = chunk else {
            panic!("the records are in memory")
        };
        records.extend_from_slice(bytes);
    }
    let aborted = ours.aborted_transactions.as_ref().map(|aborted| {
        let aborted = aborted.iter().map(|&(producer_id, first_offset)| {
            AbortedTransaction::default()
                .with_producer_id(ProducerId(producer_id))
                .with_first_offset(first_offset)
        });
        aborted.collect()
    });
    let mut theirs = PartitionData::default()
        .with_partition_index(ours.index)
        .with_error_code(ours.error_code)
        .with_high_watermark(ours.high_watermark)
        .with_last_stable_offset(ours.last_stable_offset)
        .with_log_start_offset(if version >= 5 { ours.log_start_offset } else { -1 })
        .with_aborted_transactions(aborted)
        .with_preferred_read_replica(BrokerId(if version >= 11 { ours.preferred_read_replica } else { -1 }))
        .with_records(Some(records.freeze()));
    if let Some((epoch, end_offset)) = ours.diverging_epoch.filter(|_| version >= 12) {
        theirs.diverging_epoch = EpochEndOffset::default().with_epoch(epoch).with_end_offset(end_offset);
    }
    if let Some((leader_id, leader_epoch)) = ours.current_leader.filter(|_| version >= 12) {
        theirs.current_leader = LeaderIdAndEpoch::default()
            .with_leader_id(BrokerId(leader_id))
            .with_leader_epoch(leader_epoch);
    }
    theirs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn is_what_the_protocol_crate_encodes(response in arbitrary_response(), correlation_id in any::<i32>()) {
        for version in 4..=18 {
            let ours = encode_fetch(&response, version, correlation_id).expect("it can be encoded");
            let theirs = encode(&theirs(&response, version), version, FETCH, correlation_id).expect("theirs, too");
            prop_assert_eq!(joined(&ours), joined(&theirs), "version {}", version);
            prop_assert_eq!(ours.len(), theirs.len());
        }
    }
}

#[test]
fn records_in_files_stay_there_and_no_records_are_empty_never_null() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = corvid_env::fs::Dir::open(directory.path()).expect("it opens");
    let file = directory.create("00000000000000000000.log").expect("a file");
    file.write_all_at(0, &mut [std::io::IoSlice::new(b"0123456789")])
        .expect("written");
    let range = corvid_env::fs::FileRange {
        file,
        offset: 2,
        len: 5,
    };
    let partitions = vec![
        FetchedPartition {
            index: 0,
            records: vec![Chunk::Range(range)],
            ..FetchedPartition::default()
        },
        FetchedPartition {
            index: 1,
            ..FetchedPartition::default()
        },
    ];
    let response = FetchResponse {
        topics: vec![FetchedTopic {
            name: "orders".into(),
            id: [7; 16],
            partitions,
        }],
        ..FetchResponse::default()
    };
    for version in 4..=18 {
        let encoded = encode_fetch(&response, version, 3).expect("it can be encoded");
        assert!(matches!(
            encoded.chunks(),
            [Chunk::Bytes(_), Chunk::Range(_), Chunk::Bytes(_)]
        ));
        let header = if version >= 12 { 9 } else { 8 };
        let mut body = Bytes::from(joined(&encoded)).split_off(header);
        let decoded = kafka_protocol::messages::FetchResponse::decode(&mut body, version).expect("the crate reads it");
        let records: Vec<_> = decoded.responses[0]
            .partitions
            .iter()
            .map(|found| found.records.clone())
            .collect();
        assert_eq!(
            records,
            [Some(Bytes::from_static(b"23456")), Some(Bytes::new())],
            "version {version}"
        );
    }
}
