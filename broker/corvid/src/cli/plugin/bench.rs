//! `corvid plugin bench`: what a plugin costs for each record, beside the same code without a sandbox.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::clock;
use corvid_pipeline::Answers;
use corvid_plugin_host::{Hook, Plugin};
use serde::Serialize;

use super::super::kafka::block_on;
use super::super::output::{size as size_text, table};
use super::super::units::duration;
use super::super::{Done, Failure, Output};
use super::asking::{Asked, Place, Reader, hooks_of, plain};
use super::native::Native;
use super::samples::{self, Sample};
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
    time: Duration,
    /// Leave out the native build of a project
    #[arg(long)]
    no_native: bool,
    #[command(flatten)]
    reader: Reader,
}

/// Records that are judged again and again.
struct Load {
    name: String,
    samples: Vec<Sample>,
}

/// One hook on one batch.
#[derive(Serialize)]
struct Row {
    hook: &'static str,
    records: String,
    /// Of a whole batch, in µs.
    batch_us: f64,
    ns_per_record: f64,
    /// Of the same code without a sandbox; none, if there is no source to build.
    native_ns_per_record: Option<f64>,
    /// How many times as long the sandbox takes.
    ratio: Option<f64>,
    records_per_second: f64,
    memory_bytes: u64,
}

/// How many records of the broker's own are in a batch: as in a busy producer's.
const RECORDS: usize = 1000;
/// How many partitions the topic has that the plugin is told of.
const PARTITIONS: i32 = 6;
/// Calls before the clock counts.
const WARM: usize = 10;

/// Calls every hook for a while, on one thread; then natively.
pub fn run(args: &Args, output: Output) -> Done {
    let loads = loads(args)?;
    let place = Place {
        topic: "bench",
        partition: 0,
        partitions: PARTITIONS,
        viewer: args.reader.viewer(),
    };
    let asked = loads
        .iter()
        .map(|load| Ok((&load.name[..], Asked::new(place, &load.samples)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let (plugin, native) = build(args)?;
    let pieces: Vec<_> = asked
        .iter()
        .flat_map(|(name, asked)| hooks_of(&plugin).map(move |hook| (hook, *name, asked)))
        .collect();
    let mut rows = block_on(async {
        let mut rows = Vec::new();
        for (hook, name, asked) in &pieces {
            rows.push(measure(&plugin, *hook, name, asked, args.time).await?);
        }
        Ok(rows)
    })?;
    if let Some(native) = &native {
        let work: Vec<_> = pieces
            .iter()
            .map(|(hook, _, asked)| (*hook, asked.input(*hook).calls()))
            .collect();
        let times = native.measure(&args.sandbox, args.time, &work)?;
        for ((row, time), (_, _, asked)) in rows.iter_mut().zip(times).zip(&pieces) {
            let alone = time / asked.count() as f64;
            row.native_ns_per_record = Some(alone);
            row.ratio = Some(row.ns_per_record / alone);
        }
    }
    output.show(&rows, |rows| show(rows, native.is_some(), args.no_native));
    Ok(())
}

/// The module, and the program that runs its source natively: both are built, if there is a project.
fn build(args: &Args) -> Result<(Arc<Plugin>, Option<Native>), Failure> {
    let Some(project) = args.sandbox.project()? else {
        return Ok((block_on(args.sandbox.load())?, None));
    };
    let module = project.compile()?;
    let plugin = block_on(args.sandbox.load_file(&module))?;
    let native = (!args.no_native).then(|| Native::build(&project)).transpose()?;
    Ok((plugin, native))
}

fn loads(args: &Args) -> Result<Vec<Load>, Failure> {
    if let Some(file) = &args.records {
        let samples = samples::read(file)?;
        let name = file.display().to_string();
        return Ok(vec![Load { name, samples }]);
    }
    let of_size = |bytes: usize| Load {
        name: size_text(bytes as u64),
        samples: plain(RECORDS, bytes),
    };
    Ok([100, 1024].map(of_size).into())
}

async fn measure(plugin: &Plugin, hook: Hook, name: &str, asked: &Asked<'_>, time: Duration) -> Result<Row, Failure> {
    let input = asked.input(hook);
    for _ in 0..WARM {
        if let Some(fault) = Answers::of(plugin, hook, input).await.fault() {
            let failure = Failure::failed(format!("the plugin fails on these records: {fault}"));
            return Err(failure.hint("what a call costs that ends early says nothing; --records FILE names others"));
        }
    }
    let (began, mut batches) = (clock::now(), 0_u32);
    while batches == 0 || began.elapsed() < time {
        drop(Answers::of(plugin, hook, input).await);
        batches += 1;
    }
    let a_batch = began.elapsed().as_secs_f64() / f64::from(batches);
    let a_record = a_batch / asked.count() as f64;
    Ok(Row {
        hook: hook.name(),
        records: name.to_owned(),
        batch_us: a_batch * 1e6,
        ns_per_record: a_record * 1e9,
        native_ns_per_record: None,
        ratio: None,
        records_per_second: 1.0 / a_record,
        memory_bytes: plugin.stats().memory_high_water,
    })
}

fn show(rows: &[Row], native: bool, unwanted: bool) -> String {
    let mut table = table([
        "HOOK",
        "RECORD",
        "A RECORD",
        "NATIVE",
        "RATIO",
        "RECORDS/S",
        "A BATCH",
        "MEMORY",
    ]);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    for row in rows {
        table.add_row([
            row.hook.to_owned(),
            row.records.clone(),
            format!("{:.0} ns", row.ns_per_record),
            or_dash(row.native_ns_per_record.map(|ns| format!("{ns:.0} ns"))),
            or_dash(row.ratio.map(|ratio| format!("{ratio:.1}x"))),
            format!("{:.0}", row.records_per_second),
            format!("{:.1} µs", row.batch_us),
            size_text(row.memory_bytes),
        ]);
    }
    let beside = match (native, unwanted) {
        (true, _) => "; native: the same code without the sandbox and its checks",
        (false, true) => "",
        (false, false) => {
            "; a native build stands beside it where the folder of a project is named: it needs the source"
        }
    };
    format!(
        "{}\n\none thread, by the clock, the host's checks included{beside}",
        table.trim_fmt()
    )
}
