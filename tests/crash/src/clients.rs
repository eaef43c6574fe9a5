//! All who use the broker at once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::cancels::Cancelling;
use crate::gate::{Gate, GateKeeper};
use crate::history::StreamHistory;
use crate::member::{Member, MemberHistory};
use crate::operator::{Counts, Operator};
use crate::producer::Producer;
use crate::replacer::{Replaced, Replacer};
use crate::retries::{Retries, Worker};
use crate::rng::Rng;
use crate::setup::{CARDS, JOBS, KEPT, LATER, LATER_PARTITIONS, ORDERS, PARTITIONS, PLAIN, TOPICS};
use crate::stream::Stream;
use crate::teller::{Teller, Transfers};
use crate::viewer::{ViewHistory, Viewer};
use crate::watcher::{Watched, Watcher};

/// Everything has to be settled within this time, when the broker lives.
const SETTLES_WITHIN: Duration = Duration::from_secs(120);

/// Versions of Produce that producers speak; later ones have topic ids instead of names.
const VERSIONS: [i16; 4] = [3, 7, 9, 12];

/// What clients have seen and done so far.
#[derive(Clone, Default)]
pub struct SoFar {
    /// What was delayed, as it was read.
    pub watched: Watched,
    /// What a consumer failed on.
    pub retries: Retries,
    /// What was cancelled.
    pub cancelling: Cancelling,
}

/// The clients.
pub struct Clients {
    producers: Vec<JoinHandle<anyhow::Result<Vec<Stream>>>>,
    member: JoinHandle<anyhow::Result<MemberHistory>>,
    viewer: JoinHandle<anyhow::Result<ViewHistory>>,
    operator: JoinHandle<anyhow::Result<Counts>>,
    replacer: JoinHandle<anyhow::Result<Replaced>>,
    teller: JoinHandle<anyhow::Result<Transfers>>,
    others: Vec<JoinHandle<anyhow::Result<()>>>,
}

/// What they were told, and have seen.
pub struct Told {
    /// The group.
    pub member: MemberHistory,
    /// The reader with a view.
    pub viewed: ViewHistory,
    /// The operator.
    pub operated: Counts,
    /// The producer of the same keys.
    pub replaced: Replaced,
    /// The client of the bank.
    pub transfers: Transfers,
}

impl Clients {
    /// Starts them all. They wait at the gate.
    pub fn start(gate: &watch::Sender<Gate>, mut rng: Rng, so_far: &SoFar) -> Self {
        let keeper = || GateKeeper(gate.subscribe());
        let mut id = 0;
        let mut stream = |topic: &str, index: i32, rng: &mut Rng| {
            id += 1;
            Stream::new(id, (Arc::from(topic), index), rng.fork())
        };
        let producers = VERSIONS.into_iter().map(|version| {
            let half = i32::from(version) % 2;
            let mut streams: Vec<_> = (0..PARTITIONS).map(|index| stream(ORDERS, index, &mut rng)).collect();
            streams.push(stream(LATER, half, &mut rng).later(70));
            streams.push(stream(PLAIN, half, &mut rng));
            streams.push(stream(JOBS, half, &mut rng));
            streams.push(stream(CARDS, half, &mut rng).cards(60));
            streams.push(stream(KEPT, half, &mut rng));
            let producer = Producer {
                streams,
                version,
                rng: rng.fork(),
            };
            tokio::spawn(producer.run(keeper()))
        });
        let producers = producers.collect();
        let watcher = Watcher::new(LATER, LATER_PARTITIONS, so_far.watched.clone(), rng.fork());
        let worker = Worker::new(rng.fork(), so_far.retries.clone());
        let operator = Operator::new(rng.fork(), so_far.cancelling.clone());
        Self {
            producers,
            member: tokio::spawn(Member::new(&TOPICS).run(keeper())),
            viewer: tokio::spawn(Viewer::new(2, rng.fork()).run(keeper())),
            operator: tokio::spawn(operator.run(keeper())),
            replacer: tokio::spawn(Replacer::new(rng.fork()).run(keeper())),
            teller: tokio::spawn(Teller::new(rng.fork()).run(keeper())),
            others: vec![tokio::spawn(watcher.run(keeper())), tokio::spawn(worker.run(keeper()))],
        }
    }

    /// None has ended by itself: it does so when the broker does what no broker should.
    pub async fn check(&mut self) -> anyhow::Result<()> {
        if self.member.is_finished() {
            (&mut self.member).await?.context("the group's member has given up")?;
        }
        if self.viewer.is_finished() {
            (&mut self.viewer)
                .await?
                .context("the reader with a view has given up")?;
        }
        if self.operator.is_finished() {
            (&mut self.operator).await?.context("the operator has given up")?;
        }
        if self.teller.is_finished() {
            (&mut self.teller)
                .await?
                .context("the client of the bank has given up")?;
        }
        for other in self.others.iter_mut().filter(|other| other.is_finished()) {
            other.await?.context("a reader has given up")?;
        }
        for producer in self.producers.iter_mut().filter(|producer| producer.is_finished()) {
            producer.await?.context("a producer has given up")?;
        }
        Ok(())
    }

    /// What producers were told of all that they have sent, once there is nothing that they wait for.
    pub async fn produced(&mut self) -> anyhow::Result<Vec<StreamHistory>> {
        let mut streams = Vec::new();
        for producer in self.producers.drain(..) {
            let settled = timeout(SETTLES_WITHIN, producer).await;
            let settled = settled.context("a producer gets no answer to all that it has sent")???;
            streams.extend(settled.into_iter().map(|stream| stream.into_history().0));
        }
        Ok(streams)
    }

    /// What the others come back with, when all is over.
    pub async fn come_back(self) -> anyhow::Result<Told> {
        for other in self.others {
            timeout(SETTLES_WITHIN, other).await.context("a reader hangs")???;
        }
        let operated = timeout(SETTLES_WITHIN, self.operator).await;
        let replaced = timeout(SETTLES_WITHIN, self.replacer).await;
        let viewed = timeout(SETTLES_WITHIN, self.viewer).await;
        let transfers = timeout(SETTLES_WITHIN, self.teller).await;
        let member = timeout(SETTLES_WITHIN, self.member).await;
        Ok(Told {
            member: member.context("the group's member hangs")???,
            viewed: viewed.context("the reader with a view hangs")???,
            operated: operated.context("the operator hangs")???,
            transfers: transfers.context("the client of the bank hangs")???,
            replaced: replaced.context("the producer of the same keys hangs")???,
        })
    }
}
