//! Letters that were redriven are at their target once, whatever a power cut takes from it.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is a test, on the real machine"
)]

use std::fs;

use corvid_env::clock;
use corvid_metadata::PartitionIndex;
use corvid_pipeline::{Order, RedriveError};
use corvid_record::Offset;
use corvid_replication::PartitionId;
use path_tests::batch::{Sent, plain, record};
use path_tests::scene::{Scene, copy_folder};

const SEGMENT: &str = "00000000000000000000.log";

/// The bugs: what the target lost is lost, since its letters are noted as redriven; or the letters go out again.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_power_cut_takes_is_delivered_again_and_not_redriven_again() {
    let scene = Scene::new().await;
    // It waits for no disk: what it has is in the page cache.
    scene.topic("orders", 1, &[("corvid.durability", "replicas")]).await;
    scene.topic("letters", 1, &[]).await;
    let letters: Vec<Sent> = ["a", "b", "c", "d", "e"].map(letter).into();
    scene.produce("letters", 0, plain(&letters)).await;
    assert_eq!(redrive(&scene).await, 5);
    assert_eq!(keys(&scene).await, ["a", "b", "c", "d", "e"]);
    let kept = scene.logs_now();
    fs::write(kept.path().join("orders-0").join(SEGMENT), b"").unwrap();
    let scene = scene
        .restarted(|data| {
            let logs = data.join("logs");
            fs::remove_dir_all(&logs).unwrap();
            copy_folder(kept.path(), &logs).unwrap();
        })
        .await;
    assert_eq!(redrive(&scene).await, 0);
    scene.produce("letters", 0, plain(&[letter("f")])).await;
    assert_eq!(redrive(&scene).await, 1);
    assert_eq!(keys(&scene).await, ["a", "b", "c", "d", "e", "f"]);
}

fn letter(key: &'static str) -> Sent {
    Sent {
        headers: vec![("corvid-dlt-topic", Some("orders")), ("corvid-dlt-reason", Some("no"))],
        ..record(key, "an order")
    }
}

async fn keys(scene: &Scene) -> Vec<String> {
    let keys = scene.keys("orders", 0).await;
    keys.into_iter().map(|(key, _)| key).collect()
}

/// Redrives all letters, two at a time; says how many went.
async fn redrive(scene: &Scene) -> u64 {
    let context = scene.node().admin_context();
    let id = PartitionId {
        topic: context.controller.image().topic("letters").unwrap().id,
        index: PartitionIndex(0),
    };
    let letters = context.replicas.get(id).unwrap();
    let order = Order {
        letters_max: 2,
        ..Order::default()
    };
    let (mut from, mut gone) = (Offset(0), 0);
    loop {
        match context.redriver.step(&letters, from, &order).await {
            Ok(step) => {
                assert!(step.delivered && step.stay.is_empty(), "{step:?}");
                gone += step.redriven.values().sum::<u64>();
                if step.at_end {
                    return gone;
                }
                from = step.next;
            }
            // As the admin listener does, until this node has put it into effect.
            Err(RedriveError::NoRoute { from, to }) => {
                context.controller.ensure_route(from, to).await.unwrap();
                clock::sleep(std::time::Duration::from_millis(5)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}
