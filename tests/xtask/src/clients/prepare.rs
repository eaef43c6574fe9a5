//! What the scenarios about plugins find on the broker, and what happens to it meanwhile.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::scenarios::CLIENTS;
use crate::broker::Broker;
use crate::shell::{root, run};

/// The node's settings: a group is ready when its members are, which is what tests want.
pub const NODE: &str = r#"
[broker]
"group.initial.rebalance.delay.ms" = 0
"#;

/// When a scenario is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// At any time.
    Any,
    /// While plugins and policies are being changed.
    Changing,
    /// When nobody else fetches.
    Idle,
}

/// When to run a scenario.
pub fn stage(scenario: &str) -> Stage {
    match scenario {
        "gaps" | "all-moved" | "view-hidden-stretch" => Stage::Idle,
        "steady" => Stage::Changing,
        _ => Stage::Any,
    }
}

/// The topic of `consumer-retry`, as a page shows it.
const RETRIES: &str = "tests/clients/retries.toml";

/// How many records `view-hidden-stretch` has that are not shown.
const HIDDEN: usize = 100_000;
/// And behind the last one that is.
const HIDDEN_BEHIND: usize = 1_000;

/// How long the producers of `steady` send.
const STEADY_SECONDS: u32 = 10;

/// A broker with topics, bindings and records.
pub struct Prepared<'a> {
    broker: &'a Broker,
    file: PathBuf,
    /// How many records `gaps` has.
    records: usize,
}

impl<'a> Prepared<'a> {
    /// Makes the topics, and sends the records that a partitioner moves away.
    pub fn new(broker: &'a Broker, folder: &Path) -> anyhow::Result<Self> {
        let mut prepared = Self {
            broker,
            file: folder.join("topics.toml"),
            records: 0,
        };
        prepared.apply(Steady::ByLetter)?;
        apply(broker, &root().join(RETRIES))?;
        let letters = |range: std::ops::RangeInclusive<char>| range.collect::<Vec<_>>();
        // A record of each letter in turn; what moves is in the middle and at the end of every batch.
        for partition in [0, 1] {
            for _ in 0..3 {
                prepared.records += prepared.send("gaps", partition, &letters('A'..='Z').repeat(4))?;
            }
        }
        // And the last batch of each partition moves as a whole.
        prepared.records += prepared.send("gaps", 0, &letters('N'..='Z'))?;
        prepared.records += prepared.send("gaps", 1, &letters('A'..='M'))?;
        prepared.hide()?;
        for _ in 0..3 {
            prepared.send("all-moved", 0, &letters('N'..='Z').repeat(4))?;
        }
        Ok(prepared)
    }

    /// What a scenario is told beside the broker's address.
    pub fn options(&self, scenario: &str, client: &str) -> Vec<String> {
        let text = match scenario {
            "gaps" => format!("--topic gaps --records {}", self.records),
            "all-moved" => "--topic all-moved --partition 0".to_owned(),
            "dump-log" => format!("--logs {}", self.broker.logs().display()),
            "view-hidden-stretch" => "--topic view-hidden-stretch --records 2".to_owned(),
            "consumer-retry" => "--topic orders".to_owned(),
            "routed" | "dead-letters" | "view-masked" => format!("--topic {scenario}-{client}"),
            "spring-retry-topic" => "--topic spring-retry".to_owned(),
            "steady" => format!("--topic steady-{client} --seconds {STEADY_SECONDS}"),
            _ => String::new(),
        };
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// Changes the bindings of the topics of `steady` again and again, until `work` is done.
    pub fn change_while(&self, work: impl FnOnce()) -> anyhow::Result<()> {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let changing = scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for steady in [Steady::Refused, Steady::Otherwise, Steady::ByLetter] {
                        self.apply(steady)?;
                    }
                }
                Ok(())
            });
            work();
            done.store(true, Ordering::Relaxed);
            changing.join().expect("it does not panic")
        })
    }

    /// A record on each side of 100,000 that are no JSON, and 1,000 more of these at the end: a view hides them.
    fn hide(&self) -> anyhow::Result<()> {
        for (line, count) in [
            ("{}\n", 1),
            ("hidden\n", HIDDEN),
            ("{}\n", 1),
            ("hidden\n", HIDDEN_BEHIND),
        ] {
            self.broker.produce("view-hidden-stretch", &[], &line.repeat(count))?;
        }
        Ok(())
    }

    /// Keys are letters.
    fn send(&self, topic: &str, partition: i32, letters: &[char]) -> anyhow::Result<usize> {
        let lines: String = letters
            .iter()
            .enumerate()
            .map(|(n, letter)| format!("{letter}:{n}\n"))
            .collect();
        self.broker
            .produce(topic, &["--partition", &partition.to_string()], &lines)?;
        Ok(letters.len())
    }

    fn apply(&self, steady: Steady) -> anyhow::Result<()> {
        fs::write(&self.file, settings(steady))?;
        apply(self.broker, &self.file)
    }
}

fn apply(broker: &Broker, file: &Path) -> anyhow::Result<()> {
    let mut apply = broker.corvid();
    run(apply.arg("--json").arg("apply").arg(file).stdout(Stdio::null()))
}

/// What the topics of `steady` are bound to.
#[derive(Debug, Clone, Copy)]
enum Steady {
    /// The partitioner of all.
    ByLetter,
    /// The same with other ranges.
    Otherwise,
    /// And a validator that lets nothing pass: all are dead letters.
    Refused,
}

/// The retry table of Spring's job.
const FOUR_ATTEMPTS: &str = r#"attempts = 4, backoff = { initial = "200ms", multiplier = 2.0 }"#;

fn settings(steady: Steady) -> String {
    let mut text = r#"
[plugins]
by-letter     = { builtin = "letter-range-partitioner" }
orders-only   = { builtin = "json-schema-validator", config = { schema = { type = "object", required = ["order"] } } }
no-cards      = { builtin = "field-mask", config = { mask = ["card"] } }
nothing-at-all = { builtin = "json-schema-validator", config = { schema = false } }

[topics]
gaps      = { partitions = 2, partitioner = "by-letter" }
all-moved = { partitions = 2, partitioner = "by-letter" }
view-hidden-stretch = { partitions = 1, fetch = [{ plugin = "no-cards", clients = ["*-masked"] }] }
"#
    .to_owned();
    let binding = match steady {
        Steady::ByLetter => r#"partitioner = "by-letter""#,
        Steady::Otherwise => {
            r#"partitioner = { plugin = "by-letter", config = { ranges = { "A-C" = 1, "D-Z" = 0 } } }"#
        }
        Steady::Refused => r#"partitioner = "by-letter", produce = ["nothing-at-all"], on_refused = "dead-letter""#,
    };
    text.extend([format!(
        "spring-retry = {{ partitions = 2, retry = {{ {FOUR_ATTEMPTS} }} }}\n"
    )]);
    for client in CLIENTS {
        let topics = [
            format!("routed-{client} = {{ partitions = 2, partitioner = \"by-letter\" }}\n"),
            format!(
                "dead-letters-{client} = {{ partitions = 2, produce = [\"orders-only\"], on_refused = \"dead-letter\" }}\n"
            ),
            format!(
                "view-masked-{client} = {{ partitions = 1, fetch = [{{ plugin = \"no-cards\", clients = [\"*-masked\"] }}] }}\n"
            ),
            format!("steady-{client} = {{ partitions = 2, {binding} }}\n"),
        ];
        text.extend(topics);
    }
    text
}
