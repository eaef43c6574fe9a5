//! The command line: a file for each noun.
//!
//! Tables for people, `--json` for programs. Every error says what to do; `failure` has the exit codes. `node` asks a
//! node's admin listener, `kafka` its Kafka listener.

mod apply;
pub mod bytes_text;
mod compiled;
mod config;
mod consume;
mod delayed;
mod dlt;
mod failure;
mod group;
mod kafka;
pub mod logging;
mod node;
mod output;
mod plugin;
pub mod produce;
mod serve;
mod topic;
mod units;
mod why;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use dlt::Letter;
pub use failure::{Exit, Failure};
pub use output::{Output, table};
pub use serve::Running;

/// What a command comes to.
pub type Done = Result<(), Failure>;

/// The entry of the binary.
pub fn main() -> ExitCode {
    let Cli { json, command } = Cli::parse();
    let output = Output::new(json);
    match command.run(output) {
        Ok(code) => code,
        Err(failure) => {
            output.failure(&failure);
            failure.exit().into()
        }
    }
}

/// A Kafka-compatible event broker with WebAssembly plugins in the produce path.
#[derive(Parser)]
#[command(name = "corvid", version, after_help = failure::EXIT_CODES, disable_help_subcommand = true)]
struct Cli {
    /// Print JSON instead of tables and sentences
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show what Corvid does: a node, a week of earthquakes, three plugins, and where every event went
    Quickstart(crate::quickstart::Args),
    /// Run a node
    Serve(serve::Args),
    /// Make a node's topics and plugins what a file wants
    Apply(apply::Args),
    /// Topics: create, list, describe, alter, delete
    #[command(subcommand)]
    Topic(topic::Command),
    /// Consumer groups: list, describe, reset, delete
    #[command(subcommand)]
    Group(group::Command),
    /// Send the lines of standard input as records
    Produce(produce::Args),
    /// Read records
    Consume(consume::Args),
    /// Show what decided on a record, where it comes from, and where it went
    Why(why::Args),
    /// Dead letters: list, show, redrive
    #[command(subcommand)]
    Dlt(dlt::Command),
    /// Records that are held until later: list, cancel
    #[command(subcommand)]
    Delayed(delayed::Command),
    /// Plugins: new, build, check, deploy, promote, rollback, list, describe
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// The settings file: check, print
    #[command(subcommand)]
    Config(config::Command),
    /// The compiler that a node runs its plugins through
    #[command(name = "__compile-plugin", hide = true)]
    CompilePlugin,
}

impl Command {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let done = |()| ExitCode::SUCCESS;
        match self {
            Command::Quickstart(args) => crate::quickstart::run(args, output).map(done),
            Command::Serve(args) => serve::run(args, output).map(done),
            Command::Apply(args) => apply::run(&args, output).map(done),
            Command::Topic(command) => command.run(output).map(done),
            Command::Group(command) => command.run(output).map(done),
            Command::Produce(args) => produce::run(&args, output).map(done),
            Command::Consume(args) => consume::run(&args, output).map(done),
            Command::Why(args) => why::run(&args, output).map(done),
            Command::Dlt(command) => command.run(output).map(done),
            Command::Delayed(command) => command.run(output).map(done),
            Command::Plugin(command) => command.run(output).map(done),
            Command::Config(command) => command.run(output).map(done),
            Command::CompilePlugin => Ok(corvid_plugin_host::compile_main()),
        }
    }
}
