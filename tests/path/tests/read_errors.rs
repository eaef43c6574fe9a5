//! A source whose disk gives errors for a moment. A program of its own: the fail-point is armed for all of the process.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is a test, on the real machine"
)]

use corvid_env::fault;
use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

/// The bug it is for: delivery ends with the first read that fails, and whoever waits for a moved record is never answered.
#[tokio::test(flavor = "multi_thread")]
async fn delivery_goes_on_after_a_read_that_failed() {
    let scene = Scene::new().await;
    let binding = bed::topics::binding(&serde_json::json!({ "behaviour": "modulo" }));
    scene.topic("orders", 3, &[("corvid.partitioner", &binding)]).await;
    // Of what goes to everyone, and of what one target lacks.
    for errors in ["link.read=error@1", "link.before_append=error@1,link.read=error@2"] {
        fault::arm(errors).unwrap();
        for value in ["a", "b"] {
            let batch = plain(&[record("1", value), record("2", value)]);
            scene.produce("orders", 0, batch).await;
        }
        fault::arm("").unwrap();
    }
    for partition in [1, 2] {
        assert_eq!(scene.read("orders", partition).await.len(), 4);
    }
}
