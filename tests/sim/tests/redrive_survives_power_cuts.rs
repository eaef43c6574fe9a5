//! A whole node whose dead letters are redriven all the time to where they were sent, by two operators who begin anywhere, and whose
//! commands are interrupted, while the node loses power again and again: each letter leaves exactly once, and none is lost.
//!
//! A validator fails records by a coin, also those that come back, so many a letter is tried several times before it leaves.

#[path = "redriving/client.rs"]
mod client;
#[path = "redriving/ledger.rs"]
mod ledger;
#[path = "redriving/operators.rs"]
mod operators;

use std::time::Duration;

use corvid::Node;
use corvid_sim::whole_node::{Clients, Durability, Ledger, Plan, Scenario};
use corvid_sim::{Outcome, seed, seeds};
use ledger::Letters;
use tokio::try_join;

/// Letters of topics with this durability.
#[derive(Clone, Copy)]
struct Redrives(Durability);

impl Scenario for Redrives {
    type Own = Letters;
    const POWER_CUTS: u32 = 50;
    const LONGEST_LIFE: Duration = Duration::from_millis(600);
    const LONGEST_OUTAGE: Duration = Duration::from_millis(50);
    /// Around every step of a letter's way out and back.
    const FAIL_POINTS: &[&str] = &[
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

    fn start(self, clients: &mut Clients<'_, Letters>) {
        clients.add("producer", async move |ledger| client::produce(ledger, self.0).await);
        clients.add("watcher", client::watch);
    }

    async fn operate(self, node: &Node, ledger: &Ledger<Letters>) -> Outcome {
        try_join!(operators::operate(node, ledger), operators::operate(node, ledger)).map(drop)
    }

    async fn read_back(self, ledger: &Ledger<Letters>) -> Outcome {
        client::compare(ledger, self.0).await
    }
}

const DISK: Plan<Redrives> = Plan::new(Redrives(Durability::Disk));
const REPLICAS: Plan<Redrives> = Plan::new(Redrives(Durability::Replicas));

fn assert_each_letter_leaves_once(plan: Plan<Redrives>) {
    for seed in seeds(2) {
        let run = plan.run(seed);
        run.assert_right();
        let letters = run.ledger.times_in(client::LETTERS).len();
        println!("seed {seed}: {letters} letters, {} lives", run.ledger.lives());
        assert!(letters > 40, "seed {seed}: {letters} letters");
    }
}

#[test]
fn each_letter_leaves_once_and_none_is_lost() {
    assert_each_letter_leaves_once(DISK);
}

/// A power cut takes what was answered; what has left has left for good all the same.
#[test]
fn each_letter_leaves_once_though_tails_are_lost() {
    assert_each_letter_leaves_once(REPLICAS);
}

/// The bug: what has left is known in memory only, and the next life takes the letters again.
#[test]
fn a_redrive_that_forgets_what_has_left_is_caught() {
    let run = DISK.with_bug("redrive.known=skip", 15).run(seed());
    run.assert_wrong("times in orders");
}

#[test]
fn one_seed_is_one_history_of_redrives() {
    REPLICAS.with_power_cuts(8).assert_one_seed_is_one_history();
}
