//! What went wrong inside a plugin, as a value.

use std::fmt;
use std::sync::Arc;

/// Why a hook has no answer for a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct Fault {
    /// The sort of fault: what metrics count and what dead letters carry as their code.
    pub kind: FaultKind,
    /// A sentence for people: a panic's text, the trap, what was wrong with the answer. At most 1 KiB.
    /// Shared, since thousands of records may have the same.
    pub detail: Arc<str>,
}

impl Fault {
    /// The longest detail that is kept, in bytes.
    pub const DETAIL_MAX: usize = 1024;

    /// A fault whose detail is cut to [`Self::DETAIL_MAX`] bytes: it may hold what a plugin wrote.
    pub fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        detail.truncate(detail.floor_char_boundary(Self::DETAIL_MAX));
        Self {
            kind,
            detail: detail.into(),
        }
    }
}

/// The sorts of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The call used more CPU time than its deadline allows.
    Deadline,
    /// The plugin wanted more memory than its ceiling and gave up.
    Memory,
    /// The call stack ended, or memory was touched that isn't there (which is how recursion without end
    /// shows in most compiled languages).
    Stack,
    /// The plugin panicked or aborted.
    Panic,
    /// Any other trap: a division by zero, a call through a bad pointer.
    Trap,
    /// The answer is not what the ABI allows.
    BadAnswer,
    /// The record is larger than the plugin can take, or the answer larger than the ceiling.
    TooLarge,
    /// Not called: the plugin's breaker is open after too many faults in a row.
    BreakerOpen,
    /// Not called: the records are not what a records section may hold.
    BadInput,
    /// Not called: no instance could be made (its init refused, or the machine is out of memory).
    NoInstance,
}

impl FaultKind {
    /// Every kind, in the order in which [`PluginStats`](crate::PluginStats) counts them.
    pub const ALL: [Self; 10] = [
        Self::Deadline,
        Self::Memory,
        Self::Stack,
        Self::Panic,
        Self::Trap,
        Self::BadAnswer,
        Self::TooLarge,
        Self::BreakerOpen,
        Self::BadInput,
        Self::NoInstance,
    ];

    /// The name that metrics, logs and dead letters use, such as `bad_answer`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Panic => "panic",
            Self::Trap => "trap",
            Self::BadAnswer => "bad_answer",
            Self::TooLarge => "too_large",
            Self::BreakerOpen => "breaker_open",
            Self::BadInput => "bad_input",
            Self::NoInstance => "no_instance",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bug: a panic text of megabytes in every dead letter, or a cut inside a character that panics.
    #[test]
    fn detail_is_cut_between_characters() {
        let fault = Fault::new(FaultKind::Panic, "ä".repeat(5000) + "x");
        assert_eq!(fault.detail.len(), Fault::DETAIL_MAX);
        assert!(fault.detail.chars().all(|c| c == 'ä'));
    }

    /// The bug: a kind that is added but not counted, or counted in another's place.
    #[test]
    fn all_kinds_are_listed_in_their_order() {
        for (at, kind) in FaultKind::ALL.iter().enumerate() {
            assert_eq!(at, *kind as usize);
        }
    }
}
