//! ListOffsets (key 2), versions 1 to 10.
//!
//! - Timestamps: −1 the end (as clients see it), −2 the start, −3 the record with the largest timestamp (v7,
//!   KIP-734), −4 the earliest local offset (v8), −5 and −6 of tiered storage (v9, v11): there is none, so −5 has
//!   no offset. Else the first record that is as young as the timestamp.
//! - The end is that of who asks: where the last records are hidden from him by views, it is in front of them.
//! - v4: the client's leader epoch is checked (KIP-320), and the offset's own is told.

use std::sync::Arc;

use corvid_metadata::TopicImage;
use corvid_pipeline::view::{self, Sight, Who};
use corvid_record::{LeaderEpoch, Offset, Timestamp};
use corvid_replication::Partition;
use corvid_storage::ReadError;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::ListOffsetsRequest;
use corvid_wire::kafka::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use corvid_wire::kafka::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use corvid_wire::{Frame, decode};

use crate::broker::{Broker, Named};
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

use super::viewed;

/// The first version that tells leader epochs.
const FIRST_WITH_EPOCHS: i16 = 4;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

/// Answers a ListOffsets, when all before it on its connection is answered: the end is behind what they have produced. Looking a time
/// up reads and decompresses, so it runs off the network threads, a few at once.
pub fn handle(broker: &Arc<Broker>, frame: &Frame) -> HandlerResult {
    let head = Head::of(frame);
    let request: ListOffsetsRequest = decode(frame)?;
    let who = viewed::who(frame.client_id.as_deref());
    let broker = broker.clone();
    Ok(Reply::later(async move {
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            topics.push(list_topic(&broker, &who, topic, head.version).await);
        }
        head.encode(&ListOffsetsResponse::default().with_topics(topics))
    }))
}

async fn list_topic(
    broker: &Arc<Broker>,
    who: &Who,
    topic: ListOffsetsTopic,
    version: i16,
) -> ListOffsetsTopicResponse {
    let named = Named::find(&broker.image(), &topic.name, corvid_metadata::TopicId::ZERO);
    let mut partitions = Vec::with_capacity(topic.partitions.len());
    for asked in topic.partitions {
        let index = asked.partition_index;
        let answer = match list_partition(broker, who, &named, asked).await {
            Ok((offset, timestamp, epoch)) => ListOffsetsPartitionResponse::default()
                .with_offset(offset.0)
                .with_timestamp(timestamp.0)
                .with_leader_epoch(if version >= FIRST_WITH_EPOCHS {
                    epoch.0
                } else {
                    LeaderEpoch::NONE.0
                }),
            Err(error) => ListOffsetsPartitionResponse::default().with_error_code(error.code()),
        };
        partitions.push(answer.with_partition_index(index));
    }
    ListOffsetsTopicResponse::default()
        .with_name(topic.name)
        .with_partitions(partitions)
}

type Found = (Offset, Timestamp, LeaderEpoch);
const NONE: Found = (Offset(-1), Timestamp::NONE, LeaderEpoch::NONE);

async fn list_partition(
    broker: &Arc<Broker>,
    who: &Who,
    named: &Named,
    asked: ListOffsetsPartition,
) -> Result<Found, ResponseError> {
    let Named::Known(topic) = named else {
        return Err(ResponseError::UnknownTopicOrPartition);
    };
    let Some(partition) = broker.partition(topic.id, asked.partition_index) else {
        return Err(super::not_served(broker, topic, asked.partition_index));
    };
    super::check_epoch(&partition, asked.current_leader_epoch)?;
    let epoch = partition.leader_epoch();
    match asked.timestamp {
        LATEST => Ok((latest(broker, who, topic, &partition).await, Timestamp::NONE, epoch)),
        EARLIEST | EARLIEST_LOCAL => {
            let start = partition.visible_start();
            Ok((start, Timestamp::NONE, epoch))
        }
        LATEST_TIERED => Ok(NONE),
        MAX_TIMESTAMP => {
            look_up(broker, partition, |partition| {
                partition.log().max_timestamp(partition.high_watermark())
            })
            .await
        }
        time if time >= 0 => {
            look_up(broker, partition, move |partition| {
                partition
                    .log()
                    .offset_for_timestamp(Timestamp(time), partition.high_watermark())
            })
            .await
        }
        _unknown => Err(ResponseError::UnsupportedVersion),
    }
}

/// For who sees the topic through views, behind the last record that he can see.
async fn latest(broker: &Broker, who: &Who, topic: &TopicImage, partition: &Arc<Partition>) -> Offset {
    match broker.topics.sight(topic, partition.id().index.0, who) {
        Sight::Plain | Sight::Blind => partition.visible_end(),
        Sight::Through(view) => view::end(broker.topics.views(), partition, &view).await,
    }
}

async fn look_up<F>(broker: &Broker, partition: Arc<Partition>, search: F) -> Result<Found, ResponseError>
where
    F: FnOnce(&Partition) -> Result<Option<Found>, ReadError> + Send + 'static,
{
    let found = broker.time_look_ups.run(move || search(&partition)).await;
    found
        .map(|found| found.unwrap_or(NONE))
        .map_err(|error| errors::of_read(&error))
}
