//! A whole node with a compacted topic, whose segments are small and are compacted all the time, losing power again and again: of every
//! key the last acknowledged record is there, or a later one; no offset ever shows another record than it did before; a tombstone is
//! there for its time, and what it deleted does not come back.

#[path = "compacting/client.rs"]
mod client;
#[path = "shared/connect.rs"]
mod connect;
#[path = "compacting/ledger.rs"]
mod ledger;
#[path = "node/server.rs"]
mod server;
#[path = "shared/topics.rs"]
mod topics;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use client::Policy;
use corvid_env::random::below;
use corvid_sim::{Survival, World, assert_equal_traces, seed, seeds};
use ledger::Ledger;

const POWER_CUTS: u32 = 60;

/// Where a node dies by its own hand: around every step of an append, a flush and a swap.
const FAIL_POINTS: [&str; 9] = [
    "compaction.swap=kill",
    "compaction.swap=kill",
    "fs.rename=kill",
    "fs.sync_dir=kill",
    "log.roll=kill",
    "log.write=cut:100",
    "flush.before=kill",
    "flush.after=kill",
    "link.after_append=kill",
];

struct Run {
    ledger: Rc<RefCell<Ledger>>,
    trace: Vec<u8>,
}

/// What is to happen in a run.
#[derive(Clone, Copy)]
struct Plan {
    policy: Policy,
    power_cuts: u32,
    survival: Survival,
    /// A fail-point that is armed all the time: a bug put in on purpose.
    bug: &'static str,
}

const PLAN: Plan = Plan {
    policy: Policy::None,
    power_cuts: POWER_CUTS,
    survival: Survival::Random,
    bug: "",
};

const COINS: Plan = Plan {
    policy: Policy::Coins,
    ..PLAN
};

fn run(seed: u64, plan: Plan) -> Run {
    let mut world = World::new(seed);
    world.set_survival(plan.survival);
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let lives = Rc::clone(&ledger);
    world.host("node", move || server::life(Rc::clone(&lives)));
    world.client("producer", client::produce(Rc::clone(&ledger), plan.policy));
    world.client("reader", client::read(Rc::clone(&ledger), plan.policy));
    for _ in 0..plan.power_cuts {
        let dies_at = match below(2) {
            0 => format!(
                ",{}@{}",
                FAIL_POINTS[below(FAIL_POINTS.len() as u64) as usize],
                1 + below(20)
            ),
            _ => String::new(),
        };
        world.arm(&format!("{}{dies_at}", plan.bug));
        world.run_for(Duration::from_millis(1 + below(800)));
        world.power_cut("node");
        world.run_for(Duration::from_millis(1 + below(100)));
        world.restart("node");
    }
    world.arm(plan.bug);
    ledger.borrow_mut().stop();
    world.run();
    world.client("last reader", client::read_at_the_end(Rc::clone(&ledger), plan.policy));
    world.run();
    Run {
        ledger,
        trace: world.finish(),
    }
}

fn assert_the_last_of_each_key_is_there(seeds: impl Iterator<Item = u64>, plan: Plan) {
    let mut tombstones_gone = 0;
    for seed in seeds {
        let run = run(seed, plan);
        let ledger = run.ledger.borrow();
        assert_eq!(ledger.wrong(), [] as [String; 0], "seed {seed}");
        let counts = ledger.counts();
        println!("seed {seed}: {counts:?}");
        assert!(counts.acknowledged > 300, "seed {seed}: {counts:?}");
        assert!(counts.scans > 20, "seed {seed}: {counts:?}");
        assert!(counts.compacted_away > 150, "seed {seed}: {counts:?}");
        tombstones_gone += counts.tombstones_gone;
    }
    assert!(tombstones_gone > 0);
}

#[test]
fn the_last_of_each_key_is_there_after_every_power_cut() {
    assert_the_last_of_each_key_is_there(seeds(2), PLAN);
}

/// Seeds that found something once. 1: the end that clients were told lay between two hidden batches, where compaction had taken an entry,
/// and no consumer ever got there.
const PINNED_COINS: [u64; 1] = [1];

/// Where outbox entries are compacted.
#[test]
fn the_last_of_each_key_is_there_though_coins_send_it_elsewhere() {
    assert_the_last_of_each_key_is_there(PINNED_COINS.into_iter().chain(seeds(1)), COINS);
}

/// The bug: compacted segments take the place of the old ones, and are in the page cache only.
#[test]
fn a_swap_that_does_not_sync_is_caught() {
    let plan = Plan {
        power_cuts: 20,
        bug: "compaction.sync=skip",
        ..PLAN
    };
    let run = run(seed(), plan);
    assert!(!run.ledger.borrow().wrong().is_empty(), "nothing was wrong");
}

#[test]
fn one_seed_is_one_history_of_a_compacted_topic() {
    let plan = Plan {
        power_cuts: 10,
        ..COINS
    };
    let first = run(seed(), plan);
    assert_equal_traces(&first.trace, &run(seed(), plan).trace);
}
