//! What others ask while a log is looked through.

use std::os::unix::fs::FileExt;

use bytes::Bytes;
use corvid_env::fs::Dir;
use corvid_metadata::config::Durability;
use corvid_metadata::{NodeId, PartitionIndex, TopicId};
use corvid_record::hidden::{EntryBuilder, Hold, SubBatch, Target};
use corvid_record::{BatchBuilder, Compression, LeaderEpoch, RecordParts, Timestamp};
use corvid_replication::{Leadership, PartitionId};
use corvid_storage::{AppendKind, Cleanup, LogConfig, LogDirectory, LogDirectoryConfig, Reason, Which};

use super::change::AGAIN_BYTES;
use super::*;
use crate::holds::checkpoint::HeldCheckpoint;

const TOPIC: TopicId = TopicId([7; 16]);
const SOURCE: SourceId = SourceId::new(3).unwrap();

const ID: PartitionId = PartitionId {
    topic: TOPIC,
    index: PartitionIndex(0),
};

fn leadership(durability: Durability) -> Leadership {
    Leadership {
        epoch: LeaderEpoch(1),
        in_sync: vec![NodeId(1)],
        durability,
        min_in_sync: 1,
        source: Some(SOURCE),
        release_rate: Some(1_000),
    }
}

struct Bench {
    partition: Arc<Partition>,
    _directory: Arc<LogDirectory>,
    dir: tempfile::TempDir,
}

/// A log with nothing in it.
async fn empty() -> Bench {
    empty_with(LogConfig::default().segment_bytes).await
}

/// A log with nothing in it, whose segments have so many bytes.
async fn empty_with(segment_bytes: u64) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let directory = LogDirectory::open(Dir::open(dir.path()).unwrap(), LogDirectoryConfig::default());
    let directory = directory.await.unwrap();
    // It is synced when a test wants it.
    let config = LogConfig {
        durability: corvid_storage::Durability::Replicas,
        segment_bytes,
        ..LogConfig::default()
    };
    let log = directory.open_log("later-0", config).unwrap();
    let partition = Partition::lead(ID, "later".into(), log, leadership(Durability::Replicas));
    Bench {
        partition,
        _directory: directory,
        dir,
    }
}

/// A log with a hold, more than is read at once, and the hold's release.
async fn bench() -> Bench {
    let bench = empty().await;
    bench.append(held("held", DUE)).await;
    bench.append(batch("filler", &vec![0; 3 << 19])).await;
    bench.live(None).await;
    assert_eq!(bench.releases(), 1);
    bench
}

/// A segment's bytes, where a test wants several.
const SMALL: u64 = 1 << 10;
/// Long ago.
const DUE: Timestamp = Timestamp(1);
/// Never, as far as a test goes.
const FAR: Timestamp = Timestamp(i64::MAX - 1);

impl Bench {
    /// Appends what is committed when this returns.
    async fn append(&self, batch: Bytes) -> Offset {
        let appended = self.partition.append(batch, AppendKind::Internal).unwrap();
        self.partition.committed(appended.end).await.unwrap();
        appended.base_offset
    }

    fn keeper(&self, snapshot: Option<Snapshot>) -> (Keeper, mpsc::Sender<Ask>) {
        let (ask, asked) = mpsc::channel(4);
        let keeper = Keeper::new(self.partition.clone(), SOURCE, Arc::default(), asked, snapshot);
        (keeper, ask)
    }

    /// Appends as much as makes a new segment begin, in segments of [`SMALL`] bytes.
    async fn roll(&self) {
        self.append(batch("filler", &[0; SMALL as usize])).await;
    }

    /// Returns once everything that is there is on the disk.
    async fn flush(&self) {
        let end = self.partition.log().end();
        self.partition.log().request_flush();
        self.partition.flushed_to(end).await.unwrap();
    }

    /// What is in the segment that begins here can't be read any more.
    fn lose_segment(&self, base: Offset) {
        let path = self.dir.path().join(format!("later-0/{:020}.log", base.0));
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_len(0).unwrap();
    }

