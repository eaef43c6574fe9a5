//! Every field of every API in every version, with what it cannot be.

use std::time::Duration;

use crate::memory::{Growth, MIB};
use crate::scene::Scene;
use crate::volley::{Outcome, Shot, every_version, fire, frame, full};

/// More than any of them takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// For numbers that make the broker wait, as it should.
const LITTLE_PATIENCE: Duration = Duration::from_millis(150);
/// What a node's tables, logs and buffers may grow by meanwhile.
const GROWTH_MAX: usize = 192 * MIB;

/// The bug this is for: four bytes that are taken for a count, for which room is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_and_lengths_beyond_their_message_close_the_connection() {
    let scene = Scene::start().await;
    let bystander = scene.bystander().await;
    let growth = Growth::begin();
    let mut shots = Vec::new();
    for (api, version) in every_version() {
        let made = full(api, version);
        for mark in &made.marks {
            for absurd in mark.absurd_values(made.bytes.len()) {
                let mut body = made.bytes.clone();
                body.splice(mark.range(), absurd.iter().copied());
                shots.push(Shot {
                    what: format!("{} {version}: {} is {absurd:x?}", api.name, mark.field),
                    frame: frame(api, version, &body),
                });
            }
        }
    }
    assert!(shots.len() > 4_000, "only {} shots", shots.len());
    let outcomes = fire(&scene, shots, PATIENCE).await;
    let survived: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| *outcome != Outcome::Closed)
        .collect();
    assert!(
        survived.is_empty(),
        "{} were taken: {:?}",
        survived.len(),
        &survived[..1]
    );
    growth.stays_below(GROWTH_MAX);
    bystander.is_well().await;
    scene.end().await;
}

/// The bug this is for: a number that is taken for a size, an index, or a time, and overflows, or is believed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn absurd_numbers_hurt_nobody() {
    let scene = Scene::start().await;
    scene.topic("topic", &[]).await;
    let bystander = scene.bystander().await;
    let growth = Growth::begin();
    let mut shots = Vec::new();
    for (api, version) in every_version() {
        let made = full(api, version);
        for (field, range) in &made.numbers {
            for absurd in absurd_numbers(range.len()) {
                let mut body = made.bytes.clone();
                body.splice(range.clone(), absurd.iter().copied());
                shots.push(Shot {
                    what: format!("{} {version}: {field} is {absurd:x?}", api.name),
                    frame: frame(api, version, &body),
                });
            }
        }
    }
    assert!(shots.len() > 4_000, "only {} shots", shots.len());
    let outcomes = fire(&scene, shots, LITTLE_PATIENCE).await;
    let answered = outcomes
        .iter()
        .filter(|(_, outcome)| *outcome == Outcome::Answered)
        .count();
    assert!(
        answered > outcomes.len() / 2,
        "{answered} of {} are answered",
        outcomes.len()
    );
    growth.stays_below(GROWTH_MAX);
    bystander.is_well().await;
    scene.end().await;
}

/// The ends of the range, both neighbours of zero, and a million.
fn absurd_numbers(bytes: usize) -> Vec<Vec<u8>> {
    let most = [vec![0x7f], vec![0xff; bytes - 1]].concat();
    let least = [vec![0x80], vec![0; bytes - 1]].concat();
    let million = 1_000_000_u32.to_be_bytes();
    let mut values = vec![vec![0xff; bytes], most, least];
    if bytes >= million.len() {
        values.push([vec![0; bytes - million.len()], million.to_vec()].concat());
    }
    values
}
