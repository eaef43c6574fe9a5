//! The run on this thread: its hosts, its random numbers, its trace.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::runtime;

use super::host::Host;
use super::random::Generator;

struct State {
    hosts: BTreeMap<String, Arc<Host>>,
    /// Every host has a runtime, a new one in each life: whatever task asks, this says where it runs.
    by_runtime: HashMap<runtime::Id, Arc<Host>>,
    /// The host that code outside any runtime stands on, see [`on_host`].
    visited: Option<Arc<Host>>,
    generator: Generator,
    trace: Vec<u8>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State::new(0));
}

impl State {
    fn new(seed: u64) -> Self {
        Self {
            hosts: BTreeMap::new(),
            by_runtime: HashMap::new(),
            visited: None,
            generator: Generator::new(seed),
            trace: Vec::new(),
        }
    }

    fn host(&mut self, name: &str) -> Arc<Host> {
        let entry = self.hosts.entry(name.to_owned());
        Arc::clone(entry.or_insert_with(|| Arc::new(Host::new(name))))
    }
}

pub(super) fn begin(seed: u64) {
    // The old state's files let go of their disks when dropped; they must not find the cell borrowed.
    let old = STATE.replace(State::new(seed));
    drop(old);
}

/// The host of this name; a new one has an empty disk.
pub(super) fn host(name: &str) -> Arc<Host> {
    STATE.with_borrow_mut(|state| state.host(name))
}

/// The host that the calling code runs on, if any.
pub(super) fn try_current() -> Option<Arc<Host>> {
    STATE.with_borrow(|state| {
        let running = || {
            let runtime = runtime::Handle::try_current().ok()?;
            state.by_runtime.get(&runtime.id()).cloned()
        };
        state.visited.clone().or_else(running)
    })
}

/// The host that the calling code runs on.
pub(super) fn current() -> Arc<Host> {
    try_current().expect("the simulated machine exists on a host only: see `run_host` and `on_host`")
}

/// From now on, tasks of the current runtime are on this host.
pub(super) fn settle(host: &Arc<Host>) {
    let runtime = runtime::Handle::current().id();
    STATE.with_borrow_mut(|state| {
        state.by_runtime.retain(|_, other| other.name != host.name);
        state.by_runtime.insert(runtime, Arc::clone(host));
    });
}

pub(super) fn on_host<R>(name: &str, inspect: impl FnOnce() -> R) -> R {
    let host = host(name);
    let before = STATE.with_borrow_mut(|state| state.visited.replace(host));
    let result = inspect();
    STATE.with_borrow_mut(|state| state.visited = before);
    result
}

pub(super) fn condemned() -> Vec<String> {
    STATE.with_borrow(|state| {
        let dead = state.hosts.values().filter(|host| host.is_dead());
        dead.map(|host| host.name.clone()).collect()
    })
}

pub(super) fn with_generator<R>(draw: impl FnOnce(&mut Generator) -> R) -> R {
    STATE.with_borrow_mut(|state| draw(&mut state.generator))
}

pub(super) fn append_trace(line: &[u8]) {
    STATE.with_borrow_mut(|state| state.trace.extend_from_slice(line));
}

pub(super) fn take_trace() -> Vec<u8> {
    STATE.with_borrow_mut(|state| std::mem::take(&mut state.trace))
}
