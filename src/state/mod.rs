//! Accounts and storage words under a state root.
//!
//! The storage root comes from the proven account, never from what a node reports beside it. The state root of a header
//! is the state *after* that block. Source: chain.md 4.2-4.6.

pub mod account;
pub mod account_key;
mod signed;
pub mod storage;

#[cfg(test)]
mod tests;

use crate::error::cold_from;
use crate::ordered::Map;
use crate::primitives::hex_list;
use crate::primitives::{keccak256, Address, Hash, U256};
use crate::rlp::RlpError;
use crate::trie::{read_exact, TrieError};
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

pub use account::{Account, AccountKind};
pub use account_key::{AccountKey, WeightedKey};
pub use signed::KeyRole;

/// Most storage slots in one proof.
pub const MAX_SLOTS: usize = 1 << 16;

/// Why an account or its storage is not proven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A trie proof fails.
    #[error(transparent)]
    Trie(TrieError),
    /// A value is no canonical RLP.
    #[error(transparent)]
    Rlp(RlpError),
    /// More slots than one proof may have.
    #[error("{got} slots where {limit} are the most")]
    TooManySlots {
        /// Most slots of a proof.
        limit: usize,
        /// Slots asked for.
        got: usize,
    },
    /// The slots do not ascend strictly.
    #[error("slot {got} does not follow {previous}")]
    SlotsNotAscending {
        /// Slot before.
        previous: Box<Hash>,
        /// Slot found.
        got: Box<Hash>,
    },
    /// Slots or storage nodes for an account that does not exist.
    #[error("storage of an account that is proven absent")]
    StorageOfAbsentAccount,
    /// An account value begins with a type byte that this build does not know.
    #[error("account type {got:#04x} is not supported")]
    AccountType {
        /// The byte found.
        got: u8,
    },
    /// An account has the long form although nothing in it needs that.
    #[error("externally owned account in full form without code or storage")]
    FullFormNotNeeded,
    /// An account key of a type that is unknown or may not stand here.
    #[error("account key type {got} is not supported here")]
    KeyType {
        /// The type found.
        got: u8,
    },
    /// A key list with more or fewer keys than allowed.
    #[error("{got} keys where 1 to {limit} are allowed")]
    KeyCount {
        /// Most keys of the list.
        limit: usize,
        /// Keys found (counted up to one above the limit).
        got: usize,
    },
    /// The storage trie holds a zero word, which is stored by its absence.
    #[error("zero word in the storage trie")]
    ZeroWord,
}

cold_from!(StateError: Trie(TrieError), Rlp(RlpError));

impl StateError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Trie(e) => e.code(),
            Self::Rlp(e) => e.code(),
            Self::TooManySlots { .. } => "state.too_many_slots",
            Self::SlotsNotAscending { .. } => "state.slots_not_ascending",
            Self::StorageOfAbsentAccount => "state.storage_of_absent_account",
            Self::AccountType { .. } => "state.account_type",
            Self::FullFormNotNeeded => "state.full_form_not_needed",
            Self::KeyType { .. } => "state.key_type",
            Self::KeyCount { .. } => "state.key_count",
            Self::ZeroWord => "state.zero_word",
        }
    }
}

/// What a prover supplies for one account and some of its storage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateProof {
    /// Exactly the nodes on the path of the account, ascending by hash.
    #[serde(with = "hex_list")]
    pub account_nodes: Vec<Vec<u8>>,
    /// The slots, strictly ascending.
    pub slots: Vec<Hash>,
    /// Exactly the nodes on the paths of the slots, ascending by hash.
    #[serde(with = "hex_list")]
    pub storage_nodes: Vec<Vec<u8>>,
}

/// An account and storage words proven under a state root; only [`verify_state`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenState {
    account: Account,
    slots: Map<Hash, U256>,
}

impl ProvenState {
    /// The account.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Every proven slot with its word; zero where absence is proven.
    #[must_use]
    pub const fn slots(&self) -> &Map<Hash, U256> {
        &self.slots
    }

    /// The word in `slot`, or `None` if the proof does not cover that slot.
    #[must_use]
    pub fn slot(&self, slot: &Hash) -> Option<U256> {
        self.slots.get(slot).copied()
    }
}

/// Proves an account and the given slots of its storage under a state root.
///
/// 1. The slots ascend strictly and are not too many.
/// 2. The account value, or its absence, is at keccak(address), by exactly the nodes needed.
/// 3. An absent account comes without slots and storage nodes.
/// 4. The value decodes canonically; its storage root is the root of the storage proof.
/// 5. Every slot is read at keccak(slot), by exactly the nodes needed. An account without storage needs none.
/// 6. Every word is canonical.
///
/// `None` means that the account does not exist.
///
/// # Errors
/// [`StateError`], one variant for each rule.
pub fn verify_state(
    state_root: &Hash,
    address: &Address,
    proof: &StateProof,
) -> Result<Option<ProvenState>, StateError> {
    slots_are_few(proof.slots.len())?;
    slots_ascend(&proof.slots)?;
    let key = keccak256(address.as_bytes()).0.to_vec();
    let Some(value) = read_exact(state_root, &[key], &proof.account_nodes)?.into_iter().flatten().next() else {
        absent_account_has_no_storage(proof)?;
        return Ok(None);
    };
    let account = Account::decode(&value)?;
    let slots = storage::read_slots(&account.storage_root, &proof.slots, &proof.storage_nodes)?;
    Ok(Some(ProvenState { account, slots }))
}

fn slots_are_few(got: usize) -> Result<(), StateError> {
    if got > MAX_SLOTS {
        return Err(StateError::TooManySlots { limit: MAX_SLOTS, got });
    }
    Ok(())
}

/// One order, none twice: one proof has one encoding.
fn slots_ascend(slots: &[Hash]) -> Result<(), StateError> {
    for (previous, got) in slots.iter().zip(slots.iter().skip(1)) {
        if got <= previous {
            return Err(StateError::SlotsNotAscending { previous: (*previous).into(), got: (*got).into() });
        }
    }
    Ok(())
}

fn absent_account_has_no_storage(proof: &StateProof) -> Result<(), StateError> {
    if proof.slots.is_empty() && proof.storage_nodes.is_empty() {
        Ok(())
    } else {
        Err(StateError::StorageOfAbsentAccount)
    }
}
