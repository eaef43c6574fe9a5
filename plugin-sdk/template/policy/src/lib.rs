//! Retries what only needs time, and sends the rest to the dead-letter topic at once.

use corvid_plugin_sdk::{Config, Decision, Failure, Policy, Record, Topic, export};
use std::time::Duration;

pub struct Plugin {
    /// What a reason that only needs time has in it.
    passing: String,
    delay: Duration,
}

impl Policy for Plugin {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["passing", "delay_ms"])?;
        let delay_ms = config.integer("delay_ms")?.unwrap_or(1000);
        let delay_ms = u64::try_from(delay_ms).map_err(|_| "`delay_ms` is negative")?;
        Ok(Plugin {
            passing: config.string("passing")?.ok_or("`passing` is missing")?,
            delay: Duration::from_millis(delay_ms),
        })
    }

    fn decide(&mut self, _record: &Record<'_>, failure: &Failure<'_>, _topic: &Topic<'_>) -> Decision {
        if failure.is_last() || !failure.reason.contains(&self.passing) {
            return Decision::DeadLetter;
        }
        // Longer each time: once, twice, four times the delay.
        let doublings = failure.attempt.saturating_sub(1).min(10);
        Decision::RetryAfter(self.delay * 2_u32.pow(doublings))
    }
}

export!(policy = Plugin);

#[cfg(test)]
mod tests {
    use super::Plugin;
    use corvid_plugin_sdk::Decision;
    use corvid_plugin_sdk::testing::{Call, Failed, RecordBuilder};
    use std::time::Duration;

    fn decide(failed: Failed) -> Decision {
        let call = Call::new([RecordBuilder::new().value("an order")]).failed(failed);
        call.decide::<Plugin>(r#"{"passing": "timed out"}"#).unwrap().remove(0)
    }

    #[test]
    fn what_needs_time_gets_more_each_time() {
        let timed_out = || Failed::new().attempts(4).reason("the database timed out");
        assert_eq!(decide(timed_out()), Decision::RetryAfter(Duration::from_secs(1)));
        assert_eq!(decide(timed_out().attempt(3)), Decision::RetryAfter(Duration::from_secs(4)));
        assert_eq!(decide(timed_out().attempt(4)), Decision::DeadLetter);
    }

    #[test]
    fn what_time_does_not_heal_does_not_come_back() {
        assert_eq!(decide(Failed::new().reason("no such product")), Decision::DeadLetter);
    }
}
