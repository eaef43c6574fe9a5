//! A target that takes nothing for a while catches up, in order, without a restart. A program of its own: the fail-point
//! that makes a target refuse is armed for all of the process.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is a test, on the real machine"
)]

use corvid_env::fault;
use path_tests::batch::{plain, record};
use path_tests::read::text;
use path_tests::scene::Scene;

const VALUES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// The bugs it is for: what a target refused is lost, or comes twice, or behind what was sent later; or who waits for it is
/// never answered.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_target_did_not_take_comes_later_in_order_and_once() {
    let scene = Scene::new().await;
    let binding = bed::topics::binding(&serde_json::json!({ "behaviour": "modulo" }));
    scene.topic("orders", 3, &[("corvid.partitioner", &binding)]).await;
    // One of the targets refuses at its first attempt, then at two attempts to catch up.
    for refused in [
        "link.before_append=error@1",
        "link.before_append=error@2",
        "link.before_append=error@1+",
    ] {
        fault::arm(refused).unwrap();
        let sent = async |value| {
            let batch = plain(&[record("0", value), record("1", value), record("2", value)]);
            scene.produce("orders", 0, batch).await;
        };
        let all = async {
            tokio::join!(
                sent(VALUES[0]),
                sent(VALUES[1]),
                sent(VALUES[2]),
                sent(VALUES[3]),
                sent(VALUES[4]),
                sent(VALUES[5])
            )
        };
        let disarm = async {
            let refusals = || scene.node().delivery().counters().times_blocked();
            let before = refusals();
            while refusals() == before {
                tokio::task::yield_now().await;
            }
            fault::arm("").unwrap();
        };
        tokio::join!(all, disarm);
    }
    let values = async |partition| {
        let read = scene.read("orders", partition).await;
        read.iter()
            .map(|record| text(record.value.as_ref()))
            .collect::<Vec<_>>()
    };
    let stayed = values(0).await;
    assert_eq!(stayed.len(), 18);
    assert_eq!(values(1).await, stayed);
    assert_eq!(values(2).await, stayed);
}
