//! A retry table makes topics: `<topic>.<group>.retry`, when somebody names one.

use std::collections::BTreeMap;

use corvid_wire::client::{Client, ClientError};
use corvid_wire::kafka::ResponseError;
use path_tests::batch::{plain, record};
use path_tests::scene::{Scene, produce};

const TABLE: (&str, &str) = ("corvid.retry.attempts", "3");

fn configs(scene: &Scene, topic: &str) -> BTreeMap<String, String> {
    scene.node().broker().image().topic(topic).unwrap().configs.clone()
}

fn expected(source: &str, group: &str) -> BTreeMap<String, String> {
    let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    [("corvid.retry.source", source), ("corvid.retry.group", group)]
        .map(pair)
        .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn naming_it_makes_it_whatever_the_client_and_the_broker_think_of_automatic_topics() {
    let scene = Scene::with(&[("auto.create.topics.enable", "false")]).await;
    scene.topic("orders", 3, &[TABLE]).await;
    let mut client = scene.client().await;
    assert_eq!(client.partition_count("orders.billing.retry", false).await.unwrap(), 3);
    assert_eq!(configs(&scene, "orders.billing.retry"), expected("orders", "billing"));
    // Without asking first, as a client does that believes to know.
    let batch = || plain(&[record("k", "v")]);
    scene.produce("orders.shipping.retry", 2, batch()).await;
    assert_eq!(configs(&scene, "orders.shipping.retry"), expected("orders", "shipping"));
    // A table that is set later makes them from then on.
    scene.topic("plain", 1, &[]).await;
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    let error = |answer: corvid_wire::kafka::messages::MetadataResponse| answer.topics[0].error_code;
    for name in ["plain.g.retry", "orders.retry", "nobody.g.retry", "orders.g.DLT"] {
        assert_eq!(
            error(client.metadata(Some(&[name]), true).await.unwrap()),
            unknown,
            "{name}"
        );
        let answer = produce(&mut client, name, 0, -1, batch()).await.unwrap();
        assert_eq!(answer.error_code, unknown, "{name}");
    }
    bed::topics::alter(&mut client, "plain", &[TABLE]).await.unwrap();
    assert_eq!(
        error(client.metadata(Some(&["plain.g.retry"]), false).await.unwrap()),
        0
    );
}

/// The bug: a name with dots that is read one way by a Metadata request and another way when the topic is made.
#[tokio::test(flavor = "multi_thread")]
async fn with_dots_the_longest_topic_that_has_a_table_wins() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[TABLE]).await;
    scene.topic("orders.eu", 2, &[TABLE]).await;
    let mut client = scene.client().await;
    assert_eq!(client.partition_count("orders.eu.g.retry", false).await.unwrap(), 2);
    assert_eq!(configs(&scene, "orders.eu.g.retry"), expected("orders.eu", "g"));
    assert_eq!(client.partition_count("orders.us.g.retry", false).await.unwrap(), 1);
    assert_eq!(configs(&scene, "orders.us.g.retry"), expected("orders", "us.g"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_created_by_hand_and_deleted_like_any_other() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[TABLE]).await;
    scene.topic("orders.g.retry", 5, &[("retention.ms", "60000")]).await;
    let mut all = expected("orders", "g");
    all.insert("retention.ms".to_owned(), "60000".to_owned());
    assert_eq!(configs(&scene, "orders.g.retry"), all);
    // A group's name may have what a topic's may not: such a topic has a name of its own, and says what it is for.
    let odd = [("corvid.retry.source", "orders"), ("corvid.retry.group", "über/alles")];
    scene.topic("odd", 1, &odd).await;
    scene.produce("odd", 0, plain(&[record("k", "v")])).await;
    scene.delete_topic("orders.g.retry").await;
    assert_eq!(
        scene
            .client()
            .await
            .partition_count("orders.g.retry", false)
            .await
            .unwrap(),
        2
    );
    assert_eq!(configs(&scene, "orders.g.retry"), expected("orders", "g"));
}

/// The bug: a consumer that takes the topic a record came back by for its origin sends it, when it fails again, to a topic that nobody reads,
/// and is told that all is well.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_topic_has_none_of_its_own() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[TABLE]).await;
    let mut client = scene.client().await;
    client.partition_count("orders.g.retry", false).await.unwrap();
    let named = client.partition_count("orders.g.retry.g.retry", true).await;
    let ClientError::Broker(error) = named.unwrap_err() else {
        panic!("not the broker's answer")
    };
    assert_eq!(error.error, ResponseError::InvalidTopicException);
    let created = bed::topics::create(&mut client, "orders.g.retry.g.retry", 1, &[]).await;
    let error = created.unwrap_err().to_string();
    assert!(error.contains("\"orders.g.retry\" is a retry topic"), "{error}");
}

/// The error of a Metadata request that names the retry topic of a group.
async fn ask(mut client: Client, group: usize) -> i16 {
    let name = format!("orders.g{group}.retry");
    let answer = client.metadata(Some(&[&name]), true).await.unwrap();
    answer.topics[0].error_code
}

