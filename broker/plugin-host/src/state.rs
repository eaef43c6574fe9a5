//! What the host keeps beside an instance: its limits and what it last said.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use crate::meter::Stopwatch;
use crate::moment::Chance;
use crate::table::Tables;
use crate::voice::Voice;

/// The most elements of a module's tables: its functions that are called through pointers.
const TABLE_MAX: usize = 64 << 10;

/// The host's side of an instance.
pub(crate) struct GuestState {
    /// The plugin's log and counters.
    pub voice: Arc<Voice>,
    /// The tables that it may open.
    pub tables: Tables,
    /// Whether it may look things up: once a hook is called, and not before.
    pub looks_up: bool,
    /// Where the running call has its time and its random numbers from; nothing: from the machine.
    pub chance: Option<Chance>,
    /// The running call's time; nothing before the first call and under fuel.
    pub stopwatch: Option<Stopwatch>,
    /// The instance's memory.
    pub memory: MemoryGauge,
    /// The text of a panic in the running call.
    pub panic: Option<String>,
}

impl GuestState {
    pub(crate) fn new(voice: Arc<Voice>, tables: Tables, ceiling: usize) -> Self {
        let memory = MemoryGauge {
            ceiling,
            size: 0,
            denied: false,
        };
        Self {
            voice,
            tables,
            looks_up: false,
            chance: None,
            stopwatch: None,
            memory,
            panic: None,
        }
    }
}

/// Keeps an instance's memory below its ceiling.
#[derive(Debug)]
pub(crate) struct MemoryGauge {
    ceiling: usize,
    /// The size that it has grown to; memory never shrinks.
    pub size: usize,
    /// Whether the running call wanted more than the ceiling.
    pub denied: bool,
}

impl ResourceLimiter for MemoryGauge {
    /// A refusal is not a trap: the guest sees that it can't have more and may manage without.
    fn memory_growing(&mut self, _: usize, to: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let granted = to <= self.ceiling;
        if granted {
            self.size = to;
        } else {
            self.denied = true;
        }
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, to: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(to <= TABLE_MAX)
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        4
    }

    fn memories(&self) -> usize {
        1
    }
}
