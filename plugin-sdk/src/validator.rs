//! The hook that says whether a record may be written.

use crate::answer::List;
use crate::config::Config;
use crate::input::{Input, Topic};
use crate::record::Record;
use crate::refusal::Verdict;

/// Accepts or refuses each record of a topic, before it is written.
///
/// A batch whose records are all accepted is written byte for byte as the producer sent it.
///
/// ```
/// use corvid_plugin_sdk::{Config, Record, Refusal, Topic, Validator, Verdict, export};
///
/// /// No order above the limit.
/// pub struct Limit {
///     max: i64,
/// }
///
/// impl Validator for Limit {
///     fn new(config: &Config<'_>) -> Result<Self, String> {
///         Ok(Limit { max: config.integer("max")?.ok_or("`max` is missing")? })
///     }
///
///     fn validate(&mut self, record: &Record<'_>, _topic: &Topic<'_>) -> Verdict {
///         if record.is_tombstone() {
///             return Ok(());
///         }
///         let order = record.json().map_err(|error| error.to_string())?;
///         let amount = order.get("amount").and_then(|amount| amount.as_i64());
///         match amount {
///             Some(amount) if amount <= self.max => Ok(()),
///             Some(amount) => Err(Refusal::new(1, format!("/amount: {amount} is too much"))),
///             None => Err("/amount: missing, or not an integer")?,
///         }
///     }
/// }
///
/// export!(validator = Limit);
///
/// // In its unit tests:
/// use corvid_plugin_sdk::testing::{Call, RecordBuilder};
///
/// let records = [r#"{"amount": 5}"#, r#"{"amount": 500}"#]
///     .map(|order| RecordBuilder::new().value(order));
/// let verdicts = Call::new(records).validate::<Limit>(r#"{"max": 100}"#).unwrap();
/// assert_eq!(verdicts, [Ok(()), Err(Refusal::new(1, "/amount: 500 is too much"))]);
/// ```
pub trait Validator: Sized {
    /// Makes the plugin from its configuration, once for every instance of it. An error's text is
    /// shown to whoever binds the plugin, and the plugin is not bound.
    fn new(config: &Config<'_>) -> Result<Self, String>;

    /// Whether this record may be written, and if not, why.
    fn validate(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Verdict;
}

/// Runs the hook over a call's records, and writes the answer: nothing, or those that failed.
pub(crate) fn answer<V: Validator>(plugin: &mut V, input: &Input<'_>, answer: &mut Vec<u8>) {
    let mut failures = List::new(answer, input.len);
    let last = input.records.len().saturating_sub(1);
    for (index, record) in input.records.clone().enumerate() {
        if let Err(refusal) = plugin.validate(&record, &input.topic) {
            failures.entry(index);
            failures.refuse(&refusal, last - index);
        }
    }
}
