//! A host for native tests, one for each thread: it keeps what a plugin logs and counts, and its clock, its
//! random numbers and its tables are set by hand.

use crate::host::Level;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

thread_local! {
    static LOG: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
    static METRICS: RefCell<BTreeMap<String, f64>> = const { RefCell::new(BTreeMap::new()) };
    static NOW_MS: Cell<i64> = const { Cell::new(0) };
    static RANDOM: Cell<u64> = const { Cell::new(0) };
    static TABLES: RefCell<Vec<(String, Contents)>> = const { RefCell::new(Vec::new()) };
    static ANY_TABLE: Cell<bool> = const { Cell::new(false) };
}

/// What is in a table.
type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

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

/// Grants a table, with these keys and values in it; what it had before is gone.
pub fn set_table<K: AsRef<[u8]>, V: AsRef<[u8]>>(name: &str, contents: impl IntoIterator<Item = (K, V)>) {
    let own = |(key, value): (K, V)| (key.as_ref().to_vec(), value.as_ref().to_vec());
    let contents: Contents = contents.into_iter().map(own).collect();
    TABLES.with_borrow_mut(|tables| match tables.iter_mut().find(|(known, _)| known == name) {
        Some((_, before)) => *before = contents,
        None => tables.push((name.to_owned(), contents)),
    });
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

/// From now on every table can be opened, and those that nobody has set are empty: as for a plugin that no binding has.
pub fn grant_any_table() {
    ANY_TABLE.set(true);
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn table_open(name: &str) -> i32 {
    TABLES.with_borrow_mut(|tables| {
        let known = tables.iter().position(|(known, _)| known == name);
        let place = known.or_else(|| {
            ANY_TABLE.get().then(|| {
                tables.push((name.to_owned(), Contents::new()));
                tables.len() - 1
            })
        });
        place.map_or(-1, |place| place as i32)
    })
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn table_get(table: u32, key: &[u8], out: &mut [u8]) -> i64 {
    TABLES.with_borrow(|tables| {
        let Some(value) = tables[table as usize].1.get(key) else {
            return -1;
        };
        let fits = value.len().min(out.len());
        out[..fits].copy_from_slice(&value[..fits]);
        value.len() as i64
    })
}
