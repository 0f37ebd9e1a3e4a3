//! `operator register` and `operator threshold`: what the bridge's owner does, with the owner's own key.

use super::{read, wait, Configured, Password};
use crate::failure::Failure;
use crate::output::Output;
use spanlight::Address;
use spanlight_operator::config::KeyConfig;
use spanlight_operator::owner::{change, Change, OwnerError};
use std::path::PathBuf;

/// The owner.
#[derive(Debug, clap::Args)]
struct Owner {
    /// The chain whose bridge is changed.
    #[arg(long, value_name = "NAME")]
    chain: String,
    #[command(flatten)]
    key: OwnerKey,
    #[command(flatten)]
    password: Password,
    #[command(flatten)]
    configured: Configured,
}

/// Where the owner's key is.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct OwnerKey {
    /// The owner's encrypted key file.
    #[arg(long, value_name = "FILE")]
    owner_key: Option<PathBuf>,
    /// The owner's key as a configuration file writes a key, in a token or a key service too:
    /// `{ kind = "pkcs11", module = "...", token = "...", label = "...", pin = { fd = 3 } }`.
    #[arg(long, value_name = "KEY")]
    owner: Option<String>,
}

impl Owner {
    fn key(&self) -> Result<KeyConfig, Failure> {
        let OwnerKey { owner_key, owner } = &self.key;
        if let Some(path) = owner_key {
            return Ok(KeyConfig::File { path: path.clone(), password: self.password.secret()? });
        }
        KeyConfig::parse(owner.as_deref().unwrap_or_default()).map_err(|error| {
            Failure::usage(format!("--owner: {error}")).hint("docs/operator.md shows the kinds of keys")
        })
    }
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
    apply(&args.owner, wanted, &format!("{} is {done} on {}", args.operator, args.owner.chain))
}

pub(super) fn threshold(args: &ThresholdArgs) -> Result<Output, Failure> {
    let words = format!("{} votes execute on {}", args.votes, args.owner.chain);
    apply(&args.owner, Change::Threshold(args.votes), &words)
}

/// Makes the change and says `words`, once they are proven to be true.
fn apply(owner: &Owner, wanted: Change, words: &str) -> Result<Output, Failure> {
    let key = owner.key()?;
    let config = read(&owner.configured)?;
    let done = wait(change(&config, &owner.chain, &key, wanted))?.map_err(failure)?;
    let by = match done.transaction {
        Some(hash) => format!("by transaction {hash}; proven in the state of block {}", done.block),
        None => format!("as it was before: proven in the state of block {}; nothing was sent", done.block),
    };
    Ok(Output::done(format!("{words}, {by}\n")))
}

fn failure(error: OwnerError) -> Failure {
    let not_judged = Failure::verdict(1, &error);
    match &error {
        OwnerError::Chain(_) => Failure::usage(&error),
        OwnerError::Key(_) => Failure::unreadable(&error),
        OwnerError::Rpc(_) | OwnerError::NotFollowed(_) => Failure::endpoint(&error),
        OwnerError::OldHead { .. } => Failure::endpoint(&error).hint("give another endpoint, or look at the clock"),
        OwnerError::GasPrice { .. } => not_judged.hint("wait until gas is cheaper, or raise max_gas_price"),
        OwnerError::NotSeen(_) => not_judged.hint("run it again: it sends nothing where the change is made by then"),
        _ => not_judged.hint("is this the owner's key, and does the bridge allow it?"),
    }
}
