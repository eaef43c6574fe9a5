//! Each thing that is to be seen of retries, in the smallest history that has it.

use super::*;
use crate::retries::RetryHistory;

const KEY: &[u8] = b"1/0";

/// A record that failed for the n-th time at 100, and was acknowledged at 200.
fn failed(attempts: u32) -> RetryHistory {
    let mut history = RetryHistory::default();
    history.failed(Failure {
        key: KEY.to_vec(),
        value: b"value".to_vec(),
        attempts,
        partition: 0,
        origin: Some((1, 7)),
        failed_at: 100,
        told: Some((Told::Acknowledged(Some(0)), 200)),
    });
    history
}

fn decision(attempts: u32, outcome: Outcome) -> Decision {
    Decision {
        key: KEY.to_vec(),
        attempts,
        partition: 0,
        offset: 0,
        outcome,
    }
}

/// Decided at 150.
fn back(due: i64) -> Outcome {
    let delay_ms = due - 150;
    Outcome::Back { due, delay_ms }
}

fn found(attempts: u32, timestamp: i64) -> Found {
    Found {
        key: KEY.to_vec(),
        value: b"value".to_vec(),
        timestamp,
        was_held: true,
        attempts: Some(attempts),
        origin: Some((1, 7)),
        ..Found::default()
    }
}

fn logs(back: &[Found], letters: &[Found]) -> Logs {
    let log = |topic: &str, log: &[Found]| ((topic.into(), 0), log.to_vec());
    Logs::from([log(RETRY, back), log(JOBS_LETTERS, letters)])
}

fn seen(history: &RetryHistory, decided: &[Decision], logs: &Logs) -> Vec<Violation> {
    check(history, decided, logs, &Cancels::default())
}

#[test]
fn what_comes_back_when_it_is_due_and_what_dies_is_fine() {
    let once = logs(&[found(1, 400)], &[]);
    assert_eq!(seen(&failed(1), &[decision(1, back(400))], &once), []);
    let dead = logs(&[], &[found(4, 160)]);
    assert_eq!(seen(&failed(4), &[decision(4, Outcome::Letter)], &dead), []);
}

/// The bug that all this is for: it was decided twice, or what came is not what the log says.
#[test]
fn a_second_decision_is_seen() {
    let once = logs(&[found(1, 400)], &[]);
    let decided_anew = [
        vec![decision(1, back(400)), decision(1, back(300))],
        vec![decision(1, back(400)), decision(1, Outcome::Letter)],
        vec![decision(1, Outcome::Letter)],
        // It counts from after the answer.
        vec![decision(
            1,
            Outcome::Back {
                due: 400,
                delay_ms: 150,
            },
        )],
    ];
    for decided in decided_anew {
        let seen = seen(&failed(1), &decided, &once);
        assert!(matches!(&seen[..], [Violation::Decided(_)]), "{seen:?}");
    }
    let over = logs(&[found(ATTEMPTS, 400)], &[]);
    let seen = seen(&failed(ATTEMPTS), &[decision(ATTEMPTS, back(400))], &over);
    assert!(matches!(&seen[..], [Violation::Decided(_)]), "{seen:?}");
}

#[test]
fn what_is_lost_doubled_early_or_another_is_seen() {
    let other = Found {
        origin: Some((1, 8)),
        ..found(1, 400)
    };
    let cases = [
        ("lost", logs(&[], &[])),
        ("doubled", logs(&[found(1, 400), found(1, 500)], &[])),
        ("early", logs(&[found(1, 399)], &[])),
        ("misplaced", logs(&[other], &[])),
    ];
    for (name, logs) in cases {
        let seen = seen(&failed(1), &[decision(1, back(400))], &logs);
        let right = matches!(
            (name, &seen[..]),
            ("lost", [Violation::Lost(_)])
                | ("doubled", [Violation::Doubled(_)])
                | ("early", [Violation::Early(_)])
                | ("misplaced", [Violation::Misplaced(_)])
        );
        assert!(right, "{name}: {seen:?}");
    }
    let unknown = seen(&RetryHistory::default(), &[], &logs(&[found(1, 400)], &[]));
    assert!(matches!(&unknown[..], [Violation::Unknown(_)]), "{unknown:?}");
}

#[test]
fn what_was_surely_cancelled_must_not_come_and_what_perhaps_was_may() {
    let (there, gone) = (logs(&[found(1, 400)], &[]), logs(&[], &[]));
    let decided = [decision(1, back(400))];
    let cancelled = |answer, logs: &Logs| {
        let mut cancels = Cancels::default();
        cancels.note((RETRY.to_owned(), KEY.to_vec(), 1), answer);
        check(&failed(1), &decided, logs, &cancels)
    };
    assert_eq!(cancelled(Cancelled::Surely, &gone), []);
    assert_eq!(cancelled(Cancelled::Perhaps, &gone), []);
    assert_eq!(cancelled(Cancelled::Perhaps, &there), []);
    let seen = cancelled(Cancelled::Surely, &there);
    assert!(matches!(&seen[..], [Violation::Cancelled(_)]), "{seen:?}");
}
