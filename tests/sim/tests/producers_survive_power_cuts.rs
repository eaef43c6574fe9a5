//! A log that remembers producers whose records it has not any more: one writes for long and then falls silent, DeleteRecords takes
//! all that it wrote, and the power is cut again and again. What was flushed is never forgotten, by any recovery: or a retry would be
//! taken twice.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::fs::Dir;
use corvid_env::random::below;
use corvid_env::{clock, sim};
use corvid_record::{
    BatchBuilder, Compression, LeaderEpoch, Producer, ProducerEpoch, ProducerId, RecordParts, Sequence, Timestamp,
};
use corvid_sim::{Outcome, World, seeds};
use corvid_storage::{Append, AppendKind, Durability, Log, LogConfig, LogDirectory, LogDirectoryConfig, Reason};

const POWER_CUTS: u32 = 150;
/// Small, so that little makes a roll.
const SEGMENT_BYTES: u64 = 700;
const PRODUCERS: i64 = 4;

/// Where a host dies by its own hand.
const FAIL_POINTS: [&str; 6] = [
    "log.write=cut:100",
    "log.after_write=kill",
    "log.roll=kill",
    "flush.before=kill",
    "flush.after=kill",
    "fs.sync_dir=kill",
];

/// What was flushed of each producer, as the world outside knows it, and what a recovery said otherwise.
#[derive(Default)]
struct Ledger {
    flushed: BTreeMap<i64, i32>,
    wrong: Vec<String>,
    recoveries: u32,
}

/// The bugs, of which each was seen failing here: recovery wrote no snapshot of what it knew (`keep_producers`); it wrote one over the
/// only one there was, and a power cut left half of it; it removed the one that it had begun with, before the next was durable.
#[test]
fn no_recovery_forgets_a_producer_whose_records_are_deleted() {
    for seed in seeds(40) {
        let mut world = World::new(seed);
        let ledger = Rc::new(RefCell::new(Ledger::default()));
        let lives = Rc::clone(&ledger);
        world.host("node", move || life(Rc::clone(&lives)));
        // Some lives are over before their first round is.
        for cut in 0..POWER_CUTS {
            let dies_at = format!("{}@{}", FAIL_POINTS[below(6) as usize], 1 + below(12));
            world.arm(if below(2) == 0 { &dies_at } else { "" });
            let longest_ms = match (cut % 15, below(3)) {
                (0, _) => 2_000,
                (_, 0) => 100,
                (_, _) => 8,
            };
            world.run_for(Duration::from_millis(1 + below(longest_ms)));
            world.power_cut("node");
            world.run_for(Duration::from_millis(1));
            world.restart("node");
        }
        world.arm("");
        world.run_for(Duration::from_millis(100));
        let ledger = ledger.borrow();
        assert_eq!(ledger.wrong, [] as [String; 0], "seed {seed}");
        assert!(ledger.recoveries > POWER_CUTS / 2, "seed {seed}: {}", ledger.recoveries);
        assert_eq!(ledger.flushed.len() as i64, PRODUCERS, "seed {seed}");
    }
}

async fn life(ledger: Rc<RefCell<Ledger>>) -> Outcome {
    if let Err(error) = recover_and_go_on(&ledger).await
        && sim::condemned().is_empty()
    {
        ledger.borrow_mut().wrong.push(error.to_string());
    }
    pending().await
}

async fn recover_and_go_on(ledger: &RefCell<Ledger>) -> Outcome {
    let directory = LogDirectory::open(Dir::create_all("/data")?, LogDirectoryConfig::default()).await?;
    let durability = if below(2) == 0 {
        Durability::Disk
    } else {
        Durability::Replicas
    };
    let config = LogConfig {
        segment_bytes: SEGMENT_BYTES,
        durability,
        ..LogConfig::default()
    };
    let log = directory.open_log("orders-0", config)?;
    compare(&log, &mut ledger.borrow_mut());
    // Each falls silent after a while, and is not heard of again for long.
    let speaks = ledger.borrow().recoveries / 20 % PRODUCERS as u32;
    for _ in 0..below(20) {
        match below(8) {
            0 => delete_all(&log)?,
            1 => clock::sleep(Duration::from_millis(below(3))).await,
            2 => {
                log.request_flush();
                directory.sync().await?;
            }
            3 => drop(log.roll_if_due(clock::WallTime(clock::wall_clock().0 + 30 * 24 * 3_600_000))?),
            4 if below(8) == 0 => {
                directory.shutdown().await?;
                note(&log, ledger);
                return Ok(());
            }
            _ => append(&log, i64::from(speaks))?,
        }
        note(&log, ledger);
    }
    Ok(())
}

/// What the log knows against what was flushed. More is no fault: a tail that nobody was told of may have survived.
fn compare(log: &Log, ledger: &mut Ledger) {
    ledger.recoveries += 1;
    let known: BTreeMap<i64, i32> = log.producers().iter().map(|p| (p.id.0, p.last_sequence.0)).collect();
    for (id, flushed) in ledger.flushed.clone() {
        let found = known.get(&id).copied();
        if found.is_none_or(|found| found < flushed) {
            let count = ledger.recoveries;
            let wrong = format!("recovery {count}: producer {id} was at {flushed}, and the log says {found:?}");
            ledger.wrong.push(wrong);
        }
    }
}

/// Everything that is flushed was told to somebody.
fn note(log: &Arc<Log>, ledger: &RefCell<Ledger>) {
    let flushed = log.flushed();
    for producer in log.producers() {
        if producer.last_offset < flushed {
            ledger
                .borrow_mut()
                .flushed
                .insert(producer.id.0, producer.last_sequence.0);
        }
    }
}

fn delete_all(log: &Log) -> Outcome {
    log.advance_start(log.flushed(), Reason::DeleteRecords)?;
    log.retain(clock::wall_clock(), log.flushed())?;
    Ok(())
}

/// The producer's next batch, or the first that the log hears of it.
fn append(log: &Log, id: i64) -> Outcome {
    let last = log
        .producers()
        .iter()
        .find(|producer| producer.id.0 == id)
        .map_or(-1, |producer| producer.last_sequence.0);
    let producer = Producer {
        id: ProducerId(id),
        epoch: ProducerEpoch(0),
        base_sequence: Sequence(last + 1),
    };
    let mut batch = BatchBuilder::new(Compression::None).producer(producer);
    batch.push(&RecordParts {
        timestamp: Timestamp(clock::wall_clock().0),
        value: Some(&[7; 100]),
        ..RecordParts::default()
    });
    log.append(Append {
        epoch: LeaderEpoch(1),
        entry: None,
        batch: batch.finish(None)?,
        kind: AppendKind::Client,
    })?;
    Ok(())
}