    /// A life in which nobody asks anything.
    async fn live(&self, snapshot: Option<Snapshot>) {
        let (mut keeper, _ask) = self.keeper(snapshot);
        keeper.replay().await.unwrap();
        while matches!(keeper.turn().await.unwrap(), Rest::Not) {}
    }

    fn releases(&self) -> usize {
        let (log, end) = (self.partition.log(), self.partition.high_watermark());
        let bytes = log.read_bytes(log.start(), end, 1 << 24, true, Which::Visible).unwrap();
        let batches: Vec<_> = corvid_record::batches(&bytes).map(Result::unwrap).collect();
        batches.len() - 1
    }
}

/// The bug: a log's tail counts as committed some time after the start, when it is synced. A release in it, of
/// an earlier life, was passed over, and what it had released came again.
#[tokio::test]
async fn a_release_that_is_committed_after_the_start_is_one() {
    let mut bench = bench().await;
    let log = bench.partition.log().clone();
    bench.partition = Partition::lead(ID, "later".into(), log, leadership(Durability::Disk));
    let (keeper, ask) = bench.keeper(None);
    let life = tokio::spawn(keeper.run());
    // It is asked, so that it has looked.
    let asked = async |last| {
        let (answer, snapshot) = oneshot::channel();
        ask.send(Ask::Snapshot { last, answer }).await.unwrap();
        snapshot.await.unwrap()
    };
    asked(false).await;
    assert!(bench.partition.high_watermark() < bench.partition.log().end());
    bench.partition.log().request_flush();
    let end = bench.partition.log().end();
    bench.partition.committed(end).await.unwrap();
    let (answer, listed) = oneshot::channel();
    let (from, limit) = (Offset(0), 9);
    ask.send(Ask::List { from, limit, answer }).await.unwrap();
    assert_eq!(listed.await.unwrap().unwrap(), []);
    asked(true).await;
    life.await.unwrap();
    assert_eq!((bench.releases(), bench.partition.log().end()), (1, end));
}

/// The bug: an entry whose mate a crash has cut off keeps everything that is held waiting, until somebody produces.
#[tokio::test]
async fn an_entry_without_its_mate_stops_no_release() {
    let bench = bench().await;
    bench.append(held("due", DUE)).await;
    let mate = batch("never written", b"");
    let entry = EntryBuilder::for_mate(&Batch::parse(&mate).unwrap(), Timestamp(1));
    let entry = entry.sub_batch(sub_batch("torn", DUE)).finish().unwrap();
    bench.partition.append(entry, AppendKind::Internal).unwrap();
    bench.live(None).await;
    assert_eq!(bench.releases(), 2);
}

/// The bug: what was acknowledged a moment ago is not listed, and not cancelled, since the keeper has not looked yet.
#[tokio::test]
async fn what_is_committed_is_listed_and_cancelled_at_once() {
    let bench = bench().await;
    let (mut keeper, _ask) = bench.keeper(None);
    keeper.replay().await.unwrap();
    for first in [true, false] {
        let from = bench.append(held("again", DUE)).await;
        let names = vec![from];
        if first {
            let (answer, listed) = oneshot::channel();
            keeper.answer(Ask::List { from, limit: 9, answer }).await.unwrap();
            assert_eq!(listed.await.unwrap().unwrap().len(), 1);
        }
        let (answer, cancelled) = oneshot::channel();
        keeper.answer(Ask::Cancel { names, answer }).await.unwrap();
        assert_eq!(cancelled.await.unwrap().unwrap(), 1);
    }
}

fn batch(key: &str, value: &[u8]) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(&RecordParts {
        key: Some(key.as_bytes()),
        value: Some(value),
        ..RecordParts::default()
    });
    builder.finish(None).unwrap()
}

fn sub_batch(key: &str, due: Timestamp) -> SubBatch {
    sub_batch_of(batch(key, b"value"), due)
}

