//! Fetch (key 1), versions 4 to 18.
//!
//! Records go out as ranges of files, but for what a reader sees through views (`viewed`). A fetch that has less than `min_bytes`
//! waits for any of its partitions to advance, until `max_wait_ms`.
//!
//! - v4: isolation level (without transactions, both read up to the high watermark). v7: sessions (KIP-227).
//! - v9: the client's leader epoch (KIP-320). v11: rack (KIP-392). v12: flexible. v13: topic ids (KIP-516).
//! - v15 to 18 add what only replicas send. A fetch that names a replica is refused on this listener.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::{clock, random};
use corvid_metadata::{Image, TopicId};
use corvid_pipeline::view::{AnswerRoom, Sight, Who};
use corvid_pipeline::{fetch, view};
use corvid_record::{LeaderEpoch, Offset};
use corvid_replication::Partition;
use corvid_wire::fetch::{FetchResponse, FetchedPartition, FetchedTopic, encode_fetch};
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::FetchRequest;
use corvid_wire::{Chunk, Frame, decode};
use tokio::sync::Notify;

use crate::broker::{Broker, Named};
use crate::convert;
use crate::errors;
use crate::fetch_sessions::{FetchKey, FetchPartition, FetchPlan, Told, TopicRef};
use crate::reply::{HandlerError, HandlerResult, Reply};

use super::viewed;

/// Fetches name topics by id from this version on.
const FIRST_WITH_IDS: i16 = 13;
/// What one answer holds at most, whatever a client asks for and `fetch.max.bytes` says: a length prefix has 31 bits.
const ANSWER_BYTES_MAX: u32 = 1 << 30;

/// A fetch through views doesn't wait for more than this: all that such an answer may have is a few of it.
const VIEWED_ENOUGH: u64 = view::ANSWER_BYTES_MAX as u64 / 8;

/// Answers a Fetch.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let request: FetchRequest = decode(&frame)?;
    let head = Head {
        version: frame.api_version,
        correlation: frame.correlation_id,
    };
    let who = viewed::who(frame.client_id.as_deref());
    drop(frame);
    if request.replica_id.0 >= 0 || request.replica_state.replica_id.0 >= 0 {
        return head.refuse(ResponseError::InvalidRequest);
    }
    let plan = match begin(broker, head.version, &request) {
        Ok(plan) => plan,
        Err(error) => return head.refuse(error),
    };
    let largest = broker.configs().layers(&broker.image()).number("fetch.max.bytes");
    let largest = u32::try_from(largest).unwrap_or(ANSWER_BYTES_MAX).min(ANSWER_BYTES_MAX);
    let max_bytes = request.max_bytes.max(0).unsigned_abs().min(largest);
    let mut fetch = Pending {
        broker: broker.clone(),
        head,
        plan,
        who,
        min_bytes: u64::from(max_bytes).min(request.min_bytes.max(0).unsigned_abs().into()),
        max_bytes,
        deadline: clock::now() + Duration::from_millis(request.max_wait_ms.max(0).unsigned_abs().into()),
    };
    if fetch.has_views() {
        // Plugins are asked when it is this fetch's turn to be answered, and the connection goes on meanwhile.
        fetch.min_bytes = fetch.min_bytes.min(VIEWED_ENOUGH);
        return Ok(Reply::later(fetch.wait()));
    }
    let first = fetch.read(&mut BTreeSet::new()).await;
    if request.max_wait_ms <= 0 || fetch.is_enough(&first) {
        return Ok(Reply::Now(fetch.answer(first)?));
    }
    Ok(Reply::later(fetch.wait()))
}

#[derive(Clone, Copy)]
struct Head {
    version: i16,
    correlation: i32,
}

impl Head {
    fn refuse(self, error: ResponseError) -> HandlerResult {
        let response = FetchResponse {
            error_code: error.code(),
            ..FetchResponse::default()
        };
        Ok(Reply::Now(encode_fetch(&response, self.version, self.correlation)?))
    }
}

