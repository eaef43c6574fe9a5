//! The module's side of the contract (ABI.md): its imports, its exports, and the buffers through
//! which bytes cross. All `unsafe` of the SDK is in this file, and it is only ever a declaration:
//! the imports and the unmangled names of the exports. The host writes into a buffer that is an
//! ordinary vector here, and a call names it by its address, which is checked.
#![allow(unsafe_code)]

use crate::config::Config;
use crate::host::{Level, log};
use crate::input::Input;
use crate::transform::Edit;
use crate::{
    Partitioner, Policy, Transform, Validator, View, partitioner, policy as policies, transform, validator, view,
};
use std::cell::RefCell;

/// Names the plugin's hooks: `export!(partitioner = ByTenant);`, or several of `partitioner`,
/// `validator`, `transform`, `policy` and `view`, with commas. Each has an instance of its type for itself.
///
/// For wasm32 it makes the module's exports. Elsewhere it makes none, so that plugins can be
/// tested, and linked together, natively; but a function by which `corvid plugin bench` runs the
/// same hooks without a sandbox, if this stands in `lib.rs`.
#[macro_export]
macro_rules! export {
    ($($hook:ident = $plugin:ty),+ $(,)?) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Hooks {
                $($hook: $plugin),+
            }

            impl $crate::guest::Hooks for Hooks {
                fn new(config: &$crate::Config<'_>) -> Result<Self, String> {
                    Ok(Hooks { $($hook: $crate::__hook!(new $hook $plugin)(config)?),+ })
                }
            }

            std::thread_local! {
                static HOOKS: std::cell::RefCell<Option<Hooks>> = const { std::cell::RefCell::new(None) };
            }

            // SAFETY: of all names of a module, those that begin with `corvid_` are ours, and a module has one `export!`.
            #[unsafe(no_mangle)]
            extern "C" fn corvid_abi_1() -> i32 {
                $crate::guest::ABI_MINOR
            }

            // SAFETY: as above.
            #[unsafe(no_mangle)]
            extern "C" fn corvid_alloc(len: u32) -> usize {
                $crate::guest::alloc(len)
            }

            // SAFETY: as above.
            #[unsafe(no_mangle)]
            extern "C" fn corvid_init(ptr: usize, len: usize) -> u64 {
                HOOKS.with_borrow_mut(|hooks| $crate::guest::init(hooks, ptr, len))
            }

            $($crate::__hook!(export $hook HOOKS);)+
        };

        #[cfg(not(target_arch = "wasm32"))]
        #[doc(hidden)]
        #[allow(dead_code)]
        pub fn corvid_native(
            config: &str,
            tables: $crate::guest::native::Tables,
        ) -> Result<$crate::guest::native::Run, String> {
            let config = $crate::Config::parse(config)?;
            $crate::guest::native::grant(tables);
            $(let mut $hook = $crate::__hook!(new $hook $plugin)(&config)?;)+
            Ok(Box::new(move |name, input, answer| match name {
                $($crate::__hook!(name $hook) => {
                    $crate::__hook!(native $hook)(&mut $hook, input, answer);
                    true
                })+
                _ => false,
            }))
        }
    };
}

/// What [`export!`] needs to know of each hook.
#[doc(hidden)]
#[macro_export]
macro_rules! __hook {
    (new partitioner $plugin:ty) => { <$plugin as $crate::Partitioner>::new };
    (new validator $plugin:ty) => { <$plugin as $crate::Validator>::new };
    (new transform $plugin:ty) => { <$plugin as $crate::Transform>::new };
    (new policy $plugin:ty) => { <$plugin as $crate::Policy>::new };
    (new view $plugin:ty) => { <$plugin as $crate::View>::new };
    (new $hook:ident $plugin:ty) => {
        compile_error!(concat!("`", stringify!($hook), "` is no hook: there are partitioner, validator, transform, policy and view"))
    };
    (name partitioner) => { "partition" };
    (name validator) => { "validate" };
    (name transform) => { "transform" };
    (name policy) => { "policy" };
    (name view) => { "view" };
    (name $hook:ident) => { "" };
    (native partitioner) => { $crate::guest::native::partition };
    (native validator) => { $crate::guest::native::validate };
    (native transform) => { $crate::guest::native::transform };
    (native policy) => { $crate::guest::native::policy };
    (native view) => { $crate::guest::native::view };
    (native $hook:ident) => { |_: &mut (), _: &[u8], _: &mut Vec<u8>| () };
    (export partitioner $hooks:ident) => { $crate::__hook!(function corvid_partition partitioner partition $hooks); };
    (export validator $hooks:ident) => { $crate::__hook!(function corvid_validate validator validate $hooks); };
    (export transform $hooks:ident) => { $crate::__hook!(function corvid_transform transform transform $hooks); };
    (export policy $hooks:ident) => { $crate::__hook!(function corvid_policy policy policy $hooks); };
    (export view $hooks:ident) => { $crate::__hook!(function corvid_view view view $hooks); };
    (export $hook:ident $hooks:ident) => {};
    (function $name:ident $hook:ident $run:ident $hooks:ident) => {
        // SAFETY: of all names of a module, those that begin with `corvid_` are ours, and a module has one `export!`.
        #[unsafe(no_mangle)]
        extern "C" fn $name(ptr: usize, len: usize) -> u64 {
            $hooks.with_borrow_mut(|hooks| $crate::guest::$run(hooks.as_mut().map(|hooks| &mut hooks.$hook), ptr, len))
        }
    };
}

