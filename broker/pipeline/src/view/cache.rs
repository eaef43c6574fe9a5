//! What views have shown, to be shown again: by batch and reader, least recently used first to go.

use std::collections::BTreeMap;
use std::sync::Arc;

use corvid_record::Offset;
use corvid_replication::PartitionId;

use super::ViewKey;
use super::show::Shown;

/// What an entry takes beside its bytes and the texts of its key.
const ENTRY_BYTES: usize = 256;
/// No entry takes more than this part of the whole.
const SHARE: usize = 4;

/// Which batch, and for whom. The checksum is that of the stored batch: another one at the same place is not the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CacheKey {
    pub partition: PartitionId,
    pub base: Offset,
    pub crc: u32,
    pub view: Arc<ViewKey>,
}

/// Results, up to so many bytes.
#[derive(Debug)]
pub(super) struct Cache {
    bytes_max: usize,
    bytes: usize,
    entries: BTreeMap<CacheKey, Entry>,
    by_age: BTreeMap<u64, CacheKey>,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    shown: Shown,
    bytes: usize,
    used: u64,
}

impl Cache {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            entries: BTreeMap::new(),
            by_age: BTreeMap::new(),
            clock: 0,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&mut self, key: &CacheKey) -> Option<Shown> {
        let entry = self.entries.get_mut(key)?;
        let key = self.by_age.remove(&entry.used)?;
        self.clock += 1;
        entry.used = self.clock;
        self.by_age.insert(self.clock, key);
        Some(entry.shown.clone())
    }

    pub(super) fn put(&mut self, key: CacheKey, shown: Shown) {
        let bytes = shown.instead.as_ref().map_or(0, bytes::Bytes::len) + key.view.size() + ENTRY_BYTES;
        if bytes > self.bytes_max / SHARE {
            return;
        }
        // Another fetch may have put the same meanwhile.
        self.remove(&key);
        self.clock += 1;
        let used = self.clock;
        self.bytes += bytes;
        self.by_age.insert(used, key.clone());
        self.entries.insert(key, Entry { shown, bytes, used });
        while self.bytes > self.bytes_max
            && let Some((_, oldest)) = self.by_age.first_key_value()
        {
            let oldest = oldest.clone();
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, key: &CacheKey) {
        if let Some(entry) = self.entries.remove(key) {
            self.by_age.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use corvid_metadata::{PartitionIndex, TopicId};

    use super::*;

    fn key(base: i64, crc: u32, client: &str) -> CacheKey {
        CacheKey {
            partition: PartitionId {
                topic: TopicId([7; 16]),
                index: PartitionIndex(0),
            },
            base: Offset(base),
            crc,
            view: Arc::new(ViewKey {
                plugins: Vec::new(),
                principal: "p".into(),
                client_id: Some(client.into()),
            }),
        }
    }

    fn shown(bytes: usize) -> Shown {
        Shown {
            instead: Some(Bytes::from(vec![0; bytes])),
            last: Some(Offset(0)),
        }
    }

    /// The bug it is for: what one reader may see is shown to another, or what was stored before to all.
    #[test]
    fn a_result_is_for_one_batch_and_one_reader() {
        let mut cache = Cache::new(1 << 20);
        cache.put(key(0, 1, "a"), shown(10));
        assert_eq!(cache.get(&key(0, 1, "a")), Some(shown(10)));
        for other in [key(0, 1, "b"), key(0, 2, "a"), key(1, 1, "a")] {
            assert_eq!(cache.get(&other), None);
        }
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = Cache::new(10 * (1_000 + ENTRY_BYTES + 2));
        for base in 0..10 {
            cache.put(key(base, 1, "a"), shown(1_000));
        }
        assert_eq!(cache.len(), 10);
        assert!(cache.get(&key(0, 1, "a")).is_some());
        cache.put(key(10, 1, "a"), shown(1_000));
        cache.put(key(10, 1, "a"), shown(1_000));
        assert!(cache.get(&key(0, 1, "a")).is_some() && cache.get(&key(1, 1, "a")).is_none());
        assert_eq!((cache.len(), cache.by_age.len()), (10, 10));
        cache.put(key(11, 1, "a"), shown(9_000));
        assert!(cache.get(&key(11, 1, "a")).is_none(), "more than its share");
        assert!(cache.bytes() <= cache.bytes_max);
        let mut none = Cache::new(0);
        none.put(key(0, 1, "a"), shown(0));
        assert_eq!((none.len(), none.bytes()), (0, 0));
    }
}
