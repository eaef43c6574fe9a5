//! Refuses records that are no CloudEvents 1.0, in either mode of the Kafka protocol binding.
//!
//! | module | |
//! |---|---|
//! | `binary` | attributes in headers `ce_…`, the data in the value |
//! | `structured` | the whole event in the value, as JSON |
//! | `attribute` | what an attribute's name and value may be |
//! | `content_type` | which mode that is, and what a media type looks like |
//! | `uri` | RFC 3986 |
//! | `time` | RFC 3339 |

mod attribute;
mod binary;
mod content_type;
mod structured;
#[cfg(test)]
mod tests;
mod time;
mod uri;

use corvid_plugin_sdk::{Config, Record, Refusal, Topic, Validator, Verdict, export};

/// The codes of refusals.
mod code {
    /// A required attribute is missing.
    pub const MISSING: u16 = 1;
    /// An attribute's name or value is wrong.
    pub const WRONG: u16 = 2;
    /// A structured event is in a format other than JSON, or its value no JSON object.
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
        let mode = content_type::mode(record)?;
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
