//! The rounds.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::sync::watch;

use crate::broker::{Broker, Program, Started};
use crate::clients::{Clients, SoFar};
use crate::gate::Gate;
use crate::history::StreamHistory;
use crate::left::Left;
use crate::operator;
use crate::report::Report;
use crate::rng::Rng;
use crate::schedule::{Change, Fault, Round, Schedule};
use crate::{settle, setup};

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
        so_far: SoFar::default(),
        talk: options.talk,
    };
    run.set_up().await?;
    let mut clients = Clients::start(&run.gate, rng.fork(), &run.so_far);
    for number in 1..=options.rounds {
        run.round(number).await?;
        clients.check().await?;
    }
    let Started::Serves(broker) = run.program.start(None, run.generation).await? else {
        bail!("the broker died without a fault");
    };
    run.change(Change::Bindings, &broker).await?;
    let streams = run.settle(&broker, &mut clients).await?;
    let told = clients.come_back().await?;
    operator::redrive_all(broker.admin()).await?;
    let mut left = Left::read(&run, &broker, streams, told).await?;
    run.program.check_log()?;
    let violations = left.check(&run.so_far);
    Ok(left.report(&run, options, begun.elapsed(), violations))
}

/// A run under way.
pub struct Run {
    /// The broker.
    pub program: Program,
    /// What comes, and how often it came.
    pub schedule: Schedule,
    rng: Rng,
    generation: u64,
    /// How often each kind of change was made.
    pub changes: [u32; 4],
    gate: watch::Sender<Gate>,
    /// What clients have seen and done.
    pub so_far: SoFar,
    talk: bool,
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

    /// Lets the clients come to their end with a broker that lives, and says what producers were told.
    async fn settle(&self, broker: &Broker, clients: &mut Clients) -> anyhow::Result<Vec<StreamHistory>> {
        self.gate.send_replace(Gate {
            open: Some(broker.address()),
            admin: Some(broker.admin()),
            finishing: true,
            over: false,
        });
        let streams = clients.produced().await?;
        settle::wait_for_held(broker, &streams, &self.so_far).await?;
        settle::wait_for_retries(broker, &self.so_far).await?;
        clients.check().await?;
        self.gate.send_modify(|gate| gate.over = true);
        Ok(streams)
    }
}
