//! One proof bundle: everything an untrusted prover supplies for one claim, in one canonical file.
//!
//! A bundle holds headers from the verifying party's checkpoint on, the items of some blocks, the bridge's state at some
//! heights, and says where in them the claim's evidence lies. It holds no rule: which commitment form, quorum or fork
//! applies comes from the trust. It has one binary form (`binary`) and one JSON form, lossless both ways; docs/bundle.md
//! is its specification.

mod binary;
mod json;
mod summary;
#[cfg(test)]
mod tests;

use crate::commitment::BlockItems;
use crate::consensus::light_client::FollowMode;
use crate::error::cold_from;
use crate::rlp::RlpError;
use crate::state::StateProof;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

pub(crate) use binary::{ascending, transfers_ascend};
pub use binary::{MAGIC, VERSION};
pub use summary::{BlockSummary, BundleSummary, ChainSummary, ClaimSummary, RunSummary, StateSummary, SAME_START};

/// Largest bundle that is read, in bytes of its binary form.
pub const MAX_BYTES: usize = 256 << 20;
/// Most transfers that one bundle claims: a verdict takes more room than the few bytes that ask for it.
pub const MAX_TRANSFERS: usize = 100_000;
/// Longest chain name.
pub const MAX_NAME: usize = 64;

/// Everything an untrusted prover supplies for one claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofBundle {
    /// Transfers: source then destination. Anchored: parent then child. Equivocation: the one chain.
    pub chains: Vec<ChainProof>,
    /// What is claimed, and where its evidence lies.
    pub claim: Claim,
}

/// What is supplied of one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainProof {
    /// The chain's name in the trust.
    pub chain: String,
    /// How [`Self::headers`] are followed.
    pub mode: FollowMode,
    /// The checkpoint's header, then the consecutive headers after it.
    pub headers: Vec<HeaderEntry>,
    /// Runs of consecutive headers beyond them, ascending; the last of each run carries seals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jumps: Vec<Vec<HeaderEntry>>,
    /// Items of blocks, by ascending height.
    pub blocks: Vec<BlockProof>,
    /// The bridge's state, by ascending height.
    pub states: Vec<StateEvidence>,
}

/// One header, with optional hints for its seals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderEntry {
    /// RLP of the header.
    #[serde(with = "crate::primitives::hex_bytes")]
    pub header: Vec<u8>,
    /// None, or one for the proposer seal and then one for each committed seal in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<SealHint>,
}

/// What a prover may tell of a seal to save the verifier work. Checked, never trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealHint {
    /// Place of the signer in the council at this height (chain.md 2.6 order).
    pub signer: u16,
    /// Big-endian y coordinate of the signature's point R.
    #[serde(with = "json::hex_word")]
    pub y: [u8; 32],
}

/// Some items of one block's transactions and receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockProof {
    /// Block number.
    pub number: u64,
    /// The items, in the form of the block's commitment.
    pub items: BlockItems,
}

/// The bridge's account and some of its storage at one height.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateEvidence {
    /// Block number: the state after this block.
    pub number: u64,
    /// The proof.
    pub proof: StateProof,
}

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Claim {
    /// The states of some transfers, by ascending nonce.
    Transfers {
        /// The transfers.
        transfers: Vec<TransferProof>,
        /// Claim also that these, first to last nonce inclusive, are all (claims.md 3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        complete: Option<(u64, u64)>,
    },
    /// Two sealed children of the followed head (claims.md 3).
    Equivocation {
        /// One.
        first: HeaderEntry,
        /// The other.
        second: HeaderEntry,
    },
    /// The child chain's followed header of this height is anchored by this transaction of the parent chain.
    Anchored {
        /// Child block.
        child_number: u64,
        /// The anchoring transaction.
        anchor: ItemRef,
    },
}

/// Where one transfer's evidence lies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferProof {
    /// Request nonce.
    pub nonce: u64,
    /// The request event on the source chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<LogRef>,
    /// The handle event on the destination chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<LogRef>,
    /// Successful vote transactions on the destination chain, in chain order; the executing one is not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<ItemRef>,
    /// A failed attempt of another operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<ItemRef>,
    /// Calldata of votes whose transactions are not shown, by ascending keccak.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::primitives::hex_list")]
    pub calls: Vec<Vec<u8>>,
}

/// A transaction and its receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRef {
    /// Block number.
    pub block: u64,
    /// Index in the block.
    pub index: u32,
}

/// A log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRef {
    /// The transaction that emitted it.
    pub item: ItemRef,
    /// Index in the receipt's logs.
    pub log: u32,
}

/// Why a bundle is refused before or after its evidence is looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The binary form's RLP.
    #[error(transparent)]
    Rlp(RlpError),
    /// The file does not begin with the magic bytes.
    #[error("not a proof bundle")]
    Magic,
    /// A version that this build does not read.
    #[error("bundle version {got}, this build reads {expected}")]
    Version {
        /// Read by this build.
        expected: u8,
        /// In the bundle.
        got: u8,
    },
    /// Larger than this build reads.
    #[error("bundle of {got} bytes, at most {most} are read")]
    TooLarge {
        /// Most bytes.
        most: usize,
        /// Bytes given.
        got: usize,
    },
    /// The JSON form is no JSON of this schema.
    #[error("not the JSON form of a bundle (line {line}, column {column})")]
    Json {
        /// Line of the JSON text.
        line: usize,
        /// Column of the JSON text.
        column: usize,
    },
    /// A tag or name outside the schema.
    #[error("value outside the schema")]
    Schema,
    /// Entries are not strictly ascending, so one bundle would have two encodings.
    #[error("entries are not strictly ascending")]
    Order,
    /// More transfers than one bundle may claim.
    #[error("{got} transfers, one bundle claims at most {most}")]
    TooManyTransfers {
        /// Most.
        most: usize,
        /// Claimed.
        got: usize,
    },
    /// The bundle claims nothing.
    #[error("no transfer is claimed")]
    NoClaim,
    /// The claim needs another number of chains, or the chains are not the pair's.
    #[error("the chains do not fit the claim")]
    Chains,
    /// No header at all, or headers that nothing in the bundle uses.
    #[error("headers missing or unused")]
    Headers,
    /// The checkpoint's header carries seals or a round, which nothing would check.
    #[error("unchecked seals in the checkpoint's header")]
    UncheckedSeals,
    /// A seal hint is wrong, or there is not one for each seal.
    #[error("false seal hint")]
    Hint,
    /// A block, item, state or storage word that no check used.
    #[error("{0} that no check used")]
    Unused(&'static str),
    /// A reference to a block, item or log that is not in the bundle.
    #[error("reference to {0} that is not in the bundle")]
    Dangling(&'static str),
}

cold_from!(BundleError: Rlp(RlpError));

impl BundleError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rlp(e) => e.code(),
            Self::Magic => "bundle.magic",
            Self::Version { .. } => "bundle.version",
            Self::TooLarge { .. } => "bundle.too_large",
            Self::Json { .. } => "bundle.json",
            Self::Schema => "bundle.schema",
            Self::Order => "bundle.order",
            Self::TooManyTransfers { .. } => "bundle.too_many_transfers",
            Self::NoClaim => "bundle.no_claim",
            Self::Chains => "bundle.chains",
            Self::Headers => "bundle.headers",
            Self::UncheckedSeals => "bundle.unchecked_seals",
            Self::Hint => "bundle.hint",
            Self::Unused(_) => "bundle.unused",
            Self::Dangling(_) => "bundle.dangling",
        }
    }
}
