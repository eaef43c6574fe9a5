//! The quorum of one under changes, its host losing power again and again: every change that was answered is in the image
//! of the next life, and openraft repeats itself from a seed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use corvid_controller::topics::TopicSpec;
use corvid_controller::{Advertised, Controller, ControllerConfig};
use corvid_env::fs::Dir;
use corvid_env::{random, sim};
use corvid_metadata::NodeId;
use corvid_sim::{Outcome, Survival, World, assert_equal_traces, seed, seeds};

const POWER_CUTS: u32 = 30;
/// Small, so that snapshots and cuts of the log happen.
const SNAPSHOT_EVERY: u64 = 12;

const FAIL_POINTS: [&str; 5] = [
    "metadata.written=kill",
    "metadata.synced=kill",
    "fs.write=cut:9",
    "fs.rename=kill",
    "fs.sync_dir=kill",
];

/// What the world outside was told.
#[derive(Default)]
struct Answers {
    topics: BTreeSet<String>,
    /// Deletions that were asked for: they may have happened or not.
    doubtful: BTreeSet<String>,
    wrong: Vec<String>,
    lives: u32,
}

async fn life(answers: Rc<RefCell<Answers>>) -> Outcome {
    if let Err(error) = start_and_change(&answers).await
        && sim::condemned().is_empty()
    {
        answers.borrow_mut().wrong.push(error.to_string());
    }
    pending().await
}

async fn start_and_change(answers: &RefCell<Answers>) -> Outcome {
    let dir = Dir::create_all("/data/metadata")?;
    let mut config = ControllerConfig::new(NodeId(1), dir, Advertised::default());
    config.snapshot_every = SNAPSHOT_EVERY;
    let controller = Controller::start(config).await?;
    check(&controller, &mut answers.borrow_mut());
    loop {
        if random::below(4) == 0 {
            delete_one(&controller, answers).await?;
        } else {
            let name = format!("topic-{:08x}", random::below(1 << 32));
            let spec = TopicSpec {
                name: name.clone(),
                partitions: Some(2),
                ..TopicSpec::default()
            };
            controller.create_topic(spec, false).await?;
            answers.borrow_mut().topics.insert(name);
        }
    }
}

async fn delete_one(controller: &Controller, answers: &RefCell<Answers>) -> Outcome {
    let name = answers.borrow_mut().topics.pop_first();
    if let Some(name) = name {
        answers.borrow_mut().doubtful.insert(name.clone());
        let id = controller
            .image()
            .topic(&name)
            .ok_or("an answered topic is missing")?
            .id;
        controller.delete_topic(id).await?;
    }
    Ok(())
}

fn check(controller: &Controller, answers: &mut Answers) {
    answers.lives += 1;
    let image = controller.image();
    let missing: Vec<String> = answers
        .topics
        .iter()
        .filter(|name| image.topic(name).is_none())
        .cloned()
        .collect();
    if !missing.is_empty() {
        answers.wrong.push(format!("life {}: lost {missing:?}", answers.lives));
    }
}

fn run(seed: u64, faults: &str) -> (Rc<RefCell<Answers>>, Vec<u8>) {
    let mut world = World::new(seed);
    world.set_survival(if faults.is_empty() {
        Survival::Random
    } else {
        Survival::Nothing
    });
    let answers = Rc::new(RefCell::new(Answers::default()));
    let told = Rc::clone(&answers);
    world.host("node", move || life(Rc::clone(&told)));
    world.power_cuts(
        "node",
        POWER_CUTS,
        Duration::from_millis(200),
        Duration::from_millis(5),
        |world| {
            let point = FAIL_POINTS[random::below(5) as usize];
            world.arm(&format!("{faults},{point}@{}", 1 + random::below(60)));
        },
    );
    world.run_for(Duration::from_millis(200));
    (answers, world.finish())
}

#[test]
fn every_answered_change_survives_thirty_power_cuts() {
    for seed in seeds(4) {
        let (answers, _) = run(seed, "");
        let answers = answers.borrow();
        assert_eq!(answers.wrong, [] as [String; 0], "seed {seed}");
        assert!(answers.lives > 15, "seed {seed}: only {} lives", answers.lives);
        assert!(
            answers.doubtful.len() + answers.topics.len() > 100,
            "seed {seed}: too few changes"
        );
    }
}

#[test]
fn a_quorum_that_skips_its_syncs_is_caught() {
    let (answers, _) = run(seed(), "fs.sync_data=skip");
    assert!(
        !answers.borrow().wrong.is_empty(),
        "no change was lost without any fdatasync"
    );
}

#[test]
fn openraft_repeats_itself_from_a_seed() {
    let (_, first) = run(seed(), "");
    assert_equal_traces(&first, &run(seed(), "").1);
}