/// The bug: whoever reaches the listener makes topics without end, each with as many partitions as the source, by naming them.
#[tokio::test(flavor = "multi_thread")]
async fn naming_them_makes_no_more_than_the_table_allows() {
    const LIMIT: (&str, &str) = ("corvid.retry.groups.max", "3");
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[TABLE, LIMIT]).await;
    // All at once, from connections of their own.
    let mut asking = Vec::new();
    for group in 0..12 {
        asking.push(tokio::spawn(ask(scene.client().await, group)));
    }
    let mut codes = Vec::new();
    for asking in asking {
        codes.push(asking.await.unwrap());
    }
    let ask = async |group| ask(scene.client().await, group).await;
    let invalid = ResponseError::InvalidTopicException.code();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 3, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == invalid).count(), 9, "{codes:?}");
    assert_eq!(scene.node().broker().controller.refused_retry_topics("orders"), 9);
    // Those that are there are used as before; a produce that names another says what to do.
    let group = codes.iter().position(|code| *code == 0).unwrap();
    assert_eq!(ask(group).await, 0);
    let mut client = scene.client().await;
    let batch = || plain(&[record("k", "v")]);
    let answer = produce(&mut client, "orders.late.retry", 0, -1, batch()).await.unwrap();
    assert_eq!(answer.error_code, invalid);
    let message = answer.error_message.unwrap();
    assert!(
        message.contains("\"orders\" has 3") && message.contains("groups_max"),
        "{message}"
    );
    // By hand there may be more; where one is deleted, there is room; a higher limit counts at once.
    scene.topic("orders.by-hand.retry", 2, &[]).await;
    scene.delete_topic(&format!("orders.g{group}.retry")).await;
    assert_eq!(ask(group).await, invalid, "three are left");
    scene.delete_topic("orders.by-hand.retry").await;
    assert_eq!(ask(group).await, 0);
    assert_eq!(ask(100).await, invalid);
    bed::topics::alter(&mut client, "orders", &[("corvid.retry.groups.max", "4")])
        .await
        .unwrap();
    scene.produce("orders.late.retry", 0, batch()).await;
}

/// The bug: a group whose name no topic can have is answered as if its topic would come to be, and the client asks for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_no_topic_can_be_named_after_is_an_error_of_the_name() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[TABLE]).await;
    let mut client = scene.client().await;
    let long = format!("orders.{}.retry", "g".repeat(237));
    for name in [&long, "orders.über.retry", "orders.a b.retry", "orders.../../x.retry"] {
        let answer = client.metadata(Some(&[name]), true).await.unwrap();
        let invalid = ResponseError::InvalidTopicException.code();
        assert_eq!(answer.topics[0].error_code, invalid, "{name}");
        let answer = produce(&mut client, name, 0, -1, plain(&[record("k", "v")]))
            .await
            .unwrap();
        assert_eq!(answer.error_code, invalid, "{name}");
        assert!(answer.error_message.unwrap().contains("topic name"), "{name}");
    }
    let longest = format!("orders.{}.retry", "g".repeat(236));
    assert_eq!(client.partition_count(&longest, false).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_a_retry_topic_is_refused() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[TABLE]).await;
    let binding = r#"["misbehaving"]"#;
    let bad: [(&str, &[(&str, &str)], &str); 7] = [
        (
            "orders.g.retry",
            &[("corvid.produce", binding)],
            "binds no plugin of its own",
        ),
        ("orders.g.retry", &[TABLE], "has none of its own"),
        (
            "orders.g.retry",
            &[("corvid.delay.max.ms", "1000")],
            "corvid.delay.max.ms",
        ),
        ("x", &[("corvid.retry.group", "g")], "needs corvid.retry.source"),
        (
            "x",
            &[("corvid.retry.backoff", "1s")],
            "nothing without corvid.retry.attempts",
        ),
        (
            "x",
            &[TABLE, ("corvid.retry.groups.max", "-1")],
            "corvid.retry.groups.max",
        ),
        (
            "x",
            &[("corvid.retry.attempts", "3"), ("corvid.retry.policy", "nobody")],
            "nobody",
        ),
    ];
    let mut client = scene.client().await;
    for (topic, configs, reason) in bad {
        let error = bed::topics::create(&mut client, topic, 1, configs).await.unwrap_err();
        let ClientError::Broker(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.error, ResponseError::InvalidConfig, "{configs:?}: {error}");
        assert!(error.to_string().contains(reason), "{configs:?}: {error}");
    }
}

/// The bug: without its source, a retry topic guesses, and records that should wait are there at once.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_retry_table_it_takes_nothing() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[TABLE]).await;
    let mut client = scene.client().await;
    client.partition_count("orders.g.retry", false).await.unwrap();
    bed::topics::alter(&mut client, "orders", &[("corvid.retry.attempts", "0")])
        .await
        .unwrap();
    let batch = || plain(&[record("k", "v")]);
    let answer = produce(&mut client, "orders.g.retry", 0, -1, batch()).await.unwrap();
    assert_ne!(answer.error_code, 0);
    assert!(answer.error_message.unwrap().contains("no retry table"));
    bed::topics::alter(&mut client, "orders", &[TABLE]).await.unwrap();
    scene.produce("orders.g.retry", 0, batch()).await;
    scene.delete_topic("orders").await;
    let answer = produce(&mut client, "orders.g.retry", 0, -1, batch()).await.unwrap();
    assert!(answer.error_message.unwrap().contains("not there"));
    assert_eq!(scene.read("orders.g.retry", 0).await, []);
}
