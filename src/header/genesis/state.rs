//! The state root of block 0, from the accounts of a genesis file. Source: chain.md 1.1, 4.2-4.4.

use super::members::{bytes, number_in_text, small_number_in_text, Members};
use super::GenesisError;
use crate::primitives::{decode_hex, keccak256, Address, Hash, U256};
use crate::rlp::{append_u256, RlpStream};
use crate::trie::trie_root;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

/// Which forks of block 0 shape the accounts in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct AtGenesis {
    /// Contracts are of Istanbul's virtual machine.
    pub(super) istanbul: bool,
    /// A user's account may have delegated code or storage.
    pub(super) prague: bool,
}

/// An account of the file's `alloc`.
struct Entry {
    balance: U256,
    code: Vec<u8>,
    /// As the file has it: words of zero count as entries.
    storage: BTreeMap<Hash, U256>,
    nonce: u64,
}

/// The state root over all accounts of the file.
///
/// One address may be written in several ways, with and without 0x and in two cases; the last entry
/// counts.
pub(super) fn state_root(alloc: &Members<'_>, at_genesis: AtGenesis) -> Result<Hash, GenesisError> {
    const MALFORMED: GenesisError = GenesisError::Field { field: "alloc" };
    let mut accounts = BTreeMap::new();
    for (name, entry) in alloc.iter() {
        let address = address(name).ok_or(MALFORMED)?;
        let entry: Members<'_> = serde_json::from_str(entry).map_err(|_| MALFORMED)?;
        let value = Entry::read(&entry)?.account(at_genesis);
        accounts.insert(keccak256(address.as_bytes()).0.to_vec(), value);
    }
    Ok(trie_root(&accounts))
}

fn address(text: &str) -> Option<Address> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    format!("0x{digits}").parse().ok()
}

impl Entry {
    fn read(entry: &Members<'_>) -> Result<Self, GenesisError> {
        let missing = GenesisError::Missing { field: "balance" };
        Ok(Self {
            balance: entry.pointer("balance", number_in_text)?.ok_or(missing)?,
            code: entry.pointer("code", bytes)?.unwrap_or_default(),
            storage: storage_words(entry.section("storage")?)?,
            nonce: entry.pointer("nonce", small_number_in_text)?.unwrap_or(0),
        })
    }

    /// The account's value in the state trie.
    ///
    /// Code makes a contract, and so does storage, unless Prague is active: there delegated code
    /// and storage may belong to a user's account.
    fn account(&self, at_genesis: AtGenesis) -> Vec<u8> {
        const VM_OF_ISTANBUL: u8 = 0x10;
        let storage = storage_root(&self.storage);
        let code_hash = keccak256(&self.code);
        let with_code = !self.code.is_empty();
        let code_info = if with_code && at_genesis.istanbul { VM_OF_ISTANBUL } else { 0 };
        let delegated = at_genesis.prague && is_delegation(&self.code);
        let users = delegated || (!with_code && (at_genesis.prague || self.storage.is_empty()));
        let nothing_beyond = !with_code && storage == empty_root();
        let body = Body { storage, code_hash, code_info };
        match (users, nothing_beyond) {
            (true, true) => self.plain_user(),
            (true, false) => self.with_body(USER, LEGACY_KEY, &body),
            (false, _) => self.with_body(CONTRACT, FAIL_KEY, &body),
        }
    }

    /// A user's account in compact form.
    fn plain_user(&self) -> Vec<u8> {
        let mut stream = RlpStream::new_list(5);
        self.append_common(&mut stream, LEGACY_KEY);
        typed(USER, &stream)
    }

    fn with_body(&self, kind: u8, key_type: u8, body: &Body) -> Vec<u8> {
        let mut stream = RlpStream::new_list(4);
        stream.begin_list(5);
        self.append_common(&mut stream, key_type);
        stream.append(&body.storage.as_bytes()).append(&body.code_hash.as_bytes()).append(&body.code_info);
        typed(kind, &stream)
    }

    /// The part that all accounts have: nonce, balance, no human-readable address, and the key with
    /// an empty body.
    fn append_common(&self, stream: &mut RlpStream, key_type: u8) {
        stream.append(&self.nonce);
        append_u256(stream, self.balance);
        stream.append(&false).append(&key_type).begin_list(0);
    }
}

const USER: u8 = 1;
const CONTRACT: u8 = 2;
const LEGACY_KEY: u8 = 1;
const FAIL_KEY: u8 = 3;

struct Body {
    storage: Hash,
    code_hash: Hash,
    code_info: u8,
}

