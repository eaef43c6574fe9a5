//! acks=0 and acks=1: nobody waits for links, and they work all the same.

use path_tests::batch::{plain, record};
use path_tests::scene::{NEWEST_WITH_NAMES, Scene, produce, produce_request};

use crate::{by_number, on_bad};

#[tokio::test(flavor = "multi_thread")]
async fn records_move_whatever_acks_say() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let moves = || plain(&[record("1", "moves")]);
    let mut pipe = scene.pipe().await;
    pipe.send(NEWEST_WITH_NAMES, &produce_request("orders", 0, 0, moves()))
        .await
        .unwrap();
    // The next request's answer is the first one on the connection: acks=0 has none.
    let answer = pipe
        .call(NEWEST_WITH_NAMES, &produce_request("orders", 0, 1, moves()))
        .await
        .unwrap();
    assert_eq!(answer.responses[0].partition_responses[0].error_code, 0);
    // Links keep the order, so what is acknowledged behind them stands for them.
    scene.produce("orders", 0, moves()).await;
    assert_eq!(scene.keys("orders", 1).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_acks_0_closes_the_connection() {
    let scene = Scene::new().await;
    scene
        .topic("orders", 1, &[("corvid.produce", &on_bad("refuse", "refuse"))])
        .await;
    let mut pipe = scene.pipe().await;
    pipe.send(
        NEWEST_WITH_NAMES,
        &produce_request("orders", 0, 0, plain(&[record("k", "bad")])),
    )
    .await
    .unwrap();
    let ended = pipe.receive_frame().await.unwrap_err();
    assert!(
        matches!(
            ended.kind(),
            std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset
        ),
        "{ended}"
    );
    let answer = produce(&mut scene.client().await, "orders", 0, 1, plain(&[record("k", "good")]))
        .await
        .unwrap();
    assert_eq!(answer.base_offset, 0);
}