fn begin(broker: &Broker, version: i16, request: &FetchRequest) -> Result<FetchPlan, ResponseError> {
    let name_or_id = |name: &str, id| match version {
        FIRST_WITH_IDS.. => TopicRef::Id(convert::topic_id(id)),
        _older => TopicRef::Name(name.into()),
    };
    let mut asked = Vec::new();
    for topic in &request.topics {
        let named = name_or_id(&topic.topic, topic.topic_id);
        for partition in &topic.partitions {
            let epoch = partition.current_leader_epoch;
            let wanted = FetchPartition {
                offset: Offset(partition.fetch_offset),
                max_bytes: partition.partition_max_bytes,
                current_epoch: (epoch >= 0).then_some(LeaderEpoch(epoch)),
            };
            asked.push(((named.clone(), partition.partition), wanted));
        }
    }
    let mut forgotten = Vec::new();
    for topic in &request.forgotten_topics_data {
        let named = name_or_id(&topic.topic, topic.topic_id);
        forgotten.extend(topic.partitions.iter().map(|index| (named.clone(), *index)));
    }
    // Versions without sessions are full fetches that open none.
    let session = if version < 7 {
        (0, -1)
    } else {
        (request.session_id, request.session_epoch)
    };
    // Chance is asked of the system, so only where a session may be opened.
    let id = if session.1 == 0 { random::u64() as i32 } else { 0 };
    broker
        .sessions
        .begin(session, asked, &forgotten, clock::now(), id)
        .map_err(errors::of_session)
}

/// A fetch that is being answered.
struct Pending {
    broker: Arc<Broker>,
    head: Head,
    plan: FetchPlan,
    who: Who,
    min_bytes: u64,
    max_bytes: u32,
    deadline: clock::Instant,
}

/// What was read of one partition.
pub(super) struct Fetched {
    key: FetchKey,
    name: Arc<str>,
    id: TopicId,
    pub answer: FetchedPartition,
    pub bytes: u64,
    /// None if it is not served here.
    pub partition: Option<Arc<Partition>>,
    /// Through views, nothing was found so far, and there is more to look through.
    more: bool,
    /// There is something, and no room for it in the answer.
    left_out: bool,
    /// Its views failed: told when the fetch's time is over, or a client would ask again at once.
    unseen: bool,
}

impl Pending {
    /// Reads every partition of the plan, in its order, within the limits of bytes. Those whose views have failed in this
    /// fetch, by their place in the plan, are not tried again.
    async fn read(&self, failed: &mut BTreeSet<usize>) -> Vec<Fetched> {
        let image = self.broker.image();
        let mut left = self.max_bytes;
        let mut viewed_left = view::ANSWER_BYTES_MAX;
        let mut nothing_yet = true;
        let mut room = None;
        let mut all = Vec::with_capacity(self.plan.partitions.len());
        for (place, (key, asked)) in self.plan.partitions.iter().enumerate() {
            let mut found = self.find(&image, key);
            let limit = asked.max_bytes.max(0).unsigned_abs().min(left);
            match &found.sight {
                Sight::Plain => found.read(asked, limit, nothing_yet),
                Sight::Through(_) if !failed.contains(&place) => {
                    if room.is_none() {
                        room = self.room().await;
                    }
                    if room.is_some() {
                        let limit = limit.min(viewed_left);
                        found.look(&self.broker, asked, limit, nothing_yet).await;
                        viewed_left = viewed_left.saturating_sub(found.bytes());
                    } else {
                        found.has_to_wait();
                    }
                }
                Sight::Through(_) | Sight::Blind => found.is_unseen(),
            }
            if found.fetched.unseen {
                failed.insert(place);
            }
            left = left.saturating_sub(found.bytes());
            nothing_yet &= found.fetched.bytes == 0;
            all.push(found.fetched);
        }
        hold(room, &mut all);
        all
    }

    /// Room for viewed records; none in the fetch's time, if others that wait to be sent have it all: then it is answered without them.
    async fn room(&self) -> Option<AnswerRoom> {
        let views = self.broker.topics.views();
        clock::timeout_at(self.deadline, views.answer_room()).await.ok()
    }

    fn find(&self, image: &Image, key: &FetchKey) -> Found {
        let (topic, index) = key;
        let named = named(image, topic);
        let (name, id) = match (&named, topic) {
            (Named::Known(topic), _) => (topic.name.as_str().into(), topic.id),
            (_, TopicRef::Name(name)) => (name.clone(), TopicId::ZERO),
            (_, TopicRef::Id(id)) => ("".into(), *id),
        };
        let sight = match &named {
            Named::Known(topic) => self.broker.topics.sight(topic, *index, &self.who),
            Named::UnknownName | Named::UnknownId => Sight::Plain,
        };
        let partition = self.partition(&named, *index);
        Found {
            fetched: Fetched {
                key: key.clone(),
                name,
                id,
                answer: FetchedPartition {
                    index: *index,
                    error_code: partition.as_ref().err().map_or(0, ResponseError::code),
                    ..FetchedPartition::default()
                },
                bytes: 0,
                partition: partition.as_ref().ok().cloned(),
                more: false,
                left_out: false,
                unseen: false,
            },
            // What is not there is not seen through anything.
            sight: if partition.is_ok() { sight } else { Sight::Plain },
        }
    }

