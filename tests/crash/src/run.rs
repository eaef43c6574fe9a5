//! The rounds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::broker::{Broker, Program, Started};
use crate::checker::{self, Logs};
use crate::gate::{Gate, GateKeeper};
use crate::history::{StreamHistory, Told};
use crate::member::{Member, MemberHistory};
use crate::operator::{self, Counts, Operator};
use crate::producer::Producer;
use crate::read_back::read_back;
use crate::report::Report;
use crate::rng::Rng;
use crate::schedule::{Change, Fault, Round, Schedule};
use crate::setup::{self, AGAIN, LATER, LATER_LETTERS, LATER_PARTITIONS, LETTERS, ORDERS, PARTITIONS, PLAIN, TOPICS};
use crate::stream::Stream;
use crate::watcher::{self, Watched, Watcher};

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How often the broker is killed.
    pub rounds: u32,
    /// From which faults, changes and records are drawn.
    pub seed: u64,
    /// The broker: `crash-node`.
    pub node: PathBuf,
    /// Fail-points that plant a bug, armed in every life.
    pub plant: Option<String>,
    /// The faults to choose from.
    pub faults: Vec<Fault>,
    /// Tell of each round as it goes.
    pub talk: bool,
}

/// After the last round the broker lives; everything has to be settled within this time.
const SETTLES_WITHIN: Duration = Duration::from_secs(120);

/// After it is due, and the broker lives, what was held is there within this time.
const RELEASED_WITHIN: Duration = Duration::from_secs(8);
/// What would come twice, comes within this time.
const AGAIN_WITHIN: Duration = Duration::from_millis(500);

/// Versions of Produce that producers speak; later ones have topic ids instead of names.
const VERSIONS: [i16; 4] = [3, 7, 9, 12];

/// Runs all rounds in `dir` and checks what is left. An error is a run that came to no result: a broker that hung, ended by
/// itself, panicked or answered nonsense.
pub async fn run(options: &Options, dir: &Path) -> anyhow::Result<Report> {
    let begun = Instant::now();
    let mut rng = Rng::new(options.seed);
    let mut run = Run {
        program: Program::new(&options.node, dir, options.plant.clone()),
        schedule: Schedule::new(rng.fork(), &options.faults),
        rng: rng.fork(),
        generation: 1,
        changes: [0; 4],
        gate: watch::Sender::default(),
        watched: Watched::default(),
        talk: options.talk,
    };
    run.set_up().await?;
    let mut clients = run.start_clients(rng.fork());
    for number in 1..=options.rounds {
        run.round(number).await?;
        clients.check().await?;
    }
    let Started::Serves(broker) = run.program.start(None, run.generation).await? else {
        bail!("the broker died without a fault");
    };
    run.change(Change::Bindings, &broker).await?;
    let (streams, member, operated) = run.settle(&broker, clients).await?;
    operator::redrive_all(broker.admin()).await?;
    let again = run.read_again(&broker).await?;
    let mut logs = read_back(broker.address(), &TOPICS).await?;
    logs.extend(read_back(broker.address(), &[LATER]).await?);
    run.program.check_log()?;
    let mut violations = watcher::complete(&mut logs, copy(&run.watched));
    violations.extend(checker::redriven::check(&logs, &[LETTERS, LATER_LETTERS], &again));
    violations.extend(checker::check(&streams, &logs, setup::dead_letters, &member));
    Ok(Report {
        seed: options.seed,
        rounds: options.rounds,
        faults: run.schedule.counts().collect(),
        changes: run.changes,
        records: count_told(&streams, &member),
        held: count_held(&logs),
        operated,
        elsewhere: count_elsewhere(&streams, &logs),
        took: begun.elapsed(),
        violations,
    })
}

struct Run {
    program: Program,
    schedule: Schedule,
    rng: Rng,
    generation: u64,
    changes: [u32; 4],
    gate: watch::Sender<Gate>,
    watched: Watched,
    talk: bool,
}

/// What producers, the group and the operator were told.
type Settled = (Vec<StreamHistory>, MemberHistory, Counts);

struct Clients {
    producers: Vec<JoinHandle<anyhow::Result<Vec<Stream>>>>,
    member: JoinHandle<anyhow::Result<MemberHistory>>,
    watcher: JoinHandle<anyhow::Result<()>>,
    operator: JoinHandle<anyhow::Result<Counts>>,
}

