//! What `/metrics` tells of requests and topics.

use bed::pipe::Pipe;
use corvid_wire::client::topic_name;
use corvid_wire::kafka::messages::FetchRequest;
use corvid_wire::kafka::messages::fetch_request::{FetchPartition, FetchTopic};
use path_tests::batch::{plain, record};
use path_tests::metrics::Scrape;
use path_tests::scene::{NEWEST_WITH_NAMES, Scene, produce, produce_request};

use crate::on_bad;

/// Bytes of records, and the error code.
async fn fetch(pipe: &mut Pipe, offset: i64) -> (usize, i16) {
    let partition = FetchPartition::default()
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default()
        .with_topic(topic_name("orders"))
        .with_partitions(vec![partition]);
    let request = FetchRequest::default().with_max_wait_ms(0).with_topics(vec![topic]);
    let answer = pipe.call(NEWEST_WITH_NAMES, &request).await.unwrap();
    let data = &answer.responses[0].partitions[0];
    (data.records.as_ref().map_or(0, bytes::Bytes::len), data.error_code)
}

fn of_orders(scrape: &Scrape) -> [Option<f64>; 5] {
    let names = [
        "messagesin",
        "bytesin",
        "bytesout",
        "failedproducerequests",
        "failedfetchrequests",
    ];
    names.map(|name| {
        let series = format!("kafka_server_brokertopicmetrics_{name}_total{{topic=\"orders\"}}");
        scrape.value(&series)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn count_what_goes_in_and_out_of_a_topic_until_it_is_deleted() {
    let scene = Scene::new().await;
    let refuse = on_bad("refuse", "refuse");
    scene.topic("orders", 2, &[("corvid.produce", &refuse)]).await;
    assert_eq!(of_orders(&scene.scrape().await), [Some(0.0); 5]);
    let good = plain(&[record("a", "1"), record("b", "2")]);
    let producer = scene.producer().await;
    let once = path_tests::batch::sequenced(producer, 0, &[record("c", "3")]);
    let bytes = 2 * good.len() + once.len();
    scene.produce("orders", 0, good.clone()).await;
    scene.produce("orders", 1, good).await;
    scene.produce("orders", 1, once.clone()).await;
    // A duplicate is not counted again.
    scene.produce("orders", 1, once).await;
    let mut client = scene.client().await;
    let refused = produce(&mut client, "orders", 0, -1, plain(&[record("k", "bad")])).await;
    assert_ne!(refused.unwrap().error_code, 0);
    let mut pipe = scene.pipe().await;
    let (fetched, _) = fetch(&mut pipe, 0).await;
    let (again, _) = fetch(&mut pipe, 0).await;
    let (nothing, error) = fetch(&mut pipe, 999).await;
    assert_eq!((nothing, error), (0, 1), "out of range");
    let scrape = scene.scrape().await;
    let told = [5, bytes, fetched + again, 1, 1].map(|count| Some(count as f64));
    assert_eq!(of_orders(&scrape), told);
    assert!(
        scrape
            .with("brokertopicmetrics")
            .iter()
            .all(|line| line.contains("orders"))
    );

    scene.delete_topic("orders").await;
    let scrape = scene.scrape().await;
    assert!(scrape.with("orders").is_empty(), "{:?}", scrape.with("orders"));
    // Another one of the same name begins at nothing.
    scene.topic("orders", 1, &[]).await;
    assert_eq!(of_orders(&scene.scrape().await), [Some(0.0); 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tell_how_long_requests_take() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let asked = |scrape: &Scrape, api: &str| {
        let of = |name: &str| scrape.value(&format!("kafka_network_requestmetrics_{name}{{request=\"{api}\"}}"));
        (of("requests_total"), of("totaltimems_count"))
    };
    let scrape = scene.scrape().await;
    assert_eq!(asked(&scrape, "Produce"), (Some(0.0), None), "nobody has asked");
    // On one connection, whose next request is taken when the last answer is written and counted.
    let mut pipe = scene.pipe().await;
    for acks in [-1, 1, 0] {
        let request = produce_request("orders", 0, acks, plain(&[record("k", "v")]));
        pipe.send(NEWEST_WITH_NAMES, &request).await.unwrap();
        if acks != 0 {
            pipe.receive_frame().await.unwrap();
        }
    }
    fetch(&mut pipe, 0).await;
    let scrape = scene.scrape().await;
    assert_eq!(asked(&scrape, "Produce"), (Some(3.0), Some(3.0)));
    let buckets = scrape.with("kafka_network_requestmetrics_totaltimems_bucket");
    let counts: Vec<f64> = buckets
        .iter()
        .filter(|line| line.contains("request=\"Produce\""))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(counts.is_sorted() && counts.last() == Some(&3.0), "{counts:?}");
    assert!(buckets.iter().any(|line| line.contains("le=\"+Inf\"")));
    let sum = scrape.value("kafka_network_requestmetrics_totaltimems_sum{request=\"Produce\"}");
    assert!(sum.is_some_and(|sum| sum > 0.0));
}
