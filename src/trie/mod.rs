//! The hexary Merkle-Patricia trie of Ethereum, read from proofs without slack.
//!
//! A proof is the set of nodes on the paths of the asked keys, no more and no less, in one canonical order.
//! [`read_exact`] returns the value or the proven absence of each key. `trie-db` walks the trie; it would let unused nodes,
//! duplicates and non-minimal node forms pass, so the codec and the reader refuse them here: one proof, one encoding.
//! [`trie_root`] and [`trie_nodes`] build a trie whose every entry is known; [`prove_keys`] picks the proof of some keys out
//! of any nodes. Source: chain.md 4.1.

mod build;
mod codec;
mod layout;
mod path;
mod prove;
mod reader;
#[cfg(test)]
pub(crate) mod tests;

use crate::error::cold_from;
use crate::primitives::Hash;
use crate::rlp::RlpError;
use alloc::boxed::Box;

pub use build::{trie_nodes, trie_root};
pub use codec::RlpNodeCodec;
pub use layout::{EthereumLayout, HashBytesHasher, KeccakHasher};
pub(crate) use path::NodePlaces;
pub use path::{NodeKind, PathNode};
pub use prove::prove_keys;
pub(crate) use reader::ExactReader;
pub use reader::{read_exact, MAX_NODES_PER_KEY};

/// Root of the trie without entries: keccak of the empty RLP string. Source: chain.md 0.
pub const EMPTY_ROOT: Hash = Hash([
    0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e, 0x5b, 0x48, 0xe0,
    0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21,
]);

/// Why nodes are not exactly the proof of some keys under a root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrieError {
    /// A node is no canonical RLP.
    #[error(transparent)]
    Rlp(RlpError),
    /// More nodes than the paths of the keys can have.
    #[error("{got} trie nodes where {limit} are the most that the keys can need")]
    TooManyNodes {
        /// Most nodes that the keys can need.
        limit: usize,
        /// Nodes given.
        got: usize,
    },
    /// The nodes do not ascend strictly by hash: out of order or twice the same.
    #[error("trie nodes do not ascend strictly by hash at position {position}")]
    NodesNotAscending {
        /// Place of the first node that is not above the one before.
        position: usize,
    },
    /// A node on the path of a key is not among those given.
    #[error("trie node {hash} is missing")]
    NodeMissing {
        /// Hash by which the node is referenced.
        hash: Box<Hash>,
    },
    /// A node given lies on no path.
    #[error("trie node {hash} is on no path")]
    NodeUnused {
        /// Hash of the node.
        hash: Box<Hash>,
    },
    /// A node is a list of neither 2 nor 17 items.
    #[error("trie node of {got} items")]
    ItemCount {
        /// Items found (counted up to 18).
        got: usize,
    },
    /// A path has an unknown flag, padding that is not zero, or no byte at all.
    #[error("trie path is no canonical hex prefix")]
    Path,
    /// An extension has no nibble.
    #[error("extension node with an empty path")]
    EmptyExtension,
    /// An extension leads to something else than a branch.
    #[error("extension node that leads to no branch")]
    ExtensionWithoutBranch,
    /// A branch has fewer than two entries, so that a shorter form exists.
    #[error("branch node with {occupied} entries")]
    SparseBranch {
        /// Children and value counted together.
        occupied: usize,
    },
    /// A child is neither empty, a 32-byte hash, nor an embedded node.
    #[error("trie reference of {got} bytes")]
    Reference {
        /// Bytes of the item found.
        got: usize,
    },
    /// An embedded node has 32 bytes or more and should be referenced by hash.
    #[error("embedded trie node of {got} bytes")]
    EmbeddedTooLong {
        /// Bytes of the embedded node.
        got: usize,
    },
    /// A node below 32 bytes is referenced by hash and should be embedded.
    #[error("trie node of {got} bytes referenced by hash")]
    HashedTooShort {
        /// Bytes of the node.
        got: usize,
    },
    /// A leaf holds the empty value, which no trie stores.
    #[error("leaf node with an empty value")]
    EmptyValue,
}

cold_from!(TrieError: Rlp(RlpError));

impl TrieError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rlp(e) => e.code(),
            Self::TooManyNodes { .. } => "trie.too_many_nodes",
            Self::NodesNotAscending { .. } => "trie.nodes_not_ascending",
            Self::NodeMissing { .. } => "trie.node_missing",
            Self::NodeUnused { .. } => "trie.node_unused",
            Self::ItemCount { .. } => "trie.item_count",
            Self::Path => "trie.path",
            Self::EmptyExtension => "trie.empty_extension",
            Self::ExtensionWithoutBranch => "trie.extension_without_branch",
            Self::SparseBranch { .. } => "trie.sparse_branch",
            Self::Reference { .. } => "trie.reference",
            Self::EmbeddedTooLong { .. } => "trie.embedded_too_long",
            Self::HashedTooShort { .. } => "trie.hashed_too_short",
            Self::EmptyValue => "trie.empty_value",
        }
    }
}
