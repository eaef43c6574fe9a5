//! A whole node whose dead letters are redriven all the time to where they were sent, by two operators who begin anywhere, and whose
//! commands are interrupted, while the node loses power again and again: each letter leaves exactly once, and none is lost.
//!
//! A validator fails records by a coin, also those that come back, so many a letter is tried several times before it leaves.

#[path = "redriving/client.rs"]
mod client;
#[path = "shared/connect.rs"]
mod connect;
#[path = "redriving/ledger.rs"]
mod ledger;
#[path = "redriving/server.rs"]
mod server;
#[path = "shared/topics.rs"]
mod topics;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use client::Durability;
use corvid_env::random::below;
use corvid_sim::{World, assert_equal_traces, seed, seeds};
use ledger::Ledger;

const POWER_CUTS: u32 = 50;

/// Where a node dies by its own hand: around every step of a letter's way out and back.
const FAIL_POINTS: [&str; 11] = [
    "redrive.before_append=kill",
    "redrive.after_append=kill",
    "redrive.after_append=kill",
    "link.before_append=kill",
    "link.after_append=kill",
    "log.pair=cut:300",
    "log.write=cut:100",
    "log.after_write=kill",
    "flush.before=kill",
    "flush.after=kill",
    "log.roll=kill",
];

struct Run {
    ledger: Rc<RefCell<Ledger>>,
    trace: Vec<u8>,
}

fn run(seed: u64, durability: Durability, power_cuts: u32, bug: &'static str) -> Run {
    let mut world = World::new(seed);
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let lives = Rc::clone(&ledger);
    world.host("node", move || server::life(Rc::clone(&lives)));
    world.client("producer", client::produce(Rc::clone(&ledger), durability));
    world.client("watcher", client::watch(Rc::clone(&ledger)));
    for _ in 0..power_cuts {
        let dies_at = match below(2) {
            0 => format!(
                ",{}@{}",
                FAIL_POINTS[below(FAIL_POINTS.len() as u64) as usize],
                1 + below(20)
            ),
            _ => String::new(),
        };
        world.arm(&format!("{bug}{dies_at}"));
        world.run_for(Duration::from_millis(1 + below(600)));
        world.power_cut("node");
        world.run_for(Duration::from_millis(1 + below(50)));
        world.restart("node");
    }
    world.arm(bug);
    ledger.borrow_mut().stop();
    world.run();
    world.client("reader", client::read_back(Rc::clone(&ledger)));
    world.run();
    ledger.borrow_mut().check(durability == Durability::Disk);
    Run {
        ledger,
        trace: world.finish(),
    }
}

fn assert_each_letter_leaves_once(seeds: impl Iterator<Item = u64>, durability: Durability) {
    for seed in seeds {
        let run = run(seed, durability, POWER_CUTS, "");
        let ledger = run.ledger.borrow();
        assert_eq!(ledger.wrong(), [] as [String; 0], "seed {seed}");
        println!("seed {seed}: {} letters, {} lives", ledger.letters(), ledger.lives());
        assert!(ledger.letters() > 40, "seed {seed}: {} letters", ledger.letters());
    }
}

#[test]
fn each_letter_leaves_once_and_none_is_lost() {
    assert_each_letter_leaves_once(seeds(2), Durability::Disk);
}

/// A power cut takes what was answered; what has left has left for good all the same.
#[test]
fn each_letter_leaves_once_though_tails_are_lost() {
    assert_each_letter_leaves_once(seeds(2), Durability::Replicas);
}

/// The bug: what has left is known in memory only, and the next life takes the letters again.
#[test]
fn a_redrive_that_forgets_what_has_left_is_caught() {
    let run = run(seed(), Durability::Disk, 15, "redrive.known=skip");
    let ledger = run.ledger.borrow();
    let twice = ledger.wrong().iter().any(|wrong| wrong.contains("times in orders"));
    assert!(twice, "{:?}", ledger.wrong());
}

#[test]
fn one_seed_is_one_history_of_redrives() {
    let first = run(seed(), Durability::Replicas, 8, "");
    assert_equal_traces(&first.trace, &run(seed(), Durability::Replicas, 8, "").trace);
}
