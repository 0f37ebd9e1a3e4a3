//! `spanlight completions`: scripts that let a shell complete the commands.

use super::Cli;
use crate::output::Output;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print the completion script for a shell.
///
/// For bash: source <(spanlight completions bash)
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Output {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "spanlight", &mut script);
    Output::done(String::from_utf8_lossy(&script).into_owned())
}
