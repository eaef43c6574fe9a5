//! A consumer group of one: joins, reads everything, commits, and compares what it is told with what it has committed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use corvid_wire::client::{Client, ClientError, Consumer, ConsumerOptions};

use crate::checker::{Logs, Violation};
use crate::gate::GateKeeper;
use crate::history::PartitionName;
use crate::setup;

mod group;

use group::{Group, GroupError};

/// What the member was told.
#[derive(Debug, Clone, Default)]
pub struct MemberHistory {
    /// By offset, the keys that it has read.
    seen: BTreeMap<PartitionName, BTreeMap<i64, Vec<u8>>>,
    /// The newest commit of each partition that the broker has acknowledged.
    committed: BTreeMap<PartitionName, i64>,
    complaints: Vec<String>,
}

impl MemberHistory {
    /// A record was read.
    pub fn saw(&mut self, partition: &PartitionName, offset: i64, key: &[u8]) {
        let before = self
            .seen
            .entry(partition.clone())
            .or_default()
            .insert(offset, key.to_vec());
        if let Some(before) = before.filter(|before| before != key) {
            let [before, now] = [&before, key].map(String::from_utf8_lossy);
            self.complaints.push(format!(
                "{partition:?} had {before} at {offset}, and has {now} there now"
            ));
        }
    }

    /// A commit was acknowledged.
    pub fn acknowledged(&mut self, partition: &PartitionName, offset: i64) {
        self.committed.insert(partition.clone(), offset);
    }

    /// Takes what the broker says is committed. It must be what was acknowledged last, or what was sent since and not answered.
    fn told(&mut self, partition: &PartitionName, told: i64, in_doubt: Option<i64>) {
        let known = self.committed.get(partition).copied().unwrap_or(-1);
        if told != known && Some(told) != in_doubt {
            let what =
                format!("{partition:?}: {told} is told to be committed; acknowledged {known}, in doubt {in_doubt:?}");
            self.complaints.push(what);
        }
        if told >= 0 {
            self.acknowledged(partition, told);
        }
    }

    /// How many records it has read.
    pub fn read(&self) -> usize {
        self.seen.values().map(BTreeMap::len).sum()
    }

    /// What it read is what is there, and it has read everything below what it has committed.
    pub fn check(&self, logs: &Logs) -> Vec<Violation> {
        let mut wrong = self.complaints.clone();
        for (partition, seen) in &self.seen {
            let log = logs.get(partition).map_or(&[][..], Vec::as_slice);
            for (offset, key) in seen {
                let at = log.binary_search_by_key(offset, |found| found.offset);
                if !at.is_ok_and(|at| log[at].key == *key) {
                    let key = String::from_utf8_lossy(key);
                    wrong.push(format!(
                        "{key} was read at {offset} of {partition:?}, and is not there at the end"
                    ));
                }
            }
        }
        for (partition, committed) in &self.committed {
            let (log, seen) = (logs.get(partition), self.seen.get(partition));
            for found in log.into_iter().flatten().filter(|found| found.offset < *committed) {
                if !seen.is_some_and(|seen| seen.contains_key(&found.offset)) {
                    let key = String::from_utf8_lossy(&found.key);
                    wrong.push(format!(
                        "{key} at {} of {partition:?} was never read, {committed} is committed",
                        found.offset
                    ));
                }
            }
        }
        wrong.into_iter().map(Violation::Group).collect()
    }
}

/// The member.
pub struct Member {
    history: MemberHistory,
    group: Group,
    topics: Vec<String>,
    /// What was committed and not answered.
    in_doubt: BTreeMap<PartitionName, i64>,
}

impl Member {
    /// A member that reads all of these topics.
    pub fn new(topics: &[&str]) -> Self {
        Self {
            history: MemberHistory::default(),
            group: Group::new("readers"),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            in_doubt: BTreeMap::new(),
        }
    }

    /// Reads and commits until everything is over. An error is the broker's.
    pub async fn run(mut self, mut gate: GateKeeper) -> anyhow::Result<MemberHistory> {
        while let Some(address) = gate.pass().await {
            match self.read(address, &gate).await {
                Ok(()) => {}
                Err(error)
                    if error
                        .downcast_ref::<ClientError>()
                        .is_some_and(ClientError::is_retriable) =>
                {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => return Err(error.context("the consumer group's member")),
            }
        }
        Ok(self.history)
    }

    async fn read(&mut self, address: SocketAddr, gate: &GateKeeper) -> anyhow::Result<()> {
        let mut client = setup::patient_client(address, "member").await?;
        let consuming = setup::patient_client(address, "member").await?;
        let mut consumer = Consumer::new(
            consuming,
            ConsumerOptions {
                max_wait: Duration::from_millis(20),
                ..ConsumerOptions::default()
            },
        );
        self.group.enter(&mut client, &self.topics).await?;
        self.take_positions(&mut client, &mut consumer).await?;
        while !gate.over() {
            for record in consumer.poll().await? {
                let partition = (record.topic, record.partition);
                self.history
                    .saw(&partition, record.offset, record.key.as_deref().unwrap_or_default());
            }
            self.commit(&mut client, &consumer).await?;
        }
        Ok(())
    }

    /// Goes on where the broker says that it was, in every partition that there is by now.
    async fn take_positions(&mut self, client: &mut Client, consumer: &mut Consumer) -> anyhow::Result<()> {
        let mut partitions = Vec::new();
        for topic in &self.topics {
            let count = client.partition_count(topic, false).await?;
            partitions.extend((0..count).map(|index| (topic.as_str().into(), index)));
        }
        let committed = self.group.committed(client, &partitions).await?;
        for partition in &partitions {
            let told = *committed.get(partition).context("OffsetFetch leaves out a partition")?;
            self.history
                .told(partition, told, self.in_doubt.get(partition).copied());
            consumer.assign(&partition.0, partition.1, told.max(0));
        }
        self.in_doubt.clear();
        Ok(())
    }

    async fn commit(&mut self, client: &mut Client, consumer: &Consumer) -> anyhow::Result<()> {
        let positions = self.history.seen.keys();
        let positions =
            positions.filter_map(|(topic, index)| Some(((topic.clone(), *index), consumer.position(topic, *index)?)));
        let changed = positions.filter(|(partition, offset)| self.history.committed.get(partition) != Some(offset));
        self.in_doubt = changed.collect();
        if self.in_doubt.is_empty() {
            return Ok(());
        }
        match self.group.commit(client, &self.in_doubt).await {
            Ok(()) => {
                for (partition, offset) in std::mem::take(&mut self.in_doubt) {
                    self.history.acknowledged(&partition, offset);
                }
                Ok(())
            }
            // Nothing was committed; the next round of the loop is in the group again.
            Err(GroupError::Left(error)) => {
                self.in_doubt.clear();
                self.group
                    .enter(client, &self.topics)
                    .await
                    .with_context(|| format!("after {error:?}"))
            }
            Err(GroupError::Client(error)) => Err(error.into()),
            Err(GroupError::Broker(error)) => bail!("OffsetCommit is answered {error:?}"),
        }
    }
}