    /// Whether some partition is not simply read.
    fn has_views(&self) -> bool {
        if !self.broker.topics.views().are_bound() {
            return false;
        }
        let image = self.broker.image();
        self.plan
            .partitions
            .iter()
            .any(|((topic, index), _)| match named(&image, topic) {
                Named::Known(topic) => !matches!(self.broker.topics.sight(&topic, *index, &self.who), Sight::Plain),
                Named::UnknownName | Named::UnknownId => false,
            })
    }

    fn partition(&self, named: &Named, index: i32) -> Result<Arc<Partition>, ResponseError> {
        match named {
            Named::Known(topic) => self
                .broker
                .partition(topic.id, index)
                .ok_or_else(|| super::not_served(&self.broker, topic, index)),
            Named::UnknownName => Err(ResponseError::UnknownTopicOrPartition),
            Named::UnknownId => Err(ResponseError::UnknownTopicId),
        }
    }

    /// Whether to answer at once: there is enough, or something that the client must know now.
    fn is_enough(&self, fetched: &[Fetched]) -> bool {
        let bytes: u64 = fetched.iter().map(|fetched| fetched.bytes).sum();
        self.plan.partitions.is_empty()
            || bytes >= self.min_bytes
            || fetched.iter().any(|fetched| fetched.left_out)
            || (fetched.iter()).any(|fetched| fetched.answer.error_code != 0 && !fetched.unseen)
    }

    async fn wait(self) -> Result<corvid_wire::Response, HandlerError> {
        let notify = Arc::new(Notify::new());
        let image = self.broker.image();
        let _watches: Vec<_> = self
            .partitions(&image)
            .map(|partition| partition.watch(&notify))
            .collect();
        let mut failed = BTreeSet::new();
        loop {
            // Read again after the watches are set, so that nothing that came in between is missed.
            let fetched = self.read(&mut failed).await;
            if self.is_enough(&fetched) {
                break self.answer(fetched);
            }
            let more = fetched.iter().any(|fetched| fetched.more);
            if more && clock::now() < self.deadline {
                continue;
            }
            // What was found is read again: the memory of viewed records is not for those who sleep.
            let nothing = Some(fetched).filter(|all| all.iter().all(|fetched| fetched.bytes == 0));
            if clock::timeout_at(self.deadline, notify.notified()).await.is_err() {
                let last = match nothing {
                    Some(nothing) => nothing,
                    None => self.read(&mut failed).await,
                };
                break self.answer(last);
            }
        }
    }

    fn partitions<'a>(&'a self, image: &'a Image) -> impl Iterator<Item = Arc<Partition>> + 'a {
        self.plan.partitions.iter().filter_map(|((topic, index), _)| {
            let topic = match topic {
                TopicRef::Name(name) => image.topic(name)?.id,
                TopicRef::Id(id) => *id,
            };
            self.broker.partition(topic, *index)
        })
    }

    fn answer(&self, fetched: Vec<Fetched>) -> Result<corvid_wire::Response, HandlerError> {
        for fetched in &fetched {
            viewed::count(&self.broker, fetched);
        }
        let told: Vec<_> = fetched.iter().map(told).collect();
        let news = self.broker.sessions.tell(self.plan.session_id, &told);
        let mut topics: Vec<FetchedTopic> = Vec::new();
        for (fetched, has_news) in fetched.into_iter().zip(news) {
            if self.plan.incremental && !has_news {
                continue;
            }
            match topics.last_mut() {
                Some(topic) if topic.name == fetched.name && topic.id == fetched.id.0 => {
                    topic.partitions.push(fetched.answer);
                }
                _ => topics.push(FetchedTopic {
                    name: fetched.name,
                    id: fetched.id.0,
                    partitions: vec![fetched.answer],
                }),
            }
        }
        let response = FetchResponse {
            session_id: self.plan.session_id,
            topics,
            ..FetchResponse::default()
        };
        Ok(encode_fetch(&response, self.head.version, self.head.correlation)?)
    }
}

