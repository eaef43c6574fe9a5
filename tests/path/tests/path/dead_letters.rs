//! A refused record arrives in the dead-letter topic, with where it was and why it is there.

use std::time::Duration;

use corvid_env::clock;
use corvid_metadata::PartitionIndex;
use corvid_pipeline::{Order, RedriveError, Story};
use corvid_record::Offset;
use corvid_replication::PartitionId;
use corvid_wire::client::ConsumedRecord;
use path_tests::batch::{base_time, nonsense, plain, record};
use path_tests::read::{header, text};
use path_tests::scene::{Scene, produce};

use crate::on_bad;

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_says_where_the_record_was_and_why_it_was_refused() {
    let scene = Scene::new().await;
    scene
        .topic("orders", 2, &[("corvid.produce", &on_bad("refuse", "dead-letter"))])
        .await;
    let mut bad = record("b", "bad");
    bad.headers = vec![("trace", Some("7")), ("trace", Some("8"))];
    let batch = || plain(&[record("a", "good"), bad.clone(), record("c", "good")]);
    let sent_at = base_time();
    let offsets = [
        scene.produce("orders", 1, batch()).await,
        scene.produce("orders", 1, batch()).await,
    ];
    let stayed: Vec<_> = offsets
        .iter()
        .flat_map(|first| [("a".to_owned(), *first), ("c".to_owned(), first + 2)])
        .collect();
    assert_eq!(scene.keys("orders", 1).await, stayed);

    // The topic was made by the broker, with as many partitions as its source; a letter keeps its partition.
    assert_eq!(
        scene.client().await.partition_count("orders.DLT", false).await.unwrap(),
        2
    );
    assert_eq!(scene.read("orders.DLT", 0).await, []);
    let letters = scene.read("orders.DLT", 1).await;
    assert_eq!(letters.len(), 2);
    for (letter, first) in letters.iter().zip(offsets) {
        check_letter(letter, first + 1, sent_at);
    }
}

