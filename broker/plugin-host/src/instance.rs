//! One sandbox: an instance, its functions and the buffer that its input goes into.

use std::sync::Arc;

use wasmtime::{InstancePre, Memory, Store, TypedFunc};

use crate::abi::{self, CHUNK_MAX};
use crate::answer::bad;
use crate::chunk::Chunk;
use crate::counters::Alive;
use crate::fault::{Fault, FaultKind};
use crate::hook::{Hook, HookInput, HookSet};
use crate::meter::{Allowance, Metering, Spent};
use crate::room::Room;
use crate::state::GuestState;
use crate::table::Tables;
use crate::ticker::Ticker;
use crate::voice::Voice;

/// The buffer that holds any chunk of a usual topic: instances' buffers grow up to this, and beyond it for
/// one large record only.
const BUFFER_MAX: usize = CHUNK_MAX + 1024;

/// What an instance is made of.
#[derive(Clone)]
pub(crate) struct Blueprint {
    pub module: InstancePre<GuestState>,
    pub metering: Metering,
    pub ticker: Arc<Ticker>,
    pub voice: Arc<Voice>,
    pub tables: Tables,
    /// The memory ceiling in bytes.
    pub memory: usize,
}

/// An instance that may be called. After a fault it must be dropped: wasmtime would let it be called again.
pub(crate) struct Instance {
    room: Room,
    memory: Memory,
    functions: Functions,
    /// The guest's input buffer, which is the host's until the next `corvid_alloc`.
    buffer: Buffer,
    /// Hook calls so far.
    calls: u64,
    /// Counts this instance.
    _alive: Alive,
}

struct Functions {
    marker: TypedFunc<(), i32>,
    alloc: TypedFunc<i32, i32>,
    init: Option<TypedFunc<(i32, i32), i64>>,
    /// Says which hooks this instance has.
    named: Option<TypedFunc<(), i64>>,
    hooks: [Option<TypedFunc<(i32, i32), i64>>; Hook::ALL.len()],
}

#[derive(Debug, Clone, Copy, Default)]
struct Buffer {
    ptr: usize,
    len: usize,
}

impl Instance {
    /// Instantiates the module, which runs its start function.
    pub(crate) fn new(blueprint: &Blueprint, allowance: Allowance, alive: Alive) -> Result<Self, Fault> {
        let engine = blueprint.module.module().engine();
        let state = GuestState::new(blueprint.voice.clone(), blueprint.tables.clone(), blueprint.memory);
        let mut room = Room::new(engine, state, blueprint.metering, &blueprint.ticker);
        let instance = room.run(allowance, |store| blueprint.module.instantiate(store))?;
        let missing = |what: String| Fault::new(FaultKind::NoInstance, what);
        let memory = instance
            .get_memory(&mut room.store, abi::MEMORY)
            .ok_or_else(|| missing("it has no memory".to_owned()))?;
        let functions = Functions::of(&instance, &mut room.store).map_err(|error| missing(error.to_string()))?;
        Ok(Self {
            room,
            memory,
            functions,
            buffer: Buffer::default(),
            calls: 0,
            _alive: alive,
        })
    }

    /// The ABI's minor version that the plugin was written for.
    pub(crate) fn abi_minor(&mut self, allowance: Allowance) -> Result<i32, Fault> {
        self.room.run(allowance, |store| self.functions.marker.call(store, ()))
    }

    /// Gives the plugin its configuration. `Some` is its own objection.
    pub(crate) fn init(&mut self, config: &str, allowance: Allowance) -> Result<Option<String>, Fault> {
        if self.functions.init.is_none() {
            return Ok(None);
        }
        let len = config.len();
        let ptr = self.buffer(len, allowance)?;
        self.input(ptr, len).copy_from_slice(config.as_bytes());
        let Some(init) = &self.functions.init else {
            return Ok(None);
        };
        let answer = self
            .room
            .run(allowance, |store| init.call(store, (ptr as i32, len as i32)))?;
        if answer == 0 {
            return Ok(None);
        }
        let text = self.answer(answer, len)?;
        // What a person is to read, and no more.
        let text = &text[..text.len().min(Fault::DETAIL_MAX)];
        Ok(Some(String::from_utf8_lossy(text).into_owned()))
    }

