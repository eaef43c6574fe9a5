//! Refuses records that are no CloudEvents 1.0, in either mode of the Kafka protocol binding.
//!
//! | module | |
//! |---|---|
//! | `binary` | attributes in headers `ce_…`, the data in the value |
//! | `structured` | the whole event in the value, as JSON |
//! | `attribute` | what an attribute's name and value may be |
//! | `time` | RFC 3339 |

mod attribute;
mod binary;
mod structured;
#[cfg(test)]
mod tests;
mod time;

use corvid_plugin_sdk::{Config, Record, Refusal, Topic, Validator, Verdict, export};

/// The codes of refusals.
mod code {
    /// A required attribute is missing.
    pub const MISSING: u16 = 1;
    /// An attribute's name or value is wrong.
    pub const WRONG: u16 = 2;
    /// The value of a structured event is no JSON object.
    pub const NOT_JSON: u16 = 3;
    /// The event is in the other mode.
    pub const MODE: u16 = 4;
}

/// The plugin.
pub struct CloudEventsValidator {
    /// The mode that every event must be in, if there is one.
    mode: Option<Mode>,
}

/// How an event is laid into a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Binary,
    Structured,
}

impl Validator for CloudEventsValidator {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["mode"])?;
        let mode = match config.string("mode")?.as_deref() {
            None | Some("any") => None,
            Some("binary") => Some(Mode::Binary),
            Some("structured") => Some(Mode::Structured),
            Some(other) => return Err(format!("`mode` must be any, binary or structured, not {other}")),
        };
        Ok(CloudEventsValidator { mode })
    }

    fn validate(&mut self, record: &Record<'_>, _topic: &Topic<'_>) -> Verdict {
        let mode = mode(record);
        if self.mode.is_some_and(|wanted| wanted != mode) {
            let reason = match mode {
                Mode::Binary => {
                    "the event is not in structured mode: its content-type is not application/cloudevents+json"
                }
                Mode::Structured => "the event is not in binary mode: its content-type is application/cloudevents+json",
            };
            return Err(Refusal::new(code::MODE, reason));
        }
        match mode {
            Mode::Binary => binary::check(record),
            Mode::Structured => structured::check(record),
        }
    }
}

export!(validator = CloudEventsValidator);

/// Structured is what says so in its content-type, and binary is everything else.
fn mode(record: &Record<'_>) -> Mode {
    const STRUCTURED: &[u8] = b"application/cloudevents";
    let content_type = record.header("content-type").unwrap_or_default();
    let start = content_type.get(..STRUCTURED.len()).unwrap_or_default();
    match start.eq_ignore_ascii_case(STRUCTURED) {
        true => Mode::Structured,
        false => Mode::Binary,
    }
}
