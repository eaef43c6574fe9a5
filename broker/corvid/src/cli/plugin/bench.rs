//! `corvid plugin bench`: what a plugin costs for each record.

use std::path::PathBuf;

use corvid_env::clock;
use corvid_pipeline::{Answers, Said};
use corvid_plugin_host::{Hook, HookInput, Plugin};
use corvid_record::Batch;
use serde::Serialize;

use super::super::kafka::block_on;
use super::super::output::{size as size_text, table};
use super::super::units::duration;
use super::super::{Done, Failure, Output};
use super::samples;
use super::sandbox::Sandbox;

/// `corvid plugin bench [FILE]`
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sandbox: Sandbox,
    /// The records, as `corvid plugin test` takes them, again and again; by default JSON of 100 B and of 1 KiB
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// How long each hook is called
    #[arg(long, default_value = "1s", value_parser = duration)]
    time: std::time::Duration,
}

/// A batch that is judged again and again.
struct Load {
    name: String,
    batch: bytes::Bytes,
}

/// One hook on one batch.
#[derive(Serialize)]
struct Row {
    hook: &'static str,
    records: String,
    /// Of a whole batch, in µs.
    batch_us: f64,
    ns_per_record: f64,
    records_per_second: f64,
    memory_bytes: u64,
}

/// How many records of the broker's own are in a batch: as in a busy producer's.
const RECORDS: usize = 1000;
/// How many partitions the topic has that the plugin is told of.
const PARTITIONS: i32 = 6;
/// Calls before the clock counts.
const WARM: usize = 10;

/// Calls every hook for a while, on one thread.
pub fn run(args: &Args, output: Output) -> Done {
    let loads = loads(args)?;
    let rows = block_on(async {
        let plugin = args.sandbox.load().await?;
        let mut rows = Vec::new();
        for load in &loads {
            for hook in [Hook::Validate, Hook::Transform, Hook::Partition] {
                if plugin.hooks().has(hook) {
                    rows.push(measure(&plugin, hook, load, args.time).await?);
                }
            }
        }
        Ok(rows)
    })?;
    if rows.is_empty() {
        return Err(Failure::failed("the plugin has no hook of the produce path"));
    }
    output.show(&rows, |rows| show(rows));
    Ok(())
}

fn loads(args: &Args) -> Result<Vec<Load>, Failure> {
    if let Some(file) = &args.records {
        let batch = samples::batch(&samples::read(file)?)?;
        let name = file.display().to_string();
        return Ok(vec![Load { name, batch }]);
    }
    let of_size = |bytes: usize| {
        let samples: Vec<_> = (0..RECORDS).map(|index| sample(index, bytes)).collect();
        let name = size_text(bytes as u64);
        Ok(Load {
            name,
            batch: samples::batch(&samples)?,
        })
    };
    [100, 1024].into_iter().map(of_size).collect()
}

fn sample(index: usize, bytes: usize) -> samples::Sample {
    const REGIONS: [&str; 4] = ["eu", "us", "asia", "africa"];
    let region = REGIONS[index % REGIONS.len()];
    let head = format!(
        "{{\"id\":{index},\"region\":\"{region}\",\"amount\":{}.5,\"note\":\"",
        index % 700
    );
    let note = "x".repeat(bytes.saturating_sub(head.len() + 2));
    samples::Sample {
        key: Some(format!("key-{index}").into()),
        value: Some(format!("{head}{note}\"}}").into()),
        ..samples::Sample::default()
    }
}

async fn measure(plugin: &Plugin, hook: Hook, load: &Load, time: std::time::Duration) -> Result<Row, Failure> {
    let batch = Batch::parse(&load.batch).map_err(|error| Failure::wrong(error.to_string()))?;
    let input = HookInput {
        topic: "bench",
        partition: 0,
        partitions: PARTITIONS,
        base_timestamp: batch.base_timestamp().0,
        records: batch.section(),
        count: batch.record_count(),
        failures: &[],
        viewer: None,
    };
    for _ in 0..WARM {
        let answers = Answers::of(plugin, hook, input).await;
        if let Some(fault) = answers
            .said(0)
            .into_values()
            .find(|said| matches!(said, Said::Fault(..)))
        {
            let failure = Failure::failed(format!("the plugin fails on these records: {}", fault.text()));
            return Err(failure.hint("what a call costs that ends early says nothing; --records FILE names others"));
        }
    }
    let (began, mut batches) = (clock::now(), 0_u32);
    while began.elapsed() < time {
        drop(Answers::of(plugin, hook, input).await);
        batches += 1;
    }
    let a_batch = began.elapsed().as_secs_f64() / f64::from(batches.max(1));
    let a_record = a_batch / f64::from(batch.record_count().max(1));
    Ok(Row {
        hook: hook.name(),
        records: load.name.clone(),
        batch_us: a_batch * 1e6,
        ns_per_record: a_record * 1e9,
        records_per_second: 1.0 / a_record,
        memory_bytes: plugin.stats().memory_high_water,
    })
}

fn show(rows: &[Row]) -> String {
    let mut table = table(["HOOK", "RECORD", "A RECORD", "RECORDS/S", "A BATCH", "MEMORY"]);
    for row in rows {
        table.add_row([
            row.hook.to_owned(),
            row.records.clone(),
            format!("{:.0} ns", row.ns_per_record),
            format!("{:.0}", row.records_per_second),
            format!("{:.1} µs", row.batch_us),
            size_text(row.memory_bytes),
        ]);
    }
    format!(
        "{}\n\none thread, by the clock, the host's checks included",
        table.trim_fmt()
    )
}
