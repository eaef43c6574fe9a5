//! Produce (key 0), versions 3 to 13; 0 to 2 are listed for librdkafka's sake and not decoded.
//!
//! Partitions are appended in the order of the request, hooks included; then the next request of the
//! connection is taken, while this one waits for its acknowledgements.
//!
//! - v3: one v2 batch for each partition (KIP-98). v5: log start offset. v8: record errors (KIP-467).
//! - v9: flexible. v10: current leader in the answer (KIP-951). v13: topic ids (KIP-516).
//! - Transactional ids are refused until there are transactions.

use std::sync::Arc;
use std::time::Duration;

use corvid_controller::CreateTopicError;
use corvid_env::{clock, fault};
use corvid_metadata::{Image, TopicId};
use corvid_pipeline::{Accepted, ProduceError};
use corvid_replication::{Acks, AppendError, RefusedRecord};
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::ProduceRequest;
use corvid_wire::kafka::messages::produce_request::{PartitionProduceData, TopicProduceData};
use corvid_wire::kafka::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, ProduceResponse, TopicProduceResponse,
};
use corvid_wire::{Frame, decode, encode};

use super::first_use;
use crate::broker::{Broker, Named};
use crate::convert::{self, text};
use crate::errors;
use crate::reply::{HandlerError, HandlerResult, Reply};

/// No timestamp was written by the broker.
const NO_TIME: i64 = -1;

/// The first version that says why, and for which records.
const FIRST_WITH_REASONS: i16 = 8;

/// Answers a Produce.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let (version, key, correlation) = (frame.api_version, frame.api_key, frame.correlation_id);
    let request: ProduceRequest = decode(&frame)?;
    let deadline = clock::now() + Duration::from_millis(request.timeout_ms.max(0).unsigned_abs().into());
    let image = broker.image();
    let refused = refuse_whole(&request);
    let acks = acks_of(request.acks).unwrap_or(Acks::Leader);
    let mut topics = Vec::with_capacity(request.topic_data.len());
    for topic in request.topic_data {
        topics.push(append_topic(broker, &image, acks, refused, topic).await);
    }
    drop(frame);
    if acks == Acks::None {
        return unacknowledged(&topics);
    }
    let answer = move |topics: Vec<AppendedTopic>| {
        fault::hit("produce.before_answer");
        let responses = topics.into_iter().map(|topic| topic.answer(version)).collect();
        encode(
            &ProduceResponse::default().with_responses(responses),
            version,
            key,
            correlation,
        )
    };
    if acks == Acks::Leader {
        return Ok(Reply::Now(answer(topics)?));
    }
    Ok(Reply::later(async move {
        let mut topics = topics;
        for partition in topics.iter_mut().flat_map(|topic| topic.partitions.iter_mut()) {
            partition.acknowledged(deadline).await?;
        }
        Ok(answer(topics)?)
    }))
}

fn acks_of(acks: i16) -> Option<Acks> {
    match acks {
        0 => Some(Acks::None),
        1 => Some(Acks::Leader),
        -1 => Some(Acks::All),
        _ => None,
    }
}

/// What is wrong with the request as a whole.
fn refuse_whole(request: &ProduceRequest) -> Option<ResponseError> {
    if acks_of(request.acks).is_none() {
        return Some(ResponseError::InvalidRequiredAcks);
    }
    request
        .transactional_id
        .as_ref()
        .map(|_| ResponseError::InvalidTxnState)
}

struct AppendedTopic {
    name: corvid_wire::kafka::messages::TopicName,
    id: TopicId,
    partitions: Vec<AppendedPartition>,
}

struct AppendedPartition {
    index: i32,
    result: Result<Accepted, Failure>,
}

/// Why a partition's batch is answered with an error.
struct Failure {
    code: ResponseError,
    message: Option<String>,
    records: Vec<RefusedRecord>,
}

impl From<ResponseError> for Failure {
    fn from(code: ResponseError) -> Self {
        Self {
            code,
            message: None,
            records: Vec::new(),
        }
    }
}

impl Failure {
    /// The topic is one that is made by being named, and was not.
    fn not_made(error: &CreateTopicError) -> Self {
        Failure {
            code: match error {
                // Nothing is wrong with the name: the client may try again.
                CreateTopicError::Submit(_) => ResponseError::UnknownTopicOrPartition,
                error => super::create_topics::code(error),
            },
            message: Some(error.to_string()),
            records: Vec::new(),
        }
    }
}

