//! Requests of one connection are taken one after the other without waiting, and answered in their order.

use path_tests::batch::{record, sequenced};
use path_tests::scene::{NEWEST_WITH_NAMES, Scene, produce_request};

use crate::by_number;

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_wait_for_their_links_do_not_hold_up_the_next() {
    const BATCHES: i32 = 100;
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let producer = scene.producer().await;
    let mut pipe = scene.pipe().await;
    let mut sent = Vec::new();
    for number in 0..BATCHES {
        let batch = sequenced(producer, 2 * number, &[record("0", "stays"), record("1", "moves")]);
        sent.push(
            pipe.send(NEWEST_WITH_NAMES, &produce_request("orders", 0, -1, batch))
                .await
                .unwrap(),
        );
    }
    let mut offsets = Vec::new();
    for id in sent {
        let (answered, response) = pipe
            .receive::<corvid_wire::kafka::messages::ProduceRequest>(NEWEST_WITH_NAMES)
            .await
            .unwrap();
        let answer = &response.responses[0].partition_responses[0];
        assert_eq!((answered, answer.error_code), (id, 0), "{:?}", answer.error_message);
        offsets.push(("0".to_owned(), answer.base_offset));
    }
    assert_eq!(scene.keys("orders", 0).await, offsets);
    assert_eq!(scene.read("orders", 1).await.len(), BATCHES as usize);
}