fn sub_batch_of(batch: Bytes, due: Timestamp) -> SubBatch {
    let hold = Hold {
        due,
        first_offset: None,
        attempts: 0,
        decision: Vec::new(),
    };
    SubBatch {
        target: Target {
            topic_id: TOPIC.0,
            partition: 0,
        },
        hold: Some(hold),
        origins: Vec::new(),
        offset_headers: Vec::new(),
        batch,
    }
}

fn held(key: &str, due: Timestamp) -> Bytes {
    EntryBuilder::armed_alone(Timestamp(1))
        .sub_batch(sub_batch(key, due))
        .finish()
        .unwrap()
}

/// The bug: a node that is stopped while it still looks through its logs writes down that what was released is held; its next life
/// releases it again.
#[tokio::test]
async fn a_snapshot_from_the_middle_of_a_replay_forgets_no_release() {
    let bench = bench().await;
    let (keeper, ask) = bench.keeper(None);
    let (answer, snapshot) = oneshot::channel();
    ask.try_send(Ask::Snapshot { last: true, answer }).unwrap();
    keeper.run().await;
    bench.live(Some(snapshot.await.unwrap())).await;
    assert_eq!(bench.releases(), 1);
}

/// The bug: a record that came before the restart is said to be cancelled, since its release is not found yet.
#[tokio::test]
async fn what_came_before_a_restart_is_not_cancelled_after_it() {
    let bench = bench().await;
    let (keeper, ask) = bench.keeper(None);
    let (answer, cancelled) = oneshot::channel();
    let names = vec![Offset(0)];
    ask.try_send(Ask::Cancel { names, answer }).unwrap();
    drop(ask);
    keeper.run().await;
    assert_eq!(cancelled.await.unwrap().unwrap(), 0);
}

/// The bug: one entry among those that are looked through again is damaged, and the keeper ends: nothing is released any more.
#[tokio::test]
async fn a_damaged_entry_is_passed_over_when_holds_are_found_again() {
    let bench = empty().await;
    let [first, second] = [Timestamp(i64::MAX - 2), Timestamp(i64::MAX - 1)];
    bench.append(held("first", first)).await;
    bench.append(held("second", second)).await;
    let (mut keeper, _ask) = bench.keeper(None);
    keeper.follow().unwrap();
    assert_eq!(keeper.holds.len(), 2);
    let log = bench.dir.path().join("later-0/00000000000000000000.log");
    let log = std::fs::File::options().write(true).open(log).unwrap();
    log.write_all_at(&[0xff; 8], 100).unwrap();
    keeper.held_in(Offset(0), Offset(4096)).unwrap();
    let found = keeper.held_in(Offset(0), Offset(4096)).unwrap();
    let due: Vec<_> = found.iter().map(|held| held.due).collect();
    assert_eq!(due, [second]);
    assert_eq!(keeper.counters.holds_damaged(), 1, "told once");
    assert_eq!(keeper.holds.len(), 2, "nothing of it is deleted");
}

/// The bugs: a hold whose due time a disk has changed is believed, and released early; or its keeper ends, and others wait for ever; or it
/// is counted again with every look.
#[tokio::test]
async fn a_damaged_entry_is_not_believed_when_the_log_is_looked_through() {
    let bench = empty().await;
    bench.append(held("damaged", DUE)).await;
    bench.append(held("sound", DUE)).await;
    let log = bench.dir.path().join("later-0/00000000000000000000.log");
    let log = std::fs::File::options().write(true).open(log).unwrap();
    // The last byte of the first entry's base timestamp.
    log.write_all_at(&[0x55], 34).unwrap();
    let (mut keeper, _ask) = bench.keeper(None);
    keeper.replay().await.unwrap();
    for _ in 0..3 {
        while matches!(keeper.turn().await.unwrap(), Rest::Not) {}
    }
    assert_eq!((keeper.holds.len(), keeper.counters.holds_damaged()), (1, 1));
    assert_eq!(keeper.counters.records_released(), 1);
    assert_eq!(bench.partition.holding().needed_from(), Offset(0));
    assert_eq!(keeper.cancel(&[Offset(0)]).await.unwrap(), 1, "it can be given up");
    assert_eq!(keeper.holds.len(), 0);
}

