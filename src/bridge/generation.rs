//! Which bridge code is deployed, and so what of its votes can be proved.
//!
//! Generations A to C call themselves version 1; only the code tells them apart. A rebuild of the same source differs in the
//! compiler's metadata at the end, so the code without it has a hash of its own. Version 2 is compiled without metadata and
//! keeps no address in its code, so its hash is the same everywhere. Unknown code is no generation: a contract that merely looks
//! like a bridge may mean anything by its events. Source: bridge.md 2.1, 2.6 (11); docs/contracts.md.

use crate::primitives::{keccak256, Hash};
use serde::{Deserialize, Serialize};

/// A generation of the bridge contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Generation {
    /// 2019 to 2022: no encoded request event; votes are deleted when they decide. No code of it is known.
    A,
    /// 2022 to 2024: votes are deleted when they decide.
    B,
    /// From 2024: votes stay.
    C,
    /// Version 2: votes also by signature; a vote ends with its voter's registration; the executed key stays in state; what
    /// cannot be delivered is kept for its recipient.
    V2,
}

/// What can show the votes of a decided transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteEvidence {
    /// Only the vote transactions.
    Transactions,
    /// The contract's state, and the vote transactions too.
    StateOrTransactions,
}

/// Hash of the reference build's runtime code, generation B.
pub const CODE_HASH_B: Hash = Hash([
    0x66, 0x86, 0xe3, 0xf7, 0x0d, 0xe4, 0x07, 0x57, 0xa7, 0x21, 0x26, 0x9a, 0xf9, 0x3a, 0x94, 0xa5, 0xe6, 0x15, 0x5b,
    0xbe, 0x8f, 0x0e, 0x88, 0x56, 0x09, 0xec, 0x18, 0x13, 0x07, 0xe7, 0x9b, 0xe5,
]);
/// Hash of the reference build's runtime code, generation C.
pub const CODE_HASH_C: Hash = Hash([
    0xbb, 0x44, 0x03, 0x69, 0xca, 0xa9, 0x49, 0x74, 0xaf, 0xf6, 0x21, 0x98, 0xdb, 0x10, 0xf8, 0xc8, 0x5c, 0x75, 0x3b,
    0xf6, 0x5f, 0x29, 0x2d, 0xed, 0x41, 0x76, 0xa4, 0x4e, 0xf5, 0x96, 0x38, 0x76,
]);
/// Hash of the runtime code, version 2: that of contracts/artifacts.
pub const CODE_HASH_V2: Hash = Hash([
    0xd6, 0x52, 0x93, 0x09, 0xf7, 0x37, 0xda, 0x96, 0x83, 0x1c, 0x28, 0xbf, 0xbc, 0x9d, 0xb4, 0xe5, 0x18, 0x9d, 0xeb,
    0x6e, 0x21, 0x2c, 0xfc, 0xbe, 0x8f, 0x74, 0x4d, 0xff, 0x61, 0x9b, 0xb2, 0x92,
]);
/// Hash of the runtime code, version 2 as it was first published. What a verifier reads lies at the
/// same places.
pub const CODE_HASH_V2_FIRST: Hash = Hash([
    0x97, 0xe1, 0x72, 0x83, 0x59, 0xc6, 0x5f, 0x4a, 0x65, 0x68, 0xe5, 0x05, 0x55, 0x7e, 0xbc, 0x12, 0xde, 0xe4, 0x5c,
    0x6c, 0x97, 0xe3, 0xd6, 0x6e, 0x4f, 0xc8, 0xdd, 0x78, 0x7f, 0xbd, 0x8e, 0x5e,
]);
/// Hash of the runtime code without metadata, generation B.
pub const STRIPPED_CODE_HASH_B: Hash = Hash([
    0xec, 0x12, 0x8f, 0xac, 0x43, 0xbc, 0xa9, 0x69, 0xb9, 0x5d, 0x17, 0x59, 0x2f, 0x6a, 0xe7, 0xb3, 0x8f, 0xce, 0xda,
    0xe7, 0x22, 0x1a, 0x9e, 0x3b, 0x14, 0x31, 0x52, 0xce, 0x34, 0xb9, 0xb5, 0xfc,
]);
/// Hash of the runtime code without metadata, generation C.
pub const STRIPPED_CODE_HASH_C: Hash = Hash([
    0xbc, 0x52, 0xb0, 0x66, 0xac, 0xdc, 0x68, 0x5f, 0x58, 0x0c, 0x25, 0xd8, 0xb0, 0x4b, 0x2b, 0xcd, 0xa4, 0x3f, 0xc9,
    0x21, 0xda, 0x88, 0xae, 0x4a, 0x18, 0x95, 0x6b, 0x44, 0xa1, 0xd7, 0xcc, 0xbd,
]);

