//! The policy hook: each record with the failure that is its own, whatever becomes of its neighbours.

use super::support::{BAD, GOOD, guest, load, mixed, section};
use crate::{Decision, FailedStage, Failure, FaultKind, HookInput, Plugin};

/// Retries the first record of a call after as many ms as it has attempts, and traps where any record is bad.
fn patient() -> bytes::Bytes {
    guest(
        r#"(func (export "corvid_policy") (param $ptr i32) (param $len i32) (result i64)
          (if (call $is_bad (i32.add (local.get $ptr) (i32.load (local.get $ptr)))
                            (i32.add (local.get $ptr) (local.get $len)))
            (then (unreachable)))
          (i32.store (i32.const 1024) (i32.const 1))
          (i32.store (i32.const 1028) (i32.const 0))
          (i32.store8 (i32.const 1032) (i32.const 0))
          ;; The attempt stands behind 30 bytes, the topic's name, and the stage.
          (i64.store (i32.const 1033) (i64.load32_u (i32.add (local.get $ptr)
            (i32.add (i32.const 31) (i32.load16_u offset=28 (local.get $ptr))))))
          (call $answer (i32.const 1024) (i32.const 17)))"#,
    )
}

fn failed(attempt: u32) -> Failure<'static> {
    Failure {
        stage: FailedStage::Consumer,
        attempt,
        attempts: 9,
        first_at: 1,
        last_at: 2,
        topic: "orders",
        partition: 3,
        code: "",
        reason: "it broke",
    }
}

async fn decide(plugin: &Plugin, input: HookInput<'_>, failures: &[Failure<'_>]) -> Vec<(u32, Decision)> {
    plugin.policy(HookInput { failures, ..input }).await.list
}

#[tokio::test]
async fn a_policy_sees_how_the_record_failed() {
    let plugin = load(&patient()).await;
    assert!(plugin.hooks().policy && !plugin.hooks().transform);
    let records = section(&[GOOD, GOOD]);
    let decided = decide(&plugin, records.input(), &[failed(7), failed(8)]).await;
    assert_eq!(decided, [(0, Decision::RetryAfter(7))]);
}

/// The bug: a search for the culprit that shows each record the first one's failure; or a fault that is everybody's.
#[tokio::test]
async fn a_fault_is_the_records_that_caused_it() {
    let plugin = load(&patient()).await;
    let records = mixed(4, &[1]);
    let failures: Vec<_> = (11..15).map(failed).collect();
    let decided = decide(&plugin, records.input(), &failures).await;
    let expected = [(0, 11), (2, 13), (3, 14)];
    for (place, after) in expected {
        assert!(decided.contains(&(place, Decision::RetryAfter(after))), "{decided:?}");
    }
    assert!(
        matches!(&decided[1], (1, Decision::Fault(fault)) if fault.kind == FaultKind::Panic),
        "{decided:?}"
    );
}

/// The bug: records and failures of two calls mixed up are judged all the same.
#[tokio::test]
async fn failures_that_are_not_the_records_reach_no_plugin() {
    let plugin = load(&patient()).await;
    let records = section(&[GOOD, BAD]);
    for failures in [&[][..], &[failed(1)], &[failed(1), failed(2), failed(3)]] {
        let decided = decide(&plugin, records.input(), failures).await;
        assert_eq!(decided.len(), 2);
        assert!(
            decided
                .iter()
                .all(|(_, decision)| matches!(decision, Decision::Fault(fault) if fault.kind == FaultKind::BadInput)),
            "{decided:?}"
        );
    }
}

/// What it answers is checked before it is bound, as for any hook.
#[tokio::test]
async fn a_policy_that_decides_nonsense_is_not_loaded() {
    let nonsense = guest(
        r#"(func (export "corvid_policy") (param i32 i32) (result i64)
          (i32.store (i32.const 1024) (i32.const 1))
          (i32.store8 (i32.const 1032) (i32.const 9))
          (call $answer (i32.const 1024) (i32.const 9)))"#,
    );
    let error = super::support::refusal(&nonsense).await;
    assert_eq!(
        error.to_string(),
        "the self-test of `policy` failed: bad_answer: a decision of kind 9"
    );
}
