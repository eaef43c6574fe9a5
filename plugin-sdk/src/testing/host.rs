//! A host for native tests, one for each thread: it keeps what a plugin logs and counts, and its
//! clock and its random numbers are set by hand.

use crate::host::Level;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

thread_local! {
    static LOG: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
    static METRICS: RefCell<BTreeMap<String, f64>> = const { RefCell::new(BTreeMap::new()) };
    static NOW_MS: Cell<i64> = const { Cell::new(0) };
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}

/// Takes what has been logged so far.
pub fn take_log() -> Vec<(Level, String)> {
    LOG.take()
}

/// What a counter has come to.
pub fn metric(name: &str) -> f64 {
    METRICS.with_borrow(|metrics| metrics.get(name).copied().unwrap_or_default())
}

/// Sets the clock, which otherwise stands at 0.
pub fn set_now_ms(now_ms: i64) {
    NOW_MS.set(now_ms);
}

/// Sets the next random number. Each one after it is one more.
pub fn set_random(random: u64) {
    RANDOM.set(random);
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn log(level: i32, text: &str) {
    let levels = [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Panic];
    let level = levels
        .into_iter()
        .find(|known| *known as i32 == level)
        .expect("all levels are listed");
    LOG.with_borrow_mut(|log| log.push((level, text.to_owned())));
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn metric_add(name: &str, value: f64) {
    METRICS.with_borrow_mut(|metrics| *metrics.entry(name.to_owned()).or_default() += value);
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn now_ms() -> i64 {
    NOW_MS.get()
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn random() -> u64 {
    RANDOM.replace(RANDOM.get().wrapping_add(1))
}
