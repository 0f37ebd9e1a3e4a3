//! Why a header is refused.

use crate::error::cold_from;
use crate::primitives::{Hash, U256};
use crate::profile::Fork;
use crate::rlp::RlpError;
use crate::uncovered::{Uncovered, Unsupported};
use alloc::boxed::Box;

/// A header that cannot be read, or that breaks a rule of the chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Malformed RLP.
    #[error(transparent)]
    Rlp(RlpError),
    /// The header list has a number of elements that no fork defines (H3).
    #[error("a header of {got} elements: no fork defines it")]
    FieldCount {
        /// Elements found.
        got: usize,
    },
    /// The header is of the Permissionless fork: it has a 20th field, in JSON `vrank`. Its seals
    /// sign something else and its council is kept in a contract. Nothing is known to be wrong.
    #[error("a header with `vrank`, of the Permissionless fork, is not supported")]
    Permissionless {
        /// The height that the header claims, if it can be read.
        number: Option<u64>,
    },
    /// The extra field is shorter than its 32 bytes of vanity (H5).
    #[error("extra field of {got} bytes, at least 32 are needed")]
    ExtraTooShort {
        /// Bytes found.
        got: usize,
    },
    /// An active fork demands a field that is absent (H2, H11, H12).
    #[error("field {field} is missing although {fork:?} is active")]
    FieldMissing {
        /// The field's name in JSON.
        field: &'static str,
        /// The fork that brings it.
        fork: Fork,
    },
    /// A field is present before the fork that brings it (H2, H11, H12).
    #[error("field {field} is present although {fork:?} is not active")]
    FieldTooEarly {
        /// The field's name in JSON.
        field: &'static str,
        /// The fork that brings it.
        fork: Fork,
    },
    /// The parent hash is not the hash of the parent (H8).
    #[error("parent hash is {got}, the parent's hash is {expected}")]
    ParentHash {
        /// Hash of the parent.
        expected: Box<Hash>,
        /// Parent hash in the header.
        got: Box<Hash>,
    },
    /// The number is not the parent's plus one (H8).
    #[error("block number {got} does not follow parent {parent}")]
    Number {
        /// Number of the parent.
        parent: u64,
        /// Number in the header.
        got: u64,
    },
    /// The block is less than one second younger than its parent (H9).
    #[error("block time {got} is less than a second after its parent's {parent}")]
    TimeNotAfterParent {
        /// Time of the parent.
        parent: u64,
        /// Time in the header.
        got: u64,
    },
    /// The block score is not 1 (H6).
    #[error("block score is {got}, not 1")]
    BlockScore {
        /// Score in the header.
        got: Box<U256>,
    },
    /// The base fee is not what follows from the parent (H2).
    #[error("base fee is {got}, the parent demands {expected}")]
    BaseFee {
        /// Fee that follows from the parent.
        expected: Box<U256>,
        /// Fee in the header.
        got: Box<U256>,
    },
    /// The governance parameters define no base fee: the gas target is zero and gas was used.
    #[error("no base fee follows from a gas target of zero")]
    BaseFeeUndefined,
    /// The mix hash is not the parent's combined with the hash of the reveal (H11).
    #[error("mix hash is {got}, parent and reveal demand {expected}")]
    MixHash {
        /// Mix that follows from parent and reveal.
        expected: Box<Hash>,
        /// Mix in the header.
        got: Box<Hash>,
    },
    /// The parent has no mix hash to continue from, although Randao was active for it (H11).
    #[error("the parent has no mix hash")]
    ParentMixHashMissing,
    /// The blob gas is no multiple of one blob's, or more than the block may hold (H12).
    #[error("blob gas {got} is no whole number of blobs up to {max}")]
    BlobGasUsed {
        /// Most blobs in a block.
        max: u64,
        /// Gas in the header.
        got: u64,
    },
    /// The excess blob gas is not what follows from the parent (H12).
    #[error("excess blob gas is {got}, the parent demands {expected}")]
    ExcessBlobGas {
        /// Excess that follows from the parent.
        expected: Box<u128>,
        /// Excess in the header.
        got: u64,
    },
    /// A field of the JSON form is absent or malformed.
    #[error("JSON field {field} is absent or malformed")]
    JsonField {
        /// The field's name in JSON.
        field: &'static str,
    },
}

cold_from!(HeaderError: Rlp(RlpError));

impl HeaderError {
    /// What is not covered, where the refusal says only that: it accuses nobody.
    #[must_use]
    pub const fn unsupported(&self) -> Option<Unsupported> {
        match self {
            Self::Permissionless { number } => {
                Some(Unsupported { what: Uncovered::PermissionlessFork, chain: None, number: *number })
            }
            _ => None,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rlp(e) => e.code(),
            Self::FieldCount { .. } => "header.field_count",
            Self::Permissionless { .. } => Uncovered::PermissionlessFork.code(),
            Self::ExtraTooShort { .. } => "header.extra_too_short",
            Self::FieldMissing { .. } => "header.field_missing",
            Self::FieldTooEarly { .. } => "header.field_too_early",
            Self::ParentHash { .. } => "header.parent_hash",
            Self::Number { .. } => "header.number",
            Self::TimeNotAfterParent { .. } => "header.time_not_after_parent",
            Self::BlockScore { .. } => "header.block_score",
            Self::BaseFee { .. } => "header.base_fee",
            Self::BaseFeeUndefined => "header.base_fee_undefined",
            Self::MixHash { .. } => "header.mix_hash",
            Self::ParentMixHashMissing => "header.parent_mix_hash_missing",
            Self::BlobGasUsed { .. } => "header.blob_gas_used",
            Self::ExcessBlobGas { .. } => "header.excess_blob_gas",
            Self::JsonField { .. } => "header.json_field",
        }
    }
}
