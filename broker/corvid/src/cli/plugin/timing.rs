//! How long a plugin takes for a record: plain JSON records, a thousand at a time, warm.

use bytes::Bytes;
use corvid_plugin_host::{
    Decision, Edited, FailedStage, Failure, Fault, FaultKind, Hook, HookInput, Plugin, Verdict, Viewed, Viewer,
};
use corvid_record::{Batch, BatchBuilder, Compression, RecordParts, Timestamp};
use serde::Serialize;

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
const RECORDS: i32 = 1000;
/// How many partitions the topic has that it is told of.
const PARTITIONS: i32 = 6;
/// Who reads, for a view.
const VIEWER: Viewer<'static> = Viewer {
    principal: "User:ANONYMOUS",
    client_id: Some("check"),
    group: None,
};
/// Calls before the clock counts: caches and the branch predictor learn.
const WARM: usize = 5;
/// Calls that count.
const CALLS: usize = 30;

/// How every record has failed that a policy is timed with.
const TIMED_OUT: Failure<'static> = Failure {
    stage: FailedStage::Consumer,
    attempt: 2,
    attempts: 5,
    first_at: 1_700_000_000_000,
    last_at: 1_700_000_001_000,
    topic: "check",
    partition: 0,
    code: "Timeout",
    reason: "timed out after 1000 ms",
};

/// Times every hook at 100 B and 1 KiB. The first fault ends it: soon the breaker would be open, and nothing called.
pub async fn measure(plugin: &Plugin) -> Measured {
    let mut timings = Vec::new();
    for record_bytes in [100, 1024] {
        let batch = batch(record_bytes);
        for hook in plugin.hooks().iter() {
            let timed = time(plugin, hook, &batch).await;
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
async fn time(plugin: &Plugin, hook: Hook, batch: &Bytes) -> Result<u64, Fault> {
    call(plugin, hook, batch, WARM).await?;
    let before = plugin.stats();
    call(plugin, hook, batch, CALLS).await?;
    let after = plugin.stats();
    let records = (after.records - before.records).max(1);
    let time = after.cpu_time.saturating_sub(before.cpu_time);
    Ok((time.as_nanos() / u128::from(records)) as u64)
}

async fn call(plugin: &Plugin, hook: Hook, batch: &Bytes, times: usize) -> Result<(), Fault> {
    let batch = Batch::parse(batch).expect("it was just built");
    for _ in 0..times {
        let input = HookInput {
            topic: "check",
            partition: 0,
            partitions: PARTITIONS,
            base_timestamp: batch.base_timestamp().0,
            records: batch.section(),
            count: batch.record_count(),
            failures: &[],
            viewer: (hook == Hook::View).then_some(VIEWER),
        };
        if let Some(fault) = first_fault(plugin, hook, input).await {
            return Err(fault);
        }
    }
    Ok(())
}

/// What it answers is its own affair here, if only it answers.
async fn first_fault(plugin: &Plugin, hook: Hook, input: HookInput<'_>) -> Option<Fault> {
    match hook {
        Hook::Partition => {
            let routes = plugin.partition(input).await;
            routes.into_iter().find_map(Result::err).map(|fault| *fault)
        }
        Hook::Validate => {
            let failing = plugin.validate(input).await;
            failing.into_iter().find_map(|failing| match failing.verdict {
                Verdict::Fault(fault) => Some(fault),
                Verdict::Refused { .. } => None,
            })
        }
        Hook::Transform => {
            let edits = plugin.transform(input).await;
            edits.list.into_iter().find_map(|(_, edited)| match edited {
                Edited::Fault(fault) => Some(fault),
                Edited::Drop | Edited::Refused { .. } | Edited::Edit(_) => None,
            })
        }
        Hook::Policy => {
            let failures = vec![TIMED_OUT; input.count as usize];
            let input = HookInput {
                failures: &failures,
                ..input
            };
            let decisions = plugin.policy(input).await;
            decisions.list.into_iter().find_map(|(_, decision)| match decision {
                Decision::Fault(fault) => Some(fault),
                Decision::RetryAfter(_) | Decision::DeadLetter(_) | Decision::Drop | Decision::Refused { .. } => None,
            })
        }
        Hook::View => {
            let views = plugin.view(input).await;
            views.list.into_iter().find_map(|(_, viewed)| match viewed {
                Viewed::Fault(fault) => Some(fault),
                Viewed::Hidden | Viewed::Edit(_) => None,
            })
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
