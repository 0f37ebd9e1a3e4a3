//! How a block header commits to its transactions and receipts, and what proves some of them.
//!
//! A chain uses one of three forms, set by a governance parameter by height. The verifier passes the form; a proof in
//! another form is refused, so a prover cannot pick the rule it is judged by. A transaction and a receipt are proven
//! together, at one index under the two roots of one header: a receipt does not name its transaction.
//! Source: chain.md 3.1, bridge.md 6.3.

pub mod concat;
mod path;
mod prove;
pub mod simple;
pub mod trie;

#[cfg(test)]
mod tests;

use crate::error::cold_from;
use crate::primitives::hex_list;
use crate::primitives::Hash;
use crate::receipt::ReceiptError;
use crate::rlp::RlpError;
use crate::trie::TrieError;
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

pub use concat::split_transactions;
pub use path::CommitmentPath;
pub(crate) use path::Paths;
pub use prove::prove_items;
pub use simple::SimpleEntry;

/// Most items of one block that are looked at.
pub const MAX_ITEMS: u32 = 1 << 20;

/// Form of the transactions root and the receipts root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitmentForm {
    /// Ethereum trie keyed by RLP(index).
    Trie,
    /// Binary hash tree.
    Simple,
    /// Hash of the concatenation.
    Concat,
}

impl CommitmentForm {
    /// The form that the parameter `governance.deriveshaimpl` chooses; unknown values fall back to the trie.
    #[must_use]
    pub const fn from_parameter(derive_sha_impl: u64) -> Self {
        match derive_sha_impl {
            1 => Self::Simple,
            2 => Self::Concat,
            _ => Self::Trie,
        }
    }
}

/// Which of the two lists of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Transactions.
    Transactions,
    /// Receipts.
    Receipts,
}

/// Why items are not proven under the roots of a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitmentError {
    /// A trie proof fails.
    #[error(transparent)]
    Trie(TrieError),
    /// An item is no canonical RLP.
    #[error(transparent)]
    Rlp(RlpError),
    /// An item of the receipt list is no receipt.
    #[error(transparent)]
    Receipt(ReceiptError),
    /// The proof has another form than the chain uses at this height.
    #[error("proof of form {got:?} where the chain commits by {expected:?}")]
    WrongForm {
        /// Form of the chain.
        expected: CommitmentForm,
        /// Form of the proof.
        got: CommitmentForm,
    },
    /// The items hash to another root than the header's.
    #[error("{list:?} hash to {got} and not to {expected}")]
    RootMismatch {
        /// The list that differs.
        list: List,
        /// Root in the header.
        expected: Box<Hash>,
        /// Root of the items.
        got: Box<Hash>,
    },
    /// No item is chosen.
    #[error("the proof chooses no item")]
    NoItems,
    /// More items than a block can have.
    #[error("{got} items where {limit} are the most")]
    TooManyItems {
        /// Most items looked at.
        limit: u32,
        /// Items claimed.
        got: usize,
    },
    /// The chosen indices do not ascend strictly.
    #[error("item index {got} does not follow {previous}")]
    IndicesNotAscending {
        /// Index before.
        previous: u32,
        /// Index found.
        got: u32,
    },
    /// The trie proves that the list has no such index.
    #[error("{list:?} have no index {index}")]
    ItemAbsent {
        /// The list.
        list: List,
        /// The index.
        index: u32,
    },
    /// An index beyond the claimed number of items.
    #[error("item index {index} of {count} items")]
    IndexOutOfRange {
        /// The index.
        index: u32,
        /// Items claimed.
        count: u32,
    },
    /// A path of another length than the tree of so many items has.
    #[error("path of {got} hashes where {expected} are needed")]
    PathLength {
        /// Height of the tree.
        expected: u32,
        /// Hashes given.
        got: usize,
    },
    /// The last node of an odd level is paired with something else than itself.
    #[error("last node of an odd level not paired with itself")]
    LastNodeNotPairedWithItself,
    /// Two equal neighbours in the transaction tree that no odd level explains.
    #[error("a transaction occurs twice")]
    RepeatedTransaction,
    /// An item of 64 bytes could be taken for an inner node.
    #[error("item of 64 bytes in a binary hash tree")]
    ItemLooksLikeNode,
    /// The two lists of a block differ in length.
    #[error("{transactions} transactions and {receipts} receipts")]
    ListLengthsDiffer {
        /// Transactions given.
        transactions: usize,
        /// Receipts given.
        receipts: usize,
    },
    /// A transaction of a type that this build does not know.
    #[error("transaction type {0:#x} is not supported")]
    UnsupportedType(u16),
}

cold_from!(CommitmentError: Trie(TrieError), Rlp(RlpError), Receipt(ReceiptError));

impl CommitmentError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Trie(e) => e.code(),
            Self::Rlp(e) => e.code(),
            Self::Receipt(e) => e.code(),
            Self::WrongForm { .. } => "commitment.wrong_form",
            Self::RootMismatch { .. } => "commitment.root_mismatch",
            Self::NoItems => "commitment.no_items",
            Self::TooManyItems { .. } => "commitment.too_many_items",
            Self::IndicesNotAscending { .. } => "commitment.indices_not_ascending",
            Self::ItemAbsent { .. } => "commitment.item_absent",
            Self::IndexOutOfRange { .. } => "commitment.index_out_of_range",
            Self::PathLength { .. } => "commitment.path_length",
            Self::LastNodeNotPairedWithItself => "commitment.last_node_not_paired_with_itself",
            Self::RepeatedTransaction => "commitment.repeated_transaction",
            Self::ItemLooksLikeNode => "commitment.item_looks_like_node",
            Self::ListLengthsDiffer { .. } => "commitment.list_lengths_differ",
            Self::UnsupportedType(_) => "commitment.unsupported_type",
        }
    }
}

