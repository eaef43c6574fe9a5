//! `cargo xtask clients`: the clients that people use, against one running broker.
//!
//! `tests/clients/scenarios.toml` is the list of what they must do; the programs beside it do it. Here the broker is started
//! and prepared, everything is run, and client × scenario is printed.

mod letters;
mod matrix;
mod page;
pub mod play;
mod prepare;
mod scenarios;

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use crate::broker::{Broker, Profile};
use crate::shell::{root, run as run_command};
use matrix::Matrix;
use play::play;
pub use prepare::NODE;
use prepare::Stage;
use scenarios::{APPLICATIONS, CLIENTS, Scenario};

/// What to leave out while working on one thing.
#[derive(clap::Args)]
pub struct Options {
    /// Only this client or application.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(CLIENTS.iter().chain(APPLICATIONS)))]
    only: Option<String>,
    /// Only scenarios whose name contains this.
    #[arg(long)]
    scenario: Option<String>,
    /// Which build of the broker.
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    profile: Profile,
}

/// A scenario and a client that does it.
type Run<'a> = (&'a Scenario, &'a str);

/// How many clients run at once where they would not disturb each other. Most of their time they wait.
const AT_ONCE: usize = 5;

/// Every client and every scenario, against the release build.
pub fn everything() -> anyhow::Result<()> {
    run(&Options {
        only: None,
        scenario: None,
        profile: Profile::Release,
    })
}

/// Runs them, and fails if one fails.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let all = Scenario::load()?;
    let wanted = |scenario: &&Scenario| {
        options
            .scenario
            .as_ref()
            .is_none_or(|part| scenario.name.contains(part))
    };
    let scenarios: Vec<&Scenario> = all.iter().filter(wanted).collect();
    ensure!(
        !scenarios.is_empty(),
        "no scenario has {:?} in its name",
        options.scenario
    );
    let clients: Vec<&str> = CLIENTS
        .iter()
        .chain(APPLICATIONS)
        .copied()
        .filter(|client| options.only.as_ref().is_none_or(|only| only == client))
        .collect();
    set_up(&clients)?;
    let binary = options.profile.build()?;
    let folder = tempfile::tempdir()?;
    let broker = Broker::start(&binary, folder.path(), NODE)?;
    let matrix = run_all(&broker, &folder, &scenarios, &clients);
    let matrix = matrix.map_err(|error| error.context(format!("the node said: {}", broker.last_words())))?;
    let (passed, failed) = matrix.totals();
    matrix.show(&scenarios, &clients);
    if failed > 0 {
        println!("\nthe node said: {}; {}", broker.last_words(), broker.keep_log());
    }
    broker.stop()?;
    println!("\n{passed} passed, {failed} failed");
    match failed {
        0 => Ok(()),
        failed => bail!("{failed} runs of clients failed"),
    }
}

/// Fetches and builds what the clients need. What is missing on the machine is named.
pub fn set_up(clients: &[&str]) -> anyhow::Result<()> {
    run_command(Command::new(root().join("tests/clients/setup")).args(clients))
}

fn run_all(
    broker: &Broker,
    folder: &tempfile::TempDir,
    scenarios: &[&Scenario],
    clients: &[&str],
) -> anyhow::Result<Matrix> {
    let prepared = prepare::Prepared::new(broker, folder.path())?;
    let runs = |stage: Stage| -> Vec<Run<'_>> {
        let staged = scenarios
            .iter()
            .copied()
            .filter(|scenario| prepare::stage(&scenario.name) == stage);
        let mut runs: Vec<Run<'_>> = staged
            .flat_map(|scenario| clients.iter().map(move |client| (scenario, *client)))
            .filter(does)
            .collect();
        // Applications wait longest, for their backoffs: who begins first is not the last.
        runs.sort_by_key(|(scenario, _)| !scenario.is_applications());
        runs
    };
    let matrix = Mutex::new(Matrix::default());
    let play_all = |runs: &[Run<'_>], at_once: usize| {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((scenario, client)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let answer = play(
                    client,
                    &scenario.name,
                    broker.kafka(),
                    &prepared.options(&scenario.name, client),
                    &|wish| letters::grant(broker, wish),
                );
                matrix
                    .lock()
                    .expect("nobody panics with it")
                    .note(&scenario.name, client, answer);
            }
        };
        thread::scope(|scope| (0..at_once.min(runs.len())).for_each(|_| drop(scope.spawn(work))));
    };
    play_all(&runs(Stage::Any), AT_ONCE);
    let steady = runs(Stage::Changing);
    prepared.change_while(|| play_all(&steady, steady.len()))?;
    let idle = runs(Stage::Idle);
    if idle.is_empty() {
        return Ok(matrix.into_inner().expect("nobody panics with it"));
    }
    let (fetched, began) = (broker.requests("Fetch")?, Instant::now());
    play_all(&idle, idle.len());
    check_fetches(broker.requests("Fetch")? - fetched, idle.len() as u64, began.elapsed())?;
    Ok(matrix.into_inner().expect("nobody panics with it"))
}

/// What clients say of their own fetches is one thing, what the broker has seen another. They wait half a second for
/// each, so two a second are right; who turns in circles makes hundreds.
fn check_fetches(fetches: u64, clients: u64, time: Duration) -> anyhow::Result<()> {
    const WHILE_READING: u64 = 100;
    const PER_SECOND: u64 = 5;
    let bound = clients * (WHILE_READING + PER_SECOND * time.as_secs());
    println!(
        "the broker has seen {fetches} fetches of {clients} clients in {} s; {bound} would be too many",
        time.as_secs()
    );
    ensure!(fetches <= bound, "clients turn in circles");
    Ok(())
}

fn does((scenario, client): &Run<'_>) -> bool {
    scenario.clients.iter().any(|name| name == client)
}
