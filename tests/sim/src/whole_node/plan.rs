//! Runs: a node, its clients, and how it dies.

use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

use corvid::Node;
use corvid_env::random::below;

use super::Ledger;
use super::life::{NODE, live};
use crate::{Outcome, Survival, World, assert_equal_traces, seed};

/// What a test has of its own. A value of it is one of its variants.
pub trait Scenario: Copy + 'static {
    /// What its ledger has beside.
    type Own: Default + 'static;
    /// Where the node dies by its own hand, in every second life.
    const FAIL_POINTS: &'static [&'static str];
    /// How often the node loses power, unless a plan says otherwise.
    const POWER_CUTS: u32;
    /// How long it has power.
    const LONGEST_LIFE: Duration;
    /// And how long not.
    const LONGEST_OUTAGE: Duration;

    /// Starts the clients that are there while the node dies, and end when the ledger says stop.
    fn start(self, clients: &mut Clients<'_, Self::Own>);

    /// What is done on the node itself, in every life.
    fn operate(self, _node: &Node, _ledger: &Ledger<Self::Own>) -> impl Future<Output = Outcome> {
        pending()
    }

    /// Reads everything when the node dies no more, and compares.
    fn read_back(self, ledger: &Ledger<Self::Own>) -> impl Future<Output = Outcome>;

    /// Whether the node's clock goes wrong.
    fn clock_jumps(self) -> bool {
        false
    }
}

/// Where a scenario's clients are added.
pub struct Clients<'a, Own> {
    world: &'a mut World,
    ledger: &'a Rc<Ledger<Own>>,
}

impl<Own: 'static> Clients<'_, Own> {
    /// Adds a client. An error of it is something wrong.
    pub fn add(&mut self, name: &'static str, software: impl AsyncFnOnce(&Ledger<Own>) -> Outcome + 'static) {
        let ledger = Rc::clone(self.ledger);
        self.world.client(name, async move {
            if let Err(error) = software(&ledger).await {
                ledger.complain(format!("the {name}: {error}"));
            }
            Ok(())
        });
    }
}

/// What is to happen in a run.
#[derive(Clone, Copy)]
#[must_use]
pub struct Plan<S> {
    /// What the run is of.
    pub scenario: S,
    /// How often the node loses power.
    pub power_cuts: u32,
    /// What its disk keeps of what was not synced.
    pub survival: Survival,
    /// A fail-point that is armed all the time: a bug put in on purpose.
    pub bug: &'static str,
}

/// What has happened.
pub struct Run<Own> {
    seed: u64,
    bug: &'static str,
    /// What is known of it.
    pub ledger: Rc<Ledger<Own>>,
    /// All that happened.
    pub trace: Vec<u8>,
}

impl<S: Scenario> Plan<S> {
    /// Power cuts as usual, and no bug.
    pub const fn new(scenario: S) -> Self {
        Self {
            scenario,
            power_cuts: S::POWER_CUTS,
            survival: Survival::Random,
            bug: "",
        }
    }

    /// The same with so many power cuts.
    pub const fn with_power_cuts(self, power_cuts: u32) -> Self {
        Self { power_cuts, ..self }
    }

    /// The same with a bug, which so many power cuts are to show.
    pub const fn with_bug(self, bug: &'static str, power_cuts: u32) -> Self {
        Self {
            bug,
            ..self.with_power_cuts(power_cuts)
        }
    }

    /// Runs it from this seed.
    pub fn run(self, seed: u64) -> Run<S::Own> {
        let mut world = World::new(seed);
        world.set_survival(self.survival);
        let ledger = Rc::new(Ledger::default());
        let (scenario, lives) = (self.scenario, Rc::clone(&ledger));
        world.host(NODE, move || Box::pin(live(scenario, Rc::clone(&lives))));
        scenario.start(&mut Clients {
            world: &mut world,
            ledger: &ledger,
        });
        world.power_cuts(NODE, self.power_cuts, S::LONGEST_LIFE, S::LONGEST_OUTAGE, |world| {
            self.prepare_life(world);
        });
        world.arm(self.bug);
        world.set_clock(NODE, 0);
        ledger.stop();
        world.run();
        let mut clients = Clients {
            world: &mut world,
            ledger: &ledger,
        };
        clients.add("last reader", async move |ledger| scenario.read_back(ledger).await);
        world.run();
        Run {
            seed,
            bug: self.bug,
            ledger,
            trace: world.finish(),
        }
    }

    /// Two runs from one seed are the same, one from another seed is not.
    pub fn assert_one_seed_is_one_history(self) {
        let first = self.run(seed());
        assert_equal_traces(&first.trace, &self.run(seed()).trace);
        assert_ne!(first.trace, self.run(seed() + 1).trace);
    }

    /// Arms a fail-point, and sets the clock wrong.
    fn prepare_life(self, world: &mut World) {
        world.arm_at_times(self.bug, S::FAIL_POINTS);
        if self.scenario.clock_jumps() {
            world.set_clock(NODE, JUMPS_MS[below(2) as usize]);
            world.run_for(STARTED_AFTER + Duration::from_millis(below(300)));
            world.set_clock(NODE, JUMPS_MS[below(JUMPS_MS.len() as u64) as usize]);
        }
    }
}

/// How far the node's clock goes wrong: behind, not at all, or ahead.
const JUMPS_MS: [i64; 5] = [-30 * MINUTE_MS, 0, 0, 60 * MINUTE_MS, 6_000 * MINUTE_MS];
const MINUTE_MS: i64 = 60_000;
/// A clock that is ahead when a life begins can't be told from a right one: a node has opened its partitions by then.
const STARTED_AFTER: Duration = Duration::from_millis(200);

impl<Own> Run<Own> {
    /// Nothing went wrong.
    pub fn assert_right(&self) {
        let (seed, bug) = (self.seed, self.bug);
        assert_eq!(*self.ledger.wrong(), [] as [String; 0], "seed {seed} {bug}");
    }

    /// Whether something went wrong that reads like this.
    pub fn is_wrong(&self, seen: &str) -> bool {
        self.ledger.wrong().iter().any(|wrong| wrong.contains(seen))
    }

    /// The bug was caught: something went wrong that reads like this.
    pub fn assert_wrong(&self, seen: &str) {
        assert!(self.is_wrong(seen), "{}: {:?}", self.bug, self.ledger.wrong());
    }
}
