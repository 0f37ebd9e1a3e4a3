//! Simple form: a binary hash tree in which an odd level repeats its last node. Source: chain.md 3.1 "Simple (1)".
//!
//! The root alone does not fix the number of items: `[a, b, c]` and `[a, b, c, c]` have one root. The transactions do,
//! because no block has a transaction twice (the sender's nonce differs). Whoever claims an index beyond the true end walks
//! through the copied node, from the right, and meets its equal as left neighbour where the claimed count explains no copy:
//! that is refused ([`CommitmentError::RepeatedTransaction`]). The receipt hangs on the same index and count.
//! Items of 64 bytes are refused: their hash could as well be that of an inner node.

use super::{indices_ascend, item_count_is_bounded, root_matches, CommitmentError, List, ProvenItem, Roots, MAX_ITEMS};
use crate::primitives::{hex_bytes, keccak256, keccak256_concat, Hash};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// An item longer or shorter than two hashes cannot be an inner node.
const NODE_LENGTH: usize = 64;

/// One transaction and its receipt, with the sibling hashes from the item up to the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimpleEntry {
    /// Place in the block.
    pub index: u32,
    /// The transaction as the chain commits to it.
    #[serde(with = "hex_bytes")]
    pub transaction: Vec<u8>,
    /// Siblings in the transaction tree.
    pub transaction_path: Vec<Hash>,
    /// The receipt as the chain commits to it.
    #[serde(with = "hex_bytes")]
    pub receipt: Vec<u8>,
    /// Siblings in the receipt tree.
    pub receipt_path: Vec<Hash>,
}

/// Root of the tree of all items; that of no items is the hash of nothing.
pub(super) fn root<T: AsRef<[u8]>>(items: &[T]) -> Hash {
    levels(items).last().and_then(|top| top.first()).copied().unwrap_or_else(|| keccak256(&[]))
}

/// The siblings of item `index` from the bottom up; empty where there is no such item.
pub fn path<T: AsRef<[u8]>>(items: &[T], index: u32) -> Vec<Hash> {
    path_through(&levels(items), index)
}

/// The items at `indices` with their paths; none for an index that is beyond a list.
pub(super) fn prove(transactions: &[Vec<u8>], receipts: &[Vec<u8>], indices: &[u32]) -> Vec<SimpleEntry> {
    let (transaction_levels, receipt_levels) = (levels(transactions), levels(receipts));
    let entry = |index: &u32| {
        let place = usize::try_from(*index).ok()?;
        Some(SimpleEntry {
            index: *index,
            transaction: transactions.get(place)?.clone(),
            transaction_path: path_through(&transaction_levels, *index),
            receipt: receipts.get(place)?.clone(),
            receipt_path: path_through(&receipt_levels, *index),
        })
    };
    indices.iter().filter_map(entry).collect()
}

/// The hashes of the items, then those of each level above up to the root.
fn levels<T: AsRef<[u8]>>(items: &[T]) -> Vec<Vec<Hash>> {
    let mut level: Vec<Hash> = items.iter().map(|item| keccak256(item.as_ref())).collect();
    let mut levels = Vec::new();
    while level.len() > 1 {
        let above = level.chunks(2).filter_map(|pair| Some(parent(pair.first()?, pair.last()?))).collect();
        levels.push(core::mem::replace(&mut level, above));
    }
    levels.push(level);
    levels
}

fn path_through(levels: &[Vec<Hash>], index: u32) -> Vec<Hash> {
    let mut path = Vec::new();
    let mut position = usize::try_from(index).unwrap_or(usize::MAX);
    for level in levels.iter().filter(|level| level.len() > 1) {
        let Some(node) = level.get(position) else { return Vec::new() };
        path.push(*level.get(position ^ 1).unwrap_or(node));
        position = position.wrapping_shr(1);
    }
    path
}

pub(super) fn verify(
    roots: Roots<'_>,
    count: u32,
    entries: &[SimpleEntry],
) -> Result<Vec<ProvenItem>, CommitmentError> {
    item_count_is_bounded(usize::try_from(count).unwrap_or(usize::MAX))?;
    indices_ascend(entries.iter().map(|entry| entry.index))?;
    entries.iter().map(|entry| verify_entry(roots, count, entry)).collect()
}

fn verify_entry(roots: Roots<'_>, count: u32, entry: &SimpleEntry) -> Result<ProvenItem, CommitmentError> {
    index_is_below_count(entry.index, count)?;
    let place = Place { index: entry.index, count };
    let transactions = place.root_of(&entry.transaction, &entry.transaction_path, List::Transactions)?;
    root_matches(List::Transactions, roots.transactions, transactions)?;
    let receipts = place.root_of(&entry.receipt, &entry.receipt_path, List::Receipts)?;
    root_matches(List::Receipts, roots.receipts, receipts)?;
    Ok(ProvenItem { index: entry.index, transaction: entry.transaction.clone(), receipt: entry.receipt.clone() })
}

/// An index and the number of items that the prover claims.
#[derive(Clone, Copy, Debug)]
struct Place {
    index: u32,
    count: u32,
}

impl Place {
    fn root_of(self, item: &[u8], path: &[Hash], list: List) -> Result<Hash, CommitmentError> {
        item_is_no_node(item)?;
        path_has_height_of_tree(self.count, path.len())?;
        let (mut node, mut position, mut width) = (keccak256(item), self.index, self.count);
        for sibling in path {
            let is_copied = position & 1 == 0 && position.saturating_add(1) == width;
            if is_copied {
                last_node_is_paired_with_itself(&node, sibling)?;
            } else if list == List::Transactions {
                transactions_do_not_repeat(&node, sibling)?;
            }
            node = if position & 1 == 0 { parent(&node, sibling) } else { parent(sibling, &node) };
            position = position.wrapping_shr(1);
            width = width.div_ceil(2);
        }
        Ok(node)
    }
}

fn parent(left: &Hash, right: &Hash) -> Hash {
    keccak256_concat(&[&left.0, &right.0])
}

pub(super) fn index_is_below_count(index: u32, count: u32) -> Result<(), CommitmentError> {
    if index < count {
        Ok(())
    } else {
        Err(CommitmentError::IndexOutOfRange { index, count })
    }
}

fn item_is_no_node(item: &[u8]) -> Result<(), CommitmentError> {
    if item.len() == NODE_LENGTH {
        return Err(CommitmentError::ItemLooksLikeNode);
    }
    Ok(())
}

/// A shorter path would pass an inner node off as an item, a longer one an item as an inner node.
fn path_has_height_of_tree(count: u32, got: usize) -> Result<(), CommitmentError> {
    let expected = count.min(MAX_ITEMS).next_power_of_two().trailing_zeros();
    if u32::try_from(got) == Ok(expected) {
        Ok(())
    } else {
        Err(CommitmentError::PathLength { expected, got })
    }
}

fn last_node_is_paired_with_itself(node: &Hash, sibling: &Hash) -> Result<(), CommitmentError> {
    if node == sibling {
        Ok(())
    } else {
        Err(CommitmentError::LastNodeNotPairedWithItself)
    }
}

/// Receipts may be equal; transactions of one block never are.
fn transactions_do_not_repeat(node: &Hash, sibling: &Hash) -> Result<(), CommitmentError> {
    if node == sibling {
        return Err(CommitmentError::RepeatedTransaction);
    }
    Ok(())
}
