//! Two that are asked the same are told the same time, and draw the same numbers.

use super::support::{GOOD, guest, load, section};
use crate::{Decision, FailedStage, Failure, HookInput, Moment, Plugin};

/// Retries the only record of a call after what `wait` says, in ms.
fn waits(wait: &str) -> bytes::Bytes {
    guest(&format!(
        r#"(import "corvid" "now_ms" (func $now (result i64)))
        (import "corvid" "random" (func $random (result i64)))
        (func (export "corvid_policy") (param $ptr i32) (param $len i32) (result i64)
          (i32.store (i32.const 1024) (i32.const 1))
          (i32.store (i32.const 1028) (i32.const 0))
          (i32.store8 (i32.const 1032) (i32.const 0))
          (i64.store (i32.const 1033) {wait})
          (call $answer (i32.const 1024) (i32.const 17)))"#
    ))
}

async fn wait(plugin: &Plugin, moment: Option<Moment>) -> u64 {
    let failure = Failure {
        stage: FailedStage::Consumer,
        attempt: 1,
        attempts: 9,
        first_at: 1,
        last_at: 2,
        topic: "orders",
        partition: 3,
        code: "",
        reason: "",
    };
    let records = section(&[GOOD]);
    let input = HookInput {
        failures: &[failure],
        moment,
        ..records.input()
    };
    let decided = plugin.policy(input).await.list;
    match decided[..] {
        [(0, Decision::RetryAfter(wait))] => wait,
        _ => panic!("{decided:?}"),
    }
}

/// The bug: a policy with jitter differs from itself.
#[tokio::test]
async fn the_same_moment_is_the_same_time_and_the_same_chance() {
    let jitter =
        waits("(i64.and (i64.xor (call $random) (i64.shl (call $random) (i64.const 1))) (i64.const 0x3fffffff))");
    let (active, candidate) = (load(&jitter).await, load(&jitter).await);
    let moment = Moment::now();
    let first = wait(&active, Some(moment)).await;
    // An instance that was asked before draws the same, too.
    assert_eq!(wait(&active, Some(moment)).await, first);
    assert_eq!(wait(&candidate, Some(moment)).await, first);
    let others = [Some(Moment::now()), Some(Moment::now()), None, None];
    let mut drawn = vec![first];
    for other in others {
        drawn.push(wait(&candidate, other).await);
    }
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 5, "another moment, and none, are other numbers");
    let clock = load(&waits("(i64.and (call $now) (i64.const 0x3fffffff))")).await;
    let past = Moment {
        now_ms: 12_345,
        seed: 1,
    };
    assert_eq!(wait(&clock, Some(past)).await, 12_345);
}
