//! What comes out of a view.

use super::Edit;
use crate::fault::Fault;

/// What a view changes: records that are not listed are shown as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Views {
    /// Each with its record's place in the section that went in, strictly ascending.
    pub list: Vec<(u32, Viewed)>,
}

/// What a view does to one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewed {
    /// The record is not shown.
    Hidden,
    /// Key, value or headers are shown otherwise.
    Edit(Edit),
    /// The plugin could not handle it.
    Fault(Fault),
}
