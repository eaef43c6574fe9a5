//! `cargo xtask main-job`: what Corvid is for, as its users do it, from an empty folder outside the repository.
//!
//! 1. `corvid plugin new`, its tests, `plugin build`, `plugin check`: the plugin of the README's tutorial.
//! 2. It is bound in TOML, with a validator and a dead-letter policy; `corvid apply`.
//! 3. kafkajs, librdkafka and Java: their records land in the plugin's partitions, refused ones in `orders.DLT` with their
//!    reasons.
//! 4. While all three produce: new code, a new configuration, another policy, and what a node must refuse. No request fails, no
//!    record is lost or doubled, and afterwards the new rules hold.

mod orders;
mod project;

use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use crate::broker::{Broker, Profile};
use crate::clients::play::{Answer, Ending, play};
use crate::clients::set_up;
use orders::Rules;
use project::{Project, Version};

/// How it is run.
#[derive(clap::Args)]
pub struct Options {
    /// Which build of the broker.
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    profile: Profile,
}

const CLIENTS: [&str; 3] = ["kafkajs", "python", "java"];

/// How long the producers send while everything is changed.
const STEADY_SECONDS: &str = "20";

/// As CI runs it: against the release build.
pub fn in_ci() -> anyhow::Result<()> {
    run(&Options {
        profile: Profile::Release,
    })
}

/// Does the job.
pub fn run(options: &Options) -> anyhow::Result<()> {
    set_up(&CLIENTS)?;
    let binary = options.profile.build()?;
    let folder = tempfile::tempdir()?;
    let broker = Broker::start(&binary, folder.path(), crate::clients::NODE)?;
    let job = Job { broker, folder };
    let done = job.run();
    done.map_err(|error| error.context(format!("the node said: {}", job.broker.last_words())))?;
    job.broker.stop()?;
    println!("\nthe main job is done: 1 passed, 0 failed");
    Ok(())
}

struct Job {
    broker: Broker,
    folder: TempDir,
}

impl Job {
    fn run(&self) -> anyhow::Result<()> {
        let project = Project::create(&self.broker, self.folder.path())?;
        let first = project.build(Version::AtoMFirst)?;
        self.apply(Rules::First)?;
        self.produce_and_read_back()?;
        let changes = thread::scope(|scope| {
            let producers =
                CLIENTS.map(|client| scope.spawn(move || self.play(client, "steady", &["--seconds", STEADY_SECONDS])));
            let under_way = || producers.iter().all(|producer| !producer.is_finished());
            let changed = self.change_everything(&project, &first, under_way);
            for producer in producers {
                producer.join().expect("it does not panic")?;
            }
            changed
        })?;
        println!("\n{changes} changes were made meanwhile");
        orders::new_rules_hold(&self.broker)
    }

    /// All clients, one scenario after the other.
    fn produce_and_read_back(&self) -> anyhow::Result<()> {
        for scenario in ["routed", "dead-letters"] {
            thread::scope(|scope| {
                let clients = CLIENTS.map(|client| scope.spawn(move || self.play(client, scenario, &[])));
                clients
                    .into_iter()
                    .try_for_each(|client| client.join().expect("it does not panic"))
            })?;
        }
        orders::letters_are_there(&self.broker, CLIENTS.len())
    }

    /// New code, new configuration, new policy, again and again while `under_way`; what cannot be obeyed is refused. Ends with
    /// the second rules. Gives the number of changes.
    fn change_everything(
        &self,
        project: &Project,
        first: &[u8],
        under_way: impl Fn() -> bool,
    ) -> anyhow::Result<usize> {
        let second = project.build(Version::NtoZFirst)?;
        self.apply(Rules::First).context("new code under the old rules")?;
        self.apply(Rules::Second)?;
        project.put(b"this is no module")?;
        self.refuse(Rules::Second).context("a module that is none")?;
        project.put(&second)?;
        self.refuse(Rules::Wrong)
            .context("a configuration that the plugin does not take")?;
        ensure!(under_way(), "the producers were done before everything was changed");
        let mut changes = 2;
        while under_way() {
            for (module, rules) in [(first, Rules::First), (&second[..], Rules::Second)] {
                project.put(module)?;
                crate::shell::run(self.apply_command(rules)?.stdout(Stdio::null()))?;
                changes += 1;
            }
        }
        Ok(changes)
    }

    fn play(&self, client: &str, scenario: &str, more: &[&str]) -> anyhow::Result<()> {
        let options: Vec<String> = ["--topic", "orders"]
            .iter()
            .chain(more)
            .map(ToString::to_string)
            .collect();
        let Answer { result, detail, .. } = play(client, scenario, self.broker.kafka(), &options, &|wish| {
            bail!("{wish:?}")
        });
        println!("{client} {scenario}: {detail}");
        ensure!(result == Ending::Passed, "{client} {scenario}: {detail}");
        Ok(())
    }

    fn apply(&self, rules: Rules) -> anyhow::Result<()> {
        crate::shell::run(&mut self.apply_command(rules)?)
    }

    /// Applies what the node must not take.
    fn refuse(&self, rules: Rules) -> anyhow::Result<()> {
        let output = self.apply_command(rules)?.output()?;
        ensure!(!output.status.success(), "the node has taken it");
        println!(
            "refused, as it should be: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(())
    }

    fn apply_command(&self, rules: Rules) -> anyhow::Result<Command> {
        let file = self.folder.path().join("corvid.toml");
        std::fs::write(&file, rules.settings())?;
        let mut apply = self.broker.corvid();
        apply.arg("apply").arg(file);
        Ok(apply)
    }
}
