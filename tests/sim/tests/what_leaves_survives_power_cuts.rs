//! A whole node whose topics have the durability `replicas`, as Kafka's: a power cut takes what was answered already. What has left such
//! a log for another one, which has it on its disk, must not be sent again by a producer that was never answered, nor be redriven again:
//! so it leaves only once its own log is on the disk.

#[path = "leaving/client.rs"]
mod client;
#[path = "leaving/operator.rs"]
mod operator;

use std::future::pending;
use std::time::Duration;

use corvid::Node;
use corvid_sim::whole_node::{Clients, Ledger, Plan, Scenario};
use corvid_sim::{Outcome, seed, seeds};

/// What becomes of what leaves `orders`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It stays in a dead-letter topic, which is on the disk.
    Letter,
    /// The dead-letter topic has the durability `replicas`, too; letters are redriven all the time, to a topic on the disk.
    Redriven,
}

impl Scenario for Fate {
    type Own = ();
    const POWER_CUTS: u32 = 60;
    const LONGEST_LIFE: Duration = Duration::from_millis(500);
    const LONGEST_OUTAGE: Duration = Duration::from_millis(50);
    const FAIL_POINTS: &[&str] = &[
        "log.pair=cut:300",
        "log.after_write=kill",
        "flush.before=kill",
        "flush.after=kill",
        "link.before_append=kill",
        "link.after_append=kill",
        "produce.before_answer=kill",
        "redrive.before_append=kill",
        "redrive.after_append=kill",
        "log.roll=kill",
    ];

    fn start(self, clients: &mut Clients<'_, ()>) {
        clients.add("producer", async move |ledger| client::produce(ledger, self).await);
    }

    async fn operate(self, node: &Node, _ledger: &Ledger<()>) -> Outcome {
        match self {
            Self::Letter => pending().await,
            Self::Redriven => operator::redrive(node).await,
        }
    }

    async fn read_back(self, ledger: &Ledger<()>) -> Outcome {
        client::compare(ledger, self).await
    }
}

#[test]
fn what_leaves_a_log_is_on_its_disk_and_is_never_there_twice() {
    for fate in [Fate::Letter, Fate::Redriven] {
        for seed in seeds(3) {
            let run = Plan::new(fate).run(seed);
            run.assert_right();
            let left = client::left(&run.ledger).len();
            assert!(left > 100, "seed {seed}: {left}");
        }
    }
}

/// The bug: what is committed leaves, though it may be taken back. The fail-point skips the look at what is flushed.
#[test]
fn what_leaves_before_it_is_on_the_disk_is_caught() {
    for (fate, seen) in [
        (Fate::Letter, "times in orders.DLT"),
        (Fate::Redriven, "times in again"),
    ] {
        let plan = Plan::new(fate).with_bug("link.flushed=skip", Fate::POWER_CUTS);
        let is_twice = (0..10).any(|more| plan.run(seed() + more).is_wrong(seen));
        assert!(is_twice, "nothing is several {seen}");
    }
}
