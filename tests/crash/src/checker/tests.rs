//! Each thing that the checker is to see, in the smallest history that has it.

use std::collections::BTreeMap;

use super::*;
use crate::later::Asked;
use crate::setup::LATER;

fn target() -> PartitionName {
    ("orders".into(), 0)
}

fn stream(told: &[(Sort, Option<Told>)]) -> Vec<StreamHistory> {
    vec![StreamHistory {
        id: 1,
        target: target(),
        records: told.to_vec(),
        later: BTreeMap::new(),
    }]
}

fn acknowledged(offset: i64) -> Option<Told> {
    Some(Told::Acknowledged(Some(offset)))
}

fn found(number: u64, sort: Sort, offset: i64) -> Found {
    Found {
        offset,
        key: history::key(1, number).into_bytes(),
        value: sort.value(1, number),
        ..Found::default()
    }
}

fn violations(streams: &[StreamHistory], logs: &[(&str, i32, Vec<Found>)]) -> Vec<Violation> {
    let logs: Logs = logs
        .iter()
        .map(|(topic, index, log)| (((*topic).into(), *index), log.clone()))
        .collect();
    let letters = |topic: &str| (topic == "orders").then(|| "orders.DLT".to_owned());
    check(streams, &logs, letters, &MemberHistory::default(), &Cancels::default())
}

#[test]
fn records_that_stay_move_and_die_once_are_fine() {
    let streams = stream(&[
        (Sort::Good, acknowledged(0)),
        (Sort::Good, acknowledged(1)),
        (Sort::Bad, acknowledged(2)),
    ]);
    let letter = Found {
        letter_offset: Some(2),
        ..found(2, Sort::Bad, 9)
    };
    let logs = [
        ("orders", 0, vec![found(0, Sort::Good, 0)]),
        ("orders", 1, vec![found(1, Sort::Good, 40)]),
        ("orders.DLT", 0, vec![letter]),
    ];
    assert_eq!(violations(&streams, &logs), []);
}

/// One history for each kind of violation, and nothing else is seen in it.
#[test]
fn each_violation_is_seen() {
    let one = |told| stream(&[(Sort::Good, told)]);
    let good = |offset| found(0, Sort::Good, offset);
    let cases: [(&str, Vec<StreamHistory>, Vec<Found>, Vec<Found>); 7] = [
        ("lost", one(acknowledged(0)), vec![], vec![]),
        ("doubled", one(acknowledged(0)), vec![good(0)], vec![good(7)]),
        ("refused", one(Some(Told::Refused)), vec![good(0)], vec![]),
        ("unsettled", one(None), vec![], vec![]),
        ("offset", one(acknowledged(0)), vec![good(1)], vec![]),
        ("unknown", vec![], vec![good(0)], vec![]),
        (
            "order",
            stream(&[(Sort::Good, acknowledged(1)), (Sort::Good, acknowledged(0))]),
            vec![found(1, Sort::Good, 0), found(0, Sort::Good, 1)],
            vec![],
        ),
    ];
    for (name, streams, here, there) in cases {
        let seen = violations(&streams, &[("orders", 0, here), ("orders", 1, there)]);
        let [only] = &seen[..] else { panic!("{name}: {seen:?}") };
        let right = matches!(
            (name, only),
            ("lost", Violation::Lost(_))
                | ("doubled", Violation::Doubled(_))
                | ("refused", Violation::Refused(_))
                | ("unsettled", Violation::Unsettled(_))
                | ("offset", Violation::Offset(_))
                | ("unknown", Violation::Unknown(_))
                | ("order", Violation::Order(_))
        );
        assert!(right, "{name}: {only}");
    }
}

#[test]
fn a_good_record_among_the_dead_letters_is_misplaced() {
    let streams = stream(&[(Sort::Good, acknowledged(0))]);
    let seen = violations(&streams, &[("orders.DLT", 0, vec![found(0, Sort::Good, 0)])]);
    assert!(matches!(&seen[..], [Violation::Misplaced(_)]), "{seen:?}");
}

