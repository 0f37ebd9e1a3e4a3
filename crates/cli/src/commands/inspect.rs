//! `spanlight inspect`: what is in a bundle, without believing any of it.

use crate::bundle_file::{self, BundleFile};
use crate::failure::Failure;
use crate::output::Output;
use crate::show::lines::count;
use crate::show::style::{bold, dim, toned, Tone};
use crate::trust_file;
use serde_json::{json, Value};
use spanlight::bundle::{ChainProof, Claim, HeaderEntry, TransferProof};
use spanlight::commitment::BlockItems;
use spanlight::consensus::light_client::FollowMode;
use spanlight::header::UntrustedHeader;
use spanlight::{Hash, Trust};
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
    let chains: Vec<ChainSummary> = file.bundle.chains.iter().map(|chain| summary(chain, trust.as_ref())).collect();
    if args.json {
        return Output::json(&to_json(&file, &chains), 0);
    }
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}  this only lists what the bundle says; `spanlight verify` checks it",
        toned(Tone::Open, "NOT VERIFIED")
    );
    let _ = writeln!(out, "{} form, {} bytes", file.form, file.size);
    chains.iter().for_each(|chain| append_chain(&mut out, chain));
    append_claim(&mut out, &file.bundle.claim);
    Ok(Output::done(out))
}

/// What one chain's part of the bundle holds.
struct ChainSummary {
    name: String,
    mode: &'static str,
    /// First and last height, count, bytes.
    headers: Run,
    start: Option<Hash>,
    /// How the start relates to the trust.
    start_is: Option<&'static str>,
    jumps: Vec<Run>,
    blocks: Vec<BlockSummary>,
    states: Vec<StateSummary>,
}

struct Run {
    first: Option<u64>,
    last: Option<u64>,
    count: usize,
    bytes: usize,
}

struct BlockSummary {
    number: u64,
    form: &'static str,
    items: usize,
    bytes: usize,
}

struct StateSummary {
    number: u64,
    slots: usize,
    nodes: usize,
    bytes: usize,
}

fn summary(chain: &ChainProof, trust: Option<&Trust>) -> ChainSummary {
    let start = chain.headers.first().and_then(|entry| UntrustedHeader::decode(&entry.header).ok());
    let start_is = trust.map(|trust| match (trust.chain(&chain.chain), &start) {
        (Err(_), _) => "the trust has no chain of this name",
        (Ok(_), None) => "no readable first header",
        (Ok(trusted), Some(start)) if trusted.checkpoint.hash == start.hash() => "the checkpoint of your trust",
        (Ok(_), Some(_)) => "another block than the checkpoint of your trust: it will be refused",
    });
    ChainSummary {
        name: chain.chain.clone(),
        mode: match chain.mode {
            FollowMode::Full => "full",
            FollowMode::Sparse => "sparse",
        },
        headers: run_of(&chain.headers),
        start: start.map(|header| header.hash()),
        start_is,
        jumps: chain.jumps.iter().map(|run| run_of(run)).collect(),
        blocks: chain.blocks.iter().map(|block| block_summary(block.number, &block.items)).collect(),
        states: chain
            .states
            .iter()
            .map(|state| {
                let nodes = || state.proof.account_nodes.iter().chain(&state.proof.storage_nodes);
                StateSummary {
                    number: state.number,
                    slots: state.proof.slots.len(),
                    nodes: nodes().count(),
                    bytes: nodes().map(Vec::len).sum(),
                }
            })
            .collect(),
    }
}

fn run_of(entries: &[HeaderEntry]) -> Run {
    let number = |entry: Option<&HeaderEntry>| {
        entry.and_then(|entry| UntrustedHeader::decode(&entry.header).ok()).map(|header| header.number())
    };
    Run {
        first: number(entries.first()),
        last: number(entries.last()),
        count: entries.len(),
        bytes: entries.iter().map(|entry| entry.header.len()).sum(),
    }
}

fn block_summary(number: u64, items: &BlockItems) -> BlockSummary {
    let sum = |lists: [&Vec<Vec<u8>>; 2]| lists.iter().flat_map(|list| list.iter()).map(Vec::len).sum();
    let (form, count, bytes) = match items {
        BlockItems::Trie { indices, transaction_nodes, receipt_nodes } => {
            ("trie", indices.len(), sum([transaction_nodes, receipt_nodes]))
        }
        BlockItems::Simple { entries, .. } => {
            ("simple", entries.len(), entries.iter().map(|e| e.transaction.len().saturating_add(e.receipt.len())).sum())
        }
        BlockItems::Concat { transactions, receipts } => ("concat", transactions.len(), sum([transactions, receipts])),
    };
    BlockSummary { number, form, items: count, bytes }
}

fn append_chain(out: &mut String, chain: &ChainSummary) {
    let _ = writeln!(out, "{}", bold(&format!("chain {}", chain.name)));
    let _ = writeln!(out, "  headers  {}, followed in {} mode", run_words(&chain.headers), chain.mode);
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

fn run_words(run: &Run) -> String {
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

fn to_json(file: &BundleFile, chains: &[ChainSummary]) -> Value {
    let run = |run: &Run| json!({ "first": run.first, "last": run.last, "count": run.count, "bytes": run.bytes });
    let chains: Vec<Value> = chains
        .iter()
        .map(|chain| {
            let blocks: Vec<Value> = chain
                .blocks
                .iter()
                .map(|b| json!({ "number": b.number, "form": b.form, "items": b.items, "bytes": b.bytes }))
                .collect();
            let states: Vec<Value> = chain
                .states
                .iter()
                .map(|s| json!({ "number": s.number, "slots": s.slots, "nodes": s.nodes, "bytes": s.bytes }))
                .collect();
            json!({
                "chain": chain.name, "mode": chain.mode, "headers": run(&chain.headers), "start": chain.start,
                "start_is": chain.start_is, "jumps": chain.jumps.iter().map(run).collect::<Vec<_>>(),
                "blocks": blocks, "states": states,
            })
        })
        .collect();
    let claim = match &file.bundle.claim {
        Claim::Transfers { transfers, complete } => json!({
            "transfers": transfers.iter().map(|transfer| transfer.nonce).collect::<Vec<_>>(), "complete": complete,
        }),
        Claim::Equivocation { .. } => json!({ "equivocation": true }),
        Claim::Anchored { child_number, .. } => json!({ "anchored": child_number }),
    };
    json!({ "verified": false, "form": file.form, "bytes": file.size, "chains": chains, "claim": claim })
}
