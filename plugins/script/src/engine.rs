//! The language: Rhai, its limits, and the functions that scripts have beyond it.

use corvid_plugin_sdk::{Level, log, metric_add, murmur2, partition_for_key};
use rhai::{Dynamic, Engine, EvalAltResult, INT, Position};

use crate::json;
use crate::policy;
use crate::record::ScriptRecord;
use crate::stop::Refused;
use crate::tables;

/// How many steps a script may take for one record. The sandbox's deadline is for a whole call; this finds the record, and
/// the line.
pub const STEPS_MAX: u64 = 100_000;
/// How deeply functions may call each other.
const CALLS_MAX: usize = 32;
/// How deeply expressions may be nested: outside of functions, and in them.
const EXPRESSIONS_MAX: (usize, usize) = (64, 48);
/// The longest text, in bytes.
const TEXT_MAX: usize = 4 << 20;
/// The longest array.
const ARRAY_MAX: usize = 1 << 18;
/// The most entries of a map.
const MAP_MAX: usize = 1 << 16;

/// An engine for one script.
pub fn engine() -> Engine {
    let mut engine = Engine::new();
    engine
        .set_max_operations(STEPS_MAX)
        .set_max_call_levels(CALLS_MAX)
        .set_max_expr_depths(EXPRESSIONS_MAX.0, EXPRESSIONS_MAX.1)
        .set_max_string_size(TEXT_MAX)
        .set_max_array_size(ARRAY_MAX)
        .set_max_map_size(MAP_MAX)
        .disable_symbol("eval")
        .on_print(|text| log(Level::Info, text))
        .on_debug(|text, _, place| log(Level::Debug, &format!("{place:?} {text}")));
    verdicts(&mut engine);
    hashes(&mut engine);
    tables::register(&mut engine);
    policy::register(&mut engine);
    ScriptRecord::register(&mut engine);
    engine
}

/// What a function of ours answers, or throws.
pub type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// An error for the script, which may catch it.
pub fn failure<T>(what: impl Into<String>) -> Fallible<T> {
    // Not a text: that would be what `throw "…"` makes, a refusal.
    Err(EvalAltResult::ErrorArithmetic(what.into(), Position::NONE).into())
}

fn verdicts(engine: &mut Engine) {
    let refuse = |code: INT, reason: &str| -> Fallible<()> {
        let Ok(code) = u16::try_from(code) else {
            return failure(format!("refuse: a code is 0 to 65535, not {code}"));
        };
        let refused = Refused {
            code,
            reason: reason.to_owned(),
        };
        Err(EvalAltResult::ErrorRuntime(Dynamic::from(refused), Position::NONE).into())
    };
    engine.register_fn("refuse", move |reason: &str| refuse(0, reason));
    engine.register_fn("refuse", move |code: INT, reason: &str| refuse(code, reason));
    engine.register_fn("metric_add", |name: &str, value: INT| metric_add(name, value as f64));
    engine.register_fn("metric_add", |name: &str, value: f64| metric_add(name, value));
}

fn hashes(engine: &mut Engine) {
    engine.register_fn("murmur2", |key: Dynamic| -> Fallible<INT> {
        match json::bytes(&key) {
            Ok(Some(bytes)) => Ok(INT::from(murmur2(&bytes))),
            Ok(None) => failure("murmur2 of nothing"),
            Err(error) => failure(error),
        }
    });
    engine.register_fn(
        "partition_for_key",
        |key: Dynamic, partitions: INT| -> Fallible<Dynamic> {
            let Some(partitions) = i32::try_from(partitions).ok().filter(|partitions| *partitions > 0) else {
                return failure(format!("partition_for_key: no topic has {partitions} partitions"));
            };
            match json::bytes(&key) {
                Ok(Some(bytes)) => Ok(INT::from(partition_for_key(&bytes, partitions)).into()),
                // What has no key stays where the client wanted it.
                Ok(None) => Ok(Dynamic::UNIT),
                Err(error) => failure(error),
            }
        },
    );
}