    /// Which of the module's `hooks` this instance has, now that it is configured: all, unless it says otherwise.
    pub(crate) fn hooks(&mut self, hooks: HookSet, allowance: Allowance) -> Result<HookSet, Fault> {
        let Some(named) = &self.functions.named else {
            return Ok(hooks);
        };
        let answer = self.room.run(allowance, |store| named.call(store, ()))?;
        let text = self.answer(answer, 0)?;
        let text = str::from_utf8(text).map_err(|_| bad("corvid_hooks answers what is no text"))?;
        let names: Vec<&str> = text.split_ascii_whitespace().collect();
        Ok(hooks.named(&names))
    }

    /// Calls a hook on a chunk. The answer lies in the guest's memory and nobody has checked it yet.
    pub(crate) fn call(
        &mut self,
        hook: Hook,
        input: &HookInput<'_>,
        chunk: &Chunk<'_>,
        allowance: Allowance,
    ) -> Result<&[u8], Fault> {
        self.calls += 1;
        let state = self.room.store.data_mut();
        state.looks_up = true;
        state.chance = input.moment.map(|moment| moment.of_call(chunk.first));
        let len = abi::input_len(input, chunk);
        let ptr = self.buffer(len, allowance)?;
        abi::write_input(self.input(ptr, len), input, chunk);
        let Some(function) = &self.functions.hooks[hook as usize] else {
            let what = format!("it has no hook `{}`", hook.name());
            return Err(Fault::new(FaultKind::NoInstance, what));
        };
        let answer = self
            .room
            .run(allowance, |store| function.call(store, (ptr as i32, len as i32)))?;
        self.answer(answer, len)
    }

    /// Whether at most one hook was called on it, so that no earlier call can have harmed it.
    pub(crate) fn is_fresh(&self) -> bool {
        self.calls <= 1
    }

    /// The time that the last call took.
    pub(crate) fn spent(&self) -> Spent {
        self.room.spent()
    }

    /// The memory that it has, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        self.room.store.data().memory.size
    }

    /// The guest's buffer, of at least `len` bytes.
    fn buffer(&mut self, len: usize, allowance: Allowance) -> Result<usize, Fault> {
        if len <= self.buffer.len {
            return Ok(self.buffer.ptr);
        }
        let wanted = (2 * len).clamp(4096, BUFFER_MAX).max(len);
        let size = i32::try_from(wanted).map_err(|_| too_large(format!("an input of {len} bytes")))?;
        let alloc = &self.functions.alloc;
        let ptr = self
            .room
            .run(allowance, |store| alloc.call(store, size))
            .map_err(|fault| match fault.kind {
                FaultKind::Memory => too_large(format!("no room for {len} bytes: {}", fault.detail)),
                _ => fault,
            })?;
        let ptr = ptr as u32 as usize;
        if ptr == 0 {
            return Err(too_large(format!("corvid_alloc has no room for {wanted} bytes")));
        }
        if ptr + wanted > self.memory.data_size(&self.room.store) {
            return Err(bad("corvid_alloc answers a buffer outside memory"));
        }
        self.buffer = Buffer { ptr, len: wanted };
        Ok(ptr)
    }

    /// The first `len` bytes of the buffer at `ptr`.
    fn input(&mut self, ptr: usize, len: usize) -> &mut [u8] {
        let memory = self.memory.data_mut(&mut self.room.store);
        memory
            .get_mut(ptr..ptr + len)
            .expect("memory never shrinks, and `buffer` was inside")
    }

    /// The bytes that an answer points at.
    fn answer(&self, answer: i64, input_len: usize) -> Result<&[u8], Fault> {
        let (ptr, len) = abi::unpack(answer);
        if len == 0 {
            return Ok(&[]);
        }
        let memory = self.memory.data(&self.room.store);
        let bytes = memory
            .get(ptr..ptr + len)
            .ok_or_else(|| bad("the answer is outside memory"))?;
        let most = abi::answer_max(input_len);
        if len > most {
            return Err(too_large(format!("an answer of {len} bytes; the most is {most}")));
        }
        Ok(bytes)
    }
}

impl Functions {
    fn of(instance: &wasmtime::Instance, store: &mut Store<GuestState>) -> wasmtime::Result<Self> {
        Ok(Self {
            marker: instance.get_typed_func(&mut *store, abi::MARKER)?,
            alloc: instance.get_typed_func(&mut *store, abi::ALLOC)?,
            init: instance.get_typed_func(&mut *store, abi::INIT).ok(),
            named: instance.get_typed_func(&mut *store, abi::HOOKS).ok(),
            hooks: Hook::ALL.map(|hook| instance.get_typed_func(&mut *store, hook.export()).ok()),
        })
    }
}

fn too_large(what: impl Into<String>) -> Fault {
    Fault::new(FaultKind::TooLarge, what)
}
