//! Requests that are much larger inside than outside.

use std::time::Duration;

use corvid_wire::guard::generator::{self, Plan};

use crate::memory::{Growth, MIB};
use crate::scene::Scene;
use crate::volley::{Outcome, Shot, fire, frame};
use corvid_wire::versions::APIS;

const PATIENCE: Duration = Duration::from_secs(60);
/// Elements of one array, of a few bytes each.
const MANY: usize = 100_000;
/// Sixteen times the bytes of a request, for some of them at once, and their answers.
const GROWTH_MAX: usize = 384 * MIB;

/// The bug this is for: each empty name of three bytes becomes a structure of a hundred, or an answer of a hundred, or a log
/// line, or a turn around all topics.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_elements_of_each_array() {
    let scene = Scene::start().await;
    let bystander = scene.bystander().await;
    let growth = Growth::begin();
    for api in APIS {
        let versions = [api.decoded_min, api.max];
        let shots = versions.iter().flat_map(|&version| {
            (0..3).map(move |depth| {
                let plan = Plan::Dense {
                    depth,
                    count: MANY,
                    tags: 0,
                };
                let made = generator::request(api, version, plan);
                Shot {
                    what: format!("{} {version}, depth {depth}", api.name),
                    frame: frame(api, version, &made.bytes),
                }
            })
        });
        for (what, outcome) in fire(&scene, shots.collect(), PATIENCE).await {
            assert_ne!(outcome, Outcome::Waiting, "{what}");
        }
    }
    growth.stays_below(GROWTH_MAX);
    bystander.is_well().await;
    scene.end().await;
}
