//! What comes out of a hook.

use bytes::Bytes;

use crate::fault::Fault;

mod decision;
mod edit;
mod view;

pub use decision::{DELAY_MAX_MS, Decision, Decisions};
pub(crate) use edit::header_op;
pub use edit::{Edit, HeaderOp, HeaderOps};
pub use view::{Viewed, Views};

/// A record's answer, or the fault that it caused. The fault is boxed: it is rare, and a batch of a
/// thousand answers should not carry the room for it.
pub type Outcome<T> = Result<T, Box<Fault>>;

/// What a partitioner says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// This partition, which is one that the topic has.
    To(i32),
    /// The partition that the client chose.
    Keep,
}

/// A record that a validator did not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// The record's place in the section that went in, from 0.
    pub index: u32,
    /// What is wrong with it.
    pub verdict: Verdict,
}

/// Why a record failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The plugin judged it and said no.
    Refused {
        /// The plugin's own code.
        code: u16,
        /// The plugin's reason, for people.
        reason: String,
    },
    /// The plugin could not judge it.
    Fault(Fault),
}

/// What a transform changes: records that are not listed stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edits {
    /// Each with its record's place in the section that went in, strictly ascending.
    pub list: Vec<(u32, Edited)>,
}

impl Edits {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// What a transform does to one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// The record is left out.
    Drop,
    /// The plugin judged it and said no.
    Refused {
        /// The plugin's own code.
        code: u16,
        /// The plugin's reason, for people.
        reason: String,
    },
    /// The plugin could not handle it.
    Fault(Fault),
    /// Key, value or headers change.
    Edit(Edit),
}

/// The outer `Option` says whether it changes, the inner whether it is null.
pub type Replacement = Option<Option<Bytes>>;
