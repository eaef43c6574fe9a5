//! `corvid plugin`.

mod asking;
mod bench;
mod build;
mod check;
mod deploy;
mod describe;
mod native;
mod new;
mod project;
mod replay;
mod samples;
mod sandbox;
mod show;
mod test;
mod timing;

use clap::Subcommand;

use super::node::Node;
use super::{Done, Output};

/// `corvid plugin …`
#[derive(Subcommand)]
pub enum Command {
    /// Write a new plugin's project: it builds and passes its tests as it is, wherever it lies
    New(new::Args),
    /// Build a project's module
    Build(build::Args),
    /// Look at a module as a node would: hooks, imports, size, a self-test, the time per record
    Check(check::Args),
    /// Judge the records of a file, and compare with what is expected: for a build to fail on
    Test(test::Args),
    /// Measure what a plugin costs for each record, beside the same code built natively
    Bench(bench::Args),
    /// Judge the records of a topic again, and compare with what happened to them; changes nothing
    Replay(replay::Args),
    /// Make a module a plugin's next generation: active at once, or tried as a shadow or a canary
    Deploy(deploy::Deploy),
    /// Make the generation that is tried the active one
    Promote(deploy::Promote),
    /// End a trial, or take an earlier generation back
    Rollback(deploy::Rollback),
    /// Show the plugins of a node, and those that are built in
    List {
        #[command(flatten)]
        node: Node,
    },
    /// Show a plugin of a node: where it is bound, and what it has done
    Describe {
        /// Its name
        plugin: String,
        #[command(flatten)]
        node: Node,
    },
}

impl Command {
    /// Does it.
    pub fn run(self, output: Output) -> Done {
        match self {
            Command::New(args) => new::run(&args, output),
            Command::Build(args) => build::run(&args, output),
            Command::Check(args) => check::run(&args, output),
            Command::Test(args) => test::run(&args, output),
            Command::Bench(args) => bench::run(&args, output),
            Command::Replay(args) => replay::run(&args, output),
            Command::Deploy(args) => deploy::deploy(&args, output),
            Command::Promote(args) => deploy::promote(&args, output),
            Command::Rollback(args) => deploy::rollback(&args, output),
            Command::List { node } => show::list(&node, output),
            Command::Describe { plugin, node } => show::describe(&node, &plugin, output),
        }
    }
}
