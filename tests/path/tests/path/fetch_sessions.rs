//! Incremental fetches (KIP-227): the broker remembers what a client fetches, and tells what is new.

use bed::pipe::Pipe;
use corvid_wire::client::topic_name;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::fetch_request::{FetchTopic, ForgottenTopic};
use corvid_wire::kafka::messages::{FetchRequest, FetchResponse};
use path_tests::batch::{plain, record};
use path_tests::reader::fetch_partition;
use path_tests::scene::{NEWEST_WITH_NAMES, Scene};

const TOPIC: &str = "orders";

fn request(session: (i32, i32), asked: &[(i32, i64)], forgotten: &[i32]) -> FetchRequest {
    let topic = FetchTopic::default()
        .with_topic(topic_name(TOPIC))
        .with_partitions(asked.iter().map(fetch_partition).collect());
    let forgotten_topic = ForgottenTopic::default()
        .with_topic(topic_name(TOPIC))
        .with_partitions(forgotten.to_vec());
    FetchRequest::default()
        .with_replica_id((-1).into())
        .with_max_wait_ms(0)
        .with_min_bytes(1)
        .with_max_bytes(1 << 20)
        .with_session_id(session.0)
        .with_session_epoch(session.1)
        .with_topics(if asked.is_empty() { vec![] } else { vec![topic] })
        .with_forgotten_topics_data(if forgotten.is_empty() {
            vec![]
        } else {
            vec![forgotten_topic]
        })
}

async fn fetch(pipe: &mut Pipe, session: (i32, i32), asked: &[(i32, i64)], forgotten: &[i32]) -> FetchResponse {
    pipe.call(NEWEST_WITH_NAMES, &request(session, asked, forgotten))
        .await
        .unwrap()
}

/// The partitions that an answer tells about, and whether it has records of them.
fn told(response: &FetchResponse) -> Vec<(i32, bool)> {
    let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
    partitions
        .map(|data| {
            (
                data.partition_index,
                data.records.as_ref().is_some_and(|records| !records.is_empty()),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_tells_what_is_new_and_nothing_else() {
    let scene = Scene::new().await;
    scene.topic(TOPIC, 3, &[]).await;
    let mut pipe = scene.pipe().await;
    let opened = fetch(&mut pipe, (0, 0), &[(0, 0), (1, 0), (2, 0)], &[]).await;
    assert_eq!(
        (opened.error_code, told(&opened)),
        (0, vec![(0, false), (1, false), (2, false)])
    );
    let id = opened.session_id;
    assert!(id > 0);
    assert_eq!(told(&fetch(&mut pipe, (id, 1), &[], &[]).await), []);

    scene.produce(TOPIC, 1, plain(&[record("k", "v")])).await;
    assert_eq!(told(&fetch(&mut pipe, (id, 2), &[], &[]).await), [(1, true)]);
    assert_eq!(
        told(&fetch(&mut pipe, (id, 3), &[], &[]).await),
        [(1, true)],
        "nobody has said that it was read"
    );
    assert_eq!(told(&fetch(&mut pipe, (id, 4), &[(1, 1)], &[]).await), []);

    scene.produce(TOPIC, 0, plain(&[record("k", "v")])).await;
    scene.produce(TOPIC, 1, plain(&[record("k", "v")])).await;
    assert_eq!(
        told(&fetch(&mut pipe, (id, 5), &[], &[0]).await),
        [(1, true)],
        "partition 0 is forgotten"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_not_there_or_out_of_step_is_an_error_of_the_whole_fetch() {
    let scene = Scene::new().await;
    scene.topic(TOPIC, 1, &[]).await;
    let mut pipe = scene.pipe().await;
    let id = fetch(&mut pipe, (0, 0), &[(0, 0)], &[]).await.session_id;
    let other = if id == 1 { 2 } else { 1 };
    let lost = fetch(&mut pipe, (other, 1), &[], &[]).await;
    assert_eq!(lost.error_code, ResponseError::FetchSessionIdNotFound.code());
    let skipped = fetch(&mut pipe, (id, 7), &[], &[]).await;
    assert_eq!(skipped.error_code, ResponseError::InvalidFetchSessionEpoch.code());
    let closed = fetch(&mut pipe, (id, -1), &[(0, 0)], &[]).await;
    assert_eq!((closed.error_code, closed.session_id), (0, 0));
    let gone = fetch(&mut pipe, (id, 1), &[], &[]).await;
    assert_eq!(gone.error_code, ResponseError::FetchSessionIdNotFound.code());
}