/// The bug: a batch that is judged while its topic allows delays, and written when it does no more, is held until the node is restarted;
/// and retention doesn't know of it.
#[tokio::test]
async fn what_was_judged_before_delays_were_forbidden_comes_back_all_the_same() {
    let bench = empty().await;
    let (keeper, ask) = bench.keeper(None);
    let life = tokio::spawn(keeper.run());
    let none = Leadership {
        release_rate: None,
        ..leadership(Durability::Replicas)
    };
    bench.partition.update(none);
    // It has looked, and rests.
    let (answer, snapshot) = oneshot::channel();
    ask.send(Ask::Snapshot { last: false, answer }).await.unwrap();
    snapshot.await.unwrap();
    tokio::task::yield_now().await;
    let hold = bench.append(held("late", DUE)).await;
    let released = bench.partition.committed(Offset(hold.0 + 2));
    assert!(
        tokio::time::timeout(std::time::Duration::from_secs(20), released)
            .await
            .is_ok()
    );
    life.abort();
}

/// The bug: nothing is written any more, and a release that a sync has covered meanwhile keeps retention from its hold for ever.
#[tokio::test]
async fn what_a_sync_has_covered_is_let_go_though_nothing_is_written() {
    let bench = empty().await;
    bench.append(held("held", DUE)).await;
    bench.flush().await;
    let (keeper, _ask) = bench.keeper(None);
    let life = tokio::spawn(keeper.run());
    let partition = bench.partition.clone();
    partition.committed(Offset(2)).await.unwrap();
    assert_eq!(partition.holding().needed_from(), Offset(0), "it may still be cut off");
    partition.log().request_flush();
    let let_go = async {
        while partition.holding().needed_from() == Offset(0) {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), let_go).await;
    assert!(waited.is_ok());
    life.abort();
}

/// The bug: retention overtakes the keeper of a topic that holds nothing yet, and what the topic holds later is neither released nor listed
/// before a restart.
#[tokio::test]
async fn what_retention_took_before_anything_was_held_is_not_waited_for() {
    let bench = empty_with(SMALL).await;
    let none = Leadership {
        release_rate: None,
        ..leadership(Durability::Replicas)
    };
    bench.partition.update(none);
    let (mut keeper, _ask) = bench.keeper(None);
    keeper.replay().await.unwrap();
    keeper.turn().await.unwrap();
    for _ in 0..3 {
        bench.roll().await;
    }
    bench.flush().await;
    let log = bench.partition.log();
    log.advance_start(log.end(), Reason::Retention).unwrap();
    assert!(keeper.holds.looked_to() < log.start());
    bench.partition.update(leadership(Durability::Replicas));
    bench.append(held("late", DUE)).await;
    let before = log.end();
    while matches!(keeper.turn().await.unwrap(), Rest::Not) {}
    assert_eq!(log.end(), before.next(), "it is released");
}

/// The bug: under `replicas`, what is held again is in the page cache only when retention deletes what it was held by, and a power cut
/// takes the only copy.
#[tokio::test]
async fn what_is_held_again_is_on_the_disk_before_the_old_hold_is_let_go() {
    let bench = empty_with(SMALL).await;
    let first = bench.append(held("far", FAR)).await;
    bench.roll().await;
    bench.flush().await;
    let (mut keeper, _ask) = bench.keeper(None);
    keeper.replay().await.unwrap();
    let (log, holding) = (bench.partition.log(), bench.partition.holding());
    let below = log.end();
    holding.want_below(below);
    let turn = tokio::spawn(async move { while matches!(keeper.turn().await.unwrap(), Rest::Not) {} });
    while !turn.is_finished() {
        // In this order: what is needed is told after the flush.
        let (needed_from, flushed) = (holding.needed_from(), log.flushed());
        assert!(needed_from == first || flushed > below);
        tokio::task::yield_now().await;
    }
    turn.await.unwrap();
    assert_eq!(holding.needed_from(), below, "it is held there now");
    assert!(log.flushed() > below);
}

