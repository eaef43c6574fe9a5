//! What a module is, without binding it.

use crate::error::LoadError;
use crate::hook::HookSet;

/// What [`inspect`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The hooks that it has.
    pub hooks: HookSet,
    /// What it imports; all of it is offered.
    pub imports: Vec<Import>,
    /// The minor of ABI version 1 that it was written for.
    pub abi_minor: i32,
    /// Its size in bytes.
    pub size: usize,
}

/// A function that a module imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The import's module: `corvid`.
    pub module: String,
    /// The import's name, such as `log`.
    pub name: String,
}

/// Looks at a module as [`PluginHost::load`](crate::PluginHost::load) would, without a configuration. It is
/// compiled in this process: for the command line.
pub fn inspect(_wasm: &[u8]) -> Result<Inspection, LoadError> {
    todo!()
}
