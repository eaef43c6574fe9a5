//! A loaded plugin.

use crate::hook::{HookInput, HookSet};
use crate::outcome::{Edits, Failing, Outcome, Route};
use crate::stats::PluginStats;

/// A plugin that is compiled, configured and tested. Its hooks may be called from many threads at once.
pub struct Plugin {
    _todo: (),
}

impl Plugin {
    /// Its name.
    pub fn name(&self) -> &str {
        todo!()
    }

    /// The SHA-256 of its module.
    pub fn digest(&self) -> [u8; 32] {
        todo!()
    }

    /// Which deployment of the plugin this is.
    pub fn generation(&self) -> u64 {
        todo!()
    }

    /// The hooks that it has.
    pub fn hooks(&self) -> HookSet {
        todo!()
    }

    /// What it has done so far.
    pub fn stats(&self) -> PluginStats {
        todo!()
    }

    /// Asks the partitioner: an outcome for each record, in order.
    pub async fn partition(&self, _input: HookInput<'_>) -> Vec<Outcome<Route>> {
        todo!()
    }

    /// Asks the validator: the records that are not accepted, ascending.
    pub async fn validate(&self, _input: HookInput<'_>) -> Vec<Failing> {
        todo!()
    }

    /// Asks the transform: what changes.
    pub async fn transform(&self, _input: HookInput<'_>) -> Edits {
        todo!()
    }
}
