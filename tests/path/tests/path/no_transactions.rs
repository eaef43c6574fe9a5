//! Transactional ids are refused for good: with an error that is retriable, Java would try for ever.

use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::{FindCoordinatorRequest, InitProducerIdRequest, TransactionalId};
use corvid_wire::kafka::protocol::StrBytes;
use path_tests::batch::{plain, record};
use path_tests::read::Range;
use path_tests::scene::{NEWEST_WITH_NAMES, Scene, produce_request};

const TRANSACTION: i8 = 1;

#[tokio::test(flavor = "multi_thread")]
async fn a_transactional_id_is_an_invalid_request() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let mut client = scene.client().await;
    let id = StrBytes::from_static_str("payments");
    let find = FindCoordinatorRequest::default()
        .with_key_type(TRANSACTION)
        .with_coordinator_keys(vec![id.clone()]);
    let found = client.request(&find).await.unwrap();
    assert_eq!(found.coordinators[0].error_code, ResponseError::InvalidRequest.code());
    let init = InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId(id.clone())));
    let made = client.request(&init).await.unwrap();
    assert_eq!(made.error_code, ResponseError::InvalidRequest.code());
    let produce = produce_request("orders", 0, -1, plain(&[record("k", "v")]));
    let produce = produce.with_transactional_id(Some(TransactionalId(id)));
    let answer = client.request_at_most(NEWEST_WITH_NAMES, &produce).await.unwrap();
    assert_ne!(answer.responses[0].partition_responses[0].error_code, 0);
    assert_eq!(scene.range("orders", 0).await, Range { start: 0, end: 0 });
    let advertised = client.version::<corvid_wire::kafka::messages::AddPartitionsToTxnRequest>(i16::MAX);
    assert!(advertised.is_err(), "AddPartitionsToTxn is not served");
}
