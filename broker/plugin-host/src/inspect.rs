//! What a module is, without binding it.

use std::sync::Arc;

use wasmtime::{Engine, Module};

use crate::compile::{check_bytes, compile_error};
use crate::counters::Counters;
use crate::engine::engine;
use crate::error::LoadError;
use crate::exports;
use crate::hook::HookSet;
use crate::imports;
use crate::instance::{Blueprint, Instance};
use crate::meter::{Allowance, Metering};
use crate::sandbox::START_MAX;
use crate::table::Tables;
use crate::ticker::Ticker;
use crate::voice::Voice;

/// The memory that a module may have while it is looked at; what it may have when bound is the binding's.
const MEMORY_MAX: usize = 256 << 20;

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

/// Looks at a module as [`PluginHost::load`](crate::PluginHost::load) would, without a configuration and
/// without calling a hook. It is compiled in this process: for the command line.
pub fn inspect(wasm: &[u8]) -> Result<Inspection, LoadError> {
    check_bytes(wasm)?;
    // Fuel needs no ticker, and so no thread.
    let engine = engine(Metering::Fuel).map_err(|error| LoadError::Compile(error.to_string()))?;
    let module = Module::from_binary(&engine, wasm).map_err(|error| compile_error(&error))?;
    let hooks = exports::check(&module)?;
    let imports = module.imports().map(|import| Import {
        module: import.module().to_owned(),
        name: import.name().to_owned(),
    });
    let imports = imports.collect();
    Ok(Inspection {
        hooks,
        imports,
        abi_minor: abi_minor(&engine, &module)?,
        size: wasm.len(),
    })
}

fn abi_minor(engine: &Engine, module: &Module) -> Result<i32, LoadError> {
    let linked = imports::linker(engine).and_then(|linker| linker.instantiate_pre(module));
    let blueprint = Blueprint {
        module: linked.map_err(|error| compile_error(&error))?,
        metering: Metering::Fuel,
        ticker: Arc::new(Ticker::new(engine.clone())),
        tables: Tables::Unbound,
        voice: Arc::new(Voice::new("inspected")),
        memory: MEMORY_MAX,
    };
    let allowance = Allowance {
        time: START_MAX,
        exact: true,
    };
    let mut instance = Instance::new(&blueprint, allowance, Counters::default().made()).map_err(LoadError::Start)?;
    instance.abi_minor(allowance).map_err(LoadError::Start)
}
