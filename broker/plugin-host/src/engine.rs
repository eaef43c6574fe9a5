//! The settings of the engine. What compiles and what runs must agree on every one of them, so that they
//! are made here only.

use wasmtime::{Config, Engine};

use crate::error::HostError;
use crate::meter::Metering;

/// The most stack that guest code has, of the thread that it runs on.
const STACK_MAX: usize = 512 << 10;

/// An engine that meters calls in this way.
pub(crate) fn engine(metering: Metering) -> Result<Engine, HostError> {
    let mut config = Config::new();
    config
        .epoch_interruption(metering == Metering::Epochs)
        .consume_fuel(metering == Metering::Fuel)
        .max_wasm_stack(STACK_MAX)
        .concurrency_support(false)
        // What a plugin has no use for and that would be one more thing to limit.
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        // The same answer on every CPU.
        .relaxed_simd_deterministic(true)
        .cranelift_nan_canonicalization(metering == Metering::Fuel);
    Engine::new(&config).map_err(|error| HostError::Engine(format!("{error:#}")))
}
