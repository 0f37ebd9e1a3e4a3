//! What a bundle says about itself, for people who want to look before they verify. Nothing here is verified.

use super::{ChainProof, Claim, HeaderEntry, ProofBundle};
use crate::commitment::BlockItems;
use crate::consensus::FollowMode;
use crate::header::UntrustedHeader;
use crate::primitives::Hash;
use crate::trust::Trust;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// What is in a bundle, without believing any of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BundleSummary {
    /// Always false: that nobody mistakes this for a verdict.
    pub verified: bool,
    /// The chains' parts.
    pub chains: Vec<ChainSummary>,
    /// What is claimed.
    pub claim: ClaimSummary,
}

/// What one chain's part holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainSummary {
    /// The chain's name.
    pub chain: String,
    /// How its headers are to be followed.
    pub mode: FollowMode,
    /// The headers from the checkpoint's on.
    pub headers: RunSummary,
    /// Hash of the first header, if it can be read.
    pub start: Option<Hash>,
    /// How the start relates to a trust, if one was given.
    pub start_is: Option<&'static str>,
    /// Runs of headers beyond skipped ones.
    pub jumps: Vec<RunSummary>,
    /// Blocks of which items are shown.
    pub blocks: Vec<BlockSummary>,
    /// Heights at which the bridge's state is shown.
    pub states: Vec<StateSummary>,
}

/// A run of headers. Heights are none where a header cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// First height.
    pub first: Option<u64>,
    /// Last height.
    pub last: Option<u64>,
    /// Headers.
    pub count: u32,
    /// Their bytes.
    pub bytes: u32,
}

/// A block of which transactions and receipts are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlockSummary {
    /// Block number.
    pub number: u64,
    /// Form of the commitment.
    pub form: &'static str,
    /// Transactions shown, each with its receipt.
    pub items: u32,
    /// Their bytes.
    pub bytes: u32,
}

/// The bridge's state after a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateSummary {
    /// Block number.
    pub number: u64,
    /// Storage words.
    pub slots: u32,
    /// Trie nodes.
    pub nodes: u32,
    /// Their bytes.
    pub bytes: u32,
}

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ClaimSummary {
    /// The states of some transfers.
    Transfers {
        /// Their nonces.
        transfers: Vec<u64>,
        /// The range of which they are claimed to be all.
        complete: Option<(u64, u64)>,
    },
    /// Two sealed blocks of one height.
    Equivocation {
        /// Always true.
        equivocation: bool,
    },
    /// An anchored block.
    Anchored {
        /// Number of the child's block.
        anchored: u64,
    },
}

impl BundleSummary {
    /// What is in `bundle`; with a trust, also whether it starts from that trust's checkpoints.
    #[must_use]
    pub fn new(bundle: &ProofBundle, trust: Option<&Trust>) -> Self {
        let claim = match &bundle.claim {
            Claim::Transfers { transfers, complete } => ClaimSummary::Transfers {
                transfers: transfers.iter().map(|transfer| transfer.nonce).collect(),
                complete: *complete,
            },
            Claim::Equivocation { .. } => ClaimSummary::Equivocation { equivocation: true },
            Claim::Anchored { child_number, .. } => ClaimSummary::Anchored { anchored: *child_number },
        };
        let chains = bundle.chains.iter().map(|chain| ChainSummary::new(chain, trust)).collect();
        Self { verified: false, chains, claim }
    }
}

impl ChainSummary {
    fn new(chain: &ChainProof, trust: Option<&Trust>) -> Self {
        let start = chain.headers.first().and_then(read);
        Self {
            chain: chain.chain.clone(),
            mode: chain.mode,
            headers: RunSummary::new(&chain.headers),
            start_is: trust.map(|trust| relation(trust, &chain.chain, start.as_ref())),
            start: start.map(|header| header.hash()),
            jumps: chain.jumps.iter().map(|run| RunSummary::new(run)).collect(),
            blocks: chain.blocks.iter().map(|block| block_summary(block.number, &block.items)).collect(),
            states: chain
                .states
                .iter()
                .map(|state| {
                    let nodes = || state.proof.account_nodes.iter().chain(&state.proof.storage_nodes);
                    StateSummary {
                        number: state.number,
                        slots: small(state.proof.slots.len()),
                        nodes: small(nodes().count()),
                        bytes: small(nodes().map(Vec::len).sum()),
                    }
                })
                .collect(),
        }
    }
}

impl RunSummary {
    fn new(entries: &[HeaderEntry]) -> Self {
        let number = |entry: Option<&HeaderEntry>| entry.and_then(read).map(|header| header.number());
        Self {
            first: number(entries.first()),
            last: number(entries.last()),
            count: small(entries.len()),
            bytes: small(entries.iter().map(|entry| entry.header.len()).sum()),
        }
    }
}

/// Counts of a bundle fit: it has at most [`super::MAX_BYTES`] bytes.
fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn read(entry: &HeaderEntry) -> Option<UntrustedHeader> {
    UntrustedHeader::decode(&entry.header).ok()
}

/// [`ChainSummary::start_is`] of a chain that begins where the trust does.
pub const SAME_START: &str = "the checkpoint of your trust";

fn relation(trust: &Trust, chain: &str, start: Option<&UntrustedHeader>) -> &'static str {
    match (trust.chain(chain), start) {
        (Err(_), _) => "the trust has no chain of this name",
        (Ok(_), None) => "no readable first header",
        (Ok(trusted), Some(start)) if trusted.checkpoint.hash == start.hash() => SAME_START,
        (Ok(_), Some(_)) => "another block than the checkpoint of your trust: it will be refused",
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
    BlockSummary { number, form, items: small(count), bytes: small(bytes) }
}
