//! Refuses orders that are too large.

use corvid_plugin_sdk::{Config, Record, Refusal, Topic, Validator, Verdict, export};

pub struct Plugin {
    max: i64,
}

impl Validator for Plugin {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["max"])?;
        Ok(Plugin { max: config.integer("max")?.ok_or("`max` is missing")? })
    }

    fn validate(&mut self, record: &Record<'_>, _topic: &Topic<'_>) -> Verdict {
        if record.is_tombstone() {
            return Ok(());
        }
        let order = record.json().map_err(|error| Refusal::new(1, error.to_string()))?;
        match order.get("amount").and_then(|amount| amount.as_i64()) {
            Some(amount) if amount <= self.max => Ok(()),
            Some(amount) => Err(Refusal::new(2, format!("/amount: {amount} is more than {}", self.max))),
            None => Err(Refusal::new(3, "/amount: missing, or no whole number")),
        }
    }
}

export!(validator = Plugin);

#[cfg(test)]
mod tests {
    use super::Plugin;
    use corvid_plugin_sdk::Refusal;
    use corvid_plugin_sdk::testing::{Call, RecordBuilder};

    #[test]
    fn large_orders_are_refused() {
        let orders = [r#"{"amount": 100}"#, r#"{"amount": 101}"#];
        let call = Call::new(orders.map(|order| RecordBuilder::new().value(order)));
        let verdicts = call.validate::<Plugin>(r#"{"max": 100}"#).unwrap();
        assert_eq!(verdicts, [Ok(()), Err(Refusal::new(2, "/amount: 101 is more than 100"))]);
    }
}
