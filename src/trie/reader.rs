//! Reads keys from exactly the nodes that their paths need.

use super::{EthereumLayout, KeccakHasher, RlpNodeCodec, TrieError, EMPTY_ROOT};
use crate::ordered::{map_of, Map};
use crate::primitives::{keccak256, Hash};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::Cell;
use hash_db::{HashDBRef, Prefix};
use trie_db::node::{NodeHandlePlan, NodePlan};
use trie_db::{NodeCodec, Trie, TrieDBBuilder};

/// Most nodes on the path of a 32-byte key: one for each nibble, and the leaf.
pub const MAX_NODES_PER_KEY: usize = 65;

/// Reads `keys` from the trie with this root, given exactly the nodes on their paths.
///
/// 1. There are at most [`MAX_NODES_PER_KEY`] nodes for each key.
/// 2. The nodes ascend strictly by keccak hash: one order, none twice. The empty trie has no node at all.
/// 3. Every node and every node embedded in it has the one form that the trie of its entries has.
/// 4. Every key is followed from the root by hash, to its value or to the place where it is absent. A missing node is an
///    error, never an absence.
/// 5. Every node was needed.
///
/// Returns for each key its value, or `None` where absence is proven. The total size of the nodes is the caller's to bound.
///
/// # Errors
/// [`TrieError`], one variant for each rule.
pub fn read_exact(root: &Hash, keys: &[Vec<u8>], nodes: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, TrieError> {
    let reader = ExactReader::new(root, keys.len(), nodes)?;
    let values = keys.iter().map(|key| reader.get(key)).collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(values)
}

/// [`read_exact`] key by key, for a caller who gives up at the first absent key: many absent keys that end at one large
/// leaf would else cost more than the proof is long.
pub(crate) struct ExactReader<'a> {
    root: Hash,
    given: GivenNodes<'a>,
}

impl<'a> ExactReader<'a> {
    /// Rules 1 to 3 of [`read_exact`].
    pub(crate) fn new(root: &Hash, key_count: usize, nodes: &'a [Vec<u8>]) -> Result<Self, TrieError> {
        node_count_is_bounded(key_count, nodes.len())?;
        let given = GivenNodes::ascending(nodes)?;
        if *root != EMPTY_ROOT {
            given.every_form_is_canonical(root)?;
        }
        Ok(Self { root: *root, given })
    }

    /// Rule 4.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, TrieError> {
        if self.root == EMPTY_ROOT {
            return Ok(None);
        }
        let trie = TrieDBBuilder::<EthereumLayout>::new(&self.given, &self.root.0).build();
        trie.get(key).map_err(|error| walk_error(*error))
    }

    /// Rule 5, to be asked after the last key.
    pub(crate) fn finish(&self) -> Result<(), TrieError> {
        self.given.every_node_is_visited()
    }
}

fn node_count_is_bounded(keys: usize, got: usize) -> Result<(), TrieError> {
    let limit = keys.saturating_mul(MAX_NODES_PER_KEY);
    if got > limit {
        return Err(TrieError::TooManyNodes { limit, got });
    }
    Ok(())
}

fn walk_error(error: trie_db::TrieError<[u8; 32], TrieError>) -> TrieError {
    match error {
        trie_db::TrieError::InvalidStateRoot(hash) | trie_db::TrieError::IncompleteDatabase(hash) => {
            TrieError::NodeMissing { hash: Hash(hash).into() }
        }
        trie_db::TrieError::DecoderError(_, error) => error,
        trie_db::TrieError::InvalidHash(_, bytes) => TrieError::Reference { got: bytes.len() },
        trie_db::TrieError::ValueAtIncompleteKey(..) => TrieError::Path,
    }
}

/// The nodes of a proof by hash, and which of them a walk has asked for.
pub(super) struct GivenNodes<'a> {
    by_hash: Map<[u8; 32], Given<'a>>,
}

/// The mark stands beside the node: a list of the visited hashes would be filled in the order of the walk, which is random.
struct Given<'a> {
    node: &'a [u8],
    visited: Cell<bool>,
}

impl<'a> Given<'a> {
    const fn new(node: &'a [u8]) -> Self {
        Self { node, visited: Cell::new(false) }
    }
}

