//! The `spanlight` command. Each command is one file in `commands`; what they share lies beside it.
//!
//! A command returns what to print and an exit code, or a [`failure::Failure`]; only this file writes to the terminal
//! and ends the process. Exit codes: `failure::Exit` and, for verdicts, the core's own.

mod bundle_file;
mod clock;
mod commands;
mod endpoints;
mod failure;
mod files;
mod gather;
mod nodes;
mod nonces;
mod output;
mod progress;
mod serve;
mod show;
mod trust_file;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match commands::Cli::try_parse() {
        Ok(cli) => cli,
        Err(help_or_misuse) => return output::print_clap(help_or_misuse),
    };
    match cli.run() {
        Ok(output) => output::print(&output),
        Err(failure) => output::print_failure(&failure, cli.wants_json()),
    }
}
