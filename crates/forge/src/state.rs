//! The state of a chain: some accounts, and the bridge with its storage.

use spanlight::primitives::{keccak256, Address, Hash, U256};
use spanlight::state::{Account, AccountKey, AccountKind, StateProof};
use spanlight::trie::{prove_keys, trie_nodes, trie_root, EMPTY_ROOT};
use std::collections::BTreeMap;

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// Everything a state root commits to.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Account values by address, all but the contract's below.
    pub accounts: BTreeMap<Address, Account>,
    /// The contract whose storage is kept.
    pub contract: Option<Contract>,
}

/// A contract with storage.
#[derive(Clone, Debug)]
pub struct Contract {
    /// Where it is.
    pub address: Address,
    /// Its coin.
    pub balance: U256,
    /// Hash of its code.
    pub code_hash: Hash,
    /// Its words, zero ones left out.
    pub storage: BTreeMap<Hash, U256>,
}

impl Contract {
    fn entries(&self) -> Entries {
        let word = |value: &U256| {
            let mut stream = spanlight::rlp::RlpStream::new();
            stream.append(&value.to_be_bytes_trimmed_vec());
            stream.out().to_vec()
        };
        let set = self.storage.iter().filter(|(_, value)| !value.is_zero());
        set.map(|(slot, value)| (keccak256(slot.as_bytes()).0.to_vec(), word(value))).collect()
    }

    pub(crate) fn account(&self) -> Account {
        let entries = self.entries();
        let storage_root = if entries.is_empty() { EMPTY_ROOT } else { trie_root(&entries) };
        Account {
            nonce: 1,
            balance: self.balance,
            human_readable: false,
            key: AccountKey::Fail,
            kind: AccountKind::Contract,
            storage_root,
            code_hash: self.code_hash,
            code_info: 0x10,
        }
    }
}

/// An account of somebody with a key.
#[must_use]
pub fn person(nonce: u64, balance: u64) -> Account {
    Account {
        nonce,
        balance: U256::from(balance),
        human_readable: false,
        key: AccountKey::Legacy,
        kind: AccountKind::Eoa,
        storage_root: EMPTY_ROOT,
        code_hash: keccak256(b""),
        code_info: 0,
    }
}

impl State {
    fn entries(&self) -> Entries {
        let contract = self.contract.iter().map(|contract| (contract.address, contract.account()));
        let all = self.accounts.iter().map(|(address, account)| (*address, account.clone())).chain(contract);
        all.map(|(address, account)| (keccak256(address.as_bytes()).0.to_vec(), account.encode())).collect()
    }

    /// The state root.
    #[must_use]
    pub fn root(&self) -> Hash {
        trie_root(&self.entries())
    }

    /// Proves the contract's account (or, without one, the absence of `address`) and some of its slots.
    #[must_use]
    pub fn prove(&self, address: &Address, slots: &[Hash]) -> StateProof {
        let key = keccak256(address.as_bytes()).0.to_vec();
        let account_nodes = nodes_on_paths(&self.entries(), &[key]);
        let Some(contract) = &self.contract else {
            return StateProof { account_nodes, ..StateProof::default() };
        };
        let mut slots = slots.to_vec();
        slots.sort_unstable();
        slots.dedup();
        let keys: Vec<Vec<u8>> = slots.iter().map(|slot| keccak256(slot.as_bytes()).0.to_vec()).collect();
        let storage_nodes = nodes_on_paths(&contract.entries(), &keys);
        StateProof { account_nodes, slots, storage_nodes }
    }
}

fn nodes_on_paths(entries: &Entries, keys: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let (root, nodes) = trie_nodes(entries);
    prove_keys(&root, keys, &nodes).expect("the nodes are those of the trie")
}
