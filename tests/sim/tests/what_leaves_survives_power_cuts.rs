//! A whole node whose topics have the durability `replicas`, as Kafka's: a power cut takes what was answered already. What has left such
//! a log for another one, which has it on its disk, must not be sent again by a producer that was never answered, nor be redriven again:
//! so it leaves only once its own log is on the disk.

#[path = "leaving/client.rs"]
mod client;
#[path = "shared/connect.rs"]
mod connect;
#[path = "leaving/ledger.rs"]
mod ledger;
#[path = "leaving/server.rs"]
mod server;
#[path = "shared/topics.rs"]
mod topics;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use corvid_env::random::below;
use corvid_sim::{World, seed, seeds};
use ledger::Ledger;

const POWER_CUTS: u32 = 60;

/// Where a node dies by its own hand.
const FAIL_POINTS: [&str; 10] = [
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

/// What becomes of what leaves `orders`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// It stays in a dead-letter topic, which is on the disk.
    Letters,
    /// The dead-letter topic has the durability `replicas`, too; letters are redriven all the time, to a topic on the disk.
    Redriven,
}

fn run(seed: u64, plan: Plan, bug: &'static str) -> Rc<RefCell<Ledger>> {
    let mut world = World::new(seed);
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let lives = Rc::clone(&ledger);
    let redrives = plan == Plan::Redriven;
    world.host("node", move || server::life(Rc::clone(&lives), redrives));
    world.client("client", client::produce(Rc::clone(&ledger), redrives));
    for _ in 0..POWER_CUTS {
        let dies_at = match below(2) {
            0 => format!(",{}@{}", FAIL_POINTS[below(10) as usize], 1 + below(30)),
            _ => String::new(),
        };
        world.arm(&format!("{bug}{dies_at}"));
        world.run_for(Duration::from_millis(1 + below(500)));
        world.power_cut("node");
        world.run_for(Duration::from_millis(1 + below(50)));
        world.restart("node");
    }
    world.arm(bug);
    ledger.borrow_mut().stop();
    world.run();
    world.client("reader", client::read_back(Rc::clone(&ledger), redrives));
    world.run();
    ledger
}

#[test]
fn what_leaves_a_log_is_on_its_disk_and_is_never_there_twice() {
    for plan in [Plan::Letters, Plan::Redriven] {
        for seed in seeds(3) {
            let ledger = run(seed, plan, "");
            let ledger = ledger.borrow();
            assert_eq!(ledger.wrong(), [] as [String; 0], "seed {seed}");
            assert!(ledger.acknowledged() > 100, "seed {seed}: {}", ledger.acknowledged());
        }
    }
}

/// The bug: what is committed leaves, though it may be taken back. The fail-point skips the look at what is flushed.
#[test]
fn what_leaves_before_it_is_on_the_disk_is_caught() {
    for (plan, target) in [(Plan::Letters, "in orders.DLT"), (Plan::Redriven, "in again")] {
        let twice = (0..10).any(|more| {
            let ledger = run(seed() + more, plan, "link.flushed=skip");
            let ledger = ledger.borrow();
            let mut wrong = ledger.wrong().iter();
            wrong.any(|wrong| wrong.contains(target) && wrong.contains("times"))
        });
        assert!(twice, "nothing was twice {target}");
    }
}
