//! Loading compiled code: the one `unsafe` of this crate.

#![expect(unsafe_code, reason = "wasmtime can't know who wrote compiled code; this file does")]

use wasmtime::{Engine, Module};

use super::artifact::{Broken, Label};

/// The module in a sealed artifact, if that is what `label` says, whole and unchanged.
pub(super) fn load(engine: &Engine, label: &Label, sealed: &[u8]) -> Result<Module, Broken> {
    let code = label.open(sealed)?;
    // SAFETY: `deserialize` runs what it is given, so the bytes must come from wasmtime's own compiler. They
    // do: they were sealed by `Label::seal`, which is called on the compiler's output only, by this process or
    // by a child of the same binary; they reached us through that child's pipe, or through the cache
    // directory, where nobody but this broker may write (`HostConfig::cache` demands it). The label that has
    // just been checked names the module, this version of wasmtime, its settings and this processor's
    // features; the checksum excludes torn and damaged files. `deserialize` copies the bytes, which this
    // function alone can see, so that they can't change under it.
    let module = unsafe { Module::deserialize(engine, code) };
    module.map_err(|error| Broken::Engine(format!("{error:#}")))
}
