//! What goes to one partition of the retry topic: a batch at a time, the same one until it is acknowledged.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, bail};
use bed::pipe::Pipe;
use bytes::Bytes;
use corvid_record::{BatchBuilder, Compression, Header, Producer, RecordParts, Sequence, Timestamp};
use corvid_wire::client::topic_name;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::ProduceRequest;
use corvid_wire::kafka::messages::produce_request::{PartitionProduceData, TopicProduceData};
use tokio::time::timeout;

use super::Retries;
use super::history::Attempt;
use crate::history::Told;
use crate::producer::identity;
use crate::rng::Rng;
use crate::setup::RETRY;

/// The version of Produce that it speaks.
const VERSION: i16 = 9;
/// A broker that lives answers within this time; else it hangs.
const HANGS: Duration = Duration::from_secs(60);
/// The most records of a batch.
const BATCH_MAX: u64 = 6;

/// A record on its way to the retry topic.
#[derive(Debug)]
pub(super) struct Failed {
    pub key: Bytes,
    pub value: Bytes,
    pub headers: Vec<(Bytes, Option<Bytes>)>,
    pub attempts: u32,
}

/// What goes to one partition.
pub(super) struct Lane {
    partition: i32,
    rng: Rng,
    producer: Option<Producer>,
    /// How many batches more are sent under this producer id.
    batches_left: u64,
    waiting: VecDeque<Failed>,
    /// Sent, and perhaps in the log.
    in_doubt: Option<(Bytes, Vec<Attempt>)>,
}

impl Lane {
    pub fn new(partition: i32, rng: Rng) -> Self {
        Self {
            partition,
            rng,
            producer: None,
            batches_left: 0,
            waiting: VecDeque::new(),
            in_doubt: None,
        }
    }

    pub fn push(&mut self, failed: Failed) {
        self.waiting.push_back(failed);
    }

    fn has_something(&self) -> bool {
        self.in_doubt.is_some() || !self.waiting.is_empty()
    }

    /// The batch that is sent now: what is in doubt, or what waits.
    async fn batch(&mut self, pipe: &mut Pipe) -> anyhow::Result<Bytes> {
        if let Some((bytes, _)) = &self.in_doubt {
            return Ok(bytes.clone());
        }
        if self.batches_left == 0 {
            let (id, epoch) = identity(pipe).await?;
            self.producer = Some(Producer {
                id,
                epoch,
                base_sequence: Sequence(0),
            });
            self.batches_left = self.rng.between(1, 30);
        }
        let producer = self.producer.context("an identity was just asked for")?;
        let count = self.rng.between(1, BATCH_MAX).min(self.waiting.len() as u64) as usize;
        let codec = self.rng.pick(&[
            Compression::None,
            Compression::None,
            Compression::Lz4,
            Compression::Zstd,
        ]);
        let mut builder = BatchBuilder::new(codec).producer(producer);
        let now = corvid_env::clock::wall_clock().0;
        let mut attempts = Vec::new();
        for (delta, failed) in (0..).zip(self.waiting.drain(..count)) {
            let headers: Vec<Header<'_>> = failed
                .headers
                .iter()
                .map(|(key, value)| (&key[..], value.as_deref()))
                .collect();
            builder.push(&RecordParts {
                offset_delta: delta,
                timestamp: Timestamp(now),
                key: Some(&failed.key),
                value: Some(&failed.value),
                headers: &headers,
            });
            attempts.push((failed.key.to_vec(), failed.attempts));
        }
        let bytes = builder.finish(None).context("a few small records are a batch")?;
        self.batches_left -= 1;
        self.producer = Some(Producer {
            base_sequence: producer.base_sequence.advanced_by(count as i32),
            ..producer
        });
        self.in_doubt = Some((bytes.clone(), attempts));
        Ok(bytes)
    }

    fn answered(&mut self, answer: Result<i64, ResponseError>, retries: &Retries) -> anyhow::Result<()> {
        let (_, attempts) = self.in_doubt.as_ref().context("nothing was sent here")?;
        match answer {
            Ok(offset) => retries
                .now()
                .told(attempts, |delta| Told::Acknowledged(Some(offset + delta))),
            Err(ResponseError::DuplicateSequenceNumber) => retries.now().told(attempts, |_| Told::Acknowledged(None)),
            Err(error) if error.is_retriable() => return Ok(()),
            Err(error) => bail!(
                "{RETRY}-{}: the batch of {attempts:?} is answered {error:?}",
                self.partition
            ),
        }
        self.in_doubt = None;
        Ok(())
    }
}

/// Sends a batch of each lane that has something, and waits for the answer.
pub(super) async fn send(lanes: &mut [Lane], pipe: &mut Pipe, retries: &Retries, rng: &mut Rng) -> anyhow::Result<()> {
    let mut data = Vec::new();
    for lane in lanes.iter_mut().filter(|lane| lane.has_something()) {
        let records = Some(lane.batch(pipe).await?);
        let partition = PartitionProduceData::default().with_index(lane.partition);
        data.push(partition.with_records(records));
    }
    if data.is_empty() {
        return Ok(());
    }
    let topic = TopicProduceData::default()
        .with_name(topic_name(RETRY))
        .with_partition_data(data);
    // Some don't wait for long: the broker answers that time is up, and the retry is a duplicate.
    let timeout_ms = if rng.chance(5) { rng.below(3) as i32 } else { 30_000 };
    let request = ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(timeout_ms)
        .with_topic_data(vec![topic]);
    let answer = timeout(HANGS, pipe.call(VERSION, &request)).await;
    let answer = answer.context("the broker doesn't answer a Produce")??;
    for partition in answer.responses.iter().flat_map(|topic| &topic.partition_responses) {
        let lane = lanes.iter_mut().find(|lane| lane.partition == partition.index);
        let lane = lane.context("a partition is answered that was not asked for")?;
        let told = ResponseError::try_from_code(partition.error_code).map_or(Ok(partition.base_offset), Err);
        lane.answered(told, retries)?;
    }
    Ok(())
}
