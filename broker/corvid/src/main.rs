//! The `corvid` binary: the broker, and the command line that works on it. See `cli`.

mod cli;
mod quickstart;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
