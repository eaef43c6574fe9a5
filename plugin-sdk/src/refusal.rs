//! Why a plugin refuses a record.

use std::borrow::Cow;
use std::fmt;

/// What a validator or a transform answers for a record: fine, or why not.
pub type Verdict = Result<(), Refusal>;

/// Why a record is refused. The binding decides what becomes of it: the producer is told, or the
/// record goes to the dead-letter topic with this code and this reason in its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: u16,
    reason: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with a code of the plugin's own, for programs, and a reason, for people. Say in it
    /// what was wrong, and where.
    pub fn new(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        Refusal {
            code,
            reason: reason.into(),
        }
    }

    /// The plugin's own code; 0 if it has none.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The reason, for people.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Writes code and reason, as every answer has them, and cuts the reason to `reason_max` bytes.
    pub(crate) fn write(&self, reason_max: usize, answer: &mut Vec<u8>) {
        let reason = cut(&self.reason, reason_max);
        answer.extend_from_slice(&self.code.to_le_bytes());
        answer.extend_from_slice(&(reason.len() as u16).to_le_bytes());
        answer.extend_from_slice(reason.as_bytes());
    }
}

/// A reason without a code: `Err("no key")?` is enough.
impl From<&'static str> for Refusal {
    fn from(reason: &'static str) -> Self {
        Refusal::new(0, reason)
    }
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Refusal::new(0, reason)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// The longest reason that is sent, in bytes. Longer ones are cut.
pub(crate) const REASON_MAX: usize = 1024;

/// The longest beginning of a text that has no more than `max` bytes.
fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}
