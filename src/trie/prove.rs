//! Picks out of many trie nodes the proof of some keys.

use super::reader::GivenNodes;
use super::{read_exact, TrieError, EMPTY_ROOT};
use crate::primitives::Hash;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The nodes on the paths of `keys` below `root`, ascending by hash: what [`read_exact`] accepts for these keys.
///
/// `nodes` may hold any others, of this trie or not, and may come from anywhere: the proof is read once before it is
/// returned, so a node filed under a hash that is not its own, or one of a form that no trie has, is found here.
///
/// # Errors
/// [`TrieError::NodeMissing`] where a path leads to a node that is not there; any other where a node is malformed.
pub fn prove_keys(root: &Hash, keys: &[Vec<u8>], nodes: &BTreeMap<Hash, Vec<u8>>) -> Result<Vec<Vec<u8>>, TrieError> {
    if *root == EMPTY_ROOT {
        return Ok(Vec::new());
    }
    let given = GivenNodes::by_claimed_hash(nodes);
    given.read(root, keys)?;
    let proof = given.into_visited();
    read_exact(root, keys, &proof)?;
    Ok(proof)
}
