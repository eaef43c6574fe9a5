//! A sync that fails: never tried again, never forgotten.

use std::sync::Arc;

use corvid_record::Offset;
use corvid_storage::{AppendError, ChangeError, LogConfig, LogListener, OpenError, Which};

use crate::arming::Armed;
use crate::support::*;

#[derive(Default)]
struct Failed(tokio::sync::Notify);

impl LogListener for Failed {
    fn written(&self, _: Offset) {}
    fn flushed(&self, _: Offset) {}
    fn failed(&self) {
        self.0.notify_one();
    }
}

/// The bug: the sync is tried again, succeeds because the kernel has dropped the pages, and lost records count as flushed.
#[tokio::test]
async fn it_poisons_the_directory_for_good() {
    for point in ["fs.sync_data", "flush.before", "flush.after"] {
        let armed = Armed::none_yet().await;
        let world = World::new().await;
        let (log, other) = (
            world.log(),
            world.directory.open_log("other-0", LogConfig::default()).unwrap(),
        );
        append(&log, plain(2, 0)).unwrap();
        flushed(&log).await;
        world.directory.sync().await.unwrap();
        let told = [Arc::new(Failed::default()), Arc::new(Failed::default())];
        log.set_listener(told[0].clone());
        other.set_listener(told[1].clone());
        // Once only: a second try would succeed.
        armed.arm(&format!("{point}=error@1"));
        append(&log, plain(3, 0)).unwrap();
        for listener in &told {
            listener.0.notified().await;
        }
        assert!(world.directory.poisoned().unwrap().contains("fail-point"), "{point}");
        assert_eq!(log.flushed(), Offset(2), "{point}: it did not rise");
        for log in [&log, &other] {
            assert!(
                matches!(append(log, plain(1, 0)), Err(AppendError::Poisoned(_))),
                "{point}"
            );
            log.request_flush();
        }
        assert_eq!(
            read(&log, 0, 2, 1_000, Which::Visible).len(),
            1,
            "{point}: what was flushed is still read"
        );
        assert!(matches!(
            world.directory.open_log("new-0", LogConfig::default()),
            Err(OpenError::Closed(_))
        ));
        assert!(
            matches!(log.truncate(Offset(2)).await, Err(ChangeError::Poisoned(_))),
            "{point}"
        );
        assert!(
            matches!(world.directory.shutdown().await, Err(ChangeError::Poisoned(_))),
            "{point}"
        );
        // The bug: a restart reads the pages back, and takes them for the disk's.
        let refused = open_directory(world.killed().path()).await;
        assert!(
            matches!(refused, Err(OpenError::Poisoned { .. })),
            "{point}: {refused:?}"
        );
        let killed = world.killed();
        assert!(!killed.path().join(".kafka_cleanshutdown").exists());
        // A person has looked at it.
        std::fs::remove_file(killed.path().join("sync-failed")).unwrap();
        assert_eq!(World::over(killed).await.log().end(), Offset(5), "{point}");
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_synced_counts_as_well() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    let log = world.log();
    world.directory.sync().await.unwrap();
    let told = Arc::new(Failed::default());
    log.set_listener(told.clone());
    armed.arm("fs.sync_dir=error@1");
    log.set_config(small_segments(300));
    let mut appended = 0;
    while append(&log, plain(2, 0)).is_ok() {
        appended += 1;
        if appended > 5 {
            told.0.notified().await;
        }
    }
    assert!(world.directory.poisoned().is_some() && log.flushed() < log.end());
}
