//! The way from the roots of a header to one item, for drawing: what a verifier has walked, told again.

use super::{trie, BlockItems};
use crate::primitives::Hash;
use crate::trie::{NodePlaces, PathNode};
use alloc::vec::Vec;
use serde::Serialize;

/// How the two roots of a header commit to one transaction and its receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum CommitmentPath {
    /// Two tries, each with a way from its root to the item.
    Trie {
        /// From the transactions root.
        transactions: Vec<PathNode>,
        /// From the receipts root.
        receipts: Vec<PathNode>,
    },
    /// Two binary hash trees, each with the siblings from the item up to the root.
    Simple {
        /// Number of items of the block.
        items: u32,
        /// In the transaction tree.
        transactions: Vec<Hash>,
        /// In the receipt tree.
        receipts: Vec<Hash>,
    },
    /// Two lists that hash to the roots as a whole.
    Concat {
        /// Number of items of the block.
        items: u32,
    },
}

/// The proof of some items of a block, ready to be asked for their paths: its nodes are hashed once for all of them.
#[derive(Clone, Debug)]
pub(crate) struct Paths([NodePlaces; 2]);

impl Paths {
    /// `items` must have passed [`super::verify_items`].
    pub(crate) fn new(items: &BlockItems) -> Self {
        match items {
            BlockItems::Trie { transaction_nodes, receipt_nodes, .. } => {
                Self([NodePlaces::new(transaction_nodes), NodePlaces::new(receipt_nodes)])
            }
            BlockItems::Simple { .. } | BlockItems::Concat { .. } => Self([NodePlaces::new(&[]), NodePlaces::new(&[])]),
        }
    }

    /// The path to one of the same items; `roots` are those of transactions and receipts.
    pub(crate) fn path(&self, items: &BlockItems, roots: [&Hash; 2], index: u32) -> CommitmentPath {
        match items {
            BlockItems::Trie { transaction_nodes, receipt_nodes, .. } => {
                let (Self([transactions, receipts]), [first, second], key) = (self, roots, trie::key(index));
                CommitmentPath::Trie {
                    transactions: transactions.path(transaction_nodes, first, &key),
                    receipts: receipts.path(receipt_nodes, second, &key),
                }
            }
            BlockItems::Simple { count, entries } => {
                let place = entries.binary_search_by_key(&index, |entry| entry.index).ok();
                let paths = place
                    .and_then(|place| entries.get(place))
                    .map(|entry| (entry.transaction_path.clone(), entry.receipt_path.clone()));
                let (transactions, receipts) = paths.unwrap_or_default();
                CommitmentPath::Simple { items: *count, transactions, receipts }
            }
            BlockItems::Concat { transactions, .. } => {
                CommitmentPath::Concat { items: u32::try_from(transactions.len()).unwrap_or(u32::MAX) }
            }
        }
    }
}
