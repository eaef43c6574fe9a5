//! The policy's side: what a script is told of a failure, and the functions that decide.

use std::time::Duration;

use corvid_plugin_sdk::{Decision, Failure, Stage};
use rhai::{Dynamic, Engine, EvalAltResult, INT, Map, Position};

use crate::engine::{Fallible, failure as wrong};

/// What `retry_after` and its like throw: they end the hook.
#[derive(Clone, Debug)]
pub struct Decided(pub Decision);

/// The functions that decide.
pub fn register(engine: &mut Engine) {
    engine.register_fn("retry_after", |ms: INT| match u64::try_from(ms) {
        Ok(ms) => decide(Decision::RetryAfter(Duration::from_millis(ms))),
        Err(_) => wrong(format!("retry_after: {ms} ms have passed already")),
    });
    engine.register_fn("dead_letter", || decide(Decision::DeadLetter));
    engine.register_fn("dead_letter", |topic: &str| {
        decide(Decision::DeadLetterTo(topic.to_owned().into()))
    });
    engine.register_fn("drop_it", || decide(Decision::Drop));
}

fn decide(decision: Decision) -> Fallible<()> {
    Err(EvalAltResult::ErrorRuntime(Dynamic::from(Decided(decision)), Position::NONE).into())
}

/// A failure as `policy(record, failure)` sees it.
pub fn failure(failure: &Failure<'_>) -> Dynamic {
    let stage = match failure.stage {
        Stage::Validator => "validator",
        Stage::Transform => "transform",
        Stage::Partitioner => "partitioner",
        Stage::Consumer => "consumer",
        _ => "other",
    };
    let partition = failure
        .partition
        .map_or(Dynamic::UNIT, |partition| INT::from(partition).into());
    let members: [(&str, Dynamic); 10] = [
        ("stage", stage.into()),
        ("code", failure.code.into()),
        ("reason", failure.reason.into()),
        ("attempt", INT::from(failure.attempt).into()),
        ("attempts", INT::from(failure.attempts).into()),
        ("is_last", failure.is_last().into()),
        ("first_at", failure.first_at_ms.into()),
        ("last_at", failure.last_at_ms.into()),
        ("topic", failure.topic.into()),
        ("partition", partition),
    ];
    let members = members.into_iter().map(|(name, value)| (name.into(), value));
    Dynamic::from_map(members.collect::<Map>())
}
