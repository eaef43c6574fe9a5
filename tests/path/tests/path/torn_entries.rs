//! The process died between the bytes of an outbox entry and those of its batch.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use corvid_record::{batches, hidden};
use path_tests::batch::{plain, record, sequenced};
use path_tests::scene::{Scene, copy_folder, log_folder};

use crate::by_number;

const SEGMENT: &str = "00000000000000000000.log";

/// The bugs it is for: the entry is delivered though its batch isn't there, and then again with the retry; or the node
/// turns in circles, waiting for a batch that never comes.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_without_its_batch_is_passed_over_and_the_retry_stands() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let producer = scene.producer().await;
    scene
        .produce("orders", 0, plain(&[record("0", "before"), record("1", "before")]))
        .await;
    let kept = tempfile::tempdir().unwrap();
    let scene = scene
        .restarted(|data| copy_folder(&data.join("logs"), kept.path()).unwrap())
        .await;
    let retried = sequenced(producer, 0, &[record("2", "retried"), record("3", "retried")]);
    scene.produce("orders", 0, retried.clone()).await;
    let scene = scene.restarted(|data| tear(data, kept.path())).await;

    let values = async |scene: &Scene| {
        let mut values = Vec::new();
        for partition in [0, 1] {
            values.extend(scene.keys("orders", partition).await.into_iter().map(|(key, _)| key));
        }
        values
    };
    assert_eq!(values(&scene).await, ["0", "1"], "the torn write has no effect");
    scene.produce("orders", 0, retried).await;
    assert_eq!(values(&scene).await, ["0", "2", "1", "3"]);
    let scene = scene.restarted(|_| ()).await;
    scene.produce("orders", 0, plain(&[record("5", "after")])).await;
    assert_eq!(values(&scene).await, ["0", "2", "1", "3", "5"]);
}

/// The logs as they were kept, and behind them the first half of what was written since: an entry without its batch.
fn tear(data: &Path, kept: &Path) {
    let log = log_folder(data, "orders", 0).join(SEGMENT);
    let whole = fs::read(&log).unwrap();
    let logs = data.join("logs");
    fs::remove_dir_all(&logs).unwrap();
    copy_folder(kept, &logs).unwrap();
    fs::remove_file(logs.join(".kafka_cleanshutdown")).unwrap();
    let stored: Vec<_> = batches(&whole).map(Result::unwrap).collect();
    let [.., entry, _batch] = &stored[..] else {
        panic!("an entry and its batch were written")
    };
    assert!(hidden::is_hidden(entry));
    OpenOptions::new()
        .append(true)
        .open(&log)
        .unwrap()
        .write_all(entry.bytes())
        .unwrap();
}
