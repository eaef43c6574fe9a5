//! `auto.create.topics.enable`.

use corvid_wire::client::Client;
use corvid_wire::kafka::ResponseError;
use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

async fn error_of(client: &mut Client, topic: &str, create: bool) -> i16 {
    client.metadata(Some(&[topic]), create).await.unwrap().topics[0].error_code
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_asked_for_is_made_and_ready() {
    let scene = Scene::with(&[("num.partitions", "3")]).await;
    let mut client = scene.client().await;
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    assert_eq!(
        error_of(&mut client, "orders", false).await,
        unknown,
        "the client does not want it made"
    );
    assert_eq!(client.partition_count("orders", true).await.unwrap(), 3);
    assert_eq!(scene.produce("orders", 2, plain(&[record("k", "v")])).await, 0);
    assert_eq!(
        error_of(&mut client, "no/name", true).await,
        ResponseError::InvalidTopicException.code()
    );
    assert_eq!(error_of(&mut client, "__transaction_state", true).await, unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_off_nothing_is_made() {
    let scene = Scene::with(&[("auto.create.topics.enable", "false")]).await;
    let mut client = scene.client().await;
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    assert_eq!(error_of(&mut client, "orders", true).await, unknown);
    assert_eq!(error_of(&mut client, "orders", true).await, unknown);
    assert_eq!(client.metadata(None, false).await.unwrap().topics.len(), 0);
}
