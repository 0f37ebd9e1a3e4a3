//! Storage words: at keccak(slot), without leading zeros, zero by absence. Source: chain.md 4.2, 4.4.

use super::StateError;
use crate::ordered::Map;
use crate::primitives::{keccak256, Hash, U256};
use crate::rlp::Reader;
use crate::trie::{read_exact, EMPTY_ROOT};
use alloc::vec::Vec;

/// Reads slots under a storage root. The zero hash, which a contract that never stored anything may carry, means the same
/// as the root of the empty trie: every slot is zero, and no node is needed.
pub(super) fn read_slots(
    storage_root: &Hash,
    slots: &[Hash],
    nodes: &[Vec<u8>],
) -> Result<Map<Hash, U256>, StateError> {
    let root = if storage_root.is_zero() { &EMPTY_ROOT } else { storage_root };
    let keys: Vec<Vec<u8>> = slots.iter().map(|slot| keccak256(slot.as_bytes()).0.to_vec()).collect();
    let values = read_exact(root, &keys, nodes)?;
    let mut words = Map::new();
    for (slot, value) in slots.iter().zip(values) {
        words.insert(*slot, value.map_or(Ok(U256::ZERO), |value| decode_word(&value))?);
    }
    Ok(words)
}

/// The word in a storage value: an RLP string of 1 to 32 bytes without leading zeros.
///
/// # Errors
/// Where the value is anything else.
pub fn decode_word(value: &[u8]) -> Result<U256, StateError> {
    let mut reader = Reader::items(value);
    let word = reader.u256()?;
    reader.finish()?;
    word_is_not_zero(word)?;
    Ok(word)
}

fn word_is_not_zero(word: U256) -> Result<(), StateError> {
    if word.is_zero() {
        return Err(StateError::ZeroWord);
    }
    Ok(())
}
