//! How long a record waits before it comes back.
//!
//! Written as `{ initial = "2s", multiplier = 2.0, max = "1m", jitter = 0.1 }`, as `{ fixed = "1s" }`, or as a list of times,
//! whose last one stands for all that follow; in a config as JSON, or as a list with commas.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::units::{self, duration_text};

/// How long a record waits, by how often it has failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Backoff {
    /// The times.
    pub delays: Delays,
    /// By what fraction a time becomes longer at most, at random, so that what failed together does not come back together.
    /// It never becomes shorter.
    pub jitter: f64,
}

/// The times without jitter, in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Delays {
    /// Each is `multiplier` times the one before, up to `max_ms`.
    Exponential {
        /// The first.
        initial_ms: u64,
        /// At least 1.
        multiplier: f64,
        /// The longest.
        max_ms: u64,
    },
    /// One after the other; the last one again and again. Never empty.
    List(Vec<u64>),
}

/// The longest time that a record may wait for a retry: 365 days.
pub const BACKOFF_MAX_MS: u64 = 365 * 24 * 3_600_000;
/// The most times in a list.
const LIST_MAX: usize = 100;
/// How many steps a jitter has: records that failed together come back in so many groups, and not each by itself.
const JITTER_STEPS: f64 = 64.0;
/// The steepest growth.
const MULTIPLIER_MAX: f64 = 1000.0;

/// What is no backoff.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackoffError {
    /// Not JSON, or not of a shape that there is.
    #[error("{0}; expected {{ initial, multiplier, max, jitter }}, {{ fixed, jitter }} or a list of durations")]
    Shape(String),
    /// Both shapes of a table at once, or neither.
    #[error("a backoff has either `fixed` or `initial`, `multiplier` and `max`")]
    Mixed,
    /// A duration that is none, or too long.
    #[error("{0}")]
    Duration(String),
    /// Outside of its range.
    #[error("{what} is {value}; expected {least} to {most}")]
    Range {
        /// Which field.
        what: &'static str,
        /// What was given.
        value: String,
        /// The least.
        least: &'static str,
        /// The most.
        most: &'static str,
    },
    /// The first delay is longer than all may be.
    #[error("`initial` is longer than `max`")]
    InitialAboveMax,
    /// A list without a time, or with too many.
    #[error("a list has {0} times; expected 1 to {LIST_MAX}")]
    ListLength(usize),
}

impl Default for Backoff {
    /// One second, and twice as long each time, up to a minute.
    fn default() -> Self {
        Self {
            delays: Delays::Exponential {
                initial_ms: 1000,
                multiplier: 2.0,
                max_ms: 60_000,
            },
            jitter: 0.0,
        }
    }
}

/// The shape of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, with = "units::serde_duration_ms")]
    initial: Option<u64>,
    multiplier: Option<f64>,
    #[serde(default, with = "units::serde_duration_ms")]
    max: Option<u64>,
    #[serde(default, with = "units::serde_duration_ms")]
    fixed: Option<u64>,
    jitter: Option<f64>,
}

impl Backoff {
    /// Reads `corvid.retry.backoff`.
    pub fn parse(text: &str) -> Result<Self, BackoffError> {
        let text = text.trim();
        if !text.starts_with(['{', '[', '"']) {
            return Self::list(text.split(',').map(|item| Value::from(item.trim())));
        }
        let value: Value = serde_json::from_str(text).map_err(|error| BackoffError::Shape(error.to_string()))?;
        match value {
            Value::Array(items) => Self::list(items.into_iter()),
            Value::String(text) => Self::list(text.split(',').map(|item| Value::from(item.trim()))),
            table => {
                Self::table(serde_json::from_value(table).map_err(|error| BackoffError::Shape(error.to_string()))?)
            }
        }
    }

    fn list(items: impl Iterator<Item = Value>) -> Result<Self, BackoffError> {
        let times: Vec<u64> = items.map(|item| duration(&item)).collect::<Result<_, _>>()?;
        if times.is_empty() || times.len() > LIST_MAX {
            return Err(BackoffError::ListLength(times.len()));
        }
        Ok(Self {
            delays: Delays::List(times),
            jitter: 0.0,
        })
    }

    fn table(table: Table) -> Result<Self, BackoffError> {
        let jitter = in_range("`jitter`", table.jitter.unwrap_or(0.0), 0.0, 1.0, ("0", "1"))?;
        let delays = match (table.fixed, table.initial) {
            (Some(fixed), None) if table.multiplier.is_none() && table.max.is_none() => {
                Delays::List(vec![not_too_long(fixed)?])
            }
            (None, Some(initial)) => exponential(initial, table.multiplier, table.max)?,
            _ => return Err(BackoffError::Mixed),
        };
        Ok(Self { delays, jitter })
    }

    /// The value of a config.
    pub fn to_config(&self) -> String {
        let mut value = match &self.delays {
            Delays::Exponential {
                initial_ms,
                multiplier,
                max_ms,
            } => json!({
                "initial": duration_text(*initial_ms), "multiplier": multiplier, "max": duration_text(*max_ms),
            }),
            Delays::List(times) if times.len() == 1 => json!({ "fixed": duration_text(times[0]) }),
            Delays::List(times) => Value::from(times.iter().map(|ms| duration_text(*ms)).collect::<Vec<_>>()),
        };
        if let (Some(table), true) = (value.as_object_mut(), self.jitter > 0.0) {
            table.insert("jitter".to_owned(), json!(self.jitter));
        }
        value.to_string()
    }

