//! What a policy decides.

use crate::fault::Fault;

/// What becomes of the records that failed: for those that are not listed, the topic's own settings decide.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decisions {
    /// Each with its record's place in the section that went in, strictly ascending.
    pub list: Vec<(u32, Decision)>,
}

/// What becomes of one record that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It comes back after so many milliseconds, [`DELAY_MAX_MS`] at most.
    RetryAfter(u64),
    /// It goes to a dead-letter topic: the topic's own, or this one, which nobody has looked up yet.
    DeadLetter(Option<String>),
    /// It is gone.
    Drop,
    /// Whoever produced it is told why.
    Refused {
        /// The plugin's own code.
        code: u16,
        /// The plugin's reason, for people.
        reason: String,
    },
    /// The plugin could not decide.
    Fault(Fault),
}

/// The longest time that a record may be told to wait: 365 days.
pub const DELAY_MAX_MS: u64 = 365 * 24 * 3_600_000;
