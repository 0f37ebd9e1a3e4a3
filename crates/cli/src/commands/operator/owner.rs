//! `operator register` and `operator threshold`: what the bridge's owner does, with the owner's own key.

use super::{key_file, read, wait, Configured, Password};
use crate::failure::Failure;
use crate::output::Output;
use spanlight::Address;
use spanlight_operator::owner::{change, Change, OwnerError};
use std::path::PathBuf;

/// The owner.
#[derive(Debug, clap::Args)]
struct Owner {
    /// The chain whose bridge is changed.
    #[arg(long, value_name = "NAME")]
    chain: String,
    /// The owner's encrypted key file.
    #[arg(long, value_name = "FILE")]
    owner_key: PathBuf,
    #[command(flatten)]
    password: Password,
    #[command(flatten)]
    configured: Configured,
}

/// Whom to register.
#[derive(Debug, clap::Args)]
pub(super) struct RegisterArgs {
    /// The operator's address on that chain.
    operator: Address,
    /// Deregister it instead.
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    owner: Owner,
}

/// How many votes.
#[derive(Debug, clap::Args)]
pub(super) struct ThresholdArgs {
    /// Equal votes that execute a transfer.
    votes: u8,
    #[command(flatten)]
    owner: Owner,
}

pub(super) fn register(args: &RegisterArgs) -> Result<Output, Failure> {
    let (wanted, done) = if args.remove {
        (Change::Deregister(args.operator), "deregistered")
    } else {
        (Change::Register(args.operator), "registered")
    };
    let hash = apply(&args.owner, wanted)?;
    Ok(Output::done(format!("{} is {done} on {}, by transaction {hash}\n", args.operator, args.owner.chain)))
}

pub(super) fn threshold(args: &ThresholdArgs) -> Result<Output, Failure> {
    let hash = apply(&args.owner, Change::Threshold(args.votes))?;
    Ok(Output::done(format!("{} votes execute on {}, by transaction {hash}\n", args.votes, args.owner.chain)))
}

fn apply(owner: &Owner, wanted: Change) -> Result<spanlight::Hash, Failure> {
    let config = read(&owner.configured)?;
    let key = key_file(&owner.owner_key, &owner.password);
    wait(change(&config, &owner.chain, &key, wanted))?.map_err(|error| match &error {
        OwnerError::Chain(_) => Failure::usage(&error),
        OwnerError::Key(_) => Failure::unreadable(&error),
        OwnerError::Rpc(_) => Failure::endpoint(&error),
        _ => Failure::verdict(1, &error).hint("is this the owner's key, and does the bridge allow it?"),
    })
}
