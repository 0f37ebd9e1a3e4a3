//! `spanlight inspect`: what is in a bundle, without believing any of it.

use crate::bundle_file;
use crate::failure::Failure;
use crate::output::Output;
use crate::show::lines::count;
use crate::show::style::{bold, dim, toned, Tone};
use crate::trust_file;
use serde::Serialize;
use spanlight::bundle::{BundleSummary, ChainSummary, Claim, RunSummary, TransferProof};
use spanlight::consensus::light_client::FollowMode;
use spanlight::header::UntrustedHeader;
use std::fmt::Write;
use std::path::PathBuf;

/// Show what a proof bundle contains. Verifies nothing.
///
/// Whatever is shown is the word of whoever made the bundle; `spanlight verify` finds out whether it holds.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bundle, binary or JSON; `-` reads the standard input.
    bundle: PathBuf,
    /// Also say whether the bundle starts from this trust file's checkpoints.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Print one line of JSON.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    let trust = args.trust.as_deref().map(trust_file::read).transpose()?;
    let file = bundle_file::read(&args.bundle)?;
    let summary = BundleSummary::new(&file.bundle, trust.as_ref());
    if args.json {
        return Output::json(&InspectJson { form: file.form, bytes: file.size, summary: &summary }, 0);
    }
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}  this only lists what the bundle says; `spanlight verify` checks it",
        toned(Tone::Open, "NOT VERIFIED")
    );
    let _ = writeln!(out, "{} form, {} bytes", file.form, file.size);
    summary.chains.iter().for_each(|chain| append_chain(&mut out, chain));
    append_claim(&mut out, &file.bundle.claim);
    Ok(Output::done(out))
}

fn append_chain(out: &mut String, chain: &ChainSummary) {
    let _ = writeln!(out, "{}", bold(&format!("chain {}", chain.chain)));
    let _ = writeln!(out, "  headers  {}, followed in {} mode", run_words(&chain.headers), mode_words(chain.mode));
    if let Some(hash) = chain.start {
        let _ = writeln!(out, "  start    {hash}");
    }
    if let Some(words) = chain.start_is {
        let _ = writeln!(out, "           {words}");
    }
    for run in &chain.jumps {
        let _ = writeln!(out, "  jump to  {}", run_words(run));
    }
    for block in &chain.blocks {
        let _ = writeln!(
            out,
            "  block    {}: {} with receipts, {} form, {} bytes",
            block.number,
            count(block.items, "transaction"),
            block.form,
            block.bytes
        );
    }
    for state in &chain.states {
        let _ = writeln!(
            out,
            "  state    {}: the bridge's account and {}, {}, {} bytes",
            state.number,
            count(state.slots, "storage word"),
            count(state.nodes, "trie node"),
            state.bytes
        );
    }
}

const fn mode_words(mode: FollowMode) -> &'static str {
    match mode {
        FollowMode::Full => "full",
        FollowMode::Sparse => "sparse",
    }
}

fn run_words(run: &RunSummary) -> String {
    match (run.first, run.last) {
        (Some(first), Some(last)) => format!("{first} to {last} ({}, {} bytes)", count(run.count, "header"), run.bytes),
        _ => format!("{} headers that cannot be read, {} bytes", run.count, run.bytes),
    }
}

fn append_claim(out: &mut String, claim: &Claim) {
    let _ = writeln!(out, "{}", bold("claims"));
    match claim {
        Claim::Transfers { transfers, complete } => {
            for transfer in transfers {
                let _ = writeln!(out, "  request {}: evidence of {}", transfer.nonce, evidence(transfer));
            }
            if let Some((first, last)) = complete {
                let _ = writeln!(out, "  these are all transfers from {first} to {last}");
            }
        }
        Claim::Equivocation { first, second } => {
            let _ = writeln!(out, "  two sealed blocks of one height:");
            for entry in [first, second] {
                let words = UntrustedHeader::decode(&entry.header)
                    .map_or("a header that cannot be read".to_string(), |h| {
                        format!("block {} {}", h.number(), h.hash())
                    });
                let _ = writeln!(out, "    {words}");
            }
        }
        Claim::Anchored { child_number, anchor } => {
            let _ = writeln!(
                out,
                "  child block {child_number} is anchored by transaction {} of parent block {}",
                anchor.index, anchor.block
            );
        }
    }
    let _ = writeln!(out, "{}", dim("None of this is verified."));
}

fn evidence(transfer: &TransferProof) -> String {
    let mut parts = Vec::new();
    if let Some(at) = transfer.request {
        parts.push(format!("the request (source block {})", at.item.block));
    }
    if let Some(at) = transfer.handle {
        parts.push(format!("the execution (destination block {})", at.item.block));
    }
    if !transfer.votes.is_empty() {
        parts.push(count(transfer.votes.len(), "vote transaction"));
    }
    if let Some(at) = transfer.failed {
        parts.push(format!("a failed attempt (destination block {})", at.block));
    }
    if !transfer.calls.is_empty() {
        parts.push(format!("the calldata of {}", count(transfer.calls.len(), "vote")));
    }
    if parts.is_empty() {
        parts.push("the bridges' state alone".to_string());
    }
    parts.join(", ")
}

/// The file's own facts beside the summary.
#[derive(Serialize)]
struct InspectJson<'a> {
    form: &'static str,
    bytes: usize,
    #[serde(flatten)]
    summary: &'a BundleSummary,
}
