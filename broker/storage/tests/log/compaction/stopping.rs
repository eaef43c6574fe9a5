//! A pass that is told to stop.

use corvid_storage::{ChangeError, Compacted};

use super::*;

/// Sealed segments, as files.
fn sealed(world: &World) -> usize {
    let files = files(&world.log_path());
    files.iter().filter(|name| name.ends_with(".log")).count() - 1
}

/// Says no when so many files are written, each from one segment of less than a window: it is asked once for each segment whose keys
/// are mapped, before each file, and for each segment that is rewritten.
pub fn after_files(world: &World, count: usize) -> impl FnMut() -> bool {
    let mut left = sealed(world) + 2 * count + 1;
    move || {
        left = left.saturating_sub(1);
        left > 0
    }
}

fn has_unfinished(world: &World) -> bool {
    files(&world.log_path()).iter().any(|name| name.ends_with(".cleaned"))
}

/// The bug: a node that is told to stop compacts a long log to its end first; or what it left is taken for done.
#[tokio::test]
async fn it_stops_between_two_files_and_goes_on_the_next_time() {
    let world = World::new().await;
    let log = world.log_with(compacted(1_500));
    fill(&log);
    flushed(&log).await;
    let (before, end) = (contents(&log), log.end());
    let go_on = after_files(&world, 2);
    let some = log.compact(wall_clock(), end, go_on).await.unwrap().unwrap();
    assert_eq!(last_of_each(&contents(&log)), last_of_each(&before));
    let rest = log.compact(wall_clock(), end, || true).await.unwrap().unwrap();
    assert!(
        some.records_removed > 0 && rest.records_removed > 0,
        "{some:?} {rest:?}"
    );
    let after = contents(&log);
    assert_eq!(last_of_each(&after), last_of_each(&before));
    assert_eq!(
        after.len() as u64,
        before.len() as u64 - some.records_removed - rest.records_removed
    );
}

/// The bug: all that is new is read before anybody asks. A stop, or what is due elsewhere, waits for as long.
#[tokio::test]
async fn it_stops_while_it_maps_keys() {
    let world = World::new().await;
    let log = world.log_with(compacted(300));
    fill(&log);
    flushed(&log).await;
    let before = contents(&log);
    let mut asked = 0;
    let go_on = || {
        asked += 1;
        asked < 2
    };
    let done = log.compact(wall_clock(), log.end(), go_on).await.unwrap().unwrap();
    assert_eq!((done, asked), (Compacted::default(), 2));
    assert_eq!(contents(&log), before);
    let cleaned = std::fs::read_to_string(world.path().join("cleaner-offset-checkpoint"));
    assert!(cleaned.is_err(), "it has not begun: {cleaned:?}");
}

/// The bug: a file as large as a segment may be is written to its end first.
#[tokio::test]
async fn it_stops_within_a_file() {
    let world = World::new().await;
    let log = world.log_with(compacted(3 << 20));
    let large = |key: i64| {
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(&corvid_record::RecordParts {
            key: Some(format!("key {key}").as_bytes()),
            value: Some(&vec![7; 300_000]),
            ..corvid_record::RecordParts::default()
        });
        append_in(&log, 1, builder.finish(None).unwrap(), AppendKind::Internal).unwrap();
    };
    (0..12).for_each(|number| large(number % 5));
    flushed(&log).await;
    assert_eq!(sealed(&world), 1);
    let (before, end) = (contents(&log), log.end());
    // The log once more, to be stopped at the last question of a whole pass.
    let copy = world.after_kill().await;
    let copied = copy.log_with(compacted(3 << 20));
    flushed(&copied).await;
    let mut asked = 0;
    let go_on = || {
        asked += 1;
        true
    };
    log.compact(wall_clock(), end, go_on).await.unwrap().unwrap();
    assert!(asked >= 7, "three windows, the file, three windows: {asked}");
    let mut left = asked - 1;
    let go_on = || {
        left -= 1;
        left > 0
    };
    let done = copied.compact(wall_clock(), end, go_on).await.unwrap().unwrap();
    assert_eq!(done, Compacted::default());
    assert_eq!(contents(&copied), before);
    assert!(!has_unfinished(&copy), "what was written takes no room");
}

/// The bug: a topic is deleted while its keys are mapped, and who deletes it, the one that follows the metadata, waits until all is read.
#[tokio::test]
async fn it_stops_when_the_log_is_deleted() {
    let world = World::new().await;
    let log = world.log_with(compacted(300));
    fill(&log);
    flushed(&log).await;
    let (mut asked, mut deletion) = (0, None);
    let go_on = || {
        asked += 1;
        let directory = world.directory.clone();
        deletion.get_or_insert_with(|| {
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(directory.delete_log(LOG))
            })
        });
        // Until the log is closed; there is nothing to roll.
        while log.roll_if_due(WallTime(0)).is_ok() {
            std::thread::yield_now();
        }
        true
    };
    let stopped = log.compact(wall_clock(), log.end(), go_on).await;
    assert!(matches!(stopped, Err(ChangeError::Closed)), "{stopped:?}");
    deletion.unwrap().join().unwrap().unwrap();
    assert_eq!(asked, 1);
    assert!(!world.log_path().exists());
}