/// The compiler's metadata: these bytes, a hash of 32, and the two bytes of [`METADATA_END`].
const METADATA_START: [u8; 9] = [0xa1, 0x65, b'b', b'z', b'z', b'r', b'0', 0x58, 0x20];
const METADATA_END: [u8; 2] = [0x00, 0x29];
const METADATA_LENGTH: usize = 43;

impl Generation {
    /// The generation of an account whose code hash is that of a reference build.
    #[must_use]
    pub fn of_code_hash(code_hash: &Hash) -> Option<Self> {
        match *code_hash {
            CODE_HASH_B => Some(Self::B),
            CODE_HASH_C => Some(Self::C),
            CODE_HASH_V2 | CODE_HASH_V2_FIRST => Some(Self::V2),
            _ => None,
        }
    }

    /// The generation of runtime code, whoever built it. The caller checks that the code is that of the account.
    #[must_use]
    pub fn of_runtime_code(code: &[u8]) -> Option<Self> {
        if [CODE_HASH_V2, CODE_HASH_V2_FIRST].contains(&keccak256(code)) {
            return Some(Self::V2);
        }
        match stripped_code_hash(code)? {
            STRIPPED_CODE_HASH_B => Some(Self::B),
            STRIPPED_CODE_HASH_C => Some(Self::C),
            _ => None,
        }
    }

    /// What can show the votes of a decided transfer.
    #[must_use]
    pub const fn vote_evidence(self) -> VoteEvidence {
        match self {
            Self::A | Self::B => VoteEvidence::Transactions,
            Self::C | Self::V2 => VoteEvidence::StateOrTransactions,
        }
    }

    /// Whether votes stay in the contract's state after they decided.
    #[must_use]
    pub const fn keeps_votes(self) -> bool {
        matches!(self.vote_evidence(), VoteEvidence::StateOrTransactions)
    }

    /// Whether changes of operators and threshold leave events.
    #[must_use]
    pub const fn tells_operator_changes(self) -> bool {
        matches!(self, Self::C | Self::V2)
    }

    /// Whether every change of the token registry leaves an event, `TokenRegistered` or
    /// `TokenDeregistered`.
    #[must_use]
    pub const fn tells_registry_changes(self) -> bool {
        matches!(self, Self::B | Self::C | Self::V2)
    }

    /// Whether a vote counts only while its voter stays registered. Elsewhere the votes of former operators go on counting.
    #[must_use]
    pub const fn revokes_votes(self) -> bool {
        matches!(self, Self::V2)
    }

    /// Whether the state names the executed vote key of every nonce, for ever.
    #[must_use]
    pub const fn names_executed_key(self) -> bool {
        matches!(self, Self::V2)
    }

    /// Whether operators may vote by signature, and the contract is bound to one source.
    #[must_use]
    pub const fn takes_signatures(self) -> bool {
        matches!(self, Self::V2)
    }

    /// Whether handles can be paused, and an outflow limit holds transfers back.
    #[must_use]
    pub const fn has_brakes(self) -> bool {
        matches!(self, Self::V2)
    }

    /// Whether a delivery that fails is kept for its recipient. Elsewhere it reverts the deciding vote.
    #[must_use]
    pub const fn keeps_claims(self) -> bool {
        matches!(self, Self::V2)
    }
}

/// Hash of runtime code without the compiler's metadata; none where the code does not end with such metadata.
#[must_use]
pub fn stripped_code_hash(code: &[u8]) -> Option<Hash> {
    let (code, metadata) = code.split_at_checked(code.len().checked_sub(METADATA_LENGTH)?)?;
    (metadata.starts_with(&METADATA_START) && metadata.ends_with(&METADATA_END)).then(|| keccak256(code))
}
