//! Trie nodes as RLP: hex-prefix paths, 2-item and 17-item lists, shortest references. Source: chain.md 4.1.
//!
//! Decoding refuses every node that the trie of any set of entries could not contain, as far as one node shows it.

use super::{TrieError, EMPTY_ROOT};
use crate::rlp::{Reader, RlpError, RlpStream};
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::ops::Range;
use trie_db::node::{NibbleSlicePlan, NodeHandlePlan, NodePlan, Value, ValuePlan};
use trie_db::{ChildReference, NodeCodec};

/// The empty RLP string: an absent child, and the node of the empty trie.
const EMPTY_ITEM: [u8; 1] = [0x80];
/// Sixteen children and a value.
const BRANCH_ITEMS: usize = 17;
/// Nodes shorter than a hash are embedded in their parent.
const HASH_LENGTH: usize = 32;
/// First byte of the shortest RLP list.
const LIST: u8 = 0xc0;
const ODD: u8 = 0x10;
const LEAF: u8 = 0x20;

/// The node codec of the Ethereum trie for `trie-db`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RlpNodeCodec;

impl NodeCodec for RlpNodeCodec {
    type Error = TrieError;
    type HashOut = [u8; 32];

    fn hashed_null_node() -> [u8; 32] {
        EMPTY_ROOT.0
    }

    fn decode_plan(data: &[u8]) -> Result<NodePlan, TrieError> {
        if Self::is_empty_node(data) {
            return Ok(NodePlan::Empty);
        }
        let items = item_ranges(data)?;
        match items.as_slice() {
            [path, target] => short_plan(data, path, target),
            [children @ .., value] if items.len() == BRANCH_ITEMS => branch_plan(data, children, value),
            _ => Err(TrieError::ItemCount { got: items.len() }),
        }
    }

    fn is_empty_node(data: &[u8]) -> bool {
        data == EMPTY_ITEM
    }

    fn empty_node() -> &'static [u8] {
        &EMPTY_ITEM
    }

    fn leaf_node(partial: impl Iterator<Item = u8>, number_nibble: usize, value: Value) -> Vec<u8> {
        let mut stream = RlpStream::new_list(2);
        stream.append(&hex_prefix(partial, number_nibble, LEAF));
        append_value(&mut stream, Some(value));
        stream.out().to_vec()
    }

    fn extension_node(
        partial: impl Iterator<Item = u8>,
        number_nibble: usize,
        child: ChildReference<[u8; 32]>,
    ) -> Vec<u8> {
        let mut stream = RlpStream::new_list(2);
        stream.append(&hex_prefix(partial, number_nibble, 0));
        append_child(&mut stream, Some(&child));
        stream.out().to_vec()
    }

    fn branch_node(
        children: impl Iterator<Item = impl Borrow<Option<ChildReference<[u8; 32]>>>>,
        value: Option<Value>,
    ) -> Vec<u8> {
        let mut stream = RlpStream::new_list(BRANCH_ITEMS);
        for child in children {
            append_child(&mut stream, child.borrow().as_ref());
        }
        append_value(&mut stream, value);
        stream.out().to_vec()
    }

    /// Never called: the layout has extension nodes, so branches carry no path.
    fn branch_node_nibbled(
        _partial: impl Iterator<Item = u8>,
        _number_nibble: usize,
        children: impl Iterator<Item = impl Borrow<Option<ChildReference<[u8; 32]>>>>,
        value: Option<Value>,
    ) -> Vec<u8> {
        Self::branch_node(children, value)
    }
}

/// Where each item of the list `data` stands, headers included. Stops at one item more than any node has.
fn item_ranges(data: &[u8]) -> Result<Vec<Range<usize>>, TrieError> {
    let mut reader = Reader::list(data)?;
    let mut lengths = Vec::with_capacity(BRANCH_ITEMS);
    while !reader.is_empty() {
        if lengths.len() >= BRANCH_ITEMS {
            return Err(TrieError::ItemCount { got: lengths.len().saturating_add(1) });
        }
        lengths.push(reader.raw()?.len());
    }
    let payload = lengths.iter().fold(0usize, |sum, length| sum.saturating_add(*length));
    let mut start = data.len().saturating_sub(payload);
    Ok(lengths
        .into_iter()
        .map(|length| {
            let range = start..start.saturating_add(length);
            start = range.end;
            range
        })
        .collect())
}

