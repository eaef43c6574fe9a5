//! A broker of one topic, `events`, with three partitions, in memory.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use corvid_env::net::{TcpListener, TcpStream};
use corvid_record::{Batch, LeaderEpoch, Offset, Records, patch};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::metadata_response::{MetadataResponsePartition, MetadataResponseTopic};
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

use crate::fetch::{FetchResponse as Fetched, FetchedPartition, FetchedTopic, encode_fetch};
use crate::frame::FrameLimits;
use crate::response::{Chunk, Response, encode};
use crate::versions::APIS;
use crate::{Frame, FrameReader, MemoryBudget, decode, write_response};

/// What the broker does wrong.
#[derive(Clone, Copy)]
pub enum Mischief {
    None,
    /// Appends, and closes the connection instead of answering.
    CloseAfterAppend {
        every: usize,
    },
    /// Refuses a batch that holds this value.
    RefuseValue(&'static str),
}

pub struct Broker {
    pub address: String,
}

struct State {
    mischief: Mischief,
    appends: usize,
    /// By partition: the batches, the next offset and the next sequence.
    logs: BTreeMap<i32, (Vec<u8>, i64, i32)>,
}

impl Broker {
    pub async fn start(mischief: Mischief) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .expect("a port");
        let address = listener.local_addr().expect("its address").to_string();
        let logs = (0..3).map(|partition| (partition, Default::default())).collect();
        let state = Arc::new(Mutex::new(State {
            mischief,
            appends: 0,
            logs,
        }));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state)));
            }
        });
        Self { address }
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let (read, mut write) = stream.into_split();
    let mut frames = FrameReader::new(read, FrameLimits::default(), MemoryBudget::new(1 << 20));
    while let Ok(Some(frame)) = frames.next().await {
        let Some(response) = state.lock().expect("no panic").answer(&frame) else {
            return;
        };
        if write_response(&mut write, response).await.is_err() {
            return;
        }
    }
}

impl State {
    fn answer(&mut self, frame: &Frame) -> Option<Response> {
        let (version, key, id) = (frame.api_version, frame.api_key, frame.correlation_id);
        let response = match key {
            0 => encode(&self.produce(&decode(frame).expect("a Produce"))?, version, key, id),
            1 => encode_fetch(&self.fetch(&decode(frame).expect("a Fetch")), version, id),
            2 => encode(&list_offsets(&decode(frame).expect("a ListOffsets")), version, key, id),
            3 => encode(&metadata(&decode(frame).expect("a Metadata")), version, key, id),
            18 => encode(&api_versions(), version, key, id),
            22 => encode(
                &InitProducerIdResponse::default().with_producer_id(ProducerId(77)),
                version,
                key,
                id,
            ),
            other => panic!("a request of API {other}"),
        };
        Some(response.expect("it can be encoded"))
    }

    /// None closes the connection.
    fn produce(&mut self, request: &ProduceRequest) -> Option<ProduceResponse> {
        let mut topics = Vec::new();
        for topic in &request.topic_data {
            let mut partitions = Vec::new();
            for data in &topic.partition_data {
                partitions.push(self.append(data.index, data.records.as_ref().expect("records")));
            }
            let topic = TopicProduceResponse::default().with_name(topic.name.clone());
            topics.push(topic.with_partition_responses(partitions));
        }
        self.appends += 1;
        match self.mischief {
            Mischief::CloseAfterAppend { every } if self.appends.is_multiple_of(every) => None,
            _ => Some(ProduceResponse::default().with_responses(topics)),
        }
    }

    fn append(&mut self, partition: i32, records: &Bytes) -> PartitionProduceResponse {
        let answer = PartitionProduceResponse::default().with_index(partition);
        let batch = Batch::parse(records).expect("a batch");
        batch.verify_crc().expect("a sound batch");
        if let Mischief::RefuseValue(bad) = self.mischief
            && Records::new(batch.section(), batch.record_count())
                .any(|record| record.expect("a record").value == Some(bad.as_bytes()))
        {
            let blame = BatchIndexAndErrorMessage::default()
                .with_batch_index(0)
                .with_batch_index_error_message(Some(StrBytes::from_string(format!("{bad} is bad"))));
            let message = Some(StrBytes::from_static_str("refused"));
            return answer
                .with_error_code(87)
                .with_record_errors(vec![blame])
                .with_error_message(message);
        }
        let (log, next_offset, next_sequence) = self.logs.get_mut(&partition).expect("a partition");
        if batch.base_sequence().0 + batch.record_count() as i32 == *next_sequence {
            return answer.with_base_offset(*next_offset - i64::from(batch.record_count()));
        }
        if batch.base_sequence().0 != *next_sequence {
            return answer.with_error_code(45);
        }
        let mut placed = BytesMut::from(&records[..]);
        patch::place(Offset(*next_offset), LeaderEpoch(0), &mut placed);
        let base_offset = *next_offset;
        *next_offset += i64::from(batch.record_count());
        *next_sequence += batch.record_count() as i32;
        log.extend_from_slice(&placed);
        answer.with_base_offset(base_offset)
    }

    fn fetch(&self, request: &FetchRequest) -> Fetched {
        let topic = |topic: &kafka_protocol::messages::fetch_request::FetchTopic| {
            let partitions = topic.partitions.iter().map(|wanted| {
                let (log, next_offset, _) = &self.logs[&wanted.partition];
                let records = if wanted.fetch_offset < *next_offset {
                    log.clone()
                } else {
                    Vec::new()
                };
                FetchedPartition {
                    index: wanted.partition,
                    high_watermark: *next_offset,
                    records: vec![Chunk::Bytes(records.into())],
                    ..FetchedPartition::default()
                }
            });
            FetchedTopic {
                name: topic.topic.as_str().into(),
                id: [0; 16],
                partitions: partitions.collect(),
            }
        };
        Fetched {
            topics: request.topics.iter().map(topic).collect(),
            ..Fetched::default()
        }
    }
}

fn metadata(request: &MetadataRequest) -> MetadataResponse {
    let asked = request.topics.iter().flatten().filter_map(|topic| topic.name.clone());
    let topic = |name: TopicName| {
        let known = name.as_str() == "events";
        let partition = |index| MetadataResponsePartition::default().with_partition_index(index);
        MetadataResponseTopic::default()
            .with_name(Some(name))
            .with_error_code(if known { 0 } else { 3 })
            .with_partitions((0..if known { 3 } else { 0 }).map(partition).collect())
    };
    MetadataResponse::default().with_topics(asked.map(topic).collect())
}

fn list_offsets(request: &ListOffsetsRequest) -> ListOffsetsResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            ListOffsetsPartitionResponse::default()
                .with_partition_index(wanted.partition_index)
                .with_offset(0)
        });
        ListOffsetsTopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn api_versions() -> ApiVersionsResponse {
    let api = |api: &crate::versions::Api| {
        ApiVersion::default()
            .with_api_key(api.key)
            .with_min_version(api.min)
            .with_max_version(api.max)
    };
    ApiVersionsResponse::default().with_api_keys(APIS.iter().map(api).collect())
}