/// What a prover supplies for chosen items of one block's transactions and receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum BlockItems {
    /// Trie nodes of both lists.
    Trie {
        /// Strictly ascending, not empty.
        indices: Vec<u32>,
        /// Exactly the nodes on the paths of the indices, ascending by hash.
        #[serde(with = "hex_list")]
        transaction_nodes: Vec<Vec<u8>>,
        /// The same of the receipts.
        #[serde(with = "hex_list")]
        receipt_nodes: Vec<Vec<u8>>,
    },
    /// Items with their paths.
    Simple {
        /// Number of items of the block.
        count: u32,
        /// Strictly ascending by index, not empty.
        entries: Vec<SimpleEntry>,
    },
    /// The whole lists, of the same length.
    Concat {
        /// Every transaction.
        #[serde(with = "hex_list")]
        transactions: Vec<Vec<u8>>,
        /// Every receipt.
        #[serde(with = "hex_list")]
        receipts: Vec<Vec<u8>>,
    },
}

impl BlockItems {
    /// The form of this proof.
    #[must_use]
    pub const fn form(&self) -> CommitmentForm {
        match self {
            Self::Trie { .. } => CommitmentForm::Trie,
            Self::Simple { .. } => CommitmentForm::Simple,
            Self::Concat { .. } => CommitmentForm::Concat,
        }
    }
}

impl BlockItems {
    /// Whether `receipts`, which this proof has proven under the roots of a header, are those of
    /// all items of the block.
    ///
    /// Trie: the receipts alone make up the whole trie under the root, so none is left out. Simple:
    /// each index below the count is there, and the paths have tied the count to the true one (see
    /// [`simple`]). Concat: no proof of less exists.
    #[must_use]
    pub fn proves_all(&self, receipts: &[&[u8]], receipts_root: &Hash) -> bool {
        match self {
            Self::Trie { .. } => trie::root(receipts) == *receipts_root,
            // As many different indices below the count as the count.
            Self::Simple { count, entries } => u32::try_from(entries.len()) == Ok(*count),
            Self::Concat { .. } => true,
        }
    }
}

/// A transaction and its receipt, both proven at one index under the roots of one header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenItem {
    /// Place in the block.
    pub index: u32,
    /// The transaction as the chain commits to it.
    pub transaction: Vec<u8>,
    /// The receipt as the chain commits to it.
    pub receipt: Vec<u8>,
}

/// The two roots of a header.
#[derive(Clone, Copy, Debug)]
struct Roots<'a> {
    transactions: &'a Hash,
    receipts: &'a Hash,
}

/// The root of a whole list.
pub fn derive_root<T: AsRef<[u8]>>(form: CommitmentForm, items: &[T]) -> Hash {
    match form {
        CommitmentForm::Trie => trie::root(items),
        CommitmentForm::Simple => simple::root(items),
        CommitmentForm::Concat => concat::root(items),
    }
}

/// Proves items under the two roots of one header.
///
/// 1. The proof has the form that the verifier names.
/// 2. Trie: both tries hold every index, proven by exactly the nodes needed. Simple: each index is below the count and both
///    paths lead to the roots (see [`simple`]). Concat: both whole lists hash to the roots, have one length, and every item
///    is what its place asks for.
///
/// Not checked: what the transactions and (but for Concat) the receipts say.
///
/// # Errors
/// [`CommitmentError`], one variant for each rule.
pub fn verify_items(
    form: CommitmentForm,
    transactions_root: &Hash,
    receipts_root: &Hash,
    items: &BlockItems,
) -> Result<Vec<ProvenItem>, CommitmentError> {
    form_is_the_chains(form, items.form())?;
    let roots = Roots { transactions: transactions_root, receipts: receipts_root };
    match items {
        BlockItems::Trie { indices, transaction_nodes, receipt_nodes } => {
            trie::verify(roots, indices, transaction_nodes, receipt_nodes)
        }
        BlockItems::Simple { count, entries } => simple::verify(roots, *count, entries),
        BlockItems::Concat { transactions, receipts } => concat::verify(roots, transactions, receipts),
    }
}

fn form_is_the_chains(expected: CommitmentForm, got: CommitmentForm) -> Result<(), CommitmentError> {
    if expected == got {
        Ok(())
    } else {
        Err(CommitmentError::WrongForm { expected, got })
    }
}

fn root_matches(list: List, expected: &Hash, got: Hash) -> Result<(), CommitmentError> {
    if *expected == got {
        Ok(())
    } else {
        Err(CommitmentError::RootMismatch { list, expected: (*expected).into(), got: got.into() })
    }
}

fn item_count_is_bounded(got: usize) -> Result<(), CommitmentError> {
    if u32::try_from(got).is_ok_and(|count| count <= MAX_ITEMS) {
        Ok(())
    } else {
        Err(CommitmentError::TooManyItems { limit: MAX_ITEMS, got })
    }
}

/// At least one index, none twice, one order: one proof has one encoding.
fn indices_ascend(mut indices: impl Iterator<Item = u32>) -> Result<(), CommitmentError> {
    let mut previous = indices.next().ok_or(CommitmentError::NoItems)?;
    for got in indices {
        if got <= previous {
            return Err(CommitmentError::IndicesNotAscending { previous, got });
        }
        previous = got;
    }
    Ok(())
}