impl Run {
    /// Creates the topics, in a life without faults.
    async fn set_up(&mut self) -> anyhow::Result<()> {
        let Started::Serves(mut broker) = self.program.start(None, self.generation).await? else {
            bail!("the broker died without a fault");
        };
        let mut client = setup::client(broker.address()).await?;
        setup::create(&mut client, &mut self.rng)
            .await
            .context("the topics cannot be created")?;
        broker.kill().await
    }

    fn start_clients(&self, mut rng: Rng) -> Clients {
        let keeper = || GateKeeper(self.gate.subscribe());
        let mut id = 0;
        let mut stream = |topic: &str, index: i32, rng: &mut Rng| {
            id += 1;
            Stream::new(id, (Arc::from(topic), index), rng.fork())
        };
        let producers = VERSIONS.into_iter().map(|version| {
            let mut streams: Vec<_> = (0..PARTITIONS).map(|index| stream(ORDERS, index, &mut rng)).collect();
            streams.push(stream(LATER, i32::from(version) % LATER_PARTITIONS, &mut rng).later(70));
            streams.push(stream(PLAIN, i32::from(version) % 2, &mut rng));
            let producer = Producer {
                streams,
                version,
                rng: rng.fork(),
            };
            tokio::spawn(producer.run(keeper()))
        });
        let producers = producers.collect();
        let watcher = Watcher::new(LATER, LATER_PARTITIONS, self.watched.clone(), rng.fork());
        Clients {
            producers,
            member: tokio::spawn(Member::new(&TOPICS).run(keeper())),
            watcher: tokio::spawn(watcher.run(keeper())),
            operator: tokio::spawn(Operator::new(rng.fork()).run(keeper())),
        }
    }

    async fn round(&mut self, number: u32) -> anyhow::Result<()> {
        let round = self.schedule.next();
        if round.change == Change::Plugin {
            self.generation += 1;
            self.changes[1] += 1;
        }
        let started = self.program.start(round.armed.as_deref(), self.generation).await?;
        let fired = match started {
            Started::Died => true,
            Started::Serves(mut broker) => self.live(&round, &mut broker).await?,
        };
        if fired {
            self.schedule.fired(round.fault);
        }
        self.program.check_log()?;
        if self.talk {
            let armed = round.armed.as_deref().unwrap_or("from outside");
            let fired = if fired { "" } else { ": did not happen" };
            println!(
                "round {number}: {} ({armed}), {:?}{fired}",
                round.fault.name(),
                round.change
            );
        }
        Ok(())
    }

    /// A life of the broker: the change, the load, the end. True if its fault has ended it.
    async fn live(&mut self, round: &Round, broker: &mut Broker) -> anyhow::Result<bool> {
        if let Err(error) = self.change(round.change, broker).await {
            // The fault may come as early as this; what was asked for may have happened, or not.
            let death = broker.death(Duration::from_secs(5)).await?;
            let Some(status) = death else {
                bail!(error.context("a change was refused"))
            };
            self.program.check_death(status)?;
            return Ok(true);
        }
        self.gate.send_modify(|gate| {
            gate.open = Some(broker.address());
            gate.admin = Some(broker.admin());
        });
        let death = broker.death(round.kill_after).await?;
        self.gate.send_modify(|gate| (gate.open, gate.admin) = (None, None));
        match death {
            Some(status) => {
                self.program.check_death(status)?;
                Ok(true)
            }
            None => {
                broker.kill().await?;
                Ok(round.fault == Fault::Kill)
            }
        }
    }

    async fn change(&mut self, change: Change, broker: &Broker) -> anyhow::Result<()> {
        match change {
            Change::Nothing | Change::Plugin => {}
            Change::Bindings => {
                self.changes[0] += 1;
                setup::change_bindings(&mut setup::client(broker.address()).await?, &mut self.rng).await?;
            }
            Change::Panics => {
                self.changes[3] += 1;
                setup::make_panic(&mut setup::client(broker.address()).await?).await?;
            }
            Change::Partitions => {
                self.changes[2] += 1;
                setup::add_partition(&mut setup::client(broker.address()).await?).await?;
            }
        }
        Ok(())
    }

