//! `spanlight profile`: from a genesis file to the chain's part of a trust file.

use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::trust_file;
use serde::Serialize;
use spanlight::clock::DEFAULT_CLOCK_TOLERANCE;
use spanlight::consensus::{LightClient, VotesBy};
use spanlight::header::{read_genesis, Genesis, GenesisError};
use spanlight::profile::Qualified;
use spanlight::trust::TrustedChain;
use std::path::{Path, PathBuf};

/// Larger genesis files are refused.
const MOST: usize = 256 << 20;

/// Two weeks: how long a verified header may be built upon.
const TRUSTING_PERIOD: u64 = 1_209_600;
/// An hour: how old the newest header may be for verdicts as of now, and how long a transfer may wait for votes.
const HOUR: u64 = 3_600;

/// Compute a chain's profile and its first checkpoint from its genesis file.
///
/// The block hash of block 0 is computed from the whole file, with all its accounts, so nobody has to be asked for it.
/// Prints a [[chains]] entry in TOML: paste it into a trust file, below `version = 1`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The chain's genesis file (JSON, as given to the node's `init`).
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Name of the chain in trust files and commands [default: the file's name up to its first dot].
    #[arg(long)]
    name: Option<String>,
    /// For chains with weighted-random proposers: nobody is demoted (`council`), or at least N validators qualify.
    #[arg(long, value_name = "council|N", value_parser = qualified)]
    qualified: Option<Qualified>,
    /// Print JSON instead of TOML.
    #[arg(long)]
    pub(super) json: bool,
}

/// The proposer policy that weighs validators by their stake.
const WEIGHTED_RANDOM: u64 = 2;

#[derive(Serialize)]
struct Chains<'c> {
    chains: [&'c TrustedChain; 1],
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    let mut chain = of_genesis_file(&args.genesis, args.name.as_deref())?;
    chain.profile.qualified = args.qualified;
    if args.json {
        return Output::json(&chain, 0);
    }
    let entry = trust_file::to_toml(&Chains { chains: [&chain] })?;
    let mut text = format!(
        "# Chain {} with id {}, from its genesis block {}.\n\
         # Periods are seconds and a policy of yours, as are `quorum` and `vote_rules`: see docs/trust.md.\n{entry}",
        chain.profile.name, chain.profile.chain_id, chain.profile.genesis_hash
    );
    if chain.profile.parameters.proposer_policy == WEIGHTED_RANDOM && args.qualified.is_none() {
        text.insert_str(
            0,
            "# Proposers are weighted-random: run again with --qualified, or this chain cannot be followed.\n",
        );
    }
    Ok(Output::done(text))
}

/// The value of `--qualified`.
pub(super) fn qualified(text: &str) -> Result<Qualified, String> {
    match (text, text.parse()) {
        ("council", _) => Ok(Qualified::Council),
        (_, Ok(number)) if number > 0 => Ok(Qualified::AtLeast(number)),
        _ => Err("write `council`, or a number above zero".to_string()),
    }
}

/// Reads a genesis file: what to trust of its chain.
pub(super) fn of_genesis_file(path: &Path, name: Option<&str>) -> Result<TrustedChain, Failure> {
    let text = files::read_text(path, MOST)?;
    let shown = path.display().to_string();
    let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    let name = name.or(stem.filter(|stem| !stem.is_empty() && *stem != "-")).unwrap_or("chain");
    if name.is_empty() || name.len() > spanlight::bundle::MAX_NAME {
        return Err(Failure::usage(format!("a chain's name has 1 to {} bytes", spanlight::bundle::MAX_NAME)));
    }
    of_genesis(&text, name, &shown)
}

const HINT: &str = "this must be the genesis file that the chain's nodes were started from";

fn not_read(error: &GenesisError, shown: &str) -> Failure {
    const UNSUPPORTED: u8 = 2;
    let what = format!("{shown}: {error}");
    let failure = match error {
        GenesisError::UnknownFork { .. } => Failure::verdict(UNSUPPORTED, what)
            .hint("nothing is wrong with the file: a newer release of spanlight may know this fork"),
        GenesisError::Foreign { .. } => Failure::unreadable(what).hint("spanlight verifies chains of Klaytn and Kaia"),
        _ => Failure::unreadable(what).hint(HINT),
    };
    failure.code(error.code())
}

/// As [`of_genesis_file`], for the text of a file called `shown`.
fn of_genesis(text: &str, name: &str, shown: &str) -> Result<TrustedChain, Failure> {
    let Genesis { profile, header } = read_genesis(text, name).map_err(|e| not_read(&e, shown))?;
    let client = LightClient::from_genesis(&profile, header)
        .map_err(|e| Failure::unreadable(format!("{shown}: block 0: {e}")).code(e.code()).hint(HINT))?;
    Ok(TrustedChain {
        trusting_period: TRUSTING_PERIOD,
        max_age: HOUR,
        patience: HOUR,
        clock_tolerance: DEFAULT_CLOCK_TOLERANCE,
        allow_jump: false,
        votes: VotesBy::default(),
        checkpoint: client.checkpoint(),
        profile,
    })
}
