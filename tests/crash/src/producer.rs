//! A producer: one connection, several streams, requests sent before the answers to earlier ones have come.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, bail};
use bed::pipe::{Pipe, PipeError};
use corvid_record::{ProducerEpoch, ProducerId};
use corvid_wire::client::topic_name;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::produce_request::{PartitionProduceData, TopicProduceData};
use corvid_wire::kafka::messages::{InitProducerIdRequest, ProduceRequest, ProduceResponse};
use tokio::time::timeout;

use crate::gate::GateKeeper;
use crate::rng::Rng;
use crate::stream::Stream;

/// How many requests a connection has under way.
const REQUESTS_MAX: usize = 5;

/// A broker that lives answers within this time, however busy the machine is; else it hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A producer and what it has to send.
pub struct Producer {
    /// One for each partition that it names.
    pub streams: Vec<Stream>,
    /// Which version of Produce it speaks; topics go by name.
    pub version: i16,
    /// For its whims.
    pub rng: Rng,
}

/// What is under way: the correlation id, and the stream and batch of each partition in the request.
type UnderWay = VecDeque<(i32, Vec<(usize, u64)>)>;

impl Producer {
    /// Sends until the gate says to finish, and then until everything is settled. An error is the broker's.
    pub async fn run(mut self, mut gate: GateKeeper) -> anyhow::Result<Vec<Stream>> {
        while let Some(address) = gate.pass().await {
            let drive = async {
                let mut pipe = Pipe::open(address).await?;
                self.drive(&mut pipe, &gate).await
            };
            match drive.await {
                Ok(true) => break,
                // It hung up by itself.
                Ok(false) => {}
                Err(error) if is_lost(&error) => tokio::time::sleep(Duration::from_millis(3)).await,
                Err(error) => return Err(error),
            }
            self.streams.iter_mut().for_each(Stream::lost);
        }
        Ok(self.streams)
    }

    /// True: everything is settled. False: it felt like another connection.
    async fn drive(&mut self, pipe: &mut Pipe, gate: &GateKeeper) -> anyhow::Result<bool> {
        let mut under_way = UnderWay::new();
        loop {
            // The answers come in the order of the requests.
            if under_way.is_empty() {
                for stream in self.streams.iter_mut().filter(|stream| stream.is_anonymous()) {
                    let (id, epoch) = identity(pipe).await?;
                    stream.identify(id, epoch);
                }
            }
            if under_way.len() < REQUESTS_MAX {
                let batches = self.choose(!gate.finishing());
                if !batches.is_empty() {
                    under_way.push_back(self.send(pipe, batches).await?);
                    continue;
                }
            }
            if under_way.is_empty() {
                if gate.finishing() && self.streams.iter().all(Stream::is_settled) {
                    return Ok(true);
                }
                bail!("a producer has nothing to send and nothing to wait for");
            }
            self.receive(pipe, &mut under_way).await?;
            if !gate.finishing() && self.rng.below(300) == 0 {
                return Ok(false);
            }
        }
    }

    /// What the next request carries: one batch each of some streams, that go to different partitions.
    fn choose(&mut self, more: bool) -> Vec<(usize, u64, bytes::Bytes)> {
        let first = self.rng.below(self.streams.len() as u64) as usize;
        let most = self.rng.between(1, 2) as usize;
        let mut chosen = Vec::new();
        let count = self.streams.len();
        for at in (first..first + count).map(|at| at % count) {
            if chosen.len() < most
                && let Some((tag, bytes)) = self.streams[at].next(more)
            {
                chosen.push((at, tag, bytes));
            }
        }
        chosen
    }

    async fn send(
        &mut self,
        pipe: &mut Pipe,
        batches: Vec<(usize, u64, bytes::Bytes)>,
    ) -> anyhow::Result<(i32, Vec<(usize, u64)>)> {
        let tags = batches.iter().map(|(at, tag, _)| (*at, *tag)).collect();
        let data = batches.into_iter().map(|(at, _, bytes)| {
            let (topic, index) = self.streams[at].target();
            let partition = PartitionProduceData::default()
                .with_index(*index)
                .with_records(Some(bytes));
            TopicProduceData::default()
                .with_name(topic_name(topic))
                .with_partition_data(vec![partition])
        });
        let data = data.collect();
        // Some don't wait for long: the broker answers that time is up, and the retry is a duplicate.
        let timeout_ms = if self.rng.chance(3) {
            self.rng.below(3) as i32
        } else {
            30_000
        };
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(timeout_ms)
            .with_topic_data(data);
        let id = pipe.send(self.version, &request).await?;
        Ok((id, tags))
    }

    async fn receive(&mut self, pipe: &mut Pipe, under_way: &mut UnderWay) -> anyhow::Result<()> {
        let receive = timeout(HANGS, pipe.receive::<ProduceRequest>(self.version));
        let (id, response) = receive.await.context("the broker doesn't answer a Produce")??;
        let (sent, tags) = under_way.pop_front().expect("something is under way");
        if id != sent {
            bail!("answer {id} comes where {sent} is due");
        }
        for (at, tag) in tags {
            let answer = answer_in(&response, &self.streams[at])?;
            self.streams[at].answered(tag, answer);
        }
        let complaint = self.streams.iter().find_map(|stream| stream.complaints().first());
        complaint.map_or(Ok(()), |complaint| bail!("{complaint}"))
    }
}

fn answer_in(response: &ProduceResponse, stream: &Stream) -> anyhow::Result<Result<i64, ResponseError>> {
    let (topic, index) = stream.target();
    let topics = response
        .responses
        .iter()
        .filter(|found| found.name.as_str() == &**topic);
    let partition = topics
        .flat_map(|topic| &topic.partition_responses)
        .find(|partition| partition.index == *index);
    let partition = partition.with_context(|| format!("{topic}-{index} has no answer"))?;
    Ok(ResponseError::try_from_code(partition.error_code).map_or(Ok(partition.base_offset), Err))
}

/// A producer id of its own, from the broker.
pub async fn identity(pipe: &mut Pipe) -> anyhow::Result<(ProducerId, ProducerEpoch)> {
    const VERSION: i16 = 4;
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(60_000)
        .with_producer_id((-1).into())
        .with_producer_epoch(-1);
    let response = timeout(HANGS, pipe.call(VERSION, &request)).await;
    let response = response.context("no answer to InitProducerId")??;
    match ResponseError::try_from_code(response.error_code) {
        None => Ok((
            ProducerId(*response.producer_id),
            ProducerEpoch(response.producer_epoch),
        )),
        Some(error) if error.is_retriable() => Err(PipeError::Io(std::io::ErrorKind::Interrupted.into()).into()),
        Some(error) => bail!("InitProducerId is answered {error:?}"),
    }
}

/// Whether the connection is what failed. A broker that dies may be anywhere in an answer.
pub fn is_lost(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some() || matches!(error.downcast_ref(), Some(PipeError::Io(_)))
}
