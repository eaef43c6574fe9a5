//! A view shows records otherwise to those it is for; everybody else has what is stored.

use std::time::Duration;

use corvid_env::clock;
use corvid_metadata::{PluginRecord, Record, Rollout};
use corvid_pipeline::view::{ANSWER_BYTES_MAX, ANSWERS_BYTES_MAX, AnswerRoom};
use corvid_record::{Compression, Offset};
use corvid_wire::client::ClientError;
use corvid_wire::kafka::ResponseError;
use path_tests::batch::{Sent, compressed, plain, record};
use path_tests::metrics::Scrape;
use path_tests::scene::{LONG_MS, Scene};

use crate::view;

/// More than is copied when it is sent, so that it goes by sendfile.
static LARGE: [u8; 40_000] = [b'x'; 40_000];

fn large() -> Sent {
    record("large", str::from_utf8(&LARGE).unwrap())
}

fn answered(scrape: &Scrape) -> [usize; 4] {
    [
        "corvid_fetch_bytes_total{from=\"files\"}",
        "corvid_fetch_bytes_total{from=\"views\"}",
        "corvid_view_batches_total{how=\"asked\"}",
        "corvid_view_batches_total{how=\"kept\"}",
    ]
    .map(|series| scrape.value(series).unwrap() as usize)
}

/// The bug it is for: a view for some that takes everybody's fetches away from the page cache.
#[tokio::test(flavor = "multi_thread")]
async fn who_it_is_not_for_reads_from_the_file() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[("corvid.fetch", &view("mark"))]).await;
    let sent = plain(&[large(), record("k", "bad"), record("k", "good")]);
    scene.produce("orders", 0, sent.clone()).await;

    let plainly = scene.reader("audit").await.one("orders", 0, 0).await;
    assert_eq!(plainly.bytes.len(), sent.len());
    assert!(plainly.records(0).iter().all(|(.., headers)| headers.is_empty()));
    assert_eq!(answered(&scene.scrape().await), [sent.len(), 0, 0, 0]);

    let viewed = scene.reader("reporting-1").await.one("orders", 0, 0).await;
    let marked = vec![("misbehaving".to_owned(), "reporting-1".to_owned())];
    let headers: Vec<_> = viewed.records(0).into_iter().map(|(.., headers)| headers).collect();
    assert_eq!(headers, [vec![], marked.clone(), vec![]]);
    assert_eq!((viewed.high_watermark, viewed.log_start, viewed.error), (3, 0, 0));
    assert_eq!(answered(&scene.scrape().await), [sent.len(), viewed.bytes.len(), 1, 0]);

    // Once more: kept for him, and for nobody else.
    let again = scene.reader("reporting-1").await.one("orders", 0, 0).await;
    assert_eq!(again.bytes, viewed.bytes);
    assert_eq!(answered(&scene.scrape().await)[2..], [1, 1]);
    let other = scene.reader("r2").await.one("orders", 0, 0).await;
    assert_eq!(other.records(0)[1].2, [("misbehaving".to_owned(), "r2".to_owned())]);
    assert_eq!(answered(&scene.scrape().await)[2..], [2, 1]);
    // What is stored is what was sent.
    let stored = std::fs::read(scene.log_folder("orders", 0).join("00000000000000000000.log")).unwrap();
    assert!(stored[61..].starts_with(&sent[61..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_producer_and_codec_are_those_of_the_stored_batch() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[("corvid.fetch", &view("drop"))]).await;
    let mut expected = Vec::new();
    for (codec, base) in Compression::ALL.into_iter().zip((0..).step_by(4)) {
        let records = [
            record("k", "bad"),
            record("k", "good"),
            record("k", "fine"),
            record("k", "bad"),
        ];
        scene.produce("orders", 0, compressed(codec, &records)).await;
        expected.push((Offset(base), Offset(base + 4), codec));
    }
    let producer = scene.producer().await;
    let sequenced = path_tests::batch::sequenced(producer, 0, &[record("k", "bad"), record("k", "good")]);
    scene.produce("orders", 0, sequenced).await;
    let end = expected.len() as i64 * 4;
    expected.push((Offset(end), Offset(end + 2), Compression::None));

    let stored = scene.reader("audit").await.one("orders", 0, 0).await;
    let seen = scene.reader("r").await.one("orders", 0, 0).await;
    assert_eq!(seen.frames(), expected);
    assert_eq!(stored.frames(), expected);
    for (shown, stored) in seen.batches().iter().zip(stored.batches()) {
        assert_eq!(
            (
                shown.producer_id(),
                shown.base_sequence(),
                shown.leader_epoch(),
                shown.base_timestamp()
            ),
            (
                stored.producer_id(),
                stored.base_sequence(),
                stored.leader_epoch(),
                stored.base_timestamp()
            )
        );
    }
    let offsets: Vec<i64> = seen.values(0).into_iter().map(|(offset, _)| offset).collect();
    assert_eq!(offsets, [1, 2, 5, 6, 9, 10, 13, 14, 17, 18, 21]);
}

/// The bug it is for: what was kept of one version of a view is shown after it was replaced.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_seen_when_it_is_answered() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    scene
        .produce("orders", 0, plain(&[record("k", "bad"), record("k", "good")]))
        .await;
    let (mut client, mut reader) = (scene.client().await, scene.reader("r").await);
    let both = vec![(0, "bad".to_owned()), (1, "good".to_owned())];
    for _ in 0..3 {
        assert_eq!(reader.one("orders", 0, 0).await.values(0), both);
        for behaviour in ["drop", "mark"] {
            bed::topics::alter(&mut client, "orders", &[("corvid.fetch", &view(behaviour))])
                .await
                .unwrap();
            let hidden = usize::from(behaviour == "drop");
            assert_eq!(reader.one("orders", 0, 0).await.values(0), both[hidden..]);
        }
        bed::topics::alter(&mut client, "orders", &[("corvid.fetch", "")])
            .await
            .unwrap();
    }
}

