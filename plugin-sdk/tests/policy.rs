//! Policies, through the bytes of the contract.

use corvid_plugin_sdk::testing::{Call, Failed, RecordBuilder};
use corvid_plugin_sdk::{Config, Decision, Failure, Policy, Record, Refusal, Stage, Topic, export};
use std::time::Duration;

/// Decides what the record's value says.
struct Script;

impl Policy for Script {
    fn new(_config: &Config<'_>) -> Result<Self, String> {
        Ok(Script)
    }

    fn decide(&mut self, record: &Record<'_>, failure: &Failure<'_>, _topic: &Topic<'_>) -> Decision {
        match record.value() {
            Some(b"again") => Decision::RetryAfter(Duration::from_millis(u64::from(failure.attempt) * 100)),
            Some(b"letter") => Decision::DeadLetter,
            Some(b"letter to") => Decision::DeadLetterTo(format!("{}.{}", failure.topic, failure.code).into()),
            Some(b"drop") => Decision::Drop,
            Some(b"refuse") => Decision::Refuse(Refusal::new(7, failure.reason.to_owned())),
            Some(b"for ever") => Decision::RetryAfter(Duration::MAX),
            _ => Decision::AsConfigured,
        }
    }
}

export!(policy = Script);

fn call(values: &[&str]) -> Call {
    Call::new(values.iter().map(|value| RecordBuilder::new().value(value)))
}

#[test]
fn decisions() {
    let failures = (1..=5).map(|attempt| Failed::new().attempt(attempt).code("E").reason("why").from("orders", 1));
    let call = call(&["again", "as you like", "again", "letter", "letter to", "drop", "refuse"]).failures(failures);
    assert_eq!(
        call.decide_with(&mut Script),
        [
            Decision::RetryAfter(Duration::from_millis(100)),
            Decision::AsConfigured,
            Decision::RetryAfter(Duration::from_millis(300)),
            Decision::DeadLetter,
            Decision::DeadLetterTo("orders.E".into()),
            Decision::Drop,
            Decision::Refuse(Refusal::new(7, "why")),
        ]
    );
}

#[test]
fn a_failure_reads_as_it_was_built() {
    struct Look;
    impl Policy for Look {
        fn new(_config: &Config<'_>) -> Result<Self, String> {
            Ok(Look)
        }

        fn decide(&mut self, _record: &Record<'_>, failure: &Failure<'_>, topic: &Topic<'_>) -> Decision {
            assert_eq!(
                (failure.stage, failure.code, failure.reason),
                (Stage::Transform, "9", "Grüße")
            );
            assert_eq!((failure.attempt, failure.attempts, failure.is_last()), (4, 4, true));
            assert_eq!((failure.first_at_ms, failure.last_at_ms), (-1, i64::MAX));
            assert_eq!((failure.topic, failure.partition), ("orders", Some(3)));
            assert_eq!((topic.name, topic.chosen), ("orders.g.retry", 2));
            Decision::Drop
        }
    }
    let failed = Failed::new()
        .stage(Stage::Transform)
        .code("9")
        .reason("Grüße")
        .attempt(4)
        .attempts(4);
    let call = Call::new([RecordBuilder::new(), RecordBuilder::new()])
        .topic("orders.g.retry")
        .chosen(2)
        .failed(failed.at_ms(-1, i64::MAX).from("orders", 3));
    assert_eq!(call.decide::<Look>("{}").unwrap(), [Decision::Drop, Decision::Drop]);
}

#[test]
#[should_panic(expected = "nothing is held for")]
fn a_delay_without_end_is_a_fault() {
    call(&["for ever"]).decide_with(&mut Script);
}
