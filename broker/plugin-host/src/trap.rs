//! From a trap to a fault.

use wasmtime::{Error, Trap, WasmBacktrace};

use crate::fault::{Fault, FaultKind};
use crate::state::GuestState;

/// What a call's end means, given what the instance said and wanted during the call.
pub(crate) fn fault(error: &Error, state: &mut GuestState) -> Fault {
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return fault.clone();
    }
    let panic = state.panic.take();
    let kind = match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt | Trap::OutOfFuel) => FaultKind::Deadline,
        _ if state.memory.denied => FaultKind::Memory,
        Some(Trap::StackOverflow | Trap::MemoryOutOfBounds) => FaultKind::Stack,
        Some(Trap::UnreachableCodeReached) => FaultKind::Panic,
        _ => FaultKind::Trap,
    };
    let trap = match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.to_string(),
    };
    let place = place(error);
    Fault::new(
        kind,
        match kind {
            FaultKind::Deadline => format!("used more CPU time than `deadline` of its limits allows{place}"),
            FaultKind::Memory => {
                let why = panic.map(|text| format!(": {text}")).unwrap_or_default();
                format!("wanted more memory than `memory` of its limits allows{place}{why}")
            }
            FaultKind::Stack => {
                format!("{trap}{place}: most often recursion without end, or a wild pointer")
            }
            _ => panic.unwrap_or_else(|| format!("{trap}{place}")),
        },
    )
}

/// The innermost function that has a name, for modules that kept theirs.
fn place(error: &Error) -> String {
    let named = error
        .downcast_ref::<WasmBacktrace>()
        .and_then(|trace| trace.frames().iter().find_map(wasmtime::FrameInfo::func_name));
    named.map(|name| format!(" in `{name}`")).unwrap_or_default()
}
