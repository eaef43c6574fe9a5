//! Retries payments as payment providers ask for it: at once where it was the network, later where the provider is busy, and
//! not at all where the answer will stay no.

use corvid_plugin_sdk::json::Path;
use corvid_plugin_sdk::{Config, Decision, Failure, Json, Policy, Record, Topic, export};
use std::time::Duration;

/// The plugin.
pub struct PaymentsBackoff {
    /// Codes after which no attempt will succeed.
    final_codes: Vec<String>,
    /// Codes of a provider that wants to be left alone for a while.
    busy_codes: Vec<String>,
    busy: Duration,
    initial: Duration,
    max: Duration,
    /// How long after the first failure a payment is still wanted.
    give_up_after_ms: i64,
    /// Where the record says how many seconds the provider asked for.
    retry_after: Option<Path>,
}

impl Policy for PaymentsBackoff {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&[
            "final",
            "busy",
            "busy_ms",
            "initial_ms",
            "max_ms",
            "give_up_after_ms",
            "retry_after",
        ])?;
        let initial = duration(config, "initial_ms", 500)?;
        let max = duration(config, "max_ms", 60_000)?;
        if initial > max {
            return Err("`initial_ms` is more than `max_ms`".to_owned());
        }
        Ok(PaymentsBackoff {
            final_codes: codes(config, "final", FINAL)?,
            busy_codes: codes(config, "busy", BUSY)?,
            busy: duration(config, "busy_ms", 30_000)?,
            initial,
            max,
            give_up_after_ms: config.integer("give_up_after_ms")?.unwrap_or(i64::MAX),
            retry_after: config.path("retry_after")?,
        })
    }

    fn decide(&mut self, record: &Record<'_>, failure: &Failure<'_>, _topic: &Topic<'_>) -> Decision {
        let is = |codes: &[String]| codes.iter().any(|code| code == failure.code);
        let delay = match self.asked_for(record) {
            _ if is(&self.final_codes) => return Decision::DeadLetter,
            Some(asked) => asked,
            None if is(&self.busy_codes) => self.busy,
            None => self.grown(failure.attempt),
        };
        let waited_ms = failure.last_at_ms.saturating_sub(failure.first_at_ms);
        let delay_ms = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        if waited_ms.saturating_add(delay_ms) > self.give_up_after_ms {
            return Decision::DeadLetter;
        }
        Decision::RetryAfter(delay)
    }
}

export!(policy = PaymentsBackoff);

/// What card networks answer where trying again is useless, or not allowed.
const FINAL: &[&str] = &["card_expired", "insufficient_funds", "invalid_account", "stolen_card"];
/// What stands for a provider that has enough to do.
const BUSY: &[&str] = &["429", "503", "rate_limited"];
/// The longest wait that a record may ask for: a day.
const ASKED_MAX_S: i64 = 86_400;

impl PaymentsBackoff {
    /// What the provider asked for, as the consumer has noted it in the record.
    fn asked_for(&self, record: &Record<'_>) -> Option<Duration> {
        let seconds = Json::lazy(record.value()?).find(self.retry_after.as_ref()?)?.as_i64()?;
        (0..=ASKED_MAX_S)
            .contains(&seconds)
            .then(|| Duration::from_secs(seconds.unsigned_abs()))
    }

    /// Twice as long each time.
    fn grown(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.initial.saturating_mul(1 << doublings).min(self.max)
    }
}

fn codes(config: &Config<'_>, key: &str, standard: &[&str]) -> Result<Vec<String>, String> {
    let Some(list) = config.get(key) else {
        return Ok(standard.iter().map(|code| (*code).to_owned()).collect());
    };
    if list.kind() != Some(corvid_plugin_sdk::json::Kind::Array) {
        return Err(format!("`{key}` must be an array of codes"));
    }
    let code = |item: Json<'_>| item.as_str().map(|code| code.to_string());
    list.items()
        .map(|item| code(item).ok_or_else(|| format!("`{key}`: {item} is not a code in quotes")))
        .collect()
}

fn duration(config: &Config<'_>, key: &str, standard: u64) -> Result<Duration, String> {
    let ms = config.integer(key)?.map_or(Ok(standard), u64::try_from);
    ms.map(Duration::from_millis)
        .map_err(|_| format!("`{key}` is negative"))
}

#[cfg(test)]
mod tests {
    use super::PaymentsBackoff;
    use corvid_plugin_sdk::Decision::{self, DeadLetter, RetryAfter};
    use corvid_plugin_sdk::testing::{Call, Failed, RecordBuilder};
    use std::time::Duration;

    fn decide(config: &str, payment: &str, failed: Failed) -> Decision {
        let call = Call::new([RecordBuilder::new().value(payment)]).failed(failed);
        call.decide::<PaymentsBackoff>(config).unwrap().remove(0)
    }

    fn after_ms(ms: u64) -> Decision {
        RetryAfter(Duration::from_millis(ms))
    }

    #[test]
    fn the_network_gets_twice_as_long_each_time() {
        let waits = [1, 2, 3, 8, 40].map(|attempt| decide("{}", "{}", Failed::new().attempt(attempt)));
        assert_eq!(waits, [500, 1000, 2000, 60_000, 60_000].map(after_ms));
    }

    #[test]
    fn a_busy_provider_is_left_alone() {
        assert_eq!(decide("{}", "{}", Failed::new().code("429")), after_ms(30_000));
        let config = r#"{"busy": ["SLOW_DOWN"], "busy_ms": 5}"#;
        assert_eq!(decide(config, "{}", Failed::new().code("SLOW_DOWN")), after_ms(5));
        assert_eq!(decide(config, "{}", Failed::new().code("429")), after_ms(500));
    }

    #[test]
    fn a_no_stays_a_no() {
        assert_eq!(decide("{}", "{}", Failed::new().code("stolen_card")), DeadLetter);
        let asks = r#"{"retry_after": "retry.after"}"#;
        let payment = r#"{"retry": {"after": 3}}"#;
        assert_eq!(decide(asks, payment, Failed::new().code("stolen_card")), DeadLetter);
    }

    #[test]
    fn what_the_provider_asks_for_counts() {
        let asks = r#"{"retry_after": "retry.after"}"#;
        let wait = |payment| decide(asks, payment, Failed::new().code("429"));
        assert_eq!(wait(r#"{"retry": {"after": 3}}"#), after_ms(3000));
        for nonsense in [
            r#"{"retry": {"after": -3}}"#,
            r#"{"retry": {"after": 1e30}}"#,
            "{}",
            "no JSON",
        ] {
            assert_eq!(wait(nonsense), after_ms(30_000), "{nonsense}");
        }
    }

    #[test]
    fn a_payment_that_nobody_wants_any_more_does_not_come_back() {
        let config = r#"{"give_up_after_ms": 10000}"#;
        assert_eq!(decide(config, "{}", Failed::new().at_ms(0, 9_500)), after_ms(500));
        assert_eq!(decide(config, "{}", Failed::new().at_ms(0, 9_501)), DeadLetter);
    }

    #[test]
    fn mistakes_are_named() {
        let error = |config: &str| Call::new([]).decide::<PaymentsBackoff>(config).unwrap_err();
        assert_eq!(error(r#"{"busy": [429]}"#), "`busy`: 429 is not a code in quotes");
        assert_eq!(error(r#"{"final": "no"}"#), "`final` must be an array of codes");
        assert_eq!(error(r#"{"initial_ms": -1}"#), "`initial_ms` is negative");
        assert_eq!(error(r#"{"max_ms": 1}"#), "`initial_ms` is more than `max_ms`");
    }
}