    /// How long, in milliseconds, a record waits that has failed `failures` times, from 1. `random` is a random number,
    /// for the jitter.
    pub fn delay_ms(&self, failures: u32, random: u64) -> u64 {
        let step = failures.saturating_sub(1);
        let delay = match &self.delays {
            Delays::Exponential {
                initial_ms,
                multiplier,
                max_ms,
            } => {
                let grown = *initial_ms as f64 * multiplier.powi(step.min(i32::MAX as u32) as i32);
                // What is beyond the numbers is beyond the longest, too.
                (grown as u64).min(*max_ms)
            }
            Delays::List(times) => times
                .get(step as usize)
                .or(times.last())
                .copied()
                .expect("a list is never empty"),
        };
        let fraction = (random as f64 / u64::MAX as f64 * JITTER_STEPS).round() / JITTER_STEPS;
        delay + (delay as f64 * self.jitter * fraction) as u64
    }
}

fn exponential(initial_ms: u64, multiplier: Option<f64>, max_ms: Option<u64>) -> Result<Delays, BackoffError> {
    let initial_ms = not_too_long(initial_ms)?;
    let max_ms = not_too_long(max_ms.unwrap_or(BACKOFF_MAX_MS))?;
    let multiplier = multiplier.unwrap_or(2.0);
    let multiplier = in_range("`multiplier`", multiplier, 1.0, MULTIPLIER_MAX, ("1", "1000"))?;
    if initial_ms > max_ms {
        return Err(BackoffError::InitialAboveMax);
    }
    Ok(Delays::Exponential {
        initial_ms,
        multiplier,
        max_ms,
    })
}

fn in_range(
    what: &'static str,
    value: f64,
    least: f64,
    most: f64,
    shown: (&'static str, &'static str),
) -> Result<f64, BackoffError> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(BackoffError::Range {
        what,
        value: value.to_string(),
        least: shown.0,
        most: shown.1,
    })
}

fn duration(value: &Value) -> Result<u64, BackoffError> {
    let ms = match value {
        Value::String(text) => {
            units::parse_duration_ms(text).map_err(|error| BackoffError::Duration(error.to_string()))?
        }
        other => other
            .as_u64()
            .ok_or_else(|| BackoffError::Duration(format!("{other} is not a duration; expected for example \"1s\"")))?,
    };
    not_too_long(ms)
}

fn not_too_long(ms: u64) -> Result<u64, BackoffError> {
    if ms > BACKOFF_MAX_MS {
        let shown = duration_text(ms);
        return Err(BackoffError::Duration(format!(
            "{shown} is longer than a record may wait: 365d"
        )));
    }
    Ok(ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn delays(text: &str, random: u64) -> Vec<u64> {
        let backoff = Backoff::parse(text).unwrap();
        (1..=5).map(|failures| backoff.delay_ms(failures, random)).collect()
    }

    #[test]
    fn each_shape_has_its_times() {
        let exponential = r#"{"initial":"200ms","multiplier":2.0,"max":"1s"}"#;
        assert_eq!(delays(exponential, 7), [200, 400, 800, 1000, 1000]);
        assert_eq!(delays(r#"{"fixed":"1s"}"#, 7), [1000; 5]);
        for list in ["200ms, 1s,5s", r#"["200ms","1s",5000]"#, r#""200ms,1s,5s""#] {
            assert_eq!(delays(list, 7), [200, 1000, 5000, 5000, 5000], "{list}");
        }
    }

    /// The bug: jitter that makes a time shorter, so that a record is back before it may be.
    #[test]
    fn jitter_only_makes_longer() {
        let jittered = r#"{"fixed":"1s","jitter":0.5}"#;
        assert_eq!(delays(jittered, 0), [1000; 5]);
        assert_eq!(delays(jittered, u64::MAX), [1500; 5]);
        assert_eq!(delays(jittered, u64::MAX / 2), [1250; 5]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        for (text, reason) in [
            (r#"{"fixed":"1s","initial":"1s"}"#, "either `fixed` or"),
            (r#"{"multiplier":2.0}"#, "either `fixed` or"),
            (r#"{"initial":"2m","max":"1m"}"#, "longer than `max`"),
            (
                r#"{"initial":"1s","multiplier":0.5}"#,
                "`multiplier` is 0.5; expected 1 to 1000",
            ),
            (r#"{"fixed":"1s","jitter":2}"#, "`jitter` is 2; expected 0 to 1"),
            (r#"{"fixed":"400d"}"#, "longer than a record may wait"),
            (r#"{"fxed":"1s"}"#, "unknown field `fxed`"),
            ("soon", "\"soon\" is not a duration"),
            ("[]", "a list has 0 times"),
            ("[-1]", "-1 is not a duration"),
            ("[", "expected { initial"),
        ] {
            let error = Backoff::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_delay_is_beyond_twice_the_longest(text in ".{0,40}", failures: u32, random: u64) {
            if let Ok(backoff) = Backoff::parse(&text) {
                prop_assert!(backoff.delay_ms(failures, random) <= 2 * BACKOFF_MAX_MS);
            }
        }

        #[test]
        fn what_is_written_is_read_back(initial in 0u64..100_000, multiplier in 1.0f64..10.0, jitter in 0.0f64..1.0, random: u64) {
            let backoff = Backoff {
                delays: Delays::Exponential { initial_ms: initial, multiplier, max_ms: BACKOFF_MAX_MS },
                jitter,
            };
            prop_assert_eq!(Backoff::parse(&backoff.to_config()), Ok(backoff.clone()));
            prop_assert!(backoff.delay_ms(1, random) >= initial);
        }
    }
}
