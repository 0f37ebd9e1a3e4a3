//! The commands, one file each.

mod audit;
mod completions;
mod demo;
mod devnet;
mod inspect;
mod operator;
mod profile;
mod prove;
mod replay;
mod serve;
mod sources;
mod sync;
mod verify;

use sources::Sources;

use crate::failure::Failure;
use crate::output::Output;
use clap::{Parser, Subcommand};

/// Verify Klaytn/Kaia bridge transfers without trusting a node, a prover or an operator.
///
/// What you trust stands in a trust file of your own (`profile` starts one); everything else is checked against it.
#[derive(Debug, Parser)]
#[command(name = "spanlight", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0   everything asked for is proven and handled, without a warning
  1   fraud, attempted fraud or equivocation, or a bundle that is false
  2   requested, voting, stuck, unrequested, not yet trusted, unsupported, incomplete, or handled with a warning
  3   a file cannot be read or used
  4   endpoints failed, or served what is false
  64  the command was called wrongly
The worst counts: 1, then 4, 3, 2, 0.

NO_COLOR=1 turns colours off. Start with: spanlight demo";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Profile(profile::Args),
    Sync(sync::Args),
    Prove(prove::Args),
    Verify(verify::Args),
    Inspect(inspect::Args),
    Audit(audit::Args),
    Operator(operator::Args),
    Replay(replay::Args),
    Devnet(devnet::Args),
    Serve(serve::Args),
    Completions(completions::Args),
}

impl Cli {
    pub(crate) fn run(&self) -> Result<Output, Failure> {
        match &self.command {
            Command::Demo(args) => demo::run(args),
            Command::Profile(args) => profile::run(args),
            Command::Sync(args) => sync::run(args),
            Command::Prove(args) => prove::run(args),
            Command::Verify(args) => verify::run(args),
            Command::Inspect(args) => inspect::run(args),
            Command::Audit(args) => audit::run(args),
            Command::Operator(args) => operator::run(args),
            Command::Replay(args) => replay::run(args),
            Command::Devnet(args) => devnet::run(args),
            Command::Serve(args) => serve::run(args),
            Command::Completions(args) => Ok(completions::run(args)),
        }
    }

    /// Whether a failure is to be told in JSON too.
    pub(crate) fn wants_json(&self) -> bool {
        match &self.command {
            Command::Demo(args) => args.json,
            Command::Profile(args) => args.json,
            Command::Sync(args) => args.json,
            Command::Prove(args) => args.json,
            Command::Verify(args) => args.json,
            Command::Inspect(args) => args.json,
            Command::Audit(args) => args.json,
            Command::Operator(args) => args.wants_json(),
            Command::Devnet(args) => args.json,
            Command::Replay(_) | Command::Serve(_) | Command::Completions(_) => false,
        }
    }
}
