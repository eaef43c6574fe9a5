use std::time::Duration;

use corvid_plugin_sdk::testing::{Call, Failed, RecordBuilder};
use corvid_plugin_sdk::{Decision, Refusal};

use super::{config, refusal};
use crate::Script;

fn decided(failed: Failed, script: &str) -> Decision {
    let call = Call::new([RecordBuilder::new().value(r#"{"amount": 5}"#)]).failed(failed);
    call.decide::<Script>(&config(script)).unwrap().remove(0)
}

#[test]
fn a_policy_decides_by_the_failure_and_the_record() {
    let script = r#"
        fn policy(record, failure) {
            if failure.reason.contains("unknown account") { dead_letter(); }
            if failure.code == "409" { drop_it(); }
            if failure.is_last && record.json?.amount == 5 { dead_letter("small.DLT"); }
            if failure.stage == "validator" { refuse(7, "not again"); }
            if failure.attempt < 4 { retry_after(200 * 2 ** (failure.attempt - 1)); }
        }"#;
    let consumer = || Failed::new().attempts(9);
    assert_eq!(
        decided(consumer().attempt(3), script),
        Decision::RetryAfter(Duration::from_millis(800))
    );
    assert_eq!(decided(consumer().attempt(4), script), Decision::AsConfigured);
    assert_eq!(
        decided(consumer().attempt(9), script),
        Decision::DeadLetterTo("small.DLT".into())
    );
    assert_eq!(
        decided(consumer().reason("an unknown account"), script),
        Decision::DeadLetter
    );
    assert_eq!(decided(consumer().code("409"), script), Decision::Drop);
    let refused = decided(consumer().stage(corvid_plugin_sdk::Stage::Validator), script);
    assert_eq!(refused, Decision::Refuse(Refusal::new(7, "not again")));
}

/// The bug: a value that is answered, and means nothing, is taken for a decision or for none.
#[test]
#[should_panic(expected = "the script failed: `policy` answered a i64: call `retry_after`")]
fn a_number_is_no_decision() {
    decided(Failed::new(), "fn policy(record, failure) { 200 }");
}

#[test]
#[should_panic(expected = "the script failed: line 1, column 32: retry_after: -1 ms have passed already")]
fn nothing_comes_back_before_it_left() {
    decided(Failed::new(), "fn policy(record, failure) {   retry_after(-1) }");
}

#[test]
fn only_a_policy_decides() {
    let (_, reason) = refusal("{}", "fn validate(record) { dead_letter() }");
    assert_eq!(
        reason,
        "the script failed: only `policy` decides what becomes of a record that failed"
    );
}
