//! A whole node with a compacted topic, whose segments are small and are compacted all the time, losing power again and again: of every
//! key the last acknowledged record is there, or a later one; no offset ever shows another record than it did before; a tombstone is
//! there for its time, whatever the node's own clock does, and what it deleted does not come back.

#[path = "compacting/client.rs"]
mod client;
#[path = "compacting/ledger.rs"]
mod ledger;

use std::time::Duration;

use corvid_sim::whole_node::{Clients, Ledger, Plan, Scenario};
use corvid_sim::{Outcome, seed, seeds};
use ledger::Keys;

/// What is bound to the topic, and what else goes wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    /// Nothing: records stay where they are put.
    None,
    /// A validator that sends some records to the dead-letter topic by a coin: a retry would decide otherwise.
    Coins,
    /// Nothing is bound, and the node's clock jumps, by which tombstones are kept.
    Clocks,
}

impl Scenario for Policy {
    type Own = Keys;
    const POWER_CUTS: u32 = 60;
    const LONGEST_LIFE: Duration = Duration::from_millis(800);
    const LONGEST_OUTAGE: Duration = Duration::from_millis(100);
    /// Around every step of an append, a flush and a swap.
    const FAIL_POINTS: &[&str] = &[
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

    fn start(self, clients: &mut Clients<'_, Keys>) {
        clients.add("producer", async move |ledger| client::produce(ledger, self).await);
        clients.add("reader", async move |ledger| client::read(ledger, self).await);
    }

    async fn read_back(self, ledger: &Ledger<Keys>) -> Outcome {
        client::compare(ledger, self).await
    }

    fn clock_jumps(self) -> bool {
        self == Self::Clocks
    }
}

const PLAN: Plan<Policy> = Plan::new(Policy::None);
const COINS: Plan<Policy> = Plan::new(Policy::Coins);
const CLOCKS: Plan<Policy> = Plan::new(Policy::Clocks);

fn assert_the_last_of_each_key_is_there(seeds: impl Iterator<Item = u64>, plan: Plan<Policy>) {
    let mut tombstones_gone = 0;
    for seed in seeds {
        let run = plan.run(seed);
        run.assert_right();
        let (acknowledged, counts) = (run.ledger.acknowledged().len(), run.ledger.own().counts());
        println!("seed {seed}: {acknowledged} records, {counts:?}");
        assert!(acknowledged > 300, "seed {seed}: {acknowledged} records");
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

/// A seed in which tombstones go: only a clock that is behind and then ahead takes them within a run.
const TOMBSTONES_GO: [u64; 1] = [1];

/// The bug: a clock that has jumped by hours is believed, and tombstones are gone before anybody has seen them.
#[test]
fn the_last_of_each_key_is_there_whatever_the_clock_says() {
    assert_the_last_of_each_key_is_there(TOMBSTONES_GO.into_iter().chain(seeds(1)), CLOCKS);
}

/// The bug: compacted segments take the place of the old ones, and are in the page cache only.
#[test]
fn a_swap_that_does_not_sync_is_caught() {
    PLAN.with_bug("compaction.sync=skip", 20).run(seed()).assert_wrong("");
}

#[test]
fn one_seed_is_one_history_of_a_compacted_topic() {
    COINS.with_power_cuts(10).assert_one_seed_is_one_history();
}
