//! A directory belongs to one process, one node, one cluster; a log's name to one life of it.

use corvid_env::fs::Dir;
use corvid_record::Offset;
use corvid_storage::{AppendError, LogConfig, LogDirectory, LogDirectoryConfig, OpenError};

use crate::support::*;

#[tokio::test]
async fn a_directory_is_used_by_one_at_a_time() {
    let world = World::new().await;
    assert!(matches!(open_directory(world.path()).await, Err(OpenError::Lock(_))));
    let id = world.directory.id();
    let world = world.restart().await;
    assert_eq!(world.directory.id(), id);
}

#[tokio::test]
async fn a_foreign_directory_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let open = |cluster: &str| {
        let config = LogDirectoryConfig {
            cluster_id: Some(cluster.to_owned()),
            ..LogDirectoryConfig::default()
        };
        LogDirectory::open(Dir::open(temporary.path()).unwrap(), config)
    };
    open("a").await.unwrap().shutdown().await.unwrap();
    assert!(matches!(
        open("b").await,
        Err(OpenError::Foreign { key: "cluster.id", .. })
    ));
}

#[tokio::test]
async fn a_newer_format_is_refused_by_name_and_version() {
    let world = World::new().await;
    world.directory.shutdown().await.unwrap();
    let path = world.path().join("flushed-offset-checkpoint");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[5] = 9;
    std::fs::write(&path, bytes).unwrap();
    let refused = open_directory(world.killed().path()).await;
    assert!(
        matches!(
            refused,
            Err(OpenError::Version {
                found: 9,
                supported: 1,
                ..
            })
        ),
        "{refused:?}"
    );
}

/// The bug: a topic that is deleted and made again inherits a flushed position, and looks as if it had lost records.
#[tokio::test]
async fn a_log_that_is_made_again_has_nothing_of_the_old_one() {
    let world = World::new().await;
    let log = world.log();
    append(&log, produced(1, 0, 0, 5)).unwrap();
    flushed(&log).await;
    world.directory.delete_log(LOG).await.unwrap();
    assert!(matches!(append(&log, plain(1, 0)), Err(AppendError::Closed)));
    assert!(!world.log_path().exists());
    assert!(world.directory.names().unwrap().is_empty());
    let log = world.log();
    assert_eq!((log.end(), log.flushed()), (Offset(0), Offset(0)));
    append(&log, produced(1, 0, 7, 1)).unwrap();
    let killed = world.after_kill().await;
    assert_eq!(killed.log().end(), Offset(1));
    world.directory.delete_log("never-0").await.unwrap();
}

/// The bug: who still holds a deleted log asks for a flush of it, as housekeeping does, and its position is written into the slot that
/// the new log of the same name has by now. After the next crash that one looks as if it had lost records, and doesn't open.
#[tokio::test]
async fn a_deleted_log_writes_nothing_into_the_slot_of_the_next_one() {
    let world = World::new().await;
    let old = world.log();
    append(&old, plain(50, 0)).unwrap();
    flushed(&old).await;
    world.directory.delete_log(LOG).await.unwrap();
    append(&world.log(), plain(3, 0)).unwrap();
    world.directory.sync().await.unwrap();
    assert!(old.retain(corvid_env::clock::wall_clock(), Offset(50)).is_err());
    old.request_flush();
    world.directory.sync().await.unwrap();
    assert_eq!(world.after_kill().await.log().end(), Offset(3));
}

#[tokio::test]
async fn a_deletion_that_was_interrupted_is_finished_at_the_next_start() {
    let world = World::new().await;
    append(&world.log(), plain(5, 0)).unwrap();
    flushed(&world.log()).await;
    let killed = world.killed();
    let left = killed.path().join("orders-0.0123456789abcdef-delete");
    std::fs::rename(killed.path().join(LOG), &left).unwrap();
    let world = World::over(killed).await;
    assert!(!world.path().join("orders-0.0123456789abcdef-delete").exists());
    assert_eq!(world.log().end(), Offset(0));
}

#[tokio::test]
async fn a_name_that_no_log_has_is_refused() {
    let world = World::new().await;
    for name in ["", "orders", "../orders-0", "orders-01", "orders-x"] {
        assert!(
            matches!(
                world.directory.open_log(name, LogConfig::default()),
                Err(OpenError::BadName(_))
            ),
            "{name}"
        );
    }
}

#[tokio::test]
async fn after_a_shutdown_nothing_is_taken() {
    let world = World::new().await;
    let log = world.log();
    world.directory.shutdown().await.unwrap();
    world.directory.shutdown().await.unwrap();
    assert!(matches!(append(&log, plain(1, 0)), Err(AppendError::Closed)));
    assert!(matches!(
        world.directory.open_log("new-0", LogConfig::default()),
        Err(OpenError::Closed(_))
    ));
}
