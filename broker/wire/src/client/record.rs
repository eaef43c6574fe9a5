//! Records as a client sees them.

use std::sync::Arc;

use bytes::Bytes;

/// A record to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// The key, which chooses the partition when none is named.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// The headers, in order; a key may come twice.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// Its time in milliseconds since the epoch; now, if there is none.
    pub timestamp: Option<i64>,
}

impl NewRecord {
    /// About how many bytes it takes in a batch.
    pub(super) fn size(&self) -> usize {
        let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        let headers = self.headers.iter().map(|(key, value)| 4 + key.len() + length(value));
        16 + length(&self.key) + length(&self.value) + headers.sum::<usize>()
    }
}

/// A record that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumedRecord {
    /// Its topic.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its time in milliseconds since the epoch.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value; none is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers, in order; a key may come twice.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}