async fn append_topic(
    broker: &Arc<Broker>,
    image: &Image,
    acks: Acks,
    refused: Option<ResponseError>,
    topic: TopicProduceData,
) -> AppendedTopic {
    let id = convert::topic_id(topic.topic_id);
    let named = Named::find(image, &topic.name, id);
    let named = first_use::named(broker, image, &topic.name, named).await;
    let mut partitions = Vec::with_capacity(topic.partition_data.len());
    for data in topic.partition_data {
        let index = data.index;
        let result = match (refused, &named) {
            (Some(code), _) => Err(code.into()),
            (None, Ok(named)) => append_partition(broker, named, acks, data).await,
            (None, Err(error)) => Err(Failure::not_made(error)),
        };
        partitions.push(AppendedPartition { index, result });
    }
    AppendedTopic {
        name: topic.name,
        id,
        partitions,
    }
}

async fn append_partition(
    broker: &Arc<Broker>,
    named: &Named,
    acks: Acks,
    data: PartitionProduceData,
) -> Result<Accepted, Failure> {
    let topic = match named {
        Named::Known(topic) => topic,
        Named::UnknownName => return Err(ResponseError::UnknownTopicOrPartition.into()),
        Named::UnknownId => return Err(ResponseError::UnknownTopicId.into()),
    };
    if topic.is_internal() {
        return Err(Failure {
            code: ResponseError::InvalidTopicException,
            message: Some(format!("{} is written by the broker alone", topic.name)),
            records: Vec::new(),
        });
    }
    let Some(partition) = broker.partition(topic.id, data.index) else {
        return Err(super::not_served(broker, topic, data.index).into());
    };
    let Some(topic) = broker.topics.get(topic.id) else {
        return Err(ResponseError::UnknownTopicOrPartition.into());
    };
    let bytes = data.records.unwrap_or_default();
    corvid_pipeline::append(&topic, partition, acks, bytes)
        .await
        .map_err(failure)
}

fn failure(error: ProduceError) -> Failure {
    let records = match &error {
        ProduceError::Append(AppendError::Refused(refusal)) => refusal.records.clone(),
        _ => Vec::new(),
    };
    Failure {
        code: errors::of_produce(&error),
        message: Some(error.to_string()),
        records,
    }
}

/// A failed produce with acks=0 closes the connection: the client has no other way to learn of it.
fn unacknowledged(topics: &[AppendedTopic]) -> HandlerResult {
    for partition in topics.iter().flat_map(|topic| &topic.partitions) {
        if let Err(failure) = &partition.result {
            let message = failure.message.clone().unwrap_or_else(|| failure.code.to_string());
            return Err(HandlerError::Unacknowledged(message));
        }
    }
    Ok(Reply::Nothing)
}

impl AppendedPartition {
    /// Waits until acks=all holds, or until the client's time is over: its retry is a duplicate then.
    async fn acknowledged(&mut self, deadline: clock::Instant) -> Result<(), HandlerError> {
        let Ok(accepted) = &self.result else { return Ok(()) };
        match clock::timeout_at(deadline, accepted.acknowledged(Acks::All)).await {
            Ok(Ok(())) => {}
            Ok(Err(_closed)) => self.result = Err(ResponseError::NotLeaderOrFollower.into()),
            Err(_elapsed) => self.result = Err(ResponseError::RequestTimedOut.into()),
        }
        Ok(())
    }

    fn answer(self, version: i16) -> PartitionProduceResponse {
        let answer = PartitionProduceResponse::default().with_index(self.index);
        match self.result {
            Ok(accepted) => answer
                .with_base_offset(accepted.appended.base_offset.0)
                .with_log_append_time_ms(accepted.appended.log_append_time.map_or(NO_TIME, |time| time.0))
                .with_log_start_offset(accepted.appended.log_start.0),
            Err(failure) => {
                let answer = answer
                    .with_error_code(failure.code.code())
                    .with_base_offset(-1)
                    .with_log_append_time_ms(NO_TIME)
                    .with_log_start_offset(-1);
                if version < FIRST_WITH_REASONS {
                    return answer;
                }
                answer
                    .with_error_message(failure.message.as_deref().map(text))
                    .with_record_errors(failure.records.iter().map(record_error).collect())
            }
        }
    }
}

/// Of a chain, one plugin said no: most clients show no more than this.
fn record_error(refused: &RefusedRecord) -> BatchIndexAndErrorMessage {
    let RefusedRecord { index, plugin, reason } = refused;
    BatchIndexAndErrorMessage::default()
        .with_batch_index(*index)
        .with_batch_index_error_message(Some(text(&format!("{plugin}: {reason}"))))
}

impl AppendedTopic {
    fn answer(self, version: i16) -> TopicProduceResponse {
        TopicProduceResponse::default()
            .with_name(self.name)
            .with_topic_id(convert::uuid(self.id))
            .with_partition_responses(
                self.partitions
                    .into_iter()
                    .map(|partition| partition.answer(version))
                    .collect(),
            )
    }
}
