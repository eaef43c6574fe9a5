//! Requests that are right by the protocol's grammar, whatever they say.

use std::time::Duration;

use corvid_wire::guard::generator::{self, Choices, Plan};

use crate::memory::{Growth, MIB};
use crate::scene::Scene;
use crate::volley::{Shot, every_version, fire, frame};

const LITTLE_PATIENCE: Duration = Duration::from_millis(150);
/// Sets of choices for each API and version.
const EACH: u64 = 12;
const GROWTH_MAX: usize = 192 * MIB;

/// The bug this is for: a handler that panics on what no client of ours has ever sent, such as a topic named twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_by_the_grammar_hurts_nobody() {
    let scene = Scene::start().await;
    for topic in ["topic", "a"] {
        scene.topic(topic, &[]).await;
    }
    let bystander = scene.bystander().await;
    let growth = Growth::begin();
    let shots = every_version().flat_map(|(api, version)| {
        (0..EACH).map(move |seed| {
            let choices = choices(seed * 1_000 + u64::from(api.key.unsigned_abs()));
            let made = generator::request(api, version, Plan::Random(Choices::new(&choices)));
            Shot {
                what: format!("{} {version}, seed {seed}", api.name),
                frame: frame(api, version, &made.bytes),
            }
        })
    });
    fire(&scene, shots.collect(), LITTLE_PATIENCE).await;
    growth.stays_below(GROWTH_MAX);
    bystander.is_well().await;
    scene.end().await;
}

/// The same for the same seed: xorshift.
fn choices(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    });
    bytes.take(400).collect()
}