    /// Lets the clients come to their end with a broker that lives.
    async fn settle(&self, broker: &Broker, clients: Clients) -> anyhow::Result<Settled> {
        self.gate.send_replace(Gate {
            open: Some(broker.address()),
            admin: Some(broker.admin()),
            finishing: true,
            over: false,
        });
        let mut streams = Vec::new();
        for producer in clients.producers {
            let settled = timeout(SETTLES_WITHIN, producer).await;
            let settled = settled.context("a producer gets no answer to all that it has sent")???;
            streams.extend(settled.into_iter().map(|stream| stream.into_history().0));
        }
        self.wait_for_held(broker, &streams).await?;
        self.gate.send_modify(|gate| gate.over = true);
        let watcher = timeout(SETTLES_WITHIN, clients.watcher).await;
        watcher.context("the reader of what was delayed hangs")???;
        let operator = timeout(SETTLES_WITHIN, clients.operator).await;
        let operated = operator.context("the operator hangs")???;
        let member = timeout(SETTLES_WITHIN, clients.member)
            .await
            .context("the group's member hangs")???;
        Ok((streams, member, operated))
    }

    /// What was redriven, when it is all there: a link delivers what the answer doesn't wait for.
    async fn read_again(&self, broker: &Broker) -> anyhow::Result<Logs> {
        let mut count = None;
        loop {
            let again = read_back(broker.address(), &[AGAIN]).await?;
            let now = again.values().map(Vec::len).sum::<usize>();
            if count.replace(now) == Some(now) {
                return Ok(again);
            }
            tokio::time::sleep(AGAIN_WITHIN).await;
        }
    }

    /// Waits until all that was held is there, or ought to be.
    async fn wait_for_held(&self, broker: &Broker, streams: &[StreamHistory]) -> anyhow::Result<()> {
        let last = streams
            .iter()
            .flat_map(|stream| stream.later.values())
            .map(|asked| asked.due);
        let left = last.max().unwrap_or(0) - corvid_env::clock::wall_clock().0;
        tokio::time::sleep(Duration::from_millis(left.max(0) as u64)).await;
        let deadline = Instant::now() + RELEASED_WITHIN;
        while Instant::now() < deadline {
            let mut logs = copy(&self.watched);
            logs.extend(read_back(broker.address(), &[LATER_LETTERS]).await?);
            let there: BTreeSet<_> = logs.values().flatten().map(|found| found.key.clone()).collect();
            let missing = streams.iter().any(|stream| {
                let mut acknowledged = stream.later.iter().filter(|(_, asked)| asked.acknowledged_at.is_some());
                acknowledged.any(|(number, _)| !there.contains(crate::history::key(stream.id, *number).as_bytes()))
            });
            if !missing {
                break;
            }
            tokio::time::sleep(AGAIN_WITHIN).await;
        }
        tokio::time::sleep(AGAIN_WITHIN).await;
        Ok(())
    }
}

fn copy(watched: &Watched) -> Logs {
    watched.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Clients {
    /// No client has ended by itself: it does so when the broker does what no broker should.
    async fn check(&mut self) -> anyhow::Result<()> {
        if self.member.is_finished() {
            (&mut self.member).await?.context("the group's member has given up")?;
        }
        if self.operator.is_finished() {
            (&mut self.operator).await?.context("the operator has given up")?;
        }
        if self.watcher.is_finished() {
            (&mut self.watcher)
                .await?
                .context("the reader of what was delayed has given up")?;
        }
        for producer in self.producers.iter_mut().filter(|producer| producer.is_finished()) {
            producer.await?.context("a producer has given up")?;
        }
        Ok(())
    }
}

fn count_told(streams: &[StreamHistory], member: &MemberHistory) -> [usize; 3] {
    let told = || {
        streams
            .iter()
            .flat_map(|stream| &stream.records)
            .filter_map(|(_, told)| *told)
    };
    let refused = told().filter(|told| *told == Told::Refused).count();
    [told().count() - refused, refused, member.read()]
}

/// How many were held, and came back.
fn count_held(logs: &Logs) -> usize {
    logs.values().flatten().filter(|found| found.was_held).count()
}

fn count_elsewhere(streams: &[StreamHistory], logs: &Logs) -> [usize; 2] {
    let (mut moved, mut letters) = (0, 0);
    for ((topic, index), records) in logs {
        if &**topic == LETTERS {
            letters += records.len();
        }
        for (id, _) in records.iter().filter_map(|found| crate::history::parse_key(&found.key)) {
            let named = streams
                .iter()
                .find(|stream| stream.id == id)
                .map(|stream| &stream.target);
            moved += usize::from(named.is_some_and(|named| named.0 == *topic && named.1 != *index));
        }
    }
    [moved, letters]
}