/// The bug: a keeper that takes over in the midst of a node's life finds releases in the log's tail, which a power cut would take back,
/// and lets go of what they released.
#[tokio::test]
async fn what_an_earlier_keeper_released_is_let_go_once_a_sync_has_covered_it() {
    let bench = bench().await;
    let (log, holding) = (bench.partition.log(), bench.partition.holding());
    let (released, from) = (log.end(), Offset(0));
    assert_eq!(holding.needed_from(), from);
    let (keeper, _ask) = bench.keeper(None);
    let life = tokio::spawn(keeper.run());
    let let_go = async {
        while holding.needed_from() == from {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), let_go).await;
    assert!(waited.is_ok());
    assert!(log.flushed() >= released);
    life.abort();
}

/// The bug: a release fails again and again, and nobody is told that the one before it is on the disk: retention makes no room.
#[tokio::test]
async fn what_a_sync_has_covered_is_let_go_though_the_next_release_fails() {
    let bench = empty_with(SMALL).await;
    bench.append(held("first", DUE)).await;
    bench.roll().await;
    let second = bench.append(held("second", DUE)).await;
    bench.roll().await;
    let (mut keeper, _ask) = bench.keeper(None);
    keeper.replay().await.unwrap();
    keeper.follow().unwrap();
    bench.lose_segment(second);
    keeper.turn().await.err().unwrap();
    assert_eq!(keeper.counters.records_released(), 1);
    bench.flush().await;
    keeper.turn().await.err().unwrap();
    assert_eq!(bench.partition.holding().needed_from(), second);
}

/// The bug: not all can be held again, and nobody is told of what was: retention makes no room, and the next time it is the same.
#[tokio::test]
async fn what_was_held_again_is_let_go_though_the_rest_cannot_be() {
    let bench = empty_with(SMALL).await;
    bench.append(held("first", FAR)).await;
    bench.roll().await;
    // Too much to be held again together with another.
    let large = sub_batch_of(batch("second", &vec![0; AGAIN_BYTES]), FAR);
    let large = EntryBuilder::armed_alone(Timestamp(1)).sub_batch(large);
    let second = bench.append(large.finish().unwrap()).await;
    let third = bench.append(held("third", FAR)).await;
    bench.roll().await;
    let (mut keeper, _ask) = bench.keeper(None);
    keeper.replay().await.unwrap();
    keeper.turn().await.unwrap();
    bench.lose_segment(third);
    bench.partition.holding().want_below(bench.partition.log().end());
    keeper.turn().await.err().unwrap();
    assert_eq!(bench.partition.holding().needed_from(), second);
}

/// The bug: a checkpoint is taken where compaction has removed the end of a hold since, with the hold: it is pending for ever, and nothing
/// from it on is deleted.
#[tokio::test]
async fn a_checkpoint_from_before_a_compaction_holds_nothing() {
    let bench = empty_with(SMALL).await;
    bench.append(held("gone", DUE)).await;
    let (mut keeper, _ask) = bench.keeper(None);
    keeper.follow().unwrap();
    let mut checkpoint = HeldCheckpoint::default();
    checkpoint.set(ID, keeper.holds.snapshot(bench.partition.log()));
    while matches!(keeper.turn().await.unwrap(), Rest::Not) {}
    assert_eq!(keeper.counters.records_released(), 1);
    // It takes the place of what was released.
    bench.append(batch("gone", b"")).await;
    bench.roll().await;
    bench.roll().await;
    bench.flush().await;
    keeper.turn().await.unwrap();
    let log = bench.partition.log();
    log.set_config(LogConfig {
        cleanup: Cleanup::Compact,
        ..log.config()
    });
    let limit = bench.partition.holding().needed_from();
    log.compact(clock::wall_clock(), limit, || true).await.unwrap().unwrap();

    let (mut keeper, _ask) = bench.keeper(checkpoint.take(ID, log));
    keeper.replay().await.unwrap();
    while matches!(keeper.turn().await.unwrap(), Rest::Not) {}
    assert_eq!(keeper.holds.len(), 0);
    assert_eq!(bench.partition.holding().needed_from(), log.end());
}
