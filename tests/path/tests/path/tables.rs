//! Plugins look things up in topics.

use corvid_wire::client::Client;
use corvid_wire::kafka::ResponseError;
use path_tests::batch::{Sent, plain, record};
use path_tests::scene::{Scene, produce};

const COMPACTED: [(&str, &str); 1] = [("cleanup.policy", "compact")];

/// Refuses records whose key stands in the topic `blocked`, with what stands there.
fn refuse_blocked() -> String {
    let config = serde_json::json!({ "behaviour": "refuse-listed" });
    serde_json::json!([{ "plugin": bed::PLUGIN, "config": config, "tables": { "listed": "blocked" } }]).to_string()
}

async fn topics(scene: &Scene) {
    scene.topic("blocked", 3, &COMPACTED).await;
    scene.topic("orders", 1, &[("corvid.produce", &refuse_blocked())]).await;
}

/// Sends a record of `key`, and gives the error code and the reason.
async fn send(scene: &Scene, key: &'static str) -> (i16, String) {
    let batch = plain(&[record(key, "order")]);
    let answer = produce(&mut scene.client().await, "orders", 0, -1, batch)
        .await
        .expect("Produce is answered");
    let of_record = answer
        .record_errors
        .first()
        .and_then(|error| error.batch_index_error_message.clone());
    let why = of_record.or(answer.error_message).unwrap_or_default();
    let of_plugin = format!("{}: ", bed::PLUGIN);
    (answer.error_code, why.trim_start_matches(&of_plugin).to_owned())
}

/// Why the topic's configs are not to be these.
async fn refusal(client: &mut Client, topic: &str, configs: &[(&str, &str)]) -> String {
    let altered = bed::topics::alter(client, topic, configs).await;
    altered.expect_err("it is refused").to_string()
}

fn tombstone(key: &'static str) -> Sent {
    Sent {
        key: Some(key),
        ..Sent::default()
    }
}

const OK: i16 = 0;

fn refused() -> i16 {
    ResponseError::InvalidRecord.code()
}

/// The bug: what is written to the topic is seen later than it is acknowledged, or never, or a tombstone takes nothing away.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_follows_its_topic() {
    let scene = Scene::new().await;
    topics(&scene).await;
    assert_eq!(send(&scene, "ada").await.0, OK);
    scene
        .produce(
            "blocked",
            2,
            plain(&[record("ada", "she owes us"), record("bob", "so does he")]),
        )
        .await;
    assert_eq!(send(&scene, "ada").await, (refused(), "she owes us".to_owned()));
    assert_eq!(send(&scene, "bob").await.1, "so does he");
    assert_eq!(send(&scene, "eve").await.0, OK);
    scene.produce("blocked", 2, plain(&[tombstone("ada")])).await;
    assert_eq!(send(&scene, "ada").await.0, OK);
    assert_eq!(send(&scene, "bob").await.0, refused());
    let scrape = scene.scrape().await;
    assert_eq!(scrape.value("corvid_table_keys{topic=\"blocked\"}"), Some(1.0));
    assert_eq!(scrape.value("corvid_table_current{topic=\"blocked\"}"), Some(1.0));
}

/// The bug: the first batch after a restart is judged by a table that has not been read yet, and lets everything through.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_judged_by_a_table_that_is_being_read() {
    let scene = Scene::new().await;
    topics(&scene).await;
    // Enough that it takes longer to read than a client needs to connect.
    let long: &'static str = "a".repeat(900_000).leak();
    for name in 0..60 {
        let name: &'static str = name.to_string().leak();
        scene.produce("blocked", 2, plain(&[record(name, long)])).await;
    }
    scene.produce("blocked", 2, plain(&[record("zoe", "the last")])).await;
    let scene = scene.restarted(|_| ()).await;
    assert_eq!(send(&scene, "zoe").await, (refused(), "the last".to_owned()));
}

/// The bug: a table that doesn't fit lacks some of its keys, and what they would refuse is let through.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_room_takes_no_records_and_says_what_to_do() {
    let scene = Scene::with(&[("corvid.table.bytes", "1000")]).await;
    topics(&scene).await;
    let long: &'static str = "a".repeat(1000).leak();
    scene.produce("blocked", 0, plain(&[record("ada", "short")])).await;
    assert_eq!(send(&scene, "ada").await.0, refused());
    scene.produce("blocked", 0, plain(&[record("bob", long)])).await;
    let (retriable, why) = send(&scene, "eve").await;
    assert!(why.contains("corvid.table.bytes"), "{why}");
    assert!(ResponseError::try_from_code(retriable).is_some_and(|error| error.is_retriable()));
    assert_eq!(
        scene.scrape().await.value("corvid_table_current{topic=\"blocked\"}"),
        Some(0.0)
    );
    assert_eq!(send(&scene, "bob").await.0, retriable);
    // The bug: it stays so for ever, though there is room again.
    scene.produce("blocked", 0, plain(&[tombstone("bob")])).await;
    while send(&scene, "eve").await.0 != OK {
        corvid_env::clock::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(send(&scene, "ada").await.0, refused());
}

/// The bug: a topic that forgets by age is a table until the next restart, and another one after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_a_compacted_topic() {
    let scene = Scene::new().await;
    let mut client = scene.client().await;
    scene.topic("orders", 1, &[]).await;
    let bind = [("corvid.produce", &*refuse_blocked())];
    let missing = refusal(&mut client, "orders", &bind).await;
    assert!(
        missing.contains("its table `listed` is the topic blocked, which is not there"),
        "{missing}"
    );
    scene.topic("blocked", 1, &[]).await;
    let forgets = refusal(&mut client, "orders", &bind).await;
    assert!(forgets.contains("cleanup.policy = compact"), "{forgets}");
    bed::topics::alter(&mut client, "blocked", &COMPACTED).await.unwrap();
    bed::topics::alter(&mut client, "orders", &bind).await.unwrap();
    let bound = refusal(&mut client, "blocked", &[("cleanup.policy", "delete")]).await;
    assert!(bound.contains("of topic orders, and has to keep"), "{bound}");
    let of_a_view = refuse_blocked();
    let views = refusal(&mut client, "orders", &[("corvid.fetch", &of_a_view)]).await;
    assert!(views.contains("a view has no tables"), "{views}");
    // While it is bound, it stays, with its partitions; and nobody cuts off its head.
    let refused = ResponseError::PolicyViolation.code();
    assert_eq!(scene.try_delete_topic("blocked").await, refused);
    assert_eq!(scene.grow("blocked", 2).await, ResponseError::InvalidPartitions.code());
    scene
        .produce("blocked", 0, plain(&[record("ada", "she owes us")]))
        .await;
    assert_eq!(scene.delete_records("blocked", 0, 1).await, (refused, -1));
    assert_eq!(send(&scene, "ada").await.1, "she owes us");
    bed::topics::alter(&mut client, "orders", &[("corvid.produce", "[]")])
        .await
        .unwrap();
    scene.delete_topic("blocked").await;
    assert_eq!(send(&scene, "ada").await.0, OK);
}
