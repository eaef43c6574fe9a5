//! Records: Produce, Fetch, ListOffsets, DeleteRecords, InitProducerId, OffsetForLeaderEpoch.

use bed::pipe::Pipe;
use corvid_wire::Uuid;
use corvid_wire::kafka::ResponseError as E;
use corvid_wire::kafka::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use corvid_wire::kafka::messages::fetch_request::{
    FetchPartition, FetchRequest, FetchTopic, ForgottenTopic, ReplicaState,
};
use corvid_wire::kafka::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use corvid_wire::kafka::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use corvid_wire::kafka::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use corvid_wire::kafka::messages::{FetchResponse, InitProducerIdRequest, TransactionalId};
use path_tests::batch::{plain, record};

use super::world::{BEYOND, NO_TOPIC, NOWHERE, OLD, ORDERS, PICKY, World, call, code, name, text};

const LONG_MS: i32 = 60_000;

pub async fn produce(world: &World, pipe: &mut Pipe, version: i16) {
    let topic = |topic: &str, id: Uuid, partitions: &[i32], value: &'static str| {
        let data = |index: &i32| {
            PartitionProduceData::default()
                .with_index(*index)
                .with_records(Some(plain(&[record("k", value), record("k", "good")])))
        };
        let data = TopicProduceData::default().with_partition_data(partitions.iter().map(data).collect());
        if version >= 13 {
            data.with_topic_id(id)
        } else {
            data.with_name(name(topic))
        }
    };
    let request = ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(LONG_MS)
        .with_topic_data(vec![
            topic(ORDERS, world.id(ORDERS).await, &[1, BEYOND], "good"),
            topic(PICKY, world.id(PICKY).await, &[0], "bad"),
            topic(NOWHERE, NO_TOPIC, &[0], "good"),
        ]);
    let answer = call(pipe, version, &request).await;
    let all = answer.responses.iter().flat_map(|topic| &topic.partition_responses);
    let codes: Vec<_> = all.clone().map(|partition| partition.error_code).collect();
    let unknown = code(if version >= 13 {
        E::UnknownTopicId
    } else {
        E::UnknownTopicOrPartition
    });
    assert_eq!(
        codes,
        [0, code(E::UnknownTopicOrPartition), code(E::InvalidRecord), unknown]
    );
    let refused = all
        .clone()
        .find(|partition| partition.error_code == code(E::InvalidRecord))
        .unwrap();
    assert_eq!(refused.record_errors.len(), usize::from(version >= 8));
    assert_eq!(refused.error_message.is_some(), version >= 8);
    let named = answer
        .responses
        .iter()
        .all(|topic| topic.name.is_empty() == (version >= 13));
    assert!(named, "by name or by id, as the version has it");
    let ours = request.with_transactional_id(Some(TransactionalId(text("payments"))));
    let answer = call(pipe, version, &ours).await;
    assert_ne!(answer.responses[0].partition_responses[0].error_code, 0);
}

/// A partition, an offset, and the leader epoch that the client believes in.
type Wanted = (i32, i64, i32);

struct Fetching {
    version: i16,
    orders: Uuid,
}

impl Fetching {
    fn topic(&self, topic: &str, id: Uuid, wanted: &[Wanted]) -> FetchTopic {
        let partition = |(index, offset, epoch): &Wanted| {
            let partition = FetchPartition::default()
                .with_partition(*index)
                .with_fetch_offset(*offset)
                .with_partition_max_bytes(1 << 20);
            match self.version {
                9.. => partition.with_current_leader_epoch(*epoch),
                _older => partition,
            }
        };
        let asked = FetchTopic::default().with_partitions(wanted.iter().map(partition).collect());
        match self.version {
            13.. => asked.with_topic_id(id),
            _older => asked.with_topic(name(topic)),
        }
    }

    fn orders(&self, wanted: &[Wanted]) -> FetchTopic {
        self.topic(ORDERS, self.orders, wanted)
    }
}

