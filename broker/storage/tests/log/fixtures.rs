//! What earlier releases have written is read for ever.
//!
//! `fixtures/v1/clean` is a directory after a clean shutdown, `fixtures/v1/crashed` one after a kill in the middle of a compaction's swap
//! and of a write. `clean.txt` and `crashed.txt` beside them say what is in them. They were written once, by the ignored test below,
//! with the release that introduced the format; a release that changes a format adds a `v2` beside them, and never
//! writes these again.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use corvid_env::clock::wall_clock;
use corvid_record::{BatchBuilder, Compression, LeaderEpoch, Offset, RecordParts, Timestamp, batches};
use corvid_storage::{AppendKind, Cleanup, Log, LogConfig, Reason, Which};

use crate::support::*;

const GROUPS: &str = "__consumer_offsets-7";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v1")
}

fn compacted() -> LogConfig {
    LogConfig {
        cleanup: Cleanup::Compact,
        ..small_segments(2_000)
    }
}

/// Everything that a log has, as text.
fn describe(log: &Log) -> String {
    let end = log.end();
    let mut text = format!("{}\n", log.name());
    writeln!(text, "  start {} end {end}", log.start()).unwrap();
    writeln!(text, "  visible {} to {}", log.visible_start(end), log.visible_end(end)).unwrap();
    for epoch in 0..=log.latest_epoch().0 {
        let (found, offset) = log.epoch_end(LeaderEpoch(epoch), end);
        writeln!(text, "  epoch {epoch}: {found} ends at {offset}").unwrap();
    }
    for (source, position) in log.links() {
        writeln!(text, "  link {source}: {} {}", position.epoch, position.offset).unwrap();
    }
    for producer in log.producers() {
        writeln!(
            text,
            "  producer {}: epoch {} sequence {} offset {}",
            producer.id, producer.epoch, producer.last_sequence, producer.last_offset
        )
        .unwrap();
    }
    for timestamp in [0, 1_001, 2_500, 5_000, 9_000] {
        let found = log
            .offset_for_timestamp(Timestamp(timestamp), end)
            .unwrap()
            .map(|(offset, ..)| offset.0);
        writeln!(text, "  at {timestamp}: {found:?}").unwrap();
    }
    let entries: Vec<_> = log
        .entries(log.start(), end)
        .unwrap()
        .into_iter()
        .map(|entry| entry.offset.0)
        .collect();
    writeln!(text, "  entries {entries:?}").unwrap();
    let visible = bases(log, Which::Visible);
    for base in bases(log, Which::All) {
        let bytes = log.read_bytes(Offset(base), end, 1, true, Which::All).unwrap();
        let batch = batches(&bytes).next().unwrap().unwrap();
        let seen = if visible.contains(&base) { "visible" } else { "hidden" };
        writeln!(
            text,
            "  batch {base} to {}: {seen}, {} bytes, crc {:08x}",
            batch.next_offset(),
            batch.size(),
            batch.crc()
        )
        .unwrap();
    }
    text
}

fn describe_all(world: &World) -> String {
    let orders = world.directory.open_log(LOG, small_segments(2_000)).unwrap();
    let groups = world.directory.open_log(GROUPS, compacted()).unwrap();
    describe(&orders) + &describe(&groups)
}

/// The bug: a release that can't read what the one before it has written.
#[tokio::test]
async fn what_the_first_release_wrote_is_read() {
    for state in ["clean", "crashed"] {
        let expected = std::fs::read_to_string(fixtures().join(format!("{state}.txt"))).unwrap();
        let copy = tempfile::tempdir().unwrap();
        copy_all(&fixtures().join(state), copy.path());
        let world = World::over(copy).await;
        assert_eq!(world.directory.was_clean(), state == "clean");
        assert_eq!(describe_all(&world), expected, "{state}");
        append_in(
            &world.log_with(small_segments(2_000)),
            9,
            plain(1, 0),
            AppendKind::Client,
        )
        .unwrap();
    }
}

