//! A sorted map whose clones share: a clone copies a short list of chunks, a change copies that
//! list and one chunk. An image of 10,000 topics costs a few hundred reference counts to change.

use std::borrow::Borrow;
use std::sync::Arc;

/// A chunk splits when it grows beyond this.
const CHUNK_MAX: usize = 64;

/// A few neighbouring entries, shared by all clones that have not changed them.
type Chunk<K, V> = Arc<Vec<(K, V)>>;

/// A sorted map in chunks.
///
/// Invariant: chunks are not empty, and keys ascend strictly, within and across chunks.
#[derive(Clone)]
pub struct SharedMap<K, V> {
    chunks: Arc<Vec<Chunk<K, V>>>,
    len: usize,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        SharedMap {
            chunks: Arc::default(),
            len: 0,
        }
    }
}

impl<K: Ord + Clone, V: Clone> SharedMap<K, V> {
    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        let at = chunk.binary_search_by(|(other, _)| other.borrow().cmp(key)).ok()?;
        Some(&chunk[at].1)
    }

    /// The value of a key, to be changed; what other clones see stays as it is.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let index = self.chunk_of(key);
        let at = self
            .chunks
            .get(index)?
            .binary_search_by(|(other, _)| other.borrow().cmp(key))
            .ok()?;
        let chunk = &mut Arc::make_mut(&mut self.chunks)[index];
        Some(&mut Arc::make_mut(chunk)[at].1)
    }

    /// Whether there is such a key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// Sets a key's value, and gives back the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let index = self.chunk_of(&key).min(self.chunks.len().saturating_sub(1));
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks.is_empty() {
            chunks.push(Arc::default());
        }
        let chunk = Arc::make_mut(&mut chunks[index]);
        match chunk.binary_search_by(|(other, _)| other.cmp(&key)) {
            Ok(at) => return Some(std::mem::replace(&mut chunk[at].1, value)),
            Err(at) => chunk.insert(at, (key, value)),
        }
        self.len += 1;
        if chunk.len() > CHUNK_MAX {
            let upper = chunk.split_off(CHUNK_MAX / 2);
            chunks.insert(index + 1, Arc::new(upper));
        }
        None
    }

    /// Takes a key out, and gives back its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let index = self.chunk_of(key);
        let at = self
            .chunks
            .get(index)?
            .binary_search_by(|(other, _)| other.borrow().cmp(key))
            .ok()?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let (_, value) = Arc::make_mut(&mut chunks[index]).remove(at);
        if chunks[index].is_empty() {
            chunks.remove(index);
        }
        self.len -= 1;
        Some(value)
    }

    /// The entries, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.chunks
            .iter()
            .flat_map(|chunk| chunk.iter().map(|(key, value)| (key, value)))
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The first chunk whose last key isn't below `key`; one past the end if there is none.
    fn chunk_of<Q: Ord + ?Sized>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        self.chunks
            .partition_point(|chunk| chunk.last().is_some_and(|(last, _)| last.borrow() < key))
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for SharedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = SharedMap::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

/// Equal entries; how they lie in chunks does not matter.
impl<K: Ord + Clone, V: Clone + PartialEq> PartialEq for SharedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Ord + Clone + std::fmt::Debug, V: Clone + std::fmt::Debug> std::fmt::Debug for SharedMap<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_a_map(changes in proptest::collection::vec((0u16..300, any::<Option<u8>>()), 0..600)) {
            let mut map = SharedMap::default();
            let mut model = BTreeMap::new();
            for (key, value) in changes {
                if let Some(value) = value {
                    prop_assert_eq!(map.insert(key, value), model.insert(key, value));
                } else {
                    prop_assert_eq!(map.remove(&key), model.remove(&key));
                }
                prop_assert_eq!(map.get(&key), model.get(&key));
            }
            prop_assert_eq!(map.len(), model.len());
            prop_assert!(map.iter().eq(model.iter()));
        }

        #[test]
        fn a_clone_keeps_what_it_had(keys in proptest::collection::vec(0u16..500, 1..300), other in 0u16..500) {
            let mut map: SharedMap<u16, u16> = keys.iter().map(|key| (*key, *key)).collect();
            let before = map.clone();
            let entries: Vec<_> = before.iter().map(|(key, value)| (*key, *value)).collect();
            map.insert(other, 999);
            map.remove(&keys[0]);
            prop_assert!(before.iter().map(|(key, value)| (*key, *value)).eq(entries));
        }
    }
}
