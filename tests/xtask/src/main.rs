//! `cargo xtask`: everything that people and CI do with this repository, beyond building it.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a tool of the repository: it runs on the real machine, never in the simulation"
)]

mod bench;
mod broker;
mod clients;
mod crash;
mod fuzz;
mod json_schema;
mod languages;
mod main_job;
mod shell;
mod sim;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What people and CI do with this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What hooks cost beside native code, and the node beside Apache Kafka; needs go, java, mvn, python3 and npm.
    Bench(bench::Options),
    /// Everything that CI checks, in its order; needs node, npm, python3, go, java and mvn.
    Test(test::Options),
    /// The clients that people use, against a running broker: prints client × scenario.
    Clients(clients::Options),
    /// A plugin of one's own, from `plugin new` to its replacement under load, outside the repository.
    MainJob(main_job::Options),
    /// The validator of JSON Schema answers the official test suite; needs go.
    JsonSchema,
    /// The same plugin in C, AssemblyScript, Rust and as a script: built, bound, and of one opinion.
    Languages(languages::Options),
    /// Kills a broker again and again under idempotent producers: is every acknowledged record there once?
    Crash(crash::Options),
    /// Nodes in a simulated world, losing power again and again: is what they promised still there?
    Sim(sim::Options),
    /// What comes from a wire or a disk, mutated: does a parser panic, or take what it should not?
    Fuzz(fuzz::Options),
    /// The house rules: direction of dependencies, lengths, the seam, unsafe, docs.
    Tidy,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Bench(options) => bench::run(&options),
        Command::Test(options) => test::run_steps(&options),
        Command::Clients(options) => clients::run(&options),
        Command::MainJob(options) => main_job::run(&options),
        Command::JsonSchema => json_schema::run_suite(),
        Command::Languages(options) => languages::run(&options),
        Command::Crash(options) => crash::run_rounds(&options),
        Command::Sim(options) => sim::run_tests(&options),
        Command::Fuzz(options) => fuzz::run_targets(&options),
        Command::Tidy => tidy::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