#[test]
fn what_was_told_of_a_record_that_moved_is_nobodys_offset() {
    let streams = stream(&[
        (Sort::Good, acknowledged(0)),
        (Sort::Good, Some(Told::Acknowledged(None))),
    ]);
    let logs = [
        ("orders", 0, vec![found(1, Sort::Good, 0)]),
        ("orders", 1, vec![found(0, Sort::Good, 3)]),
    ];
    let seen = violations(&streams, &logs);
    assert!(matches!(&seen[..], [Violation::Offset(_)]), "{seen:?}");
}

#[test]
fn a_member_that_skipped_a_record_or_saw_another_is_noticed() {
    let streams = stream(&[(Sort::Good, acknowledged(0)), (Sort::Good, acknowledged(1))]);
    let log = vec![found(0, Sort::Good, 0), found(1, Sort::Good, 1)];
    let logs: Logs = BTreeMap::from([(target(), log)]);
    let mut member = MemberHistory::default();
    member.saw(&target(), 1, b"1/1");
    member.acknowledged(&target(), 2);
    let seen = check(&streams, &logs, |_| None, &member, &Cancels::default());
    assert!(matches!(&seen[..], [Violation::Group(_)]), "{seen:?}");
    member.saw(&target(), 0, b"1/9");
    let seen = check(&streams, &logs, |_| None, &member, &Cancels::default());
    assert!(matches!(&seen[..], [Violation::Group(_)]), "{seen:?}");
}

/// A history of two records, due at 5000 and 4000, and when each came.
fn released(first: (i64, i64), second: (i64, i64)) -> Vec<Violation> {
    let mut streams = stream(&[(Sort::Good, acknowledged(0)), (Sort::Good, acknowledged(1))]);
    for (number, due) in [(0, 5_000), (1, 4_000)] {
        let mut asked = Asked::after(due, true, 0);
        asked.acknowledged_at = Some(2_000);
        streams[0].later.insert(number, asked);
    }
    let mut log: Vec<Found> = [(0, first), (1, second)]
        .into_iter()
        .map(|(number, (offset, timestamp))| Found {
            timestamp,
            was_held: true,
            ..found(number, Sort::Good, offset)
        })
        .collect();
    log.sort_by_key(|found| found.offset);
    violations(&streams, &[("orders", 0, log)])
}

#[test]
fn what_comes_early_or_in_another_order_is_noticed() {
    assert_eq!(released((9, 5_000), (8, 4_000)), []);
    let early = released((9, 5_000), (8, 3_999));
    assert!(matches!(&early[..], [Violation::Early(_)]), "{early:?}");
    let order = released((8, 5_000), (9, 5_001));
    assert!(matches!(&order[..], [Violation::Order(_)]), "{order:?}");
    let told = released((9, 5_000), (1, 4_000));
    assert!(matches!(&told[..], [Violation::Offset(_)]), "{told:?}");
}

#[test]
fn what_was_surely_cancelled_must_not_come() {
    let (mut cancels, mut streams) = (Cancels::default(), stream(&[(Sort::Good, acknowledged(0))]));
    streams[0].target = (LATER.into(), 0);
    let seen = |cancels: &Cancels, log: &[Found]| {
        let logs = Logs::from([((LATER.into(), 0), log.to_vec())]);
        check(&streams, &logs, |_| None, &MemberHistory::default(), cancels)
    };
    assert!(matches!(&seen(&cancels, &[])[..], [Violation::Lost(_)]));
    cancels.note((LATER.to_owned(), b"1/0".to_vec(), 0), Cancelled::Surely);
    assert_eq!(seen(&cancels, &[]), []);
    let came = seen(&cancels, &[found(0, Sort::Good, 0)]);
    assert!(matches!(&came[..], [Violation::Cancelled(_)]), "{came:?}");
}