/// The minor version of the contract that this SDK was written for.
pub const ABI_MINOR: i32 = 2;

/// The hooks of a module, each with its state.
pub trait Hooks: Sized {
    /// Makes them all from one configuration.
    fn new(config: &Config<'_>) -> Result<Self, String>;
}

thread_local! {
    /// What the host writes for the next call.
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// What the last call answered.
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static EDIT: RefCell<Edit> = const { RefCell::new(Edit::NOTHING) };
}

/// A buffer for the host's next input, or 0 if there is no memory for it.
pub fn alloc(len: u32) -> usize {
    INPUT.with_borrow_mut(|input| {
        let len = len as usize;
        if input.len() < len {
            // Given back before the larger one is taken: nothing of the old input is wanted.
            *input = Vec::new();
            if input.try_reserve_exact(len).is_err() {
                return 0;
            }
            input.resize(len, 0);
        }
        input.as_ptr().addr()
    })
}

/// Makes the hooks. The answer is empty, or why they can't be made.
pub fn init<H: Hooks>(hooks: &mut Option<H>, ptr: usize, len: usize) -> u64 {
    std::panic::set_hook(Box::new(|panic| log(Level::Panic, &panic.to_string())));
    call(ptr, len, |input, answer| {
        let config = str::from_utf8(input).map_err(|_| "the configuration is not UTF-8".to_owned());
        match config.and_then(Config::parse).and_then(|config| H::new(&config)) {
            Ok(made) => *hooks = Some(made),
            // An empty answer would mean that all is well.
            Err(error) if error.is_empty() => answer.extend_from_slice(b"no reason was given"),
            Err(error) => answer.extend_from_slice(error.as_bytes()),
        }
    })
}

/// Says which of its hooks the plugin has.
pub fn hooks(names: &[&str]) -> u64 {
    answer(|answer| answer.extend_from_slice(names.join(" ").as_bytes()))
}

/// Runs a partitioner.
pub fn partition<P: Partitioner>(plugin: Option<&mut P>, ptr: usize, len: usize) -> u64 {
    call(ptr, len, |input, answer| {
        partitioner::answer(initialized(plugin), &Input::read(input), answer);
    })
}

/// Runs a validator.
pub fn validate<V: Validator>(plugin: Option<&mut V>, ptr: usize, len: usize) -> u64 {
    call(ptr, len, |input, answer| {
        validator::answer(initialized(plugin), &Input::read(input), answer);
    })
}

/// Runs a transform.
pub fn transform<T: Transform>(plugin: Option<&mut T>, ptr: usize, len: usize) -> u64 {
    EDIT.with_borrow_mut(|edit| {
        call(ptr, len, |input, answer| {
            transform::answer(initialized(plugin), edit, &Input::read(input), answer);
        })
    })
}

/// Runs a policy.
pub fn policy<P: Policy>(plugin: Option<&mut P>, ptr: usize, len: usize) -> u64 {
    call(ptr, len, |input, answer| {
        policies::answer(initialized(plugin), &Input::read(input), answer);
    })
}

/// Runs a view.
pub fn view<V: View>(plugin: Option<&mut V>, ptr: usize, len: usize) -> u64 {
    EDIT.with_borrow_mut(|edit| {
        call(ptr, len, |input, answer| {
            view::answer(initialized(plugin), edit, &Input::read(input), answer);
        })
    })
}

/// The hooks without a sandbox, over the bytes of an input and into those of an answer: what the same code costs natively.
/// What a plugin logs is thrown away.
#[cfg(not(target_arch = "wasm32"))]
pub mod native {
    use super::{EDIT, Input, Partitioner, Policy, Transform, Validator, View};
    use crate::testing::host::{grant_any_table, set_table, take_log};
    use crate::{partitioner, policy as policies, transform as transforms, validator, view as views};

