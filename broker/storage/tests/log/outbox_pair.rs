//! An outbox entry and its mate are in one segment, the entry right before.

use corvid_record::Offset;
use corvid_storage::Which;

use crate::support::*;

/// The bug: the roll falls between an entry and its mate, and a lost second segment leaves an entry that was acknowledged unarmed.
#[tokio::test]
async fn an_entry_is_never_split_from_its_mate_by_a_roll() {
    for padding in 0..40 {
        let world = World::new().await;
        let log = world.log_with(small_segments(700));
        append(&log, plain(padding % 8 + 1, 0)).unwrap();
        for _ in 0..4 {
            let mate = plain(padding / 8 + 1, 1_000);
            let appended = append_pair(&log, entry_for(&mate, &plain(1, 0)), mate).unwrap();
            let entry = Offset(appended.base_offset.0 - 1);
            let found = log.entries(entry, log.end()).unwrap();
            assert_eq!(found.entries[0].offset, entry);
            let slices = log.read(entry, log.end(), 1 << 20, true, Which::All).unwrap();
            assert_eq!(slices.ranges.len(), 1, "both are in one range of one file");
        }
    }
}

#[tokio::test]
async fn entries_are_listed_in_order_and_in_pieces() {
    let world = World::new().await;
    let log = world.log_with(small_segments(4_000));
    let mut expected = Vec::new();
    for number in 0..1_100 {
        if number % 3 == 0 {
            append(&log, plain(1, 0)).unwrap();
        }
        let mate = emptied(2);
        expected.push(
            append_pair(&log, entry_for(&mate, &plain(1, 0)), mate)
                .unwrap()
                .base_offset
                .0
                - 1,
        );
    }
    let first = log.entries(Offset(0), log.end()).unwrap();
    assert_eq!(first.entries.len(), corvid_storage::Entries::MAX);
    let second = log.entries(first.looked_to, log.end()).unwrap();
    assert_eq!(second.looked_to, log.end());
    let found: Vec<_> = first.into_iter().chain(second).map(|entry| entry.offset.0).collect();
    assert_eq!(found, expected);
    let part = log.entries(Offset(expected[5]), Offset(expected[7])).unwrap();
    assert_eq!(part.entries.len(), 2);
}
