//! `cargo xtask bench`: what a hook costs beside native code, and what the node costs beside Apache Kafka.
//!
//! Both brokers run in turn, Kafka and Corvid, again and again, in one run on one machine: the unit of truth is the
//! ratio of such a pair. What is measured is the CPU time of the broker's process, which a busy machine disturbs less
//! than throughput; memory and start come beside it. The client is franz-go with its defaults (tests/bench/client).

mod answering;
mod broker;
mod corvid;
mod figures;
mod held;
mod hooks;
mod kafka;
mod machine;
mod pairs;
mod start;
mod table;
mod trial;
mod workloads;

use std::time::Duration;

use anyhow::{Context, bail};

use crate::shell::root;
use broker::Broker;
use pairs::Session;
use table::Table;
use trial::Client;

/// How long, and what.
#[derive(clap::Args)]
pub struct Options {
    /// About three minutes: less data, three pairs, less warm-up.
    #[arg(long)]
    quick: bool,
    /// Pairs of measurements for each workload.
    #[arg(long)]
    pairs: Option<usize>,
    /// Measures Kafka beside itself, too: how far from 1 a ratio may be by chance.
    #[arg(long)]
    noise: bool,
    /// Only workloads whose name contains this; `hooks`: only the hooks; `held`: only a million records that are held until later.
    #[arg(long)]
    only: Option<String>,
}

/// How much is done.
struct Effort {
    pairs: usize,
    /// Bytes of values that one measurement sends.
    bytes: u64,
    warm_up: Duration,
    hook_rounds: u32,
    noise: bool,
}

impl Options {
    fn effort(&self) -> Effort {
        let (pairs, mib, warm_up, hook_rounds) = if self.quick {
            (3, 192, 25, 101)
        } else {
            (7, 512, 90, 301)
        };
        Effort {
            pairs: self.pairs.unwrap_or(pairs).max(1),
            bytes: mib << 20,
            warm_up: Duration::from_secs(warm_up),
            hook_rounds,
            noise: self.noise,
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }
}

/// Measures, and prints tables.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let effort = options.effort();
    if options.wants("hooks") {
        hooks::run(effort.hook_rounds)?;
    }
    if options.only.as_deref() == Some("hooks") {
        return Ok(());
    }
    if options.wants("held") {
        held::run()?;
    }
    if options.only.as_deref() == Some("held") {
        return Ok(());
    }
    let folder = root().join("target/bench/run");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let measured = beside_kafka(options, &effort, &folder);
    // What the brokers wrote is of no use any more, and large.
    let _ = std::fs::remove_dir_all(&folder);
    match measured?.print() {
        0 => Ok(()),
        missed => bail!("{missed} ratios are beyond their limits"),
    }
}

fn beside_kafka(options: &Options, effort: &Effort, folder: &std::path::Path) -> anyhow::Result<Table> {
    println!("\n==> building and fetching what is compared");
    let client = Client::build(folder.join("ballast"))?;
    let (corvid, kafka) = (corvid::Program::build()?, kafka::Program::fetch()?);
    let mut table = Table::default();
    if options.wants("start") {
        start::measure(&corvid, &kafka, &folder.join("start"), effort.pairs, &mut table)?;
    }
    let kafka = Broker::start("Kafka", kafka.command(&folder.join("kafka"))?)?;
    let corvid = Broker::start("Corvid", corvid.command(&folder.join("corvid"))?)?;
    let mut session = Session {
        client,
        kafka,
        corvid,
        effort,
        trials: 0,
        table,
    };
    let workloads: Vec<_> = workloads::all(effort)
        .into_iter()
        .filter(|work| options.wants(work.name))
        .collect();
    session.warm_up(&workloads)?;
    for work in &workloads {
        session.measure(work)?;
    }
    session.memory()?;
    Ok(session.table)
}