/// The bug it is for: a deploy that tries a generation on one partition shows it to nobody, or everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_canary_shows_its_partitions_only() {
    let scene = Scene::new().await;
    let views = serde_json::json!([{ "plugin": bed::PLUGIN }]).to_string();
    scene.topic("orders", 2, &[("corvid.fetch", &views)]).await;
    for partition in 0..2 {
        scene
            .produce("orders", partition, plain(&[record("k", "bad"), record("k", "good")]))
            .await;
    }
    let controller = &scene.node().broker().controller;
    let active = controller.image().plugin(bed::PLUGIN).unwrap().clone();
    let candidate = Record::TryPlugin {
        name: bed::PLUGIN.to_owned(),
        plugin: PluginRecord {
            config: serde_json::json!({ "behaviour": "drop" }),
            generation: active.generation + 1,
            ..(*active).clone()
        },
        rollout: Rollout::Canary([1].into()),
    };
    let image = controller.submit(vec![candidate]).await.unwrap();
    scene.node().broker().settle(&image).await;
    let shown = async |partition| scene.read("orders", partition).await.len();
    assert_eq!((shown(0).await, shown(1).await), (2, 1));
    let promoted = Record::PromotePlugin {
        name: bed::PLUGIN.to_owned(),
        generation: active.generation + 1,
    };
    let image = controller.submit(vec![promoted]).await.unwrap();
    scene.node().broker().settle(&image).await;
    assert_eq!((shown(0).await, shown(1).await), (1, 1));
}

/// Two views: the second one sees what the first has left, and each is for its own readers.
#[tokio::test(flavor = "multi_thread")]
async fn views_run_in_their_order_for_those_they_are_for() {
    let scene = Scene::new().await;
    let bound = |behaviour: &str, on: &str, clients: &[&str]| {
        let config = serde_json::json!({ "behaviour": behaviour, "on": on });
        serde_json::json!({ "plugin": bed::PLUGIN, "config": config, "clients": clients })
    };
    let views = serde_json::json!([bound("drop", "bad", &["*", "!root"]), bound("mark", "*", &["r*"])]);
    scene.topic("orders", 1, &[("corvid.fetch", &views.to_string())]).await;
    scene
        .produce(
            "orders",
            0,
            plain(&[record("k", "bad"), record("k", "good"), record("k", "bad")]),
        )
        .await;
    let mut seen = Vec::new();
    for client in ["root", "other", "reporting"] {
        let records = scene.reader(client).await.one("orders", 0, 0).await.records(0);
        let marks = records.iter().map(|(offset, _, headers)| (*offset, headers.len()));
        seen.push(marks.collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec![(0, 1), (1, 1), (2, 1)], vec![(1, 0)], vec![(1, 1)]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_obeyed_is_refused() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let mut client = scene.client().await;
    let plugin = bed::PLUGIN;
    for (value, reason) in [
        (
            format!(r#"[{{"plugin":"{plugin}","on_fault":"dead-letter"}}]"#),
            "nothing is written",
        ),
        (
            format!(r#"[{{"plugin":"{plugin}","groups":["g"]}}]"#),
            "no fetch of Kafka's protocol names it",
        ),
        (
            format!(r#"[{{"plugin":"{plugin}","principals":["User:bob"]}}]"#),
            "no authentication yet",
        ),
        (r#"["nobody"]"#.to_owned(), "nobody"),
        (view("init-refuse"), "this configuration is refused"),
    ] {
        let altered = bed::topics::alter(&mut client, "orders", &[("corvid.fetch", &value)]).await;
        let Err(ClientError::Broker(error)) = altered else {
            panic!("{value}: {altered:?}")
        };
        assert_eq!(error.error, ResponseError::InvalidConfig, "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

/// The bug: readers who wait for more hold the memory for viewed records meanwhile, and a few of them have it all.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_more_holds_no_memory_for_it() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[("corvid.fetch", &view("mark"))]).await;
    scene.produce("orders", 0, plain(&[record("k", "good")])).await;
    let mut reader = scene.reader("r").await;
    let waiting = tokio::spawn(async move { reader.at_least(1 << 19, &[("orders", 0)], LONG_MS).await });
    scene.is_asked("Fetch").await;
    let rooms = rooms(&scene).await;
    // The bug: a fetch that finds no memory is not answered when its time is over, nor what it asks for beside views.
    scene.topic("plain", 1, &[]).await;
    scene.produce("plain", 0, plain(&[record("k", "here")])).await;
    let mut other = scene.reader("r2").await;
    let seen = other.fetch(&[("orders", 0), ("plain", 0)], 100).await;
    assert_eq!((seen[0].error, seen[0].bytes.len(), seen[0].high_watermark), (0, 0, 1));
    assert_eq!(seen[1].values(0), [(0, "here".to_owned())]);
    drop(rooms);
    assert_eq!(other.one("orders", 0, 0).await.values(0), [(0, "good".to_owned())]);
    waiting.abort();
}

/// All the memory that there is for viewed records.
async fn rooms(scene: &Scene) -> Vec<AnswerRoom> {
    let views = scene.node().broker().topics.views();
    let mut rooms = Vec::new();
    for _ in 0..ANSWERS_BYTES_MAX / ANSWER_BYTES_MAX as usize {
        let room = clock::timeout(Duration::from_mins(1), views.answer_room()).await;
        rooms.push(room.expect("nobody holds any"));
    }
    rooms
}
