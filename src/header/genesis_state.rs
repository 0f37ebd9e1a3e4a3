//! The state root of block 0, from the accounts of a genesis file. Source: chain.md 1.1, 4.2-4.4.

use super::genesis::GenesisError;
use super::text::number;
use crate::primitives::{decode_hex, keccak256, Address, Hash, U256};
use crate::rlp::{append_u256, RlpStream};
use crate::trie::trie_root;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Deserialize;

/// An account of the file's `alloc`.
#[derive(Debug, Deserialize)]
pub(super) struct AllocEntry {
    balance: Option<String>,
    code: Option<String>,
    storage: Option<BTreeMap<String, String>>,
    nonce: Option<String>,
}

/// The state root over all accounts of the file.
///
/// A contract's account says whether Istanbul's virtual machine was in force when it was deployed.
pub(super) fn state_root(
    alloc: &BTreeMap<String, AllocEntry>,
    istanbul_at_genesis: bool,
) -> Result<Hash, GenesisError> {
    let mut accounts = BTreeMap::new();
    for (text, entry) in alloc {
        let address = address(text).ok_or(GenesisError::Field { field: "alloc" })?;
        let value = account_value(entry, istanbul_at_genesis)?;
        // With and without 0x, in two cases: one address may be written in several ways, and the node takes any of them.
        if accounts.insert(keccak256(address.as_bytes()).0.to_vec(), value).is_some() {
            return Err(GenesisError::DuplicateAccount { address });
        }
    }
    Ok(trie_root(&accounts))
}

fn address(text: &str) -> Option<Address> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    alloc::format!("0x{digits}").parse().ok()
}

fn account_value(entry: &AllocEntry, istanbul_at_genesis: bool) -> Result<Vec<u8>, GenesisError> {
    let balance = match &entry.balance {
        Some(text) => number(text).ok_or(GenesisError::Field { field: "balance" })?,
        None => U256::ZERO,
    };
    let code = match &entry.code {
        Some(text) => decode_hex(text).map_err(|_| GenesisError::Field { field: "code" })?,
        None => Vec::new(),
    };
    let storage = storage_entries(entry.storage.as_ref())?;
    let nonce = entry.nonce.as_deref().map_or(Some(U256::ZERO), number);
    if nonce != Some(U256::ZERO) {
        return Err(GenesisError::Unsupported { what: "an account with a nonce" });
    }
    if !code.is_empty() {
        return Ok(contract_value(balance, &code, storage, istanbul_at_genesis));
    }
    if !storage.is_empty() {
        return Err(GenesisError::Unsupported { what: "an account with storage and no code" });
    }
    Ok(user_value(balance))
}

/// Storage by hashed slot; a value may be written in any number of digits, and a zero word is absent.
fn storage_entries(storage: Option<&BTreeMap<String, String>>) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, GenesisError> {
    let wrong = GenesisError::Field { field: "storage" };
    let mut entries = BTreeMap::new();
    for (slot, value) in storage.into_iter().flatten() {
        let (slot, value) = (number(slot).ok_or(wrong.clone())?, number(value).ok_or(wrong.clone())?);
        let word = ::rlp::encode(&value.to_be_bytes_trimmed_vec()).to_vec();
        let kept = if value.is_zero() { Vec::new() } else { word };
        let slot = Hash::from_u256(slot);
        if entries.insert(keccak256(slot.as_bytes()).0.to_vec(), kept).is_some() {
            return Err(GenesisError::DuplicateSlot { slot });
        }
    }
    Ok(entries)
}

const LEGACY_KEY: u8 = 1;
const FAIL_KEY: u8 = 3;

/// The part that all accounts have: nonce 0, balance, no human-readable address, and the key with an empty body.
fn append_common(stream: &mut RlpStream, balance: U256, key_type: u8) {
    stream.append(&0u64);
    append_u256(stream, balance);
    stream.append(&false).append(&key_type).begin_list(0);
}

/// An externally owned account in compact form.
fn user_value(balance: U256) -> Vec<u8> {
    const USER: u8 = 1;
    let mut stream = RlpStream::new_list(5);
    append_common(&mut stream, balance, LEGACY_KEY);
    typed(USER, &stream)
}

fn contract_value(balance: U256, code: &[u8], storage: BTreeMap<Vec<u8>, Vec<u8>>, istanbul: bool) -> Vec<u8> {
    const CONTRACT: u8 = 2;
    const VM_OF_ISTANBUL: u8 = 0x10;
    let code_info = if istanbul { VM_OF_ISTANBUL } else { 0 };
    let mut stream = RlpStream::new_list(4);
    stream.begin_list(5);
    append_common(&mut stream, balance, FAIL_KEY);
    stream.append(&trie_root(&storage).as_bytes()).append(&keccak256(code).as_bytes()).append(&code_info);
    typed(CONTRACT, &stream)
}

fn typed(kind: u8, stream: &RlpStream) -> Vec<u8> {
    let mut out = Vec::from([kind]);
    out.extend_from_slice(stream.as_raw());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::encode_hex;

    fn entry(json: &str) -> AllocEntry {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_zero_word_is_absent_and_the_digits_of_a_value_do_not_matter() {
        let long = entry(r#"{"code":"0x00","balance":"0x0","storage":{"0x01":"0x0002","0x2":"0x00"}}"#);
        let short = entry(r#"{"code":"0x00","storage":{"0x1":"0x2"}}"#);
        assert_eq!(account_value(&long, true), account_value(&short, true));
        assert_ne!(account_value(&long, true), account_value(&long, false));
    }

    #[test]
    fn refuses_what_the_node_would_treat_in_a_way_not_known_here() {
        let with_nonce = account_value(&entry(r#"{"balance":"0x0","nonce":"0x1"}"#), true);
        assert_eq!(with_nonce, Err(GenesisError::Unsupported { what: "an account with a nonce" }));
        let codeless = account_value(&entry(r#"{"storage":{"0x1":"0x1"}}"#), true);
        assert_eq!(codeless, Err(GenesisError::Unsupported { what: "an account with storage and no code" }));
        let twice = account_value(&entry(r#"{"code":"0x00","storage":{"0x1":"0x1","0x01":"0x2"}}"#), true);
        assert_eq!(twice, Err(GenesisError::DuplicateSlot { slot: Hash::from_u256(U256::ONE) }));
    }

    #[test]
    fn refuses_one_account_written_twice() {
        let text = encode_hex(&[0xab; 20]);
        let alloc = [text.clone(), text.trim_start_matches("0x").to_uppercase()].map(|t| (t, entry("{}")));
        let result = state_root(&alloc.into_iter().collect(), true);
        assert_eq!(result, Err(GenesisError::DuplicateAccount { address: Address([0xab; 20]) }));
    }
}
