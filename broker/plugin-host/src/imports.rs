//! What a plugin may import: all that it can do besides computing.

use std::ops::Range;

use corvid_env::{clock, random};
use wasmtime::{Caller, Engine, ExternType, ImportType, Linker};

use crate::abi::{IMPORTS, MEMORY};
use crate::answer::bad;
use crate::error::{LoadError, cut};
use crate::fault::Fault;
use crate::hook::HookSet;
use crate::moment::Chance;
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

const OFFERS: [Offer; 6] = [
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
    // A partitioner or a view is granted no tables, so these are no way around.
    Offer {
        name: "table_open",
        signature: "(i32, i32) -> (i32)",
        repeatable: true,
    },
    Offer {
        name: "table_get",
        signature: "(i32, i32, i32, i32, i32) -> (i64)",
        repeatable: true,
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
    linker.func_wrap(IMPORTS, "now_ms", now_ms)?;
    linker.func_wrap(IMPORTS, "random", random_number)?;
    linker.func_wrap(IMPORTS, "table_open", table_open)?;
    linker.func_wrap(IMPORTS, "table_get", table_get)?;
    Ok(linker)
}

fn now_ms(caller: Caller<'_, GuestState>) -> i64 {
    let chance = caller.data().chance.as_ref();
    chance.map_or_else(|| clock::wall_clock().0, |chance| chance.now_ms)
}

fn random_number(mut caller: Caller<'_, GuestState>) -> i64 {
    let chance = caller.data_mut().chance.as_mut();
    chance.map_or_else(random::u64, Chance::draw) as i64
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

/// The place of a table, or -1.
fn table_open(mut caller: Caller<'_, GuestState>, ptr: i32, len: i32) -> wasmtime::Result<i32> {
    let (name, state) = guest_bytes(&mut caller, ptr, len)?;
    Ok(state.tables.open(name).map_or(-1, |place| place as i32))
}

/// Copies as much of a value as fits, and answers how long it is; -1 if there is none.
fn table_get(
    mut caller: Caller<'_, GuestState>,
    table: i32,
    key: i32,
    key_len: i32,
    out: i32,
    out_len: i32,
) -> wasmtime::Result<i64> {
    let (memory, state) = guest_memory(&mut caller)?;
    if !state.looks_up {
        let what = "a look-up before the first record: a table is not complete yet when the plugin starts";
        return Err(bad(what).into());
    }
    let table = state.tables.at(table as u32 as usize);
    let table = table.ok_or_else(|| bad("a look-up in a table that was not opened"))?;
    let key = memory.get(range(key, key_len)).ok_or_else(outside)?;
    // Copied under the table's lock: that holds up only who changes the table, and takes microseconds.
    let contents = table.contents();
    let value = contents.get(key);
    let out = memory.get_mut(range(out, out_len)).ok_or_else(outside)?;
    let Some(value) = value else { return Ok(-1) };
    let fits = value.len().min(out.len());
    out[..fits].copy_from_slice(&value[..fits]);
    Ok(value.len() as i64)
}

/// Bytes that the guest points at, and the host's state beside them.
fn guest_bytes<'a>(
    caller: &'a mut Caller<'_, GuestState>,
    ptr: i32,
    len: i32,
) -> wasmtime::Result<(&'a [u8], &'a mut GuestState)> {
    let (memory, state) = guest_memory(caller)?;
    Ok((memory.get(range(ptr, len)).ok_or_else(outside)?, state))
}

/// The guest's memory, and the host's state beside it.
fn guest_memory<'a>(caller: &'a mut Caller<'_, GuestState>) -> wasmtime::Result<(&'a mut [u8], &'a mut GuestState)> {
    let memory = caller.get_export(MEMORY).and_then(wasmtime::Extern::into_memory);
    let memory = memory.ok_or_else(|| bad("an import is called, but there is no memory"))?;
    Ok(memory.data_and_store_mut(caller))
}

fn range(ptr: i32, len: i32) -> Range<usize> {
    let ptr = ptr as u32 as usize;
    ptr..ptr + len as u32 as usize
}

fn outside() -> Fault {
    bad("an import's pointer is outside memory")
}