fn slice<'a>(data: &'a [u8], range: &Range<usize>) -> Result<&'a [u8], TrieError> {
    data.get(range.clone()).ok_or(TrieError::Rlp(RlpError::Malformed))
}

/// Where the content of the string item at `range` stands.
fn string_range(data: &[u8], range: &Range<usize>) -> Result<Range<usize>, TrieError> {
    let content = Reader::items(slice(data, range)?).bytes()?;
    Ok(range.end.saturating_sub(content.len())..range.end)
}

fn short_plan(data: &[u8], path: &Range<usize>, target: &Range<usize>) -> Result<NodePlan, TrieError> {
    let path = string_range(data, path)?;
    let flags = path_flags(slice(data, &path)?)?;
    let partial = if flags & ODD == ODD {
        NibbleSlicePlan::new(path, 1)
    } else {
        NibbleSlicePlan::new(path.start.saturating_add(1)..path.end, 0)
    };
    if flags & LEAF == LEAF {
        let value = string_range(data, target)?;
        if value.is_empty() {
            return Err(TrieError::EmptyValue);
        }
        return Ok(NodePlan::Leaf { partial, value: ValuePlan::Inline(value) });
    }
    // An empty path would also let a walk go on for ever without using up the key.
    if partial.len() == 0 {
        return Err(TrieError::EmptyExtension);
    }
    let child = reference(data, target)?.ok_or(TrieError::ExtensionWithoutBranch)?;
    Ok(NodePlan::Extension { partial, child })
}

/// The flag bits of a hex-prefix path, whose unused bits must be zero.
fn path_flags(path: &[u8]) -> Result<u8, TrieError> {
    let first = *path.first().ok_or(TrieError::Path)?;
    let unused = if first & ODD == ODD { 0xc0 } else { 0xcf };
    if first & unused != 0 {
        return Err(TrieError::Path);
    }
    Ok(first & (ODD | LEAF))
}

fn branch_plan(data: &[u8], children: &[Range<usize>], value: &Range<usize>) -> Result<NodePlan, TrieError> {
    let mut plans: [Option<NodeHandlePlan>; 16] = Default::default();
    for (plan, child) in plans.iter_mut().zip(children) {
        *plan = reference(data, child)?;
    }
    let value = string_range(data, value)?;
    let value = (!value.is_empty()).then_some(ValuePlan::Inline(value));
    let occupied = plans.iter().flatten().count().saturating_add(usize::from(value.is_some()));
    if occupied < 2 {
        return Err(TrieError::SparseBranch { occupied });
    }
    Ok(NodePlan::Branch { value, children: plans })
}

/// A child: nothing, a hash of exactly 32 bytes, or a node of less than 32 bytes as it stands. The node software also reads
/// 39-byte references from its database; a proof never has them.
fn reference(data: &[u8], range: &Range<usize>) -> Result<Option<NodeHandlePlan>, TrieError> {
    let item = slice(data, range)?;
    match item {
        [0x80] => Ok(None),
        [0xa0, ..] => Ok(Some(NodeHandlePlan::Hash(range.start.saturating_add(1)..range.end))),
        [first, ..] if *first >= LIST && item.len() < HASH_LENGTH => Ok(Some(NodeHandlePlan::Inline(range.clone()))),
        [first, ..] if *first >= LIST => Err(TrieError::EmbeddedTooLong { got: item.len() }),
        _ => Err(TrieError::Reference { got: item.len() }),
    }
}

/// `partial` comes as `trie-db` gives it: with an odd number of nibbles the first byte holds one, in its low half.
fn hex_prefix(mut partial: impl Iterator<Item = u8>, nibbles: usize, kind: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(nibbles.wrapping_shr(1).saturating_add(1));
    if nibbles & 1 == 1 {
        out.push(kind | ODD | (partial.next().unwrap_or_default() & 0x0f));
    } else {
        out.push(kind);
    }
    out.extend(partial);
    out
}

fn append_child(stream: &mut RlpStream, child: Option<&ChildReference<[u8; 32]>>) {
    match child {
        Some(ChildReference::Hash(hash)) => stream.append(&hash.as_slice()),
        Some(ChildReference::Inline(bytes, length)) => stream.append_raw(bytes.get(..*length).unwrap_or_default(), 1),
        None => stream.append_empty_data(),
    };
}

fn append_value(stream: &mut RlpStream, value: Option<Value>) {
    match value {
        Some(Value::Inline(bytes) | Value::Node(bytes)) => stream.append(&bytes),
        None => stream.append_empty_data(),
    };
}
