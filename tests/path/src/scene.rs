//! A node on a directory of its own, and what a test asks of it.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use bed::pipe::Pipe;
use bytes::Bytes;
use corvid::Node;
use corvid_env::clock;
use corvid_record::{ProducerEpoch, ProducerId};
use corvid_wire::client::{Client, ClientError, ClientOptions, topic_name};
use corvid_wire::kafka::messages::create_partitions_request::CreatePartitionsTopic;
use corvid_wire::kafka::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use corvid_wire::kafka::messages::delete_topics_request::DeleteTopicState;
use corvid_wire::kafka::messages::produce_request::{PartitionProduceData, TopicProduceData};
use corvid_wire::kafka::messages::produce_response::PartitionProduceResponse;
use corvid_wire::kafka::messages::{
    CreatePartitionsRequest, DeleteRecordsRequest, DeleteTopicsRequest, InitProducerIdRequest, ProduceRequest,
};
use tempfile::TempDir;

/// The newest Produce and Fetch that name topics.
pub const NEWEST_WITH_NAMES: i16 = 12;

/// Long enough for anything that happens at all on a busy machine.
pub const LONG_MS: i32 = 60_000;

/// A running node.
pub struct Scene {
    data: TempDir,
    node: Node,
    configs: Vec<(&'static str, &'static str)>,
}

impl Scene {
    /// A new node.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// A new node with some broker configs.
    pub async fn with(configs: &[(&'static str, &'static str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory can be made");
        let node = start(data.path(), configs).await;
        Self {
            data,
            node,
            configs: configs.to_vec(),
        }
    }

    /// The same data under a new node, after `between` has seen it at rest.
    pub async fn restarted(self, between: impl FnOnce(&Path)) -> Self {
        let Self { data, node, configs } = self;
        node.stop().await.expect("the node stops cleanly");
        between(data.path());
        let node = start(data.path(), &configs).await;
        Self { data, node, configs }
    }

    /// Returns once a request of this API has come in.
    pub async fn is_asked(&self, api: &str) {
        let asked = |(name, count): &(&str, u64)| *name == api && *count > 0;
        while !self.node().broker().requests.all().iter().any(asked) {
            clock::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The files of a partition.
    pub fn log_folder(&self, topic: &str, partition: i32) -> PathBuf {
        log_folder(self.data.path(), topic, partition)
    }

    /// The logs as they are at this moment, as a SIGKILL would leave them.
    pub fn logs_now(&self) -> TempDir {
        let kept = tempfile::tempdir().expect("a temporary directory can be made");
        copy_folder(&self.data.path().join("logs"), kept.path()).expect("the logs can be copied");
        kept
    }

    /// A connection.
    pub async fn client(&self) -> Client {
        let address = self.node.address().to_string();
        Client::connect(&address, ClientOptions::default())
            .await
            .expect("the node answers")
    }

    /// A connection without manners.
    pub async fn pipe(&self) -> Pipe {
        Pipe::open(self.node.address())
            .await
            .expect("the node takes connections")
    }

    /// Creates a topic.
    pub async fn topic(&self, name: &str, partitions: i32, configs: &[(&str, &str)]) {
        let created = bed::topics::create(&mut self.client().await, name, partitions, configs).await;
        created.expect("the topic can be created");
    }

    /// Deletes a topic.
    pub async fn delete_topic(&self, name: &str) {
        assert_eq!(self.try_delete_topic(name).await, 0);
    }

    /// The error code of the answer to a deletion.
    pub async fn try_delete_topic(&self, name: &str) -> i16 {
        let topic = DeleteTopicState::default().with_name(Some(topic_name(name)));
        let request = DeleteTopicsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(LONG_MS);
        let response = self.client().await.request(&request).await;
        response.expect("DeleteTopics is answered").responses[0].error_code
    }

    /// Gives a topic so many partitions, and gives the error code of the answer.
    pub async fn grow(&self, topic: &str, total: i32) -> i16 {
        let more = CreatePartitionsTopic::default()
            .with_name(topic_name(topic))
            .with_count(total)
            .with_assignments(None);
        let request = CreatePartitionsRequest::default()
            .with_topics(vec![more])
            .with_timeout_ms(LONG_MS);
        let response = self.client().await.request(&request).await;
        response.expect("CreatePartitions is answered").results[0].error_code
    }

    /// Deletes the records below an offset, and gives error code and low watermark of the answer.
    pub async fn delete_records(&self, topic: &str, partition: i32, below: i64) -> (i16, i64) {
        let partition = DeleteRecordsPartition::default()
            .with_partition_index(partition)
            .with_offset(below);
        let topic = DeleteRecordsTopic::default()
            .with_name(topic_name(topic))
            .with_partitions(vec![partition]);
        let request = DeleteRecordsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(LONG_MS);
        let response = self.client().await.request(&request).await;
        let answer = &response.expect("DeleteRecords is answered").topics[0].partitions[0];
        (answer.error_code, answer.low_watermark)
    }

    /// A producer id of one's own.
    pub async fn producer(&self) -> (ProducerId, ProducerEpoch) {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_producer_id((-1).into())
            .with_producer_epoch(-1);
        let response = self
            .client()
            .await
            .request(&request)
            .await
            .expect("InitProducerId is answered");
        assert_eq!(response.error_code, 0);
        (
            ProducerId(*response.producer_id),
            ProducerEpoch(response.producer_epoch),
        )
    }

    /// Sends a batch with acks=all, and expects it to be taken. Gives its first offset.
    pub async fn produce(&self, topic: &str, partition: i32, batch: Bytes) -> i64 {
        let answer = produce(&mut self.client().await, topic, partition, -1, batch).await;
        let answer = answer.expect("Produce is answered");
        assert_eq!(answer.error_code, 0, "{:?}", answer.error_message);
        answer.base_offset
    }
}

async fn start(data: &Path, configs: &[(&'static str, &'static str)]) -> Node {
    let mut config = bed::node::config(data, bed::node::ANY_PORT);
    config.fixed.extend(
        configs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
    );
    // Boxed, or the compiler loses itself in the type of the future.
    Box::pin(bed::node::start(config, 1)).await.expect("the node starts")
}

/// Where a node on `data` keeps the files of a partition.
pub fn log_folder(data: &Path, topic: &str, partition: i32) -> PathBuf {
    data.join("logs").join(format!("{topic}-{partition}"))
}

/// Sends one batch.
pub async fn produce(
    client: &mut Client,
    topic: &str,
    partition: i32,
    acks: i16,
    batch: Bytes,
) -> Result<PartitionProduceResponse, ClientError> {
    let request = produce_request(topic, partition, acks, batch);
    let mut response = client.request_at_most(NEWEST_WITH_NAMES, &request).await?;
    Ok(response.responses.remove(0).partition_responses.remove(0))
}

/// A request with one batch.
pub fn produce_request(topic: &str, partition: i32, acks: i16, batch: Bytes) -> ProduceRequest {
    let data = PartitionProduceData::default()
        .with_index(partition)
        .with_records(Some(batch));
    let topic = TopicProduceData::default()
        .with_name(topic_name(topic))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_acks(acks)
        .with_timeout_ms(LONG_MS)
        .with_topic_data(vec![topic])
}

/// Copies a folder with all that is in it.
#[allow(clippy::disallowed_methods, reason = "it is the real disk, behind the node's back")]
pub fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