fn fetch_request(topics: Vec<FetchTopic>) -> FetchRequest {
    FetchRequest::default()
        .with_max_wait_ms(0)
        .with_min_bytes(1)
        .with_max_bytes(1 << 20)
        .with_topics(topics)
}

fn codes(answer: &FetchResponse) -> Vec<i16> {
    let all = answer.responses.iter().flat_map(|topic| &topic.partitions);
    all.map(|partition| partition.error_code).collect()
}

pub async fn fetch(world: &World, pipe: &mut Pipe, version: i16) {
    let orders = world.id(ORDERS).await;
    let fetching = Fetching { version, orders };
    let nowhere = fetching.topic(NOWHERE, NO_TOPIC, &[(0, 0, -1)]);
    let asked = vec![
        fetching.orders(&[(0, 0, -1), (1, 999_999, -1), (BEYOND, 0, -1)]),
        nowhere,
    ];
    let answer = call(pipe, version, &fetch_request(asked)).await;
    let unknown = code(if version >= 13 {
        E::UnknownTopicId
    } else {
        E::UnknownTopicOrPartition
    });
    let wanted = [0, code(E::OffsetOutOfRange), code(E::UnknownTopicOrPartition), unknown];
    assert_eq!(codes(&answer), wanted);
    let records = answer.responses[0].partitions[0].records.as_ref();
    assert!(records.is_some_and(|records| !records.is_empty()), "there are records");
    if version >= 7 {
        session(&fetching, pipe).await;
    }
    if version >= 9 {
        let asked = fetch_request(vec![fetching.orders(&[(0, 0, 0), (1, 0, 99)])]);
        let answer = call(pipe, version, &asked).await;
        assert_eq!(codes(&answer)[1], code(E::UnknownLeaderEpoch));
    }
    let as_replica = match version {
        15.. => FetchRequest::default().with_replica_state(ReplicaState::default().with_replica_id(2.into())),
        _older => FetchRequest::default().with_replica_id(2.into()),
    };
    let answer = call(pipe, version, &as_replica).await;
    assert_eq!(
        answer.error_code,
        if version >= 7 { code(E::InvalidRequest) } else { 0 }
    );
}

/// A session that is opened, used, and one that is not known.
async fn session(fetching: &Fetching, pipe: &mut Pipe) {
    let version = fetching.version;
    let both = fetch_request(vec![fetching.orders(&[(0, 0, -1), (1, 0, -1)])]);
    let opened = call(pipe, version, &both.with_session_id(0).with_session_epoch(0)).await;
    assert_ne!(opened.session_id, 0);
    let forgotten = ForgottenTopic::default().with_partitions(vec![1]);
    let forgotten = match version {
        13.. => forgotten.with_topic_id(fetching.orders),
        _older => forgotten.with_topic(name(ORDERS)),
    };
    let next = fetch_request(vec![])
        .with_session_id(opened.session_id)
        .with_session_epoch(1)
        .with_forgotten_topics_data(vec![forgotten]);
    let next = if version >= 11 {
        next.with_rack_id(text("here"))
    } else {
        next
    };
    assert_eq!(codes(&call(pipe, version, &next).await), [0], "there still are records");
    let strange = fetch_request(vec![])
        .with_session_id(opened.session_id ^ 1)
        .with_session_epoch(1);
    let answer = call(pipe, version, &strange).await;
    assert_eq!(answer.error_code, code(E::FetchSessionIdNotFound));
}

