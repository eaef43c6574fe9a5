//! How long a plugin takes for a record: plain JSON records, a thousand at a time, warm.

use bytes::Bytes;
use corvid_plugin_host::{Hook, HookInput, Plugin};
use corvid_record::{Batch, BatchBuilder, Compression, RecordParts, Timestamp};
use serde::Serialize;

/// One hook on records of one size.
#[derive(Debug, Clone, Serialize)]
pub struct Timing {
    /// The hook.
    pub hook: &'static str,
    /// Bytes of a record's value.
    pub record_bytes: usize,
    /// CPU time.
    pub ns_per_record: u64,
}

/// How many records a call gets: as a busy producer's batch.
const RECORDS: i32 = 1000;
/// Calls before the clock counts: caches and the branch predictor learn.
const WARM: usize = 5;
/// Calls that count.
const CALLS: usize = 30;

/// Times every hook at 100 B and 1 KiB.
pub async fn measure(plugin: &Plugin) -> Vec<Timing> {
    let mut timings = Vec::new();
    for record_bytes in [100, 1024] {
        let batch = batch(record_bytes);
        for hook in plugin.hooks().iter() {
            call(plugin, hook, &batch, WARM).await;
            let before = plugin.stats();
            call(plugin, hook, &batch, CALLS).await;
            let after = plugin.stats();
            let records = (after.records - before.records).max(1);
            let time = after.cpu_time.saturating_sub(before.cpu_time);
            timings.push(Timing {
                hook: hook.name(),
                record_bytes,
                ns_per_record: (time.as_nanos() / u128::from(records)) as u64,
            });
        }
    }
    timings
}

async fn call(plugin: &Plugin, hook: Hook, batch: &Bytes, times: usize) {
    let batch = Batch::parse(batch).expect("it was just built");
    for _ in 0..times {
        let input = HookInput {
            topic: "check",
            partition: 0,
            partitions: 6,
            base_timestamp: batch.base_timestamp().0,
            records: batch.section(),
            count: batch.record_count(),
        };
        // What it answers is its own affair here.
        match hook {
            Hook::Partition => drop(plugin.partition(input).await),
            Hook::Validate => drop(plugin.validate(input).await),
            Hook::Transform => drop(plugin.transform(input).await),
        }
    }
}

fn batch(record_bytes: usize) -> Bytes {
    const REGIONS: [&str; 4] = ["eu", "us", "asia", "africa"];
    let mut builder = BatchBuilder::new(Compression::None);
    for index in 0..RECORDS {
        let key = format!("key-{index}");
        let region = REGIONS[index as usize % REGIONS.len()];
        let head = format!(
            "{{\"id\":{index},\"region\":\"{region}\",\"amount\":{}.5,\"note\":\"",
            index % 700
        );
        let note = "x".repeat(record_bytes.saturating_sub(head.len() + 2));
        let value = format!("{head}{note}\"}}");
        builder.push(&RecordParts {
            offset_delta: index,
            timestamp: Timestamp(1_700_000_000_000 + i64::from(index)),
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            headers: &[],
        });
    }
    builder.finish(None).expect("a thousand small records fit into a batch")
}
