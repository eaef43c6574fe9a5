//! How many requests of each API have come in.

use std::sync::atomic::{AtomicU64, Ordering};

use corvid_wire::versions;

/// Counts since the node started, for metrics.
#[derive(Debug)]
pub struct RequestCounts {
    /// In the order of `versions::APIS`.
    counts: Vec<AtomicU64>,
}

impl Default for RequestCounts {
    fn default() -> Self {
        Self {
            counts: versions::APIS.iter().map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl RequestCounts {
    pub(crate) fn count(&self, api_key: i16) {
        let known = versions::APIS.iter().position(|api| api.key == api_key);
        if let Some(count) = known.and_then(|at| self.counts.get(at)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each API that is served, by Kafka's name.
    pub fn all(&self) -> Vec<(&'static str, u64)> {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        versions::APIS.iter().map(|api| api.name).zip(counts).collect()
    }
}
