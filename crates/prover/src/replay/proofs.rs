//! `kaia_getProof` from recorded proofs: any slot whose path the recorded trie nodes of that height cover.

use super::{canonical_text, invalid, node_error, SERVER_ERROR};
use crate::rpc::RpcError;
use serde_json::{json, Value};
use spanlight::primitives::{decode_hex, encode_hex, keccak256};
use spanlight::trie::{prove_keys, read_exact};
use spanlight::{Hash, U256};
use std::collections::{BTreeMap, HashMap};

/// Recorded proofs by account and height.
#[derive(Debug, Default)]
pub(super) struct Proofs(HashMap<(String, u64), AccountProof>);

/// One account at one height.
#[derive(Debug, Default)]
struct AccountProof {
    /// Everything but the slots.
    account: Value,
    storage_root: Option<Hash>,
    slots: BTreeMap<Hash, Value>,
    nodes: BTreeMap<Hash, Vec<u8>>,
}

impl Proofs {
    pub(super) fn take(&mut self, params: &Value, result: &Value) -> Option<()> {
        let key = (canonical_text(params.get(0)?.as_str()?), super::quantity(params.get(2)?)?);
        let mut account = result.clone();
        let slots = account.as_object_mut()?.remove("storageProof")?;
        let proof = self.0.entry(key).or_default();
        proof.storage_root = account.get("storageHash")?.as_str()?.parse().ok();
        proof.account = account;
        for slot in slots.as_array()? {
            for node in slot.get("proof")?.as_array()? {
                let node = decode_hex(node.as_str()?).ok()?;
                proof.nodes.insert(keccak256(&node), node);
            }
            proof.slots.insert(slot_of(slot.get("key")?)?, slot.clone());
        }
        Some(())
    }

    pub(super) fn answer(&self, params: &Value, number: u64) -> Result<Value, RpcError> {
        let address = params.get(0).and_then(Value::as_str).map(canonical_text).ok_or_else(|| invalid("address"))?;
        let proof = self.0.get(&(address, number)).ok_or_else(|| pruned(number))?;
        let slots = params.get(1).and_then(Value::as_array).ok_or_else(|| invalid("slots"))?;
        let mut answers = Vec::with_capacity(slots.len());
        for slot in slots {
            let slot = slot_of(slot).ok_or_else(|| invalid("slot"))?;
            answers
                .push(proof.slots.get(&slot).cloned().or_else(|| proof.derive(&slot)).ok_or_else(|| pruned(number))?);
        }
        let mut answer = proof.account.clone();
        if let Some(fields) = answer.as_object_mut() {
            fields.insert("storageProof".to_owned(), answers.into());
        }
        Ok(answer)
    }
}

impl AccountProof {
    /// A slot that was not asked for when recording, if the nodes on its path were.
    fn derive(&self, slot: &Hash) -> Option<Value> {
        let root = self.storage_root?;
        let key = keccak256(slot.as_bytes()).0.to_vec();
        let nodes = prove_keys(&root, std::slice::from_ref(&key), &self.nodes).ok()?;
        let value = read_exact(&root, &[key], &nodes).ok()?.into_iter().next()?;
        let word = match value {
            Some(bytes) => word_of(&bytes)?,
            None => U256::ZERO,
        };
        let proof: Vec<String> = root_first(root, nodes).iter().map(|node| encode_hex(node)).collect();
        Some(json!({ "key": slot.to_string(), "value": format!("{word:#x}"), "proof": proof }))
    }
}

/// The nodes of one path in the order in which a node lists them.
fn root_first(root: Hash, nodes: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut rest: BTreeMap<Hash, Vec<u8>> = nodes.into_iter().map(|node| (keccak256(&node), node)).collect();
    let mut path: Vec<Vec<u8>> = rest.remove(&root).into_iter().collect();
    while let Some(last) = path.last() {
        let refers_to = |hash: &Hash| last.windows(hash.0.len()).any(|bytes| bytes == hash.0);
        let Some(next) = rest.keys().copied().find(refers_to) else { break };
        path.extend(rest.remove(&next));
    }
    path
}

fn word_of(rlp: &[u8]) -> Option<U256> {
    // A storage word is an RLP string of at most 32 bytes: one byte below 0x80, or a length byte and as many bytes.
    let bytes = match rlp {
        [single] if *single < 0x80 => rlp,
        [_, rest @ ..] => rest,
        [] => return None,
    };
    U256::try_from_be_slice(bytes)
}

/// A slot as a word; nodes also take it without leading zeros.
fn slot_of(value: &Value) -> Option<Hash> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    U256::from_str_radix(digits, 16).ok().map(Hash::from_u256)
}

/// What a node says that has not kept this state.
fn pruned(number: u64) -> RpcError {
    node_error(SERVER_ERROR, format!("missing trie node: state of block {number} is not available"))
}