/// Code that only says whose code is run instead (EIP-7702).
fn is_delegation(code: &[u8]) -> bool {
    const LENGTH: usize = 23;
    code.len() == LENGTH && code.starts_with(&[0xef, 0x01, 0x00])
}

/// Slots and words: up to 32 bytes of hex each, with or without 0x, two digits a byte. The last
/// entry of a slot counts.
fn storage_words(storage: Option<Members<'_>>) -> Result<BTreeMap<Hash, U256>, GenesisError> {
    const MALFORMED: GenesisError = GenesisError::Field { field: "storage" };
    let mut words = BTreeMap::new();
    for (slot, value) in storage.as_ref().into_iter().flat_map(Members::iter) {
        let value = super::members::text(value).ok_or(MALFORMED)?;
        let (slot, value) = (word(slot).ok_or(MALFORMED)?, word(&value).ok_or(MALFORMED)?);
        words.insert(Hash::from_u256(slot), value);
    }
    Ok(words)
}

fn word(text: &str) -> Option<U256> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes = decode_hex(&format!("0x{digits}")).ok().filter(|bytes| bytes.len() <= 32)?;
    U256::try_from_be_slice(&bytes)
}

/// A word of zero is absent.
fn storage_root(words: &BTreeMap<Hash, U256>) -> Hash {
    let entries: BTreeMap<Vec<u8>, Vec<u8>> = words
        .iter()
        .filter(|(_, word)| !word.is_zero())
        .map(|(slot, word)| {
            (keccak256(slot.as_bytes()).0.to_vec(), ::rlp::encode(&word.to_be_bytes_trimmed_vec()).to_vec())
        })
        .collect();
    trie_root(&entries)
}

/// The root of a trie without entries.
fn empty_root() -> Hash {
    keccak256(&[0x80])
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
    use std::string::ToString;

    const NEW: AtGenesis = AtGenesis { istanbul: true, prague: true };
    const OLD: AtGenesis = AtGenesis { istanbul: true, prague: false };

    fn account(json: &str, at_genesis: AtGenesis) -> Result<Vec<u8>, GenesisError> {
        Ok(Entry::read(&Members::of_text(json)?)?.account(at_genesis))
    }

    #[test]
    fn a_zero_word_is_absent_and_leading_zeros_of_a_value_do_not_matter() {
        let long = r#"{"code":"0x00","balance":"0x0","storage":{"0x0001":"0x0002","0x02":"0x00","03":""}}"#;
        let short = r#"{"code":"0x00","balance":"","storage":{"0x01":"02"}}"#;
        assert_eq!(account(long, OLD), account(short, OLD));
        assert_ne!(account(long, OLD), account(long, AtGenesis { istanbul: false, prague: false }));
    }

    #[test]
    fn storage_without_code_and_delegated_code_belong_to_a_user_from_prague_on() {
        let stored = r#"{"balance":"0x0","storage":{"0x01":"0x01"}}"#;
        let delegated = std::format!(r#"{{"balance":"0x0","code":"0xef0100{}"}}"#, "22".repeat(20));
        for json in [stored, &delegated] {
            assert_eq!(account(json, NEW).unwrap()[0], USER, "{json}");
            assert_eq!(account(json, OLD).unwrap()[0], CONTRACT, "{json}");
        }
        let zeros = r#"{"balance":"0x0","storage":{"0x01":"0x00"}}"#;
        assert_eq!(account(zeros, NEW), account(r#"{"balance":"0x0"}"#, NEW));
        assert_eq!(account(zeros, OLD).unwrap()[0], CONTRACT);
    }

    #[test]
    fn refuses_an_account_without_balance_and_malformed_slots() {
        assert_eq!(account("{}", OLD), Err(GenesisError::Missing { field: "balance" }));
        for slot in ["0x1", "0X01", "zz", &"00".repeat(33)] {
            let json = std::format!(r#"{{"balance":"0x0","storage":{{"{slot}":"0x01"}}}}"#);
            assert_eq!(account(&json, OLD), Err(GenesisError::Field { field: "storage" }), "{slot}");
        }
    }

    #[test]
    fn of_one_account_written_twice_the_last_entry_counts() {
        let root = |json: &str| state_root(&Members::of_text(json).unwrap(), OLD);
        let text = encode_hex(&[0xab; 20]);
        let other = text.trim_start_matches("0x").to_uppercase().to_string();
        let twice = std::format!(r#"{{"{text}":{{"balance":"1","nonce":"7"}},"{other}":{{"balance":"2"}}}}"#);
        let once = std::format!(r#"{{"{text}":{{"balance":"2"}}}}"#);
        assert_eq!(root(&twice), root(&once));
    }
}
