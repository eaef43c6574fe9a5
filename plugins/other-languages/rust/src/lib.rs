//! Refuses records whose JSON value has no number under a name, or a larger one than the limit.

use corvid_plugin_sdk::{Config, Json, Record, Refusal, Topic, Validator, Verdict, export};

/// The plugin.
pub struct Limit {
    field: String,
    limit: f64,
}

impl Validator for Limit {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Ok(Limit {
            field: config
                .string("field")?
                .ok_or("`field` is missing: the name of a number")?,
            limit: config
                .number("limit")?
                .ok_or("`limit` is missing: the largest number")?,
        })
    }

    fn validate(&mut self, record: &Record<'_>, _topic: &Topic<'_>) -> Verdict {
        let member = record.value().and_then(|value| Json::lazy(value).get(&self.field));
        match member.and_then(|member| member.as_f64()) {
            None => Err(Refusal::new(1, "the field is missing, or no number")),
            Some(found) if found > self.limit => Err(Refusal::new(2, "the number is above the limit")),
            Some(_) => Ok(()),
        }
    }
}

export!(validator = Limit);