    /// Runs a hook, by its name: an input, and room for its answer. False if the plugin has no such hook.
    pub type Run = Box<dyn FnMut(&str, &[u8], &mut Vec<u8>) -> bool>;

    /// Tables by name, each with its keys and values.
    pub type Tables = Vec<(String, Vec<(Vec<u8>, Vec<u8>)>)>;

    /// Grants tables; none are any, all empty, as for a plugin that no binding has.
    pub fn grant(tables: Tables) {
        if tables.is_empty() {
            grant_any_table();
        }
        for (name, contents) in tables {
            set_table(&name, contents);
        }
    }

    /// Runs a partitioner.
    pub fn partition<P: Partitioner>(plugin: &mut P, input: &[u8], answer: &mut Vec<u8>) {
        partitioner::answer(plugin, &Input::read(input), answer);
        take_log();
    }

    /// Runs a validator.
    pub fn validate<V: Validator>(plugin: &mut V, input: &[u8], answer: &mut Vec<u8>) {
        validator::answer(plugin, &Input::read(input), answer);
        take_log();
    }

    /// Runs a transform.
    pub fn transform<T: Transform>(plugin: &mut T, input: &[u8], answer: &mut Vec<u8>) {
        EDIT.with_borrow_mut(|edit| transforms::answer(plugin, edit, &Input::read(input), answer));
        take_log();
    }

    /// Runs a policy.
    pub fn policy<P: Policy>(plugin: &mut P, input: &[u8], answer: &mut Vec<u8>) {
        policies::answer(plugin, &Input::read(input), answer);
        take_log();
    }

    /// Runs a view.
    pub fn view<V: View>(plugin: &mut V, input: &[u8], answer: &mut Vec<u8>) {
        EDIT.with_borrow_mut(|edit| views::answer(plugin, edit, &Input::read(input), answer));
        take_log();
    }
}

fn initialized<P>(plugin: Option<&mut P>) -> &mut P {
    plugin.expect("corvid_init is called before any hook")
}

/// Gives `run` the input that the host has written, and the host where the answer is.
fn call(ptr: usize, len: usize, run: impl FnOnce(&[u8], &mut Vec<u8>)) -> u64 {
    INPUT.with_borrow(|input| {
        assert!(ptr == input.as_ptr().addr(), "the input is not where corvid_alloc said");
        answer(|answer| run(&input[..len], answer))
    })
}

/// Tells the host where the answer is that `write` writes.
fn answer(write: impl FnOnce(&mut Vec<u8>)) -> u64 {
    ANSWER.with_borrow_mut(|answer| {
        answer.clear();
        write(answer);
        if answer.is_empty() {
            0
        } else {
            (answer.as_ptr().addr() as u64) << 32 | answer.len() as u64
        }
    })
}

/// The host's functions, and safe clothes for them.
#[cfg(target_arch = "wasm32")]
pub(crate) mod imports {
    mod raw {
        // SAFETY: these are the signatures of ABI.md. The host checks every pointer it is given, and reads only, but for
        // `table_get`: no argument can make one of the others unsafe to call.
        #[link(wasm_import_module = "corvid")]
        unsafe extern "C" {
            pub(super) safe fn log(level: i32, ptr: *const u8, len: usize);
            pub(super) safe fn metric_add(name: *const u8, name_len: usize, value: f64);
            pub(crate) safe fn now_ms() -> i64;
            pub(crate) safe fn random() -> u64;
            pub(super) safe fn table_open(name: *const u8, name_len: usize) -> i32;
            // Writes, too: into the range it is given, which is checked to be inside memory and is ours to give.
            pub(super) fn table_get(table: u32, key: *const u8, key_len: usize, out: *mut u8, out_len: usize) -> i64;
        }
    }

    pub(crate) fn table_open(name: &str) -> i32 {
        raw::table_open(name.as_ptr(), name.len())
    }

    pub(crate) fn table_get(table: u32, key: &[u8], out: &mut [u8]) -> i64 {
        // SAFETY: the host writes inside of `out` alone, which nobody else has.
        unsafe { raw::table_get(table, key.as_ptr(), key.len(), out.as_mut_ptr(), out.len()) }
    }

    pub(crate) fn log(level: i32, text: &str) {
        raw::log(level, text.as_ptr(), text.len());
    }

    pub(crate) fn metric_add(name: &str, value: f64) {
        raw::metric_add(name.as_ptr(), name.len(), value);
    }

    pub(crate) use raw::{now_ms, random};
}
