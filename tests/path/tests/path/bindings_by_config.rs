//! Plugins are bound and unbound by topic configs, as any Kafka tool sets them; what is answered holds.

use corvid_wire::client::ClientError;
use corvid_wire::kafka::ResponseError;
use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

use crate::{by_number, on_bad};

/// The bug it is for: the answer comes when the change is committed, and the next produce still goes by the old rule.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_in_effect_when_it_is_answered() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[]).await;
    let mut client = scene.client().await;
    let batch = || plain(&[record("0", "good"), record("1", "good")]);
    let mut expected = [0, 0];
    for _ in 0..5 {
        bed::topics::alter(&mut client, "orders", &[("corvid.partitioner", &by_number())])
            .await
            .unwrap();
        scene.produce("orders", 0, batch()).await;
        expected = [expected[0] + 1, expected[1] + 1];
        bed::topics::alter(&mut client, "orders", &[("corvid.partitioner", "")])
            .await
            .unwrap();
        scene.produce("orders", 0, batch()).await;
        expected = [expected[0] + 2, expected[1]];
        assert_eq!(
            [scene.read("orders", 0).await.len(), scene.read("orders", 1).await.len()],
            expected
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_policy_makes_its_topic_before_it_is_answered() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let mut client = scene.client().await;
    bed::topics::alter(
        &mut client,
        "orders",
        &[("corvid.produce", &on_bad("refuse", "dead-letter"))],
    )
    .await
    .unwrap();
    assert_eq!(client.partition_count("orders.DLT", false).await.unwrap(), 1);
    scene.produce("orders", 0, plain(&[record("k", "bad")])).await;
    assert_eq!(scene.read("orders.DLT", 0).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_had_is_refused_and_what_runs_stays() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let mut client = scene.client().await;
    let refused = on_bad("init-refuse", "refuse");
    let unknown = r#"["nobody"]"#;
    let bad = [
        ("corvid.produce", &*refused),
        ("corvid.produce", unknown),
        ("corvid.partitioner", "nobody"),
        ("corvid.on.refused", "perhaps"),
    ];
    for config in bad {
        let error = bed::topics::alter(&mut client, "orders", &[config]).await.unwrap_err();
        let ClientError::Broker(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.error, ResponseError::InvalidConfig, "{config:?}: {error}");
    }
    scene.produce("orders", 0, plain(&[record("1", "good")])).await;
    assert_eq!(scene.keys("orders", 1).await.len(), 1);
}
