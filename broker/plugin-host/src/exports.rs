//! Whether a module is a plugin: what it exports and imports, by name and type.

use wasmtime::{ExternType, Module};

use crate::abi::{ALLOC, ANY_MARKER, HOOKS, INIT, MARKER, MEMORY};
use crate::error::{LoadError, cut};
use crate::hook::{Hook, HookSet};
use crate::imports;
use crate::signature::signature;

/// The type of every hook, and of `corvid_init`.
const HOOK_SIGNATURE: &str = "(i32, i32) -> (i64)";

/// Checks a module's imports and exports, and tells its hooks.
pub(crate) fn check(module: &Module) -> Result<HookSet, LoadError> {
    let has = |hook: Hook| function(module, hook.export(), HOOK_SIGNATURE);
    let hooks = HookSet {
        partition: has(Hook::Partition)?,
        validate: has(Hook::Validate)?,
        transform: has(Hook::Transform)?,
        policy: has(Hook::Policy)?,
        view: has(Hook::View)?,
    };
    for import in module.imports() {
        imports::check(&import, hooks)?;
    }
    marker(module)?;
    memory(module)?;
    if !function(module, ALLOC, "(i32) -> (i32)")? {
        return Err(problem(ALLOC, "is missing"));
    }
    function(module, INIT, HOOK_SIGNATURE)?;
    function(module, HOOKS, "() -> (i64)")?;
    if hooks.is_empty() {
        Err(LoadError::NoHooks)
    } else {
        Ok(hooks)
    }
}

/// Whether there is a function `name`; if so, it must have this type.
fn function(module: &Module, name: &str, expected: &str) -> Result<bool, LoadError> {
    match module.get_export(name) {
        None => Ok(false),
        Some(ExternType::Func(ty)) if signature(&ty) == expected => Ok(true),
        Some(ExternType::Func(ty)) => Err(problem(name, format!("is {}, not {expected}", signature(&ty)))),
        Some(_) => Err(problem(name, "is not a function")),
    }
}

fn marker(module: &Module) -> Result<(), LoadError> {
    if function(module, MARKER, "() -> (i32)")? {
        return Ok(());
    }
    let other = module.exports().find(|export| export.name().starts_with(ANY_MARKER));
    Err(match other {
        Some(other) => problem(
            other.name(),
            format!("is of another release: this broker speaks {MARKER}"),
        ),
        None => problem(MARKER, "is missing: it says that a module is a plugin"),
    })
}

fn memory(module: &Module) -> Result<(), LoadError> {
    match module.get_export(MEMORY) {
        Some(ExternType::Memory(ty)) if !ty.is_64() && !ty.is_shared() => Ok(()),
        Some(_) => Err(problem(MEMORY, "is not a memory of 32 bits that is its own")),
        None => Err(problem(MEMORY, "is missing")),
    }
}

fn problem(name: &str, problem: impl Into<String>) -> LoadError {
    LoadError::Export {
        name: cut(name),
        problem: cut(problem),
    }
}
