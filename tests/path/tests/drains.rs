//! A topic that is deleted gives away what it owes first. A program of its own: the fail-point that makes a target refuse
//! is armed for all of the process.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is a test, on the real machine"
)]

use corvid_env::fault;
use path_tests::batch::{plain, record};
use path_tests::scene::{Scene, produce};

/// The bug it is for: what is on its way when its topic is deleted is lost, though it was answered.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_its_way_arrives_before_its_topic_is_deleted() {
    let scene = Scene::new().await;
    let refuse = serde_json::json!({ "behaviour": "refuse" });
    let dead_letter = serde_json::json!([bed::topics::check(&refuse, "dead-letter")]).to_string();
    scene.topic("orders", 1, &[("corvid.produce", &dead_letter)]).await;
    fault::arm("link.before_append=error@1").unwrap();
    let mut client = scene.client().await;
    for _ in 0..3 {
        let answer = produce(&mut client, "orders", 0, 1, plain(&[record("0", "bad")])).await;
        assert_eq!(answer.unwrap().error_code, 0);
    }
    scene.delete_topic("orders").await;
    fault::arm("").unwrap();
    assert_eq!(scene.read("orders.DLT", 0).await.len(), 3);
}
