//! Targets forget how far they have taken topics that were deleted, and only those. A program of its own: the fail-point that plants
//! the bug is armed for all of the process.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is a test, on the real machine"
)]

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use corvid_env::{clock, fault};
use corvid_record::hidden::SourceId;
use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

/// Housekeeping comes at once.
const OFTEN: (&str, &str) = ("log.retention.check.interval.ms", "5");
const HINTS: &str = "outbox-delivered-checkpoint";

/// A topic whose bad records are letters in `letters`.
async fn topic(scene: &Scene, name: &str) {
    let refuse = serde_json::json!({ "behaviour": "refuse" });
    let produce = serde_json::json!([bed::topics::check(&refuse, "dead-letter")]).to_string();
    let configs = [("corvid.produce", &*produce), ("corvid.dead.letter.topic", "letters")];
    scene.topic(name, 1, &configs).await;
}

async fn send_letter(scene: &Scene, topic: &str) {
    scene.produce(topic, 0, plain(&[record("0", "bad")])).await;
}

/// The sources that the target knows.
fn known(scene: &Scene) -> BTreeSet<u32> {
    let image = scene.node().broker().image();
    let letters = scene.node().broker().partition(image.topic("letters").unwrap().id, 0);
    letters.unwrap().log().links().into_keys().map(SourceId::get).collect()
}

/// Returns once housekeeping has left it at these.
async fn knows(scene: &Scene, sources: &BTreeSet<u32>) {
    while known(scene) != *sources {
        clock::sleep(Duration::from_millis(1)).await;
    }
}

fn source_of(scene: &Scene, topic: &str) -> u32 {
    let image = scene.node().broker().image();
    image.topic(topic).unwrap().partitions[0].source.unwrap()
}

/// The bug: a topic that is the target of many short-lived ones remembers them all for good, in memory and in each checkpoint.
/// Then its opposite is planted: what is forgotten has a source that lives, and its letters come twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_forgets_deleted_sources_and_no_others() {
    let scene = Scene::with(&[OFTEN]).await;
    scene.topic("letters", 1, &[]).await;
    topic(&scene, "stays").await;
    send_letter(&scene, "stays").await;
    let stays = BTreeSet::from([source_of(&scene, "stays")]);
    for round in 0..10 {
        let name = format!("comes-and-goes-{round}");
        topic(&scene, &name).await;
        send_letter(&scene, &name).await;
        scene.delete_topic(&name).await;
    }
    knows(&scene, &stays).await;
    // A topic of the same name is another source, from its first batch on.
    topic(&scene, "comes-and-goes-0").await;
    send_letter(&scene, "comes-and-goes-0").await;
    let new = source_of(&scene, "comes-and-goes-0");
    assert!(new > 9);
    let both: BTreeSet<u32> = stays.iter().copied().chain([new]).collect();
    knows(&scene, &both).await;
    // A start that has to look at every entry again takes none of them twice.
    let scene = scene
        .restarted(|data| fs::remove_file(data.join("logs").join(HINTS)).unwrap())
        .await;
    knows(&scene, &both).await;
    for topic in ["stays", "comes-and-goes-0"] {
        send_letter(&scene, topic).await;
    }
    assert_eq!(scene.read("letters", 0).await.len(), 14);
    fault::arm("links.forget=skip").unwrap();
    knows(&scene, &BTreeSet::new()).await;
    let scene = scene
        .restarted(|data| fs::remove_file(data.join("logs").join(HINTS)).unwrap())
        .await;
    fault::arm("").unwrap();
    for topic in ["stays", "comes-and-goes-0"] {
        send_letter(&scene, topic).await;
    }
    let letters = scene.read("letters", 0).await.len();
    assert!(letters > 16, "the planted bug shows: {letters}");
}
