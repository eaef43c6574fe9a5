//! A whole node and a client of it, the node losing power again and again: every record that was acknowledged to an
//! idempotent producer is there afterwards, once, and in order.

#[path = "node/client.rs"]
mod client;
#[path = "node/server.rs"]
mod server;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use client::Ledger;
use corvid_env::random::below;
use corvid_sim::{Survival, World, assert_equal_traces, seed, seeds};

/// Where a node dies by its own hand.
const FAIL_POINTS: [&str; 10] = [
    "log.write=cut:100",
    "log.write=cut:1",
    "log.after_write=kill",
    "flush.before=kill",
    "flush.after=kill",
    "metadata.written=kill",
    "metadata.synced=kill",
    "produce.before_answer=kill",
    "fs.rename=kill",
    "fs.sync_dir=kill",
];

struct Run {
    ledger: Rc<RefCell<Ledger>>,
    trace: Vec<u8>,
}

fn run(seed: u64, power_cuts: u32, survival: Survival, faults: &str) -> Run {
    let mut world = World::new(seed);
    world.set_survival(survival);
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let complaints = Rc::clone(&ledger);
    world.host("node", move || server::life(Rc::clone(&complaints)));
    world.client("client", client::produce(Rc::clone(&ledger)));
    world.power_cuts(
        "node",
        power_cuts,
        Duration::from_millis(600),
        Duration::from_millis(100),
        |world| {
            let dies_at = if below(2) == 0 {
                format!(",{}@{}", FAIL_POINTS[below(10) as usize], 1 + below(30))
            } else {
                String::new()
            };
            world.arm(&format!("{faults}{dies_at}"));
        },
    );
    ledger.borrow_mut().stop();
    world.run();
    world.client("reader", client::read_back(Rc::clone(&ledger)));
    world.run();
    Run {
        ledger,
        trace: world.finish(),
    }
}

#[test]
fn every_acknowledged_record_is_there_once_and_in_order() {
    for seed in seeds(2) {
        let run = run(seed, 100, Survival::Random, "");
        let ledger = run.ledger.borrow();
        assert_eq!(ledger.wrong(), [] as [String; 0], "seed {seed}");
        assert!(
            ledger.acknowledged() > 1_000,
            "seed {seed}: only {} records",
            ledger.acknowledged()
        );
    }
}

#[test]
fn a_node_that_skips_its_syncs_is_caught() {
    let run = run(seed(), 10, Survival::Nothing, "fs.sync_data=skip");
    assert!(
        !run.ledger.borrow().wrong().is_empty(),
        "no record was lost without any fdatasync"
    );
}

#[test]
fn one_seed_is_one_history_of_a_whole_node() {
    let first = run(seed(), 10, Survival::Random, "");
    assert_equal_traces(&first.trace, &run(seed(), 10, Survival::Random, "").trace);
    assert_ne!(first.trace, run(seed() + 1, 10, Survival::Random, "").trace);
}
