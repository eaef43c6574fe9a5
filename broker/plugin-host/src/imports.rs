//! What a plugin may import: all that it can do besides computing.

use corvid_env::{clock, random};
use wasmtime::{Caller, Engine, ExternType, ImportType, Linker};

use crate::abi::{IMPORTS, MEMORY};
use crate::answer::bad;
use crate::error::{LoadError, cut};
use crate::hook::HookSet;
use crate::signature::signature;
use crate::state::GuestState;
use crate::voice::{LINE_MAX, Level};

/// An import that is offered.
struct Offer {
    name: &'static str,
    signature: &'static str,
    /// Whether a partitioner or a view may have it. Their answers must depend on what they are given alone.
    repeatable: bool,
}

const OFFERS: [Offer; 4] = [
    Offer {
        name: "log",
        signature: "(i32, i32, i32) -> ()",
        repeatable: true,
    },
    Offer {
        name: "metric_add",
        signature: "(i32, i32, f64) -> ()",
        repeatable: true,
    },
    Offer {
        name: "now_ms",
        signature: "() -> (i64)",
        repeatable: false,
    },
    Offer {
        name: "random",
        signature: "() -> (i64)",
        repeatable: false,
    },
];

/// Checks that an import is offered to a module that has these hooks.
pub(crate) fn check(import: &ImportType<'_>, hooks: HookSet) -> Result<(), LoadError> {
    let refuse = |why: String| {
        let (module, name, why) = (cut(import.module()), cut(import.name()), cut(why));
        Err(LoadError::Import { module, name, why })
    };
    let named = |offer: &&Offer| import.module() == IMPORTS && offer.name == import.name();
    let Some(offer) = OFFERS.iter().find(named) else {
        let names = OFFERS.map(|offer| offer.name).join(", ");
        return refuse(format!(
            "there are only the functions {names} of the module `{IMPORTS}`"
        ));
    };
    if hooks.view && !offer.repeatable {
        return refuse(
            "a view has neither clock nor random numbers: what it shows is kept, and shown again".to_owned(),
        );
    }
    if hooks.partition && !offer.repeatable {
        return refuse(
            "a partitioner has neither clock nor random numbers: the same record has to find the same \
             partition again"
                .to_owned(),
        );
    }
    match import.ty() {
        ExternType::Func(ty) if signature(&ty) == offer.signature => Ok(()),
        ExternType::Func(ty) => refuse(format!("it is {}, not {}", offer.signature, signature(&ty))),
        _ => refuse("it is a function".to_owned()),
    }
}

/// The imports, ready to be linked.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(IMPORTS, "log", log)?;
    linker.func_wrap(IMPORTS, "metric_add", metric_add)?;
    linker.func_wrap(IMPORTS, "now_ms", || clock::wall_clock().0)?;
    linker.func_wrap(IMPORTS, "random", || random::u64() as i64)?;
    Ok(linker)
}

fn log(mut caller: Caller<'_, GuestState>, level: i32, ptr: i32, len: i32) -> wasmtime::Result<()> {
    let level = Level::of(level).ok_or_else(|| bad(format!("a log line of level {level}")))?;
    let (bytes, state) = guest_bytes(&mut caller, ptr, len)?;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LINE_MAX)]);
    state.voice.say(level, &text);
    if level == Level::Panic {
        state.panic = Some(text.into_owned());
    }
    Ok(())
}

fn metric_add(mut caller: Caller<'_, GuestState>, ptr: i32, len: i32, value: f64) -> wasmtime::Result<()> {
    let (name, state) = guest_bytes(&mut caller, ptr, len)?;
    state.voice.add(name, value);
    Ok(())
}

/// Bytes that the guest points at, and the host's state beside them.
fn guest_bytes<'a>(
    caller: &'a mut Caller<'_, GuestState>,
    ptr: i32,
    len: i32,
) -> wasmtime::Result<(&'a [u8], &'a mut GuestState)> {
    let memory = caller.get_export(MEMORY).and_then(wasmtime::Extern::into_memory);
    let memory = memory.ok_or_else(|| bad("an import is called, but there is no memory"))?;
    let (ptr, len) = (ptr as u32 as usize, len as u32 as usize);
    let (bytes, state) = memory.data_and_store_mut(caller);
    let bytes = bytes.get(ptr..ptr + len);
    Ok((
        bytes.ok_or_else(|| bad("an import's pointer is outside memory"))?,
        state,
    ))
}
