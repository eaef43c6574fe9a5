//! What a start finds is what was there, by either way.

use corvid_record::Offset;
use corvid_storage::{Log, Which};

use crate::support::*;

/// Everything a log knows.
fn knows(log: &Log) -> impl PartialEq + std::fmt::Debug + use<> {
    let end = log.end();
    (
        (
            log.start(),
            end,
            log.visible_start(end),
            log.visible_end(end),
            log.latest_epoch(),
            log.size_bytes(),
        ),
        (bases(log, Which::All), bases(log, Which::Visible)),
        (
            log.links(),
            log.producers(),
            log.entries(log.start(), end).unwrap(),
            log.max_timestamp(end).unwrap(),
        ),
    )
}

fn fill(log: &Log) {
    for number in 0..40 {
        append(log, produced(1 + i64::from(number) % 3, 0, number / 3 * 2, 2)).unwrap();
        let mate = if number % 2 == 0 {
            emptied(2)
        } else {
            plain(1, i64::from(number) * 100)
        };
        append_pair(log, entry_for(&mate, &plain(1, 0)), mate).unwrap();
        let at = log.link(source(5)).unwrap_or(position(-1, 0));
        append_linked(log, source(5), at, position(2, i64::from(number) + 1)).unwrap();
    }
}

#[tokio::test]
async fn a_clean_restart_walks_nothing_and_knows_all() {
    let world = World::new().await;
    let log = world.log_with(small_segments(2_000));
    fill(&log);
    let expected = knows(&log);
    let world = world.restart().await;
    assert!(world.directory.was_clean());
    // A sealed segment that nobody looks at may be anything: it is not read at the start.
    let log = world.log_with(small_segments(2_000));
    assert_eq!(log.flushed(), log.end());
    assert_eq!(knows(&log), expected);
    append(&log, plain(1, 0)).unwrap();
    // The mark of a clean shutdown is gone as soon as the directory is used.
    let killed = world.after_kill().await;
    assert!(!killed.directory.was_clean());
    assert_eq!(knows(&killed.log_with(small_segments(2_000))), knows(&log));
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_written() {
    let world = World::new().await;
    let log = world.log_with(small_segments(2_000));
    fill(&log);
    let killed = world.after_kill().await;
    assert_eq!(knows(&killed.log_with(small_segments(2_000))), knows(&log));
    flushed(&log).await;
    let killed = world.after_kill().await;
    assert_eq!(knows(&killed.log_with(small_segments(2_000))), knows(&log));
}

/// The bug: the recovered tail counts as flushed because it can be read, and a power cut takes it back.
#[tokio::test]
async fn the_recovered_tail_is_synced_before_it_counts() {
    let world = World::new().await;
    let log = world.log();
    append(&log, plain(2, 0)).unwrap();
    flushed(&log).await;
    let killed = world.killed();
    append(&log, plain(3, 0)).unwrap();
    let name = "00000000000000000000.log";
    std::fs::copy(world.log_path().join(name), killed.path().join(LOG).join(name)).unwrap();
    let world = World::over(killed).await;
    let log = world.log();
    assert!(log.end() == Offset(5) && log.flushed() >= Offset(2));
    flushed(&log).await;
    assert_eq!(log.flushed(), Offset(5));
}

/// The bug: state of a clean shutdown that does not fit the log is believed.
#[tokio::test]
async fn a_clean_state_that_does_not_fit_is_not_believed() {
    for damaged in [
        ".hidden",
        ".snapshot",
        ".index",
        ".timeindex",
        "leader-epoch-checkpoint",
    ] {
        let world = World::new().await;
        let log = world.log_with(small_segments(2_000));
        fill(&log);
        let expected = knows(&log);
        world.directory.shutdown().await.unwrap();
        let killed = world.killed();
        let name = files(&killed.path().join(LOG))
            .into_iter()
            .rfind(|name| name.ends_with(damaged))
            .unwrap();
        let path = killed.path().join(LOG).join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 1);
        std::fs::write(&path, bytes).unwrap();
        let world = World::over(killed).await;
        assert!(world.directory.was_clean());
        assert_eq!(knows(&world.log_with(small_segments(2_000))), expected, "{damaged}");
    }
}

#[tokio::test]
async fn old_index_entries_do_not_survive_a_cut() {
    let world = World::new().await;
    let log = world.log_with(small_segments(1 << 20));
    for _ in 0..3_000 {
        append(&log, plain(1, 0)).unwrap();
    }
    let killed = world.killed();
    std::fs::remove_file(killed.path().join("flushed-offset-checkpoint")).unwrap();
    let path = killed.path().join(LOG).join("00000000000000000000.log");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let world = World::over(killed).await;
    let log = world.log_with(small_segments(1 << 20));
    for _ in 0..500 {
        append(&log, plain(3, 0)).unwrap();
    }
    assert_eq!(bases(&log, Which::All).len(), 2_000);
    for from in (0..log.end().0).step_by(7) {
        let (base, end, _) = read(&log, from, log.end().0, 1, Which::All)[0];
        assert!(base <= from && from < end);
    }
}

/// The bug: thousands of sealed segments are opened, and the process runs out of descriptors.
#[tokio::test]
async fn sealed_segments_are_open_only_as_many_as_allowed() {
    let temporary = tempfile::tempdir().unwrap();
    let config = corvid_storage::LogDirectoryConfig {
        sealed_files_max: 8,
        ..corvid_storage::LogDirectoryConfig::default()
    };
    let dir = corvid_env::fs::Dir::open(temporary.path()).unwrap();
    let directory = corvid_storage::LogDirectory::open(dir, config).await.unwrap();
    let log = directory.open_log(LOG, small_segments(300)).unwrap();
    for _ in 0..200 {
        append(&log, plain(2, 0)).unwrap();
    }
    flushed(&log).await;
    let open = || {
        let of_log = |entry: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_link(entry.unwrap().path()).is_ok_and(|to| to.starts_with(temporary.path()))
        };
        std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter(|_| true)
            .filter_map(|entry| of_log(entry).then_some(()))
            .count()
    };
    for _ in 0..3 {
        assert_eq!(bases(&log, Which::Visible).len(), 200);
    }
    assert!(open() < 20, "{} files are open", open());
}
