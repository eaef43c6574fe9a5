//! Each thing that is to be seen of a view, in the smallest history that has it.

use super::*;
use crate::history::{Sort, key};

/// Stored are a card at 0, a text at 1, and a card at 2.
fn stored() -> Logs {
    let sorts = [Sort::Card, Sort::Good, Sort::Card];
    let log = (0..).zip(sorts).map(|(number, sort)| Found {
        offset: number as i64,
        key: key(1, number).into_bytes(),
        value: sort.value(1, number),
        ..Found::default()
    });
    Logs::from([((CARDS.into(), 0), log.collect())])
}

fn masked(offset: i64) -> Found {
    Found {
        offset,
        key: key(1, offset as u64).into_bytes(),
        value: format!(r#"{{"card":"***","number":{offset}}}"#).into(),
        ..Found::default()
    }
}

fn seen(found: &[Found], read_to: i64) -> Vec<Violation> {
    let partition: PartitionName = (CARDS.into(), 0);
    let mut history = ViewHistory::default();
    history.at_the_end.insert(partition.clone(), vec![masked(0), masked(2)]);
    let by_offset = found.iter().map(|found| (found.offset, found.clone()));
    history.seen.insert(partition.clone(), by_offset.collect());
    history.read_to.insert(partition, read_to);
    check(&history, &stored())
}

#[test]
fn masked_cards_under_their_offsets_are_all_there_is_to_see() {
    assert_eq!(seen(&[masked(0), masked(2)], 3), []);
    assert_eq!(seen(&[masked(0)], 2), []);
}

#[test]
fn what_is_shown_missing_or_moved_is_noticed() {
    let open = Found {
        value: card::value(1, 0),
        ..masked(0)
    };
    let text = Found {
        value: Sort::Good.value(1, 1),
        ..masked(1)
    };
    let moved = Found { offset: 1, ..masked(2) };
    for unmasked in [open, text] {
        let seen = seen(&[masked(0), unmasked], 1);
        assert!(matches!(&seen[..], [Violation::Unmasked(_)]), "{seen:?}");
    }
    let missing = seen(&[masked(2)], 3);
    assert!(matches!(&missing[..], [Violation::Lost(_)]), "{missing:?}");
    let elsewhere = seen(&[masked(0), moved], 1);
    assert!(matches!(&elsewhere[..], [Violation::Offset(_)]), "{elsewhere:?}");
}
