//! `spanlight sync`: follow one chain from a trusted start to its head.

use super::profile;
use crate::endpoints::{self, Endpoint, Limits};
use crate::failure::Failure;
use crate::gather::{self, SyncAsk, Synced};
use crate::nodes::Nodes;
use crate::output::Output;
use crate::progress::Bar;
use crate::show::parameters;
use crate::show::style::{bold, dim, toned, Tone};
use crate::show::words;
use crate::{clock, trust_file};
use serde_json::{json, Value};
use spanlight::consensus::light_client::FollowMode;
use spanlight::facts::WarnedOn;
use spanlight::profile::Qualified;
use spanlight::trust::TrustedChain;
use spanlight::Trust;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

/// Follow a chain from its genesis file or your trust file's checkpoint, and verify every header on the way.
///
/// Tells the head that may be believed, and the council and parameters that hold for the block after it.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("start").required(true))]
pub(super) struct Args {
    /// Start from this genesis file: block 0 and the chain's rules are computed from it.
    #[arg(long, value_name = "FILE", group = "start")]
    genesis: Option<PathBuf>,
    /// Start from a checkpoint in this trust file (TOML or JSON).
    #[arg(long, value_name = "FILE", group = "start")]
    trust: Option<PathBuf>,
    /// The chain's name in the trust file, where that has several; with --genesis, the name to give it.
    #[arg(long, value_name = "NAME")]
    chain: Option<String>,
    /// Where the headers come from: URL of a node, or replay:FILE of a recording. NAME= before it must be the chain's name.
    /// Several are tried in order; none is believed.
    #[arg(long, value_name = "[NAME=]URL", required = true)]
    rpc: Vec<Endpoint>,
    /// Stop at this block [default: the newest].
    #[arg(long, value_name = "BLOCK")]
    to: Option<u64>,
    /// Also read each block's transactions and receipts and recompute both roots.
    #[arg(long)]
    deep: bool,
    /// Check seals only where they carry weight; every header is still linked by hash.
    #[arg(long)]
    sparse: bool,
    /// For chains with weighted-random proposers: nobody is demoted (`council`), or at least N validators qualify.
    #[arg(long, value_name = "council|N", value_parser = profile::qualified)]
    qualified: Option<Qualified>,
    /// The time, in unix seconds [default: now; with recordings only, one second after the newest block].
    #[arg(long, value_name = "SECONDS")]
    now: Option<u64>,
    /// Write a trust file that starts at the head reached; with --trust, all else in it stays.
    #[arg(long, value_name = "FILE")]
    checkpoint_out: Option<PathBuf>,
    /// Print one line of JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    limits: Limits,
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    let (trust, chain) = args.start()?;
    let name = chain.profile.name.as_str();
    endpoints::all_are_of(&args.rpc, &[name])?;
    let start = chain.checkpoint.number;
    if let Some(to) = args.to.filter(|to| *to < start) {
        return Err(Failure::usage(format!("--to {to} lies before block {start}, where your trust begins"))
            .hint("a chain is followed forward only: start from an older checkpoint"));
    }
    let node = Nodes::open(&endpoints::of_chain(&args.rpc, name)?, &args.limits)?;
    let ask = SyncAsk { to: args.to, mode: args.mode(), deep: args.deep, now: args.now };
    let begun = Instant::now();
    let synced = gather::sync(&node, &chain, &ask, &Bar::new())?;
    let seconds = begun.elapsed().as_secs_f64();
    if let Some(path) = &args.checkpoint_out {
        let checkpoint = synced.client.checkpoint();
        let moved = with_chain(&trust, TrustedChain { checkpoint, ..chain.clone() });
        trust_file::write(path, &moved)?;
    }
    if args.json {
        return Output::json(&to_json(&chain, &synced, seconds), 0);
    }
    Ok(Output::done(to_text(args, &chain, &synced, seconds)))
}

impl Args {
    const fn mode(&self) -> FollowMode {
        if self.sparse {
            FollowMode::Sparse
        } else {
            FollowMode::Full
        }
    }

    /// The trust to start from, and the chain in it.
    fn start(&self) -> Result<(Trust, TrustedChain), Failure> {
        let (trust, mut chain) = match (&self.genesis, &self.trust) {
            (Some(genesis), _) => {
                let chain = profile::of_genesis_file(genesis, self.chain.as_deref())?;
                (trust_file::of_chain(chain.clone()), chain)
            }
            (None, Some(path)) => {
                let trust = trust_file::read(path)?;
                let chain = self.chosen(&trust)?;
                (trust, chain)
            }
            (None, None) => return Err(Failure::usage("give --genesis FILE or --trust FILE")),
        };
        chain.profile.qualified = self.qualified.or(chain.profile.qualified);
        Ok((trust, chain))
    }

    fn chosen(&self, trust: &Trust) -> Result<TrustedChain, Failure> {
        match (&self.chain, trust.chains.as_slice()) {
            (Some(name), _) => trust_file::chain(trust, name).cloned(),
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(Failure::usage("the trust file has several chains; say which with --chain NAME")
                .hint(format!("it has: {}", trust_file::chain_names(trust)))),
        }
    }
}

/// The trust with this chain's entry replaced.
fn with_chain(trust: &Trust, chain: TrustedChain) -> Trust {
    let mut moved = trust.clone();
    if let Some(entry) = moved.chains.iter_mut().find(|entry| entry.profile.name == chain.profile.name) {
        *entry = chain;
    }
    moved
}

/// The shape of claims.md 6.
fn to_json(chain: &TrustedChain, synced: &Synced, seconds: f64) -> Value {
    let (client, head) = (&synced.client, synced.client.head());
    json!({
        "chain": chain.profile.name,
        "head": { "number": head.number(), "hash": head.hash(), "time": head.time() },
        "headers": synced.headers,
        "seals": synced.seals,
        "sealed_headers": synced.sealed_headers,
        "council": client.council().members(),
        "parameters": parameters::to_json(client.parameters(), &chain.profile.forks, head.number().saturating_add(1)),
        "checkpoint": client.checkpoint(),
        "warned_votes": client.warned_votes(),
        "roots": { "transactions": synced.roots, "receipts": synced.roots },
        "seconds": seconds,
        "notes": synced.notes,
    })
}

fn to_text(args: &Args, chain: &TrustedChain, synced: &Synced, seconds: f64) -> String {
    let (client, head) = (&synced.client, synced.client.head());
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "  {} {value}", dim(&format!("{name:<10}")));
    };
    line("from", &format!("block {} {}", chain.checkpoint.number, chain.checkpoint.hash));
    line("head", &format!("block {} {} ({})", head.number(), head.hash(), clock::date(head.time())));
    let seals = format!("{} seals of validators in {} of them", synced.seals, synced.sealed_headers);
    line("headers", &format!("{} checked, and {seals}, in {seconds:.1} s", synced.headers));
    if args.deep {
        line(
            "roots",
            &format!("of transactions and of receipts recomputed for all {} blocks that have any", synced.roots),
        );
    }
    let council = client.council().members();
    line("council", &format!("{} validators for block {}", council.len(), head.number().saturating_add(1)));
    for member in council {
        line("", &member.to_string());
    }
    for vote in client.warned_votes() {
        line("warning", &words::warned_vote(&WarnedOn::new(&chain.profile.name, vote)));
    }
    if let Some(path) = &args.checkpoint_out {
        line("written", &format!("{}: a trust file that starts at this head", path.display()));
    }
    format!("{}  {} up to block {}\n{out}", toned(Tone::Good, "FOLLOWED"), bold(&chain.profile.name), head.number())
}