/// A letter of the record `b` that was at `offset` of partition 1 of `orders`.
fn check_letter(letter: &ConsumedRecord, offset: i64, sent_at: i64) {
    assert_eq!(
        (text(letter.key.as_ref()), text(letter.value.as_ref())),
        ("b".to_owned(), "bad".to_owned())
    );
    assert_eq!(
        letter.headers[..2]
            .iter()
            .map(|(_, value)| text(value.as_ref()))
            .collect::<Vec<_>>(),
        ["7", "8"]
    );
    let expected = [
        ("topic", "orders"),
        ("partition", "1"),
        ("offset", &offset.to_string()),
        ("stage", "validator"),
        ("plugin", "misbehaving"),
        ("generation", "1"),
        ("code", "7"),
        ("reason", "this record is bad"),
        ("attempts", "1"),
    ];
    for (name, value) in expected {
        assert_eq!(
            header(letter, &format!("corvid-dlt-{name}")),
            value,
            "corvid-dlt-{name}"
        );
    }
    let time = |name: &str| header(letter, &format!("corvid-dlt-{name}")).parse::<i64>().unwrap();
    assert!(
        (sent_at..sent_at + 9_000).contains(&time("timestamp")),
        "{}",
        time("timestamp")
    );
    // A letter has the time of its writing: retention by time must not take it at once.
    assert_eq!(
        (time("first-at"), time("last-at")),
        (letter.timestamp, letter.timestamp)
    );
    assert!(letter.timestamp >= sent_at + 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_goes_to_its_partition_modulo_those_that_there_are() {
    let scene = Scene::new().await;
    scene.topic("dead", 2, &[]).await;
    let configs = [
        ("corvid.produce", &*on_bad("refuse", "dead-letter")),
        ("corvid.dead.letter.topic", "dead"),
        ("corvid.dead.letter.headers", "spring"),
    ];
    scene.topic("orders", 4, &configs).await;
    let first = scene
        .produce("orders", 3, plain(&[record("a", "good"), record("b", "bad")]))
        .await;
    let letters = scene.read("dead", 1).await;
    assert_eq!(letters.len(), 1);
    let (_, offset) = letters[0]
        .headers
        .iter()
        .find(|(key, _)| &key[..] == b"kafka_dlt-original-offset")
        .unwrap();
    assert_eq!(offset.as_deref(), Some(&(first + 1).to_be_bytes()[..]));
    assert_eq!(header(&letters[0], "kafka_dlt-original-topic"), "orders");
}

/// The bug: whoever looks for a letter's origin, as a redrive does, finds the one that a client made up, or that is of an earlier death.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_tells_of_one_death() {
    let scene = Scene::new().await;
    let configs = [
        ("corvid.produce", &*on_bad("refuse", "dead-letter")),
        ("corvid.dead.letter.headers", "spring"),
    ];
    scene.topic("orders", 1, &configs).await;
    let mut forged = record("k", "bad");
    forged.headers = vec![
        ("corvid-dlt-topic", Some("payments")),
        ("kafka_dlt-original-consumer-group", Some("others")),
        ("__connect.errors.topic", Some("payments")),
        ("trace", Some("7")),
    ];
    scene.produce("orders", 0, plain(&[forged])).await;
    let letters = scene.read("orders.DLT", 0).await;
    let headers = letters[0].headers.iter();
    let story = Story::of(headers.map(|(key, value)| (&key[..], value.as_deref())));
    assert_eq!((story.topic.as_deref(), story.group), (Some("orders"), None));
    assert_eq!(header(&letters[0], "trace"), "7", "the record's own stay");
}

/// The bug: a batch that nobody can open, which anyone may produce to a dead-letter topic, keeps all letters behind it from being redriven.
#[tokio::test(flavor = "multi_thread")]
async fn nonsense_among_the_letters_stays_and_the_others_go() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    scene.topic("orders.DLT", 1, &[]).await;
    let mut letter = record("k", "v");
    letter.headers = vec![("corvid-dlt-topic", Some("orders"))];
    for batch in [plain(&[letter.clone()]), nonsense(), plain(&[letter])] {
        scene.produce("orders.DLT", 0, batch).await;
    }
    let context = scene.node().admin_context();
    let id = PartitionId {
        topic: context.controller.image().topic("orders.DLT").unwrap().id,
        index: PartitionIndex(0),
    };
    let letters = context.replicas.get(id).unwrap();
    let order = Order {
        letters_max: 10,
        ..Order::default()
    };
    let step = loop {
        match context.redriver.step(&letters, Offset(0), &order).await {
            Ok(step) => break step,
            // As the admin listener does, until this node has put it into effect.
            Err(RedriveError::NoRoute { from, to }) => {
                context.controller.ensure_route(from, to).await.unwrap();
                clock::sleep(Duration::from_millis(5)).await;
            }
            Err(error) => panic!("{error}"),
        }
    };
    let stay: Vec<_> = step.stay.iter().map(|stays| stays.offset).collect();
    assert_eq!(
        (step.redriven.values().sum::<u64>(), stay, step.at_end),
        (2, vec![Offset(1)], true)
    );
    assert_eq!(scene.keys("orders", 0).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_nothing_but_refused_records_is_accepted() {
    let scene = Scene::new().await;
    scene
        .topic("orders", 1, &[("corvid.produce", &on_bad("refuse", "dead-letter"))])
        .await;
    for _ in 0..3 {
        scene
            .produce("orders", 0, plain(&[record("a", "bad"), record("b", "bad")]))
            .await;
    }
    assert_eq!(scene.read("orders", 0).await, []);
    assert_eq!(scene.keys("orders.DLT", 0).await.len(), 6);
}

/// What a link brings has been judged; a hook of the dead-letter topic is for its own producers.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_passes_no_hook_again() {
    let scene = Scene::new().await;
    let refuse = on_bad("refuse", "refuse");
    scene.topic("orders.DLT", 1, &[("corvid.produce", &refuse)]).await;
    scene
        .topic("orders", 1, &[("corvid.produce", &on_bad("refuse", "dead-letter"))])
        .await;
    scene.produce("orders", 0, plain(&[record("k", "bad")])).await;
    assert_eq!(scene.keys("orders.DLT", 0).await, [("k".to_owned(), 0)]);
    let by_hand = produce(
        &mut scene.client().await,
        "orders.DLT",
        0,
        -1,
        plain(&[record("k", "bad")]),
    )
    .await
    .unwrap();
    assert_ne!(by_hand.error_code, 0);
}

/// The bug it is for: a moved record and a letter for one partition are two parts of one entry, and the second was taken
/// for one that is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_not_its_own_dead_letter_topic() {
    let scene = Scene::new().await;
    let configs = [
        ("corvid.produce", &*on_bad("refuse", "dead-letter")),
        ("corvid.dead.letter.topic", "orders"),
    ];
    let created = bed::topics::create(&mut scene.client().await, "orders", 1, &configs).await;
    if created.is_ok() {
        let batch = plain(&[record("k", "bad")]);
        let answer = produce(&mut scene.client().await, "orders", 0, -1, batch)
            .await
            .unwrap();
        assert_ne!(answer.error_code, 0);
    }
}
