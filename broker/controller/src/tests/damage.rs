use std::fs;
use std::path::Path;

use corvid_env::fs::Dir;
use corvid_metadata::{Image, NodeId};

use super::{NODE, config, crash, create, names, start, try_start};
use crate::controller::{Controller, ControllerConfig};
use crate::error::StartError;
use crate::journal::scan;
use crate::raft::{Payload, recovery};

const LOG: &str = "quorum.log";

/// The topics that a directory's files hold, without starting a quorum on them.
fn topics_on_disk(path: &Path) -> Vec<String> {
    let on_disk = recovery::read(&Dir::open(path).unwrap(), NODE).unwrap();
    let mut image = on_disk.snapshot.map_or_else(Image::default, |(_, image)| image);
    for entry in on_disk.content.entries.into_values() {
        if let Payload::Normal(batch) = entry.payload {
            image = image.apply(&batch.0).unwrap_or(image);
        }
    }
    image.topics().map(|topic| topic.name.clone()).collect()
}

#[tokio::test]
async fn a_kill_at_any_byte_of_the_tail_recovers_to_a_prefix() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    let mut acknowledged_at = Vec::new();
    for n in 0..4 {
        create(&controller, &format!("t{n}")).await;
        acknowledged_at.push(fs::metadata(dir.path().join(LOG)).unwrap().len() as usize);
    }
    crash(&controller).await;
    let whole = fs::read(dir.path().join(LOG)).unwrap();
    let all = ["t0", "t1", "t2", "t3"];
    for cut in (acknowledged_at[0]..=whole.len()).rev() {
        fs::write(dir.path().join(LOG), &whole[..cut]).unwrap();
        let found = topics_on_disk(dir.path());
        let acknowledged = acknowledged_at.iter().filter(|end| **end <= cut).count();
        assert_eq!(found, all[..acknowledged], "cut at {cut}");
    }
    // And a quorum starts on what is left, and goes on.
    for cut in [acknowledged_at[0] + 1, acknowledged_at[1] - 1, acknowledged_at[2]] {
        fs::write(dir.path().join(LOG), &whole[..cut]).unwrap();
        let controller = start(dir.path()).await;
        create(&controller, "after").await;
        crash(&controller).await;
        let again = start(dir.path()).await;
        assert_eq!(names(&again).first().map(String::as_str), Some("after"));
        crash(&again).await;
    }
}

#[tokio::test]
async fn a_damaged_log_is_named_and_nothing_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "a").await;
    create(&controller, "b").await;
    crash(&controller).await;
    let log = dir.path().join(LOG);
    let mut bytes = fs::read(&log).unwrap();
    let scanned = scan(&bytes).unwrap();
    let (position, _) = scanned.payloads[scanned.payloads.len() - 2];
    bytes[position as usize + 20] ^= 1;
    fs::write(&log, &bytes).unwrap();
    let error = try_start(dir.path()).await.unwrap_err();
    assert!(
        matches!(&error, StartError::Damaged { position: at, .. } if *at == position),
        "{error}"
    );
    assert!(error.to_string().contains("the disk has damaged it"), "{error}");
    assert_eq!(fs::read(&log).unwrap(), bytes, "evidence stays");
}

#[tokio::test]
async fn a_log_without_its_snapshot_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    create(&controller, "a").await;
    controller.shutdown().await;
    fs::remove_file(dir.path().join("image.snapshot")).unwrap();
    let error = try_start(dir.path()).await.unwrap_err().to_string();
    assert!(error.contains("no snapshot reaches that far"), "{error}");
}

#[tokio::test]
async fn a_damaged_snapshot_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    start(dir.path()).await.shutdown().await;
    let snapshot = dir.path().join("image.snapshot");
    let whole = fs::read(&snapshot).unwrap();
    for damage in [&whole[..whole.len() - 1], &whole[..40], b"", b"something else"] {
        fs::write(&snapshot, damage).unwrap();
        assert!(
            matches!(try_start(dir.path()).await, Err(StartError::Damaged { .. })),
            "{}",
            damage.len()
        );
    }
}

#[tokio::test]
async fn a_directory_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let controller = start(dir.path()).await;
    assert!(matches!(try_start(dir.path()).await, Err(StartError::Locked(_))));
    crash(&controller).await;
    start(dir.path()).await.shutdown().await;
}

#[tokio::test]
async fn a_later_format_and_another_node_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    start(dir.path()).await.shutdown().await;
    let other = ControllerConfig {
        node: NodeId(2),
        ..config(dir.path())
    };
    let error = Controller::start(other).await.unwrap_err();
    assert!(
        matches!(
            error,
            StartError::OtherNode {
                found: NODE,
                node: NodeId(2),
                ..
            }
        ),
        "{error}"
    );
    let log = dir.path().join(LOG);
    let mut bytes = fs::read(&log).unwrap();
    bytes["corvid quorum\n".len() + 3] = 9;
    fs::write(&log, bytes).unwrap();
    assert!(matches!(
        try_start(dir.path()).await,
        Err(StartError::UnknownFormat { version: 9, .. })
    ));
}
