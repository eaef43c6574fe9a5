//! A small client for our own tools: the command line, the quickstart, the tests.
//!
//! One connection, one request at a time, to one broker. [`Client::request`] takes any request of
//! the protocol crate that we serve, chooses the version and gives the response; [`Producer`] and
//! [`Consumer`] are thin layers over it.

mod connection;
mod consumer;
mod error;
mod partitioner;
mod producer;
mod record;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use corvid_env::clock;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest, MetadataResponse, TopicName};
use kafka_protocol::protocol::{Request, StrBytes};

use crate::limits;
use crate::versions::{self, Api};

pub use consumer::{Consumer, ConsumerOptions, Start};
pub use error::{BrokerError, ClientError};
pub use partitioner::partition_for_key;
pub use producer::{Acks, Delivery, Producer, ProducerOptions, Refusal};
pub use record::{ConsumedRecord, NewRecord};

use connection::Connection;

/// How a client presents itself, and how long it waits.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// What the client calls itself.
    pub client_id: String,
    /// How long it waits for a connection.
    pub connect_timeout: Duration,
    /// How long it waits for a response.
    pub request_timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            client_id: "corvid".to_owned(),
            connect_timeout: limits::CLIENT_CONNECT_TIME_MAX,
            request_timeout: limits::CLIENT_REQUEST_TIME_MAX,
        }
    }
}

/// A connection to one broker, made again when it was lost.
pub struct Client {
    address: String,
    options: ClientOptions,
    /// None after an error, and while a request is under way: a request whose future is dropped
    /// takes its connection with it, so that its late answer can't be taken for another's.
    connection: Option<Connection>,
    /// What the broker serves: lowest and highest version by key.
    served: BTreeMap<i16, (i16, i16)>,
}

impl Client {
    /// Connects to `address` (host:port), and asks which versions the broker serves.
    pub async fn connect(address: &str, options: ClientOptions) -> Result<Self, ClientError> {
        let mut client = Self {
            address: address.to_owned(),
            options,
            connection: None,
            served: BTreeMap::new(),
        };
        client.reconnect().await?;
        Ok(client)
    }

    /// The address that it was told.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How long it waits for a response.
    pub fn request_timeout(&self) -> Duration {
        self.options.request_timeout
    }

    /// Sends a request in the newest version that both sides speak, and waits for the response.
    ///
    /// Error codes inside the response are for the caller to read. After a [`ClientError`] the
    /// connection is closed, and the next request makes a new one. Nothing is sent twice.
    pub async fn request<R: Request>(&mut self, request: &R) -> Result<R::Response, ClientError> {
        self.request_at_most(i16::MAX, request).await
    }

    /// The same, in a version of at most `newest`: for a request whose fields don't exist later.
    pub async fn request_at_most<R: Request>(&mut self, newest: i16, request: &R) -> Result<R::Response, ClientError> {
        if self.connection.is_none() {
            self.reconnect().await?;
        }
        let version = self.version::<R>(newest)?;
        self.send(version, request).await
    }

    /// The newest version of a request, up to `newest`, that both sides speak.
    pub fn version<R: Request>(&self, newest: i16) -> Result<i16, ClientError> {
        let api = api_of::<R>()?;
        let unserved = ClientError::NotServed { api: api.name };
        let Some(&(min, max)) = self.served.get(&api.key) else {
            return Err(unserved);
        };
        let version = max.min(api.max).min(newest);
        if version >= min.max(api.decoded_min) {
            Ok(version)
        } else {
            Err(unserved)
        }
    }

    /// What the broker knows of these topics, or of all of them.
    pub async fn metadata(&mut self, topics: Option<&[&str]>, create: bool) -> Result<MetadataResponse, ClientError> {
        let topics = topics.map(|names| {
            let topic = |name: &&str| MetadataRequestTopic::default().with_name(Some(topic_name(name)));
            names.iter().map(topic).collect()
        });
        self.request(
            &MetadataRequest::default()
                .with_topics(topics)
                .with_allow_auto_topic_creation(create),
        )
        .await
    }

    /// The number of a topic's partitions.
    pub async fn partition_count(&mut self, topic: &str, create: bool) -> Result<i32, ClientError> {
        let metadata = self.metadata(Some(&[topic]), create).await?;
        let [found] = &metadata.topics[..] else {
            return Err(ClientError::Malformed {
                what: "Metadata answers about other topics than asked",
            });
        };
        BrokerError::check(found.error_code, || format!("topic {topic}"))?;
        Ok(found.partitions.len() as i32)
    }

    async fn reconnect(&mut self) -> Result<(), ClientError> {
        let connecting = Connection::open(&self.address);
        let connected = clock::timeout(self.options.connect_timeout, connecting).await;
        self.connection = Some(connected.map_err(|_| ClientError::ConnectTimeout {
            address: self.address.clone(),
        })??);
        // Every broker answers version 0, and it says all that is needed here.
        let response = self.send(0, &ApiVersionsRequest::default()).await?;
        BrokerError::check(response.error_code, || "ApiVersions".to_owned())?;
        let versions = |api: &kafka_protocol::messages::api_versions_response::ApiVersion| {
            (api.api_key, (api.min_version, api.max_version))
        };
        self.served = response.api_keys.iter().map(versions).collect();
        Ok(())
    }

    async fn send<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response, ClientError> {
        let api = api_of::<R>()?;
        let mut connection = self.connection.take().ok_or(ClientError::Closed)?;
        let call = connection.call(api, version, &self.options.client_id, request);
        let response = clock::timeout(self.options.request_timeout, call).await;
        let response = response.map_err(|_| ClientError::TimedOut { api: api.name })??;
        self.connection = Some(connection);
        Ok(response)
    }
}

fn api_of<R: Request>() -> Result<&'static Api, ClientError> {
    versions::api(R::KEY).ok_or(ClientError::UnknownApi { api_key: R::KEY })
}

/// A topic's name in the protocol crate's type.
pub fn topic_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}
