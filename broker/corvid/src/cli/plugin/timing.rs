//! How long a plugin takes for a record: plain JSON records, a thousand at a time, warm.

use corvid_pipeline::Answers;
use corvid_plugin_host::{Fault, FaultKind, Hook, Plugin};
use serde::Serialize;

use super::asking::{Asked, Place, Reader, plain};

/// One hook on records of one size.
#[derive(Debug, Clone, Serialize)]
pub struct Timing {
    /// The hook.
    pub hook: &'static str,
    /// Bytes of a record's value.
    pub record_bytes: usize,
    /// CPU time; none where the plugin failed: a call that ends early says nothing about one that works.
    pub ns_per_record: Option<u64>,
    /// How it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// What came of timing a plugin.
#[derive(Default)]
pub struct Measured {
    /// Its hooks, up to the first fault.
    pub timings: Vec<Timing>,
    /// The first fault that is the plugin's own doing.
    pub failed: Option<Fault>,
}

/// How many records a call gets: as a busy producer's batch.
const RECORDS: usize = 1000;
/// How many partitions the topic has that it is told of.
const PARTITIONS: i32 = 6;
/// Calls before the clock counts: caches and the branch predictor learn.
const WARM: usize = 5;
/// Calls that count.
const CALLS: usize = 30;

/// Times every hook at 100 B and 1 KiB. The first fault ends it: soon the breaker would be open, and nothing called.
pub async fn measure(plugin: &Plugin) -> Measured {
    let (mut timings, reader) = (Vec::new(), Reader::default());
    let place = Place {
        topic: "check",
        partition: 0,
        partitions: PARTITIONS,
        viewer: reader.viewer(),
    };
    for record_bytes in [100, 1024] {
        let records = plain(RECORDS, record_bytes);
        let asked = Asked::new(place, &records).expect("a thousand small records fit into a batch");
        for hook in plugin.hooks().iter() {
            let timed = time(plugin, hook, &asked).await;
            timings.push(Timing {
                hook: hook.name(),
                record_bytes,
                ns_per_record: timed.as_ref().ok().copied(),
                fault: timed.as_ref().err().map(ToString::to_string),
            });
            if let Err(fault) = timed {
                // The topic here has six partitions. A partitioner may well be made for one that has more.
                let topic_is_to_blame = hook == Hook::Partition && fault.kind == FaultKind::BadAnswer;
                let failed = (!topic_is_to_blame).then_some(fault);
                return Measured { timings, failed };
            }
        }
    }
    Measured { timings, failed: None }
}

/// CPU time of a record, in ns.
async fn time(plugin: &Plugin, hook: Hook, asked: &Asked<'_>) -> Result<u64, Fault> {
    call(plugin, hook, asked, WARM).await?;
    let before = plugin.stats();
    call(plugin, hook, asked, CALLS).await?;
    let after = plugin.stats();
    let records = (after.records - before.records).max(1);
    let time = after.cpu_time.saturating_sub(before.cpu_time);
    Ok((time.as_nanos() / u128::from(records)) as u64)
}

/// What it answers is its own affair here, if only it answers.
async fn call(plugin: &Plugin, hook: Hook, asked: &Asked<'_>, times: usize) -> Result<(), Fault> {
    for _ in 0..times {
        if let Some(fault) = Answers::of(plugin, hook, asked.input(hook)).await.fault() {
            return Err(fault.clone());
        }
    }
    Ok(())
}
