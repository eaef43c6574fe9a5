//! A validator that looks at every record and accepts it: what the benchmark measures.

use corvid_plugin_sdk::{Config, Record, Refusal, Topic, Validator, Verdict, export};

/// Accepts JSON objects, by their first byte.
pub struct AcceptAll;

impl Validator for AcceptAll {
    fn new(_: &Config<'_>) -> Result<Self, String> {
        Ok(AcceptAll)
    }

    fn validate(&mut self, record: &Record<'_>, _: &Topic<'_>) -> Verdict {
        match record.value() {
            Some([b'{', ..]) => Ok(()),
            _ => Err(Refusal::new(1, "not a JSON object")),
        }
    }
}

export!(validator = AcceptAll);
