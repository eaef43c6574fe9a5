//! A producer: records gathered in batches by partition, idempotent, retried with their sequence.

mod sealed;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::clock::{self, Instant};
use corvid_record::{Compression, Producer as Identity, ProducerEpoch, ProducerId, Sequence};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{InitProducerIdRequest, ProduceResponse};

use super::{BrokerError, Client, ClientError, NewRecord, partition_for_key};

use sealed::{Sealed, produce_request, seal};

/// How many replicas have a batch before it counts as produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// The leader.
    Leader,
    /// All that are in sync.
    All,
}

/// How a producer works.
#[derive(Debug, Clone)]
pub struct ProducerOptions {
    /// The codec of its batches.
    pub compression: Compression,
    /// A batch is sent when it has this many bytes, before compression.
    pub batch_bytes: usize,
    /// When a batch counts as produced.
    pub acks: Acks,
    /// Whether the broker sorts out batches that were sent twice.
    pub idempotent: bool,
    /// Whether a topic that isn't there may be created.
    pub create_topics: bool,
    /// How long a batch is tried for.
    pub delivery_timeout: Duration,
    /// How long to wait before a batch is sent again.
    pub backoff: Duration,
}

impl Default for ProducerOptions {
    fn default() -> Self {
        Self {
            compression: Compression::None,
            batch_bytes: 64 * 1024,
            acks: Acks::All,
            idempotent: true,
            create_topics: true,
            delivery_timeout: Duration::from_mins(2),
            backoff: Duration::from_millis(100),
        }
    }
}

/// What became of a batch.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its topic.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: i32,
    /// How many records it has.
    pub records: usize,
    /// The offset of its first record (-1 if an earlier try had already arrived and the broker no
    /// longer knows it), or why the broker wouldn't have it.
    pub result: Result<i64, Refusal>,
}

/// Why the broker wouldn't have a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Kafka's error.
    pub error: ResponseError,
    /// What the broker says about it.
    pub message: Option<String>,
    /// The records that are to blame, by their index in the batch, each with what the broker says.
    pub records: Vec<(i32, Option<String>)>,
}

/// A topic and a partition.
type Target = (Arc<str>, i32);

/// Produces records. One batch of a partition is under way at a time.
pub struct Producer {
    client: Client,
    options: ProducerOptions,
    /// Asked for when the first batch is sent, and again when the broker no longer accepts it.
    identity: Option<(ProducerId, ProducerEpoch)>,
    next_sequences: BTreeMap<Target, Sequence>,
    partition_counts: BTreeMap<Arc<str>, i32>,
    open: BTreeMap<Target, Vec<NewRecord>>,
    open_bytes: BTreeMap<Target, usize>,
    /// Where the next record without a key goes, by topic: it moves on with every batch.
    next_partition: BTreeMap<Arc<str>, i32>,
    deliveries: Vec<Delivery>,
}

impl Producer {
    /// A producer that sends by `client`.
    pub fn new(client: Client, options: ProducerOptions) -> Self {
        Self {
            client,
            options,
            identity: None,
            next_sequences: BTreeMap::new(),
            partition_counts: BTreeMap::new(),
            open: BTreeMap::new(),
            open_bytes: BTreeMap::new(),
            next_partition: BTreeMap::new(),
            deliveries: Vec::new(),
        }
    }

    /// Its connection, for other requests.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// How many partitions a topic has. One that may be made, and isn't there yet, is waited for.
    pub async fn partition_count(&mut self, topic: &str) -> Result<i32, ClientError> {
        self.topic(topic).await.map(|(_, partitions)| partitions)
    }

    /// Adds a record to its partition's batch: the partition that is named, or that of its key, or
    /// else one partition after the other, a batch each. When a batch is full, all are sent.
    ///
    /// Gives the partition; the deliveries of each tell of its records in their order.
    pub async fn send(&mut self, topic: &str, partition: Option<i32>, record: NewRecord) -> Result<i32, ClientError> {
        let (topic, partitions) = self.topic(topic).await?;
        let partition = match (partition, &record.key) {
            (Some(partition), _) => partition,
            (None, Some(key)) => partition_for_key(key, partitions),
            (None, None) => *self.next_partition.entry(Arc::clone(&topic)).or_default() % partitions.max(1),
        };
        let target = (topic, partition);
        let bytes = self.open_bytes.entry(target.clone()).or_default();
        *bytes += record.size();
        let full = *bytes >= self.options.batch_bytes;
        self.open.entry(target).or_default().push(record);
        if full {
            self.send_all().await?;
        }
        Ok(partition)
    }

    /// Sends what has been gathered. Gives what became of every batch since the last call.
    ///
    /// An error means that nobody knows whether the batches under way were appended; they are
    /// dropped, and the next ones are sent under a new producer id.
    pub async fn flush(&mut self) -> Result<Vec<Delivery>, ClientError> {
        self.send_all().await?;
        Ok(std::mem::take(&mut self.deliveries))
    }