impl<'a> GivenNodes<'a> {
    fn ascending(nodes: &'a [Vec<u8>]) -> Result<Self, TrieError> {
        let mut by_hash = Map::new();
        for (position, node) in nodes.iter().enumerate() {
            let hash = keccak256(node).0;
            if by_hash.last_key_value().is_some_and(|(last, _)| hash <= *last) {
                return Err(TrieError::NodesNotAscending { position });
            }
            by_hash.insert(hash, Given::new(node));
        }
        Ok(Self { by_hash })
    }

    /// Nodes that somebody has filed by hash, without a look at the hashes.
    pub(super) fn by_claimed_hash(nodes: &'a BTreeMap<Hash, Vec<u8>>) -> Self {
        Self { by_hash: map_of(nodes.iter().map(|(hash, node)| (hash.0, Given::new(node)))) }
    }

    /// The values of `keys` in a trie that is not empty.
    pub(super) fn read(&self, root: &Hash, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, TrieError> {
        let trie = TrieDBBuilder::<EthereumLayout>::new(self, &root.0).build();
        keys.iter().map(|key| trie.get(key).map_err(|e| walk_error(*e))).collect()
    }

    /// The nodes that walks have asked for, in the order of their hashes.
    pub(super) fn into_visited(self) -> Vec<Vec<u8>> {
        self.by_hash.values().filter(|given| given.visited.get()).map(|given| given.node.to_vec()).collect()
    }

    fn every_form_is_canonical(&self, root: &Hash) -> Result<(), TrieError> {
        for (hash, Given { node, .. }) in &self.by_hash {
            // Only the root is referenced by hash whatever its size.
            if node.len() < root.0.len() && *hash != root.0 {
                return Err(TrieError::HashedTooShort { got: node.len() });
            }
            self.form_is_canonical(node)?;
        }
        Ok(())
    }

    /// Recursion goes into embedded nodes only: less than 32 bytes, and less at each step.
    fn form_is_canonical(&self, node: &[u8]) -> Result<(), TrieError> {
        match RlpNodeCodec::decode_plan(node)? {
            NodePlan::Extension { child, .. } => {
                self.extension_leads_to_branch(node, &child)?;
                self.embedded_is_canonical(node, &child)
            }
            NodePlan::Branch { children, .. } | NodePlan::NibbledBranch { children, .. } => {
                children.iter().flatten().try_for_each(|child| self.embedded_is_canonical(node, child))
            }
            NodePlan::Empty | NodePlan::Leaf { .. } => Ok(()),
        }
    }

    fn embedded_is_canonical(&self, node: &[u8], child: &NodeHandlePlan) -> Result<(), TrieError> {
        match child {
            NodeHandlePlan::Inline(range) => self.form_is_canonical(node.get(range.clone()).unwrap_or_default()),
            NodeHandlePlan::Hash(_) => Ok(()),
        }
    }

    /// Two extensions, or an extension and a leaf, would have been one node. Not knowable where a walk ends in the
    /// extension; then no node below it is given.
    fn extension_leads_to_branch(&self, node: &[u8], child: &NodeHandlePlan) -> Result<(), TrieError> {
        let target = match child {
            NodeHandlePlan::Inline(range) => node.get(range.clone()),
            NodeHandlePlan::Hash(range) => {
                node.get(range.clone()).and_then(|hash| self.by_hash.get(hash)).map(|given| given.node)
            }
        };
        let Some(target) = target else { return Ok(()) };
        match RlpNodeCodec::decode_plan(target)? {
            NodePlan::Branch { .. } => Ok(()),
            _ => Err(TrieError::ExtensionWithoutBranch),
        }
    }

    fn every_node_is_visited(&self) -> Result<(), TrieError> {
        match self.by_hash.iter().find(|(_, given)| !given.visited.get()) {
            Some((hash, _)) => Err(TrieError::NodeUnused { hash: Hash(*hash).into() }),
            None => Ok(()),
        }
    }
}

impl HashDBRef<KeccakHasher, Vec<u8>> for GivenNodes<'_> {
    fn get(&self, hash: &[u8; 32], _prefix: Prefix) -> Option<Vec<u8>> {
        let given = self.by_hash.get(hash)?;
        given.visited.set(true);
        Some(given.node.to_vec())
    }

    fn contains(&self, hash: &[u8; 32], prefix: Prefix) -> bool {
        self.get(hash, prefix).is_some()
    }
}
