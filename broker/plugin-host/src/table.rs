//! Tables that plugins look things up in: keys and values, kept by whoever grants them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use parking_lot::{RwLock, RwLockReadGuard};

/// What a key costs beside its bytes and its value's: two allocations, and a place in the tree.
const KEY_COST: usize = 96;

/// Keys and their values. Plugins read it while it is changed; a look-up sees all of a change to its key, or nothing.
#[derive(Debug, Default)]
pub struct Table {
    contents: RwLock<Contents>,
}

/// What is in a table.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    values: BTreeMap<Box<[u8]>, Box<[u8]>>,
    bytes: usize,
}

impl Table {
    /// By how many bytes of memory the table would grow if `key` had this value, or none.
    pub fn growth(&self, key: &[u8], value: Option<&[u8]>) -> isize {
        let contents = self.contents.read();
        let before = contents.get(key).map_or(0, |value| cost(key, value));
        value.map_or(0, |value| cost(key, value)).cast_signed() - before.cast_signed()
    }

    /// Gives `key` a value, or takes it away.
    pub fn set(&self, key: &[u8], value: Option<&[u8]>) {
        let mut contents = self.contents.write();
        let old = match value {
            Some(value) => contents.values.insert(key.into(), value.into()),
            None => contents.values.remove(key),
        };
        contents.bytes += value.map_or(0, |value| cost(key, value));
        contents.bytes -= old.map_or(0, |old| cost(key, &old));
    }

    /// Takes all keys away.
    pub fn clear(&self) {
        *self.contents.write() = Contents::default();
    }

    /// How many keys have a value.
    pub fn keys(&self) -> usize {
        self.contents.read().values.len()
    }

    /// The memory that it takes, in bytes, by estimate.
    pub fn bytes(&self) -> usize {
        self.contents.read().bytes
    }

    /// What is in it, for as long as nobody may change it.
    pub(crate) fn contents(&self) -> RwLockReadGuard<'_, Contents> {
        self.contents.read()
    }
}

impl Contents {
    /// The value of `key`.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.values.get(key).map(|value| &**value)
    }
}

fn cost(key: &[u8], value: &[u8]) -> usize {
    key.len() + value.len() + KEY_COST
}

/// The tables that a plugin may open, by the names that it knows them by.
#[derive(Debug, Clone)]
pub enum Tables {
    /// Of a plugin that no binding has: it may open what it likes, and finds nothing there. So it can be tried by itself.
    Unbound,
    /// Those that its binding grants.
    Granted(Arc<[(String, Arc<Table>)]>),
}

impl Tables {
    /// Whether there is one.
    pub(crate) fn is_granted(&self) -> bool {
        matches!(self, Self::Granted(granted) if !granted.is_empty())
    }

    /// The place of the table of this name.
    pub(crate) fn open(&self, name: &[u8]) -> Option<usize> {
        match self {
            Self::Unbound => Some(0),
            Self::Granted(granted) => granted.iter().position(|(known, _)| known.as_bytes() == name),
        }
    }

    /// The table at this place.
    pub(crate) fn at(&self, place: usize) -> Option<&Table> {
        static EMPTY: OnceLock<Table> = OnceLock::new();
        match self {
            Self::Unbound => Some(EMPTY.get_or_init(Table::default)),
            Self::Granted(granted) => granted.get(place).map(|(_, table)| &**table),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bug: what a key that is set again or taken away had cost is never given back, until the bound is reached.
    #[test]
    fn memory_is_counted_both_ways() {
        let table = Table::default();
        let set = |key: &[u8], value: Option<&[u8]>| {
            let (before, growth) = (table.bytes().cast_signed(), table.growth(key, value));
            table.set(key, value);
            assert_eq!(table.bytes().cast_signed(), before + growth);
            growth
        };
        let grown = set(b"ada", Some(b"100"));
        assert_eq!(set(b"ada", Some(b"5000")), 1);
        assert_eq!(set(b"bob", None), 0);
        assert_eq!(table.contents().get(b"ada"), Some(b"5000".as_slice()));
        assert_eq!(set(b"ada", None), -grown - 1);
        assert_eq!((table.keys(), table.bytes()), (0, 0));
    }
}
