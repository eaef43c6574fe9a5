//! The module's exports, by hand: the SDK's own would never answer garbage. The SDK does the rest.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
#![allow(unsafe_code)] // The unmangled names of the exports, and nothing else.

use crate::behaviour::{Behaviour, Misbehaving};
use crate::garbage::{Garbage, Hook};
use corvid_plugin_sdk::{Config, guest};
use std::cell::RefCell;

struct Hooks(Misbehaving);

impl guest::Hooks for Hooks {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Misbehaving::new(config).map(Hooks)
    }
}

thread_local! {
    static HOOKS: RefCell<Option<Hooks>> = const { RefCell::new(None) };
    static GARBAGE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn init(ptr: usize, len: usize) -> u64 {
    HOOKS.with_borrow_mut(|hooks| {
        let answer = guest::init(hooks, ptr, len);
        match hooks {
            Some(Hooks(plugin)) if plugin.behaviour == Behaviour::InitGarbage => pack(0xffff_0000, 8),
            _ => answer,
        }
    })
}

/// Runs the hook as the SDK does, and then answers something else, if that is the behaviour and
/// there was a record that provoked it.
fn run(hook: Hook, ptr: usize, len: usize) -> u64 {
    HOOKS.with_borrow_mut(|hooks| {
        let mut plugin = hooks.as_mut().map(|Hooks(plugin)| plugin);
        if let Some(plugin) = &mut plugin {
            plugin.begin_call();
        }
        let answer = match hook {
            Hook::Partition => guest::partition(plugin.as_deref_mut(), ptr, len),
            Hook::Validate => guest::validate(plugin.as_deref_mut(), ptr, len),
            Hook::Transform => guest::transform(plugin.as_deref_mut(), ptr, len),
            Hook::View => guest::view(plugin.as_deref_mut(), ptr, len),
            Hook::Policy => guest::policy(plugin.as_deref_mut(), ptr, len),
        };
        let provoked = plugin.filter(|plugin| plugin.provoked);
        match provoked.and_then(|plugin| Garbage::of(plugin.behaviour, hook, plugin.records, len)) {
            None => answer,
            Some(Garbage::Raw { ptr, len }) => pack(ptr.into(), len.into()),
            Some(Garbage::Bytes(bytes)) => {
                let answer = pack(bytes.as_ptr().addr() as u64, bytes.len() as u64);
                GARBAGE.replace(bytes);
                answer
            }
        }
    })
}

fn pack(ptr: u64, len: u64) -> u64 {
    ptr << 32 | len
}

/// What the host calls. SAFETY of all of them: the names are the contract's, and nothing else in a module has them.
#[cfg(target_arch = "wasm32")]
mod names {
    use super::{Hook, init, run};
    use corvid_plugin_sdk::guest;

    #[unsafe(no_mangle)]
    extern "C" fn corvid_abi_1() -> i32 {
        guest::ABI_MINOR
    }

    #[unsafe(no_mangle)]
    extern "C" fn corvid_alloc(len: u32) -> usize {
        guest::alloc(len)
    }

    #[unsafe(no_mangle)]
    extern "C" fn corvid_init(ptr: usize, len: usize) -> u64 {
        init(ptr, len)
    }

    #[unsafe(no_mangle)]
    extern "C" fn corvid_partition(ptr: usize, len: usize) -> u64 {
        run(Hook::Partition, ptr, len)
    }

    #[unsafe(no_mangle)]
    extern "C" fn corvid_validate(ptr: usize, len: usize) -> u64 {
        run(Hook::Validate, ptr, len)
    }

    #[unsafe(no_mangle)]
    extern "C" fn corvid_transform(ptr: usize, len: usize) -> u64 {
        run(Hook::Transform, ptr, len)
    }

    #[unsafe(no_mangle)]
    extern "C" fn corvid_view(ptr: usize, len: usize) -> u64 {
        run(Hook::View, ptr, len)
    }

    #[unsafe(no_mangle)]
    extern "C" fn corvid_policy(ptr: usize, len: usize) -> u64 {
        run(Hook::Policy, ptr, len)
    }
}