    async fn topic(&mut self, name: &str) -> Result<(Arc<str>, i32), ClientError> {
        if let Some((topic, &partitions)) = self.partition_counts.get_key_value(name) {
            return Ok((Arc::clone(topic), partitions));
        }
        let deadline = clock::now() + self.options.delivery_timeout;
        let partitions = loop {
            match self.client.partition_count(name, self.options.create_topics).await {
                // A topic that is being created isn't there yet.
                Err(error) if self.may_come(&error) && clock::now() < deadline => {
                    clock::sleep(self.options.backoff).await;
                }
                other => break other?,
            }
        };
        let topic: Arc<str> = Arc::from(name);
        self.partition_counts.insert(Arc::clone(&topic), partitions);
        Ok((topic, partitions))
    }

    fn may_come(&self, error: &ClientError) -> bool {
        error.is_connection() || (self.options.create_topics && error.is_retriable())
    }

    async fn send_all(&mut self) -> Result<(), ClientError> {
        let open = std::mem::take(&mut self.open);
        self.open_bytes.clear();
        if open.is_empty() {
            return Ok(());
        }
        let identity = self.identity().await?;
        let mut waiting = Vec::with_capacity(open.len());
        for (target, records) in open {
            *self.next_partition.entry(Arc::clone(&target.0)).or_default() += 1;
            let sequence = *self.next_sequences.entry(target.clone()).or_insert(Sequence(0));
            let producer = identity.map_or(Identity::NONE, |(id, epoch)| Identity {
                id,
                epoch,
                base_sequence: sequence,
            });
            waiting.push(seal(target, &records, producer, self.options.compression)?);
        }
        let sent = self.deliver(waiting).await;
        if sent.is_err() {
            self.forget_identity();
        }
        sent
    }

    async fn deliver(&mut self, mut waiting: Vec<Sealed>) -> Result<(), ClientError> {
        let deadline = clock::now() + self.options.delivery_timeout;
        loop {
            let request = produce_request(&waiting, self.options.acks, self.client.request_timeout());
            match self.client.request_at_most(sealed::NEWEST_WITH_NAMES, &request).await {
                Ok(response) => waiting = self.settle(waiting, &response, deadline),
                Err(error) if error.is_connection() && clock::now() < deadline => {}
                Err(error) => return Err(error),
            }
            if waiting.is_empty() {
                return Ok(());
            }
            clock::sleep(self.options.backoff).await;
        }
    }

    /// Notes what became of each batch, and gives those that are to be sent again.
    fn settle(&mut self, sent: Vec<Sealed>, response: &ProduceResponse, deadline: Instant) -> Vec<Sealed> {
        let mut again = Vec::new();
        for batch in sent {
            let result = match batch.answer_in(response) {
                None => Err(Refusal {
                    error: ResponseError::UnknownServerError,
                    message: None,
                    records: Vec::new(),
                }),
                Some(Ok(offset)) => Ok(offset),
                Some(Err(refusal)) if refusal.error == ResponseError::DuplicateSequenceNumber => Ok(-1),
                Some(Err(refusal)) if refusal.error.is_retriable() && clock::now() < deadline => {
                    again.push(batch);
                    continue;
                }
                Some(Err(refusal)) => Err(refusal),
            };
            match &result {
                Ok(_) => self.note_sequence(&batch),
                // Nothing was appended, so the sequence is still to be used.
                Err(refusal) if !is_about_the_producer(refusal.error) => {}
                Err(_) => self.forget_identity(),
            }
            let (topic, partition) = batch.target;
            self.deliveries.push(Delivery {
                topic,
                partition,
                records: batch.records,
                result,
            });
        }
        again
    }

    async fn identity(&mut self) -> Result<Option<(ProducerId, ProducerEpoch)>, ClientError> {
        if self.identity.is_some() || !self.options.idempotent {
            return Ok(self.identity);
        }
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(60_000)
            .with_producer_id((-1).into())
            .with_producer_epoch(-1);
        let deadline = clock::now() + self.options.delivery_timeout;
        loop {
            match self.init_producer_id(&request).await {
                Err(error) if error.is_retriable() && clock::now() < deadline => {
                    clock::sleep(self.options.backoff).await;
                }
                other => {
                    self.identity = Some(other?);
                    return Ok(self.identity);
                }
            }
        }
    }

    async fn init_producer_id(
        &mut self,
        request: &InitProducerIdRequest,
    ) -> Result<(ProducerId, ProducerEpoch), ClientError> {
        let response = self.client.request(request).await?;
        BrokerError::check(response.error_code, || "InitProducerId".to_owned())?;
        Ok((
            ProducerId(*response.producer_id),
            ProducerEpoch(response.producer_epoch),
        ))
    }

    /// A batch that was sent under an identity forgotten since says nothing about the next one.
    fn note_sequence(&mut self, batch: &Sealed) {
        if self.identity == Some((batch.producer.id, batch.producer.epoch)) {
            self.next_sequences.insert(batch.target.clone(), batch.next_sequence());
        }
    }

    fn forget_identity(&mut self) {
        self.identity = None;
        self.next_sequences.clear();
    }
}

/// Errors after which the broker accepts nothing more under this producer id, or after which
/// nobody knows whether a batch was appended.
fn is_about_the_producer(error: ResponseError) -> bool {
    error.is_retriable()
        || matches!(
            error,
            ResponseError::OutOfOrderSequenceNumber
                | ResponseError::UnknownProducerId
                | ResponseError::InvalidProducerEpoch
                | ResponseError::ProducerFenced
                | ResponseError::InvalidProducerIdMapping
                | ResponseError::UnknownServerError
        )
}
