//! A Merkle-Patricia trie whose every entry is known: its root, and its nodes.
//!
//! Used where a whole trie is there to be built: the genesis state, and the transactions or receipts of a block under the
//! trie commitment. One recursion makes root and nodes, so what a prover proves from is what a verifier computes.
//! Source: chain.md 3.1 (Original), 4.1.

use super::EMPTY_ROOT;
use crate::primitives::{keccak256, Hash};
use crate::rlp::RlpStream;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// One entry: the key as nibbles, and the value.
type Entry<'a> = (Vec<u8>, &'a [u8]);

/// The root over `entries`, ascending by key, each key once; an empty value is the same as no entry, as in the nodes' tries.
///
/// Recursion goes one level down for each nibble in which two keys part, so its depth is at most twice the length of the
/// longest key: 64 for hashed keys.
#[must_use]
pub fn trie_root<'e, V: AsRef<[u8]> + 'e>(entries: impl IntoIterator<Item = (&'e Vec<u8>, &'e V)>) -> Hash {
    keccak256(&node(&sorted(entries), 0, &mut |_, _| ()))
}

/// The root over `entries` as [`trie_root`] gives it, and by hash every node that a walk from there asks for: the root, and
/// each node that another one references by hash. The empty trie has none: its root says that it is empty.
#[must_use]
pub fn trie_nodes<'e, V: AsRef<[u8]> + 'e>(
    entries: impl IntoIterator<Item = (&'e Vec<u8>, &'e V)>,
) -> (Hash, BTreeMap<Hash, Vec<u8>>) {
    let mut nodes = BTreeMap::new();
    let top = node(&sorted(entries), 0, &mut |hash, node: &[u8]| {
        nodes.insert(hash, node.to_vec());
    });
    let root = keccak256(&top);
    if root != EMPTY_ROOT {
        nodes.insert(root, top);
    }
    (root, nodes)
}

/// The entries that have a value, in their own order: that of their nibbles.
fn sorted<'e, V: AsRef<[u8]> + 'e>(entries: impl IntoIterator<Item = (&'e Vec<u8>, &'e V)>) -> Vec<Entry<'e>> {
    let entries = entries.into_iter().map(|(key, value)| (key, value.as_ref()));
    entries.filter(|(_, value)| !value.is_empty()).map(|(key, value)| (nibbles(key), value)).collect()
}

pub(super) fn nibbles(key: &[u8]) -> Vec<u8> {
    key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
}

/// Is told of every node that its parent references by hash.
type OnHashed<'a> = dyn FnMut(Hash, &[u8]) + 'a;

/// RLP of the node over sorted `entries` that all agree in their first `depth` nibbles.
fn node(entries: &[Entry<'_>], depth: usize, on_hashed: &mut OnHashed<'_>) -> Vec<u8> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return Vec::from([0x80]);
    };
    let path = first.0.get(depth..).unwrap_or_default();
    if entries.len() == 1 {
        return pair(&hex_prefix(path, 0x20), |stream| {
            stream.append(&first.1);
        });
    }
    // The entries are sorted, so what the first and the last have in common, all have.
    let other = last.0.get(depth..).unwrap_or_default();
    let common = path.iter().zip(other).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return branch(entries, depth, on_hashed);
    }
    let child = branch(entries, depth.saturating_add(common), on_hashed);
    let shared = path.get(..common).unwrap_or_default();
    pair(&hex_prefix(shared, 0), |stream| append_reference(stream, &child, on_hashed))
}

fn pair(path: &[u8], append_second: impl FnOnce(&mut RlpStream)) -> Vec<u8> {
    let mut stream = RlpStream::new_list(2);
    stream.append(&path);
    append_second(&mut stream);
    stream.out().to_vec()
}

fn branch(entries: &[Entry<'_>], depth: usize, on_hashed: &mut OnHashed<'_>) -> Vec<u8> {
    let mut stream = RlpStream::new_list(17);
    // A key that ends here sorts before all that go on.
    let (own_value, mut rest) = match entries.split_first() {
        Some((first, rest)) if first.0.len() == depth => (first.1, rest),
        _ => (&[][..], entries),
    };
    for nibble in 0..16u8 {
        let count = rest.iter().take_while(|(key, _)| key.get(depth) == Some(&nibble)).count();
        let (below, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        rest = after;
        if below.is_empty() {
            stream.append_empty_data();
        } else {
            let child = node(below, depth.saturating_add(1), on_hashed);
            append_reference(&mut stream, &child, on_hashed);
        }
    }
    stream.append(&own_value);
    stream.out().to_vec()
}

/// A node shorter than a hash stands in its parent itself.
fn append_reference(stream: &mut RlpStream, node: &[u8], on_hashed: &mut OnHashed<'_>) {
    if node.len() < 32 {
        stream.append_raw(node, 1);
    } else {
        let hash = keccak256(node);
        stream.append(&hash.as_bytes());
        on_hashed(hash, node);
    }
}

/// Hex-prefix form of a path: `kind` is 0x20 for a leaf, 0 for an extension.
fn hex_prefix(path: &[u8], kind: u8) -> Vec<u8> {
    let (first, even) = match path.split_first() {
        Some((odd, rest)) if path.len() & 1 == 1 => (kind | 0x10 | odd, rest),
        _ => (kind, path),
    };
    let mut out = Vec::from([first]);
    out.extend(even.chunks(2).map(|pair| pair.iter().fold(0u8, |byte, nibble| byte.wrapping_shl(4) | nibble)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::{decode_hex, encode_hex};
    use std::string::ToString;

    fn ordered(items: &[Vec<u8>]) -> BTreeMap<Vec<u8>, Vec<u8>> {
        items.iter().enumerate().map(|(i, item)| (::rlp::encode(&(i as u64)).to_vec(), item.clone())).collect()
    }

    #[test]
    fn equals_the_roots_of_the_node_for_lists_of_receipts() {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/chain_vectors.json"));
        let vectors: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
        let mut compared = 0;
        for case in vectors["deriveSha"].as_array().unwrap() {
            let none = Vec::new();
            let receipts = case["receipts"].as_array().unwrap_or(&none);
            if receipts.len() as u64 != case["n"].as_u64().unwrap() {
                continue;
            }
            let items: Vec<_> = receipts.iter().map(|item| decode_hex(item.as_str().unwrap()).unwrap()).collect();
            assert_eq!(trie_root(&ordered(&items)).to_string(), case["orig"].as_str().unwrap());
            compared += 1;
        }
        assert_eq!(compared, 7);
    }

    #[test]
    fn short_nodes_stand_in_their_parent_and_a_key_may_be_the_prefix_of_another() {
        // The classical example of the Ethereum documentation.
        let entries = [("do", "verb"), ("dog", "puppy"), ("doge", "coin"), ("horse", "stallion")];
        let entries: BTreeMap<_, _> =
            entries.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())).collect();
        let expected = "0x5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84";
        assert_eq!(encode_hex(trie_root(&entries).as_bytes()), expected);
    }

    #[test]
    fn an_empty_value_is_no_entry() {
        let with = BTreeMap::from([(vec_of(1), vec_of(2)), (vec_of(3), Vec::new())]);
        let without = BTreeMap::from([(vec_of(1), vec_of(2))]);
        assert_eq!(trie_root(&with), trie_root(&without));
    }

    fn vec_of(byte: u8) -> Vec<u8> {
        Vec::from([byte])
    }
}