pub async fn list_offsets(pipe: &mut Pipe, version: i16) {
    let ask = |timestamp: i64| {
        let partition = |index: i32| {
            ListOffsetsPartition::default()
                .with_partition_index(index)
                .with_timestamp(timestamp)
        };
        let topic = |topic: &str, partitions: &[i32]| {
            ListOffsetsTopic::default()
                .with_name(name(topic))
                .with_partitions(partitions.iter().map(|index| partition(*index)).collect())
        };
        ListOffsetsRequest::default()
            .with_replica_id((-1).into())
            .with_topics(vec![topic(ORDERS, &[0, BEYOND]), topic(NOWHERE, &[0])])
    };
    // The end, the start, a time; from later versions on what is special, and in all what does not exist.
    for timestamp in [-1, -2, 1, -3, -4, -5, -99] {
        let answer = call(pipe, version, &ask(timestamp)).await;
        let all = answer.topics.iter().flat_map(|topic| &topic.partitions);
        let codes: Vec<_> = all.map(|partition| partition.error_code).collect();
        let first = if timestamp == -99 {
            code(E::UnsupportedVersion)
        } else {
            0
        };
        let unknown = code(E::UnknownTopicOrPartition);
        assert_eq!(codes, [first, unknown, unknown], "timestamp {timestamp}");
    }
    if version >= 4 {
        let mut ask = ask(-1);
        ask.topics[0].partitions[0].current_leader_epoch = 99;
        let answer = call(pipe, version, &ask).await;
        assert_eq!(answer.topics[0].partitions[0].error_code, code(E::UnknownLeaderEpoch));
    }
}

pub async fn delete(pipe: &mut Pipe, version: i16) {
    let partition = |(index, offset): (i32, i64)| {
        DeleteRecordsPartition::default()
            .with_partition_index(index)
            .with_offset(offset)
    };
    let topic = |topic: &str, partitions: &[(i32, i64)]| {
        DeleteRecordsTopic::default()
            .with_name(name(topic))
            .with_partitions(partitions.iter().copied().map(partition).collect())
    };
    let start = i64::from(version) + 1;
    let request = DeleteRecordsRequest::default()
        .with_timeout_ms(LONG_MS)
        .with_topics(vec![
            topic(OLD, &[(0, start), (BEYOND, 0)]),
            topic(ORDERS, &[(0, 999_999)]),
            topic(NOWHERE, &[(0, 0)]),
        ]);
    let answer = call(pipe, version, &request).await;
    let all = answer.topics.iter().flat_map(|topic| &topic.partitions);
    let told: Vec<_> = all
        .map(|partition| (partition.error_code, partition.low_watermark))
        .collect();
    let unknown = (code(E::UnknownTopicOrPartition), -1);
    assert_eq!(told, [(0, start), unknown, (code(E::OffsetOutOfRange), -1), unknown]);
}

pub async fn init_producer_id(pipe: &mut Pipe, version: i16) {
    let request = InitProducerIdRequest::default().with_transactional_id(None);
    let answer = call(pipe, version, &request).await;
    assert_eq!(
        (answer.error_code, *answer.producer_id >= 0, answer.producer_epoch),
        (0, true, 0)
    );
    let ours = request
        .with_transactional_id(Some(TransactionalId(text("payments"))))
        .with_transaction_timeout_ms(LONG_MS);
    assert_eq!(call(pipe, version, &ours).await.error_code, code(E::InvalidRequest));
}

pub async fn offset_for_leader_epoch(pipe: &mut Pipe, version: i16) {
    let partition = |(index, current): (i32, i32)| {
        OffsetForLeaderPartition::default()
            .with_partition(index)
            .with_current_leader_epoch(current)
            .with_leader_epoch(0)
    };
    let topic = |topic: &str, partitions: &[(i32, i32)]| {
        OffsetForLeaderTopic::default()
            .with_topic(corvid_wire::kafka::messages::TopicName(text(topic)))
            .with_partitions(partitions.iter().copied().map(partition).collect())
    };
    let request = OffsetForLeaderEpochRequest::default().with_topics(vec![
        topic(ORDERS, &[(0, -1), (1, 99), (BEYOND, -1)]),
        topic(NOWHERE, &[(0, -1)]),
    ]);
    let request = if version >= 3 {
        request.with_replica_id((-1).into())
    } else {
        request
    };
    let answer = call(pipe, version, &request).await;
    let all = answer.topics.iter().flat_map(|topic| &topic.partitions);
    let codes: Vec<_> = all.map(|partition| partition.error_code).collect();
    let unknown = code(E::UnknownTopicOrPartition);
    assert_eq!(codes, [0, code(E::UnknownLeaderEpoch), unknown, unknown]);
    assert!(answer.topics[0].partitions[0].end_offset > 0);
}