/// One record of a key: what groups write.
fn keyed(key: i64, value: Option<&str>) -> bytes::Bytes {
    let mut builder = BatchBuilder::new(Compression::None);
    let key = format!("group {key}");
    let parts = RecordParts {
        timestamp: Timestamp(1_000),
        key: Some(key.as_bytes()),
        value: value.map(str::as_bytes),
        ..RecordParts::default()
    };
    builder.push(&parts);
    builder.finish(None).unwrap()
}

fn fill_orders(log: &Log) {
    for number in 0..12 {
        let epoch = 1 + number / 4;
        append_in(
            log,
            epoch,
            produced(1 + i64::from(number % 2), 0, number / 2 * 3, 3),
            AppendKind::Client,
        )
        .unwrap();
        let at = log.link(source(5)).unwrap_or(position(-1, 0));
        let kind = AppendKind::Link {
            source: source(5),
            expected: at,
        };
        append_in(
            log,
            epoch,
            linked(source(5), position(2, i64::from(number) + 1), 1),
            kind,
        )
        .unwrap();
        let mate = if number % 3 == 0 {
            emptied(2)
        } else {
            plain(2, i64::from(number) * 500)
        };
        let pair = corvid_storage::Append {
            epoch: LeaderEpoch(epoch),
            entry: Some(entry_for(&mate, &plain(1, 0))),
            batch: mate,
            kind: AppendKind::Client,
        };
        log.append(pair).unwrap();
    }
}

/// Writes the fixtures. Run once for each format: `cargo test -p corvid-storage --test log fixtures::write -- --ignored`.
#[tokio::test]
#[ignore = "it writes into the repository, once"]
async fn write() {
    assert!(!fixtures().exists(), "fixtures are written once");
    let world = World::new().await;
    let orders = world.directory.open_log(LOG, small_segments(2_000)).unwrap();
    fill_orders(&orders);
    orders.advance_start(Offset(33), Reason::DeleteRecords).unwrap();
    orders.retain(wall_clock(), orders.end()).unwrap();
    let groups = world.directory.open_log(GROUPS, compacted()).unwrap();
    for number in 0..40 {
        append_in(
            &groups,
            1,
            keyed(number % 6, (number % 7 != 0).then_some("offsets")),
            AppendKind::Internal,
        )
        .unwrap();
    }
    flushed(&groups).await;
    flushed(&orders).await;
    world.directory.sync().await.unwrap();
    let before = world.killed();
    groups
        .compact(wall_clock(), groups.end(), || true)
        .await
        .unwrap()
        .unwrap();
    std::fs::create_dir_all(fixtures()).unwrap();
    std::fs::write(fixtures().join("clean.txt"), describe_all(&world)).unwrap();
    world.directory.shutdown().await.unwrap();
    keep(world.path(), &fixtures().join("clean"));
    // As if the kill had come after the commit of the swap, and during a write to the other log.
    let swap = |name: &str| {
        before
            .path()
            .join(GROUPS)
            .join(format!("00000000000000000000.log{name}"))
    };
    std::fs::copy(
        world.path().join(GROUPS).join("00000000000000000000.log"),
        swap(".swap"),
    )
    .unwrap();
    let last = files(&before.path().join(LOG))
        .into_iter()
        .rfind(|name| name.ends_with(".log"))
        .unwrap();
    let torn = before.path().join(LOG).join(last);
    let mut bytes = std::fs::read(&torn).unwrap();
    bytes.extend_from_slice(&plain(2, 0)[..90]);
    std::fs::write(torn, bytes).unwrap();
    keep(before.path(), &fixtures().join("crashed"));
    let recovered = World::over(before).await;
    std::fs::write(fixtures().join("crashed.txt"), describe_all(&recovered)).unwrap();
}

fn keep(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    copy_all(from, to);
    for name in [".lock", "reserve"] {
        std::fs::remove_file(to.join(name)).unwrap();
    }
}
