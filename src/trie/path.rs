//! The way through a trie from its root to one key, for drawing: each node, and the nibbles of the key that it uses up.

use super::build::nibbles;
use super::RlpNodeCodec;
use crate::ordered::{map_of, Map};
use crate::primitives::{keccak256, Hash};
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use trie_db::node::{NodeHandlePlan, NodePlan};
use trie_db::NodeCodec;

/// One node on the way from a root to a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathNode {
    /// The node's hash; none where it is embedded in the node before.
    pub hash: Option<Hash>,
    /// Its kind.
    pub kind: NodeKind,
    /// The nibbles of the key that it uses up, as hex digits.
    pub nibbles: String,
}

/// The kinds of trie nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Sixteen children and a value.
    Branch,
    /// Nibbles that all keys below share.
    Extension,
    /// The rest of a key, and its value.
    Leaf,
}

/// Where each node of a proof stands, by its hash. The proof must be one that [`super::read_exact`] has accepted.
#[derive(Clone, Debug)]
pub(crate) struct NodePlaces(Map<[u8; 32], usize>);

impl NodePlaces {
    pub(crate) fn new(nodes: &[Vec<u8>]) -> Self {
        Self(map_of(nodes.iter().enumerate().map(|(place, node)| (keccak256(node).0, place))))
    }

    /// The nodes from `root` to a key of the proof. Every step but the last uses up a nibble, so a walk ends.
    pub(crate) fn path(&self, nodes: &[Vec<u8>], root: &Hash, key: &[u8]) -> Vec<PathNode> {
        let key = nibbles(key);
        let mut rest = key.as_slice();
        let mut path = Vec::new();
        let mut next = self.node(nodes, *root);
        while let Some((hash, node)) = next {
            let Ok(plan) = RlpNodeCodec::decode_plan(node) else { break };
            let (kind, used, child) = match plan {
                NodePlan::Branch { mut children, .. } => {
                    let child = rest.first().and_then(|nibble| children.get_mut(usize::from(*nibble))?.take());
                    (NodeKind::Branch, usize::from(child.is_some()), child)
                }
                NodePlan::Extension { partial, child } => (NodeKind::Extension, partial.len(), Some(child)),
                _ => (NodeKind::Leaf, rest.len(), None),
            };
            let (nibbles, behind) = rest.split_at_checked(used).unwrap_or_default();
            path.push(PathNode { hash, kind, nibbles: digits(nibbles) });
            rest = behind;
            next = match child {
                Some(NodeHandlePlan::Hash(at)) => {
                    node.get(at).and_then(Hash::from_slice).and_then(|hash| self.node(nodes, hash))
                }
                Some(NodeHandlePlan::Inline(at)) => node.get(at).map(|node| (None, node)),
                None => None,
            };
        }
        path
    }

    fn node<'n>(&self, nodes: &'n [Vec<u8>], hash: Hash) -> Option<(Option<Hash>, &'n [u8])> {
        Some((Some(hash), nodes.get(*self.0.get(&hash.0)?)?.as_slice()))
    }
}

fn digits(nibbles: &[u8]) -> String {
    nibbles.iter().filter_map(|nibble| char::from_digit(u32::from(*nibble), 16)).collect()
}
