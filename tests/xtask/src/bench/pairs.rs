//! A B A B: each workload on Kafka and on Corvid in turn.

use std::time::Instant;

use super::Effort;
use super::broker::Broker;
use super::machine::{self, Spent};
use super::table::{Row, Table};
use super::trial::{Client, Measured};
use super::workloads::Workload;

/// Both brokers, warm, and what was measured so far.
pub struct Session<'a> {
    pub client: Client,
    pub kafka: Broker,
    pub corvid: Broker,
    pub effort: &'a Effort,
    /// How many there were, for names of topics.
    pub trials: u32,
    pub table: Table,
}

/// One of the two in a pair.
#[derive(Clone, Copy)]
enum Side {
    Kafka,
    Corvid,
}

/// A pair, and whether something else ran meanwhile.
struct Pair {
    kafka: Measured,
    corvid: Measured,
    /// Kafka once more.
    again: Option<Measured>,
    quiet: bool,
}

/// What else may run while a pair is measured, as a share of the machine.
const STRANGERS_MAX: f64 = 0.05;
/// What the host may take away, as a share of the machine.
const STOLEN_MAX: f64 = 0.02;
/// With fewer quiet pairs than this, the others count, too.
const QUIET_MIN: usize = 3;
/// Kafka keeps deleted files for a minute, which this shortens: they would fill the disk.
const FORGET_SOON: &str = "file.delete.delay.ms=1000";
/// What is resident may be this much of Kafka's.
const MEMORY_MAX: f64 = 0.1;

impl Session<'_> {
    /// Runs all workloads on both until a JVM has compiled what it will.
    pub fn warm_up(&mut self, workloads: &[Workload]) -> anyhow::Result<()> {
        println!("\n==> warming up for {:?}", self.effort.warm_up);
        let begun = Instant::now();
        for work in workloads.iter().filter(|work| work.rate == 0).cycle() {
            if begun.elapsed() > self.effort.warm_up {
                break;
            }
            for side in [Side::Kafka, Side::Corvid] {
                self.trial(work, side)?;
            }
        }
        Ok(())
    }

    /// Measures a workload in pairs, and notes its figures.
    pub fn measure(&mut self, work: &Workload) -> anyhow::Result<()> {
        println!("\n==> {}", work.name);
        let mut pairs = Vec::new();
        for _ in 0..self.effort.pairs {
            let pair = self.pair(work)?;
            print_pair(work, &pair);
            pairs.push(pair);
        }
        let quiet = pairs.iter().filter(|pair| pair.quiet).count();
        self.table.disturbed += pairs.len() - quiet;
        self.table.pairs += pairs.len();
        if quiet >= QUIET_MIN {
            pairs.retain(|pair| pair.quiet);
        }
        for figure in &work.figures {
            self.table.add(Row {
                workload: work.name.to_owned(),
                figure: figure.name,
                pairs: pairs
                    .iter()
                    .map(|pair| ((figure.of)(&pair.kafka), (figure.of)(&pair.corvid)))
                    .collect(),
                noise: pairs
                    .iter()
                    .filter_map(|pair| Some((figure.of)(&pair.again?) / (figure.of)(&pair.kafka)))
                    .collect(),
                limit: figure.limit,
            });
        }
        Ok(())
    }

    fn pair(&mut self, work: &Workload) -> anyhow::Result<Pair> {
        let before = Spent::now()?;
        let kafka = self.trial(work, Side::Kafka)?;
        let corvid = self.trial(work, Side::Corvid)?;
        let again = if self.effort.noise {
            Some(self.trial(work, Side::Kafka)?)
        } else {
            None
        };
        let ours = [Some(kafka), Some(corvid), again].iter().flatten().map(cpu_of).sum();
        let (others, stolen) = Spent::now()?.strangers(before, ours);
        Ok(Pair {
            kafka,
            corvid,
            again,
            quiet: others <= STRANGERS_MAX && stolen <= STOLEN_MAX,
        })
    }

    fn trial(&mut self, work: &Workload, side: Side) -> anyhow::Result<Measured> {
        self.trials += 1;
        let topic = format!("bench-{}", self.trials);
        match side {
            Side::Kafka => self
                .client
                .run(work, &self.kafka, &format!("{FORGET_SOON};{}", work.kafka), &topic),
            Side::Corvid => self.client.run(work, &self.corvid, &work.corvid, &topic),
        }
    }

    /// Notes how much memory each has after all this.
    pub fn memory(&mut self) -> anyhow::Result<()> {
        let (kafka, corvid) = (machine::memory(self.kafka.pid())?, machine::memory(self.corvid.pid())?);
        let rows = [
            ("resident, MiB", kafka.0, corvid.0, Some(MEMORY_MAX)),
            ("of it no file's, MiB", kafka.1, corvid.1, None),
        ];
        for (figure, kafka, corvid, limit) in rows {
            self.table.add(Row {
                workload: "after all this".to_owned(),
                figure,
                pairs: vec![(kafka, corvid)],
                noise: Vec::new(),
                limit,
            });
        }
        Ok(())
    }
}

/// What the client measured is not all that it and the broker did, but most of it.
fn cpu_of(measured: &Measured) -> f64 {
    measured.produce_cpu + measured.consume_cpu + measured.client_cpu
}

fn print_pair(work: &Workload, pair: &Pair) {
    let figures = work.figures.iter();
    let shown: Vec<_> = figures
        .map(|figure| {
            format!(
                "{} {:.3} / {:.3}",
                figure.name,
                (figure.of)(&pair.kafka),
                (figure.of)(&pair.corvid)
            )
        })
        .collect();
    let disturbed = if pair.quiet { "" } else { "   (disturbed)" };
    println!("    {}{disturbed}", shown.join("   "));
}
