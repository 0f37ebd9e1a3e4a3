//! Trie form: an Ethereum trie with key RLP(index) and the item as value. Source: chain.md 3.1 "Original (0)".

use super::{indices_ascend, item_count_is_bounded, CommitmentError, List, ProvenItem, Roots};
use crate::ordered::{map_of, Map};
use crate::primitives::Hash;
use crate::rlp::RlpStream;
use crate::trie::{prove_keys, trie_nodes, trie_root, ExactReader};
use alloc::vec::Vec;

/// The key of an item: its index as an RLP integer, not hashed.
#[must_use]
pub fn key(index: u32) -> Vec<u8> {
    let mut stream = RlpStream::new();
    stream.append(&index);
    stream.out().to_vec()
}

/// Root of the trie of all items.
pub(super) fn root<T: AsRef<[u8]>>(items: &[T]) -> Hash {
    trie_root(&entries(items))
}

/// Exactly the nodes on the paths of the indices, ascending by hash.
pub(super) fn prove(items: &[Vec<u8>], indices: &[u32]) -> Result<Vec<Vec<u8>>, CommitmentError> {
    let (root, nodes) = trie_nodes(&entries(items));
    let keys: Vec<Vec<u8>> = indices.iter().map(|index| key(*index)).collect();
    Ok(prove_keys(&root, &keys, &nodes)?)
}

fn entries<T: AsRef<[u8]>>(items: &[T]) -> Map<Vec<u8>, &[u8]> {
    map_of((0u32..).zip(items).map(|(index, item)| (key(index), item.as_ref())))
}

pub(super) fn verify(
    roots: Roots<'_>,
    indices: &[u32],
    transaction_nodes: &[Vec<u8>],
    receipt_nodes: &[Vec<u8>],
) -> Result<Vec<ProvenItem>, CommitmentError> {
    item_count_is_bounded(indices.len())?;
    indices_ascend(indices.iter().copied())?;
    let transactions = read_items(List::Transactions, roots.transactions, indices, transaction_nodes)?;
    let receipts = read_items(List::Receipts, roots.receipts, indices, receipt_nodes)?;
    let items = indices.iter().zip(transactions.into_iter().zip(receipts));
    Ok(items.map(|(index, (transaction, receipt))| ProvenItem { index: *index, transaction, receipt }).collect())
}

fn read_items(list: List, root: &Hash, indices: &[u32], nodes: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, CommitmentError> {
    let reader = ExactReader::new(root, indices.len(), nodes)?;
    let items = indices
        .iter()
        .map(|index| reader.get(&key(*index))?.ok_or(CommitmentError::ItemAbsent { list, index: *index }))
        .collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(items)
}