fn named(image: &Image, topic: &TopicRef) -> Named {
    match topic {
        TopicRef::Name(name) => Named::find(image, name, TopicId::ZERO),
        TopicRef::Id(id) if *id == TopicId::ZERO => Named::UnknownId,
        TopicRef::Id(id) => Named::find(image, "", *id),
    }
}

/// A partition that is about to be read.
struct Found {
    fetched: Fetched,
    sight: Sight,
}

impl Found {
    fn bytes(&self) -> u32 {
        u32::try_from(self.fetched.bytes).unwrap_or(u32::MAX)
    }

    fn read(&mut self, asked: &FetchPartition, limit: u32, nothing_yet: bool) {
        let Some(partition) = &self.fetched.partition else {
            return;
        };
        let answer = match asked.is_current(partition) {
            Ok(()) => {
                let answer = read_partition(partition, asked, limit, nothing_yet);
                let has_more = asked.offset.0 < answer.high_watermark;
                self.fetched.left_out = answer.error_code == 0 && answer.records.is_empty() && has_more && !nothing_yet;
                answer
            }
            Err(error) => FetchedPartition {
                error_code: error.code(),
                ..FetchedPartition::default()
            },
        };
        self.take(answer);
    }

    async fn look(&mut self, broker: &Broker, asked: &FetchPartition, limit: u32, nothing_yet: bool) {
        let (Some(partition), Sight::Through(view)) = (&self.fetched.partition, &self.sight) else {
            return;
        };
        if let Err(error) = asked.is_current(partition) {
            self.fetched.answer.error_code = error.code();
            return;
        }
        let asked = view::Asked {
            from: asked.offset,
            max_bytes: limit,
            at_least_one: nothing_yet,
        };
        let looked = viewed::look(broker, partition, view, asked).await;
        (self.fetched.more, self.fetched.unseen) = (looked.more, looked.unseen);
        self.take(looked.answer);
    }

    fn has_to_wait(&mut self) {
        if let Some(partition) = &self.fetched.partition {
            self.take(viewed::bounds(partition));
        }
    }

    fn is_unseen(&mut self) {
        self.fetched.unseen = true;
        self.take(viewed::unseen());
    }

    fn take(&mut self, answer: FetchedPartition) {
        let index = self.fetched.answer.index;
        self.fetched.bytes = answer.records.iter().map(Chunk::len).sum();
        self.fetched.answer = FetchedPartition { index, ..answer };
    }
}

/// The room that viewed records take is taken until the last of them is sent.
fn hold(room: Option<AnswerRoom>, all: &mut [Fetched]) {
    let Some(room) = room else { return };
    let in_memory = |chunk: &Chunk| match chunk {
        Chunk::Bytes(bytes) => bytes.len() as u64,
        Chunk::Range(_) => 0,
    };
    let bytes = all
        .iter()
        .flat_map(|fetched| &fetched.answer.records)
        .map(in_memory)
        .sum();
    let mut chunks = all.iter_mut().flat_map(|fetched| &mut fetched.answer.records).rev();
    if let Some(Chunk::Bytes(last)) = chunks.find(|chunk| matches!(chunk, Chunk::Bytes(_))) {
        *last = room.hold(bytes, last.clone());
    }
}

impl FetchPartition {
    fn is_current(&self, partition: &Partition) -> Result<(), ResponseError> {
        match self.current_epoch {
            Some(epoch) => super::check_epoch(partition, epoch.0),
            None => Ok(()),
        }
    }
}

fn read_partition(partition: &Partition, asked: &FetchPartition, limit: u32, nothing_yet: bool) -> FetchedPartition {
    let visible = fetch::visible(partition);
    let bounds = FetchedPartition {
        high_watermark: visible.end.0,
        last_stable_offset: visible.end.0,
        log_start_offset: visible.start.0,
        ..FetchedPartition::default()
    };
    match fetch::read(partition, asked.offset, limit, nothing_yet) {
        Ok(slices) => FetchedPartition {
            records: slices.ranges.into_iter().map(Chunk::Range).collect(),
            ..bounds
        },
        Err(error) => FetchedPartition {
            error_code: errors::of_read(&error).code(),
            ..bounds
        },
    }
}

fn told(fetched: &Fetched) -> (FetchKey, Told, bool) {
    let told = Told {
        high_watermark: fetched.answer.high_watermark,
        log_start: fetched.answer.log_start_offset,
        error: fetched.answer.error_code,
    };
    (fetched.key.clone(), told, fetched.bytes > 0)
}
