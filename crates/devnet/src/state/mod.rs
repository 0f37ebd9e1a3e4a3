//! The state of a chain: accounts, storage and code at every block, and what one block changes of them.

mod commit;
mod nodes;
mod overlay;

pub use nodes::Nodes;
pub use overlay::{Delta, Overlay, StateFault};

use crate::evm;
use revm::bytecode::Bytecode;
use spanlight::keccak256;
use spanlight::primitives::{Address, Hash, U256};
use spanlight::state::account::EMPTY_CODE_HASH;
use spanlight::state::storage::decode_word;
use spanlight::state::{Account, AccountKey, AccountKind};
use spanlight::trie::EMPTY_ROOT;
use std::collections::HashMap;

/// Everything that state roots and code hashes lead to.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// Nodes of all tries.
    pub nodes: Nodes,
    codes: HashMap<Hash, Bytecode>,
    fresh_codes: Vec<Hash>,
}

impl Store {
    /// Adds code.
    pub fn add_code(&mut self, code: &[u8]) -> Hash {
        let hash = keccak256(code);
        self.add_analysed(hash, Bytecode::new_raw(code.to_vec().into()));
        hash
    }

    fn add_analysed(&mut self, hash: Hash, code: Bytecode) {
        if self.codes.insert(hash, code).is_none() {
            self.fresh_codes.push(hash);
        }
    }

    /// The code with this hash.
    #[must_use]
    pub fn code(&self, hash: &Hash) -> Option<&Bytecode> {
        self.codes.get(hash)
    }

    /// The codes added since the last call.
    pub fn take_fresh_codes(&mut self) -> Vec<Vec<u8>> {
        let fresh = std::mem::take(&mut self.fresh_codes);
        fresh.iter().filter_map(|hash| Some(self.codes.get(hash)?.original_byte_slice().to_vec())).collect()
    }

    /// The state after the block with this state root.
    #[must_use]
    pub const fn at(&self, root: Hash) -> View<'_> {
        View { store: self, root }
    }
}

/// The state after one block.
#[derive(Clone, Copy, Debug)]
pub struct View<'s> {
    store: &'s Store,
    root: Hash,
}

/// What `getProof` shows of an account.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The account.
    pub account: Account,
    /// Nodes from the state root to the account.
    pub account_nodes: Vec<Vec<u8>>,
    /// Each slot with its word and the nodes from the storage root to it.
    pub slots: Vec<(Hash, U256, Vec<Vec<u8>>)>,
}

impl<'s> View<'s> {
    /// The account at an address.
    ///
    /// # Errors
    /// Where the state is not there.
    pub fn account(&self, address: &Address) -> Result<Option<Account>, StateFault> {
        let value = self.store.nodes.get(&self.root, &keccak256(address.as_bytes()))?;
        value.map(|value| Account::decode(&value)).transpose().map_err(|_| StateFault)
    }

    /// A word of an account's storage.
    ///
    /// # Errors
    /// Where the state is not there.
    pub fn word(&self, account: &Account, slot: &Hash) -> Result<U256, StateFault> {
        let value = self.store.nodes.get(&account.storage_root, &keccak256(slot.as_bytes()))?;
        value.map_or(Ok(U256::ZERO), |value| decode_word(&value).map_err(|_| StateFault))
    }

    /// The code of an account.
    #[must_use]
    pub fn code(&self, account: &Account) -> Vec<u8> {
        self.store.code(&account.code_hash).map(|code| code.original_byte_slice().to_vec()).unwrap_or_default()
    }

    /// Proves an account and slots of it; none where there is no such account, as nodes have it.
    ///
    /// # Errors
    /// Where the state is not there.
    pub fn prove(&self, address: &Address, slots: &[Hash]) -> Result<Option<Proof>, StateFault> {
        let Some(account) = self.account(address)? else { return Ok(None) };
        let account_nodes = self.store.nodes.path(&self.root, &keccak256(address.as_bytes()))?;
        let prove = |slot: &Hash| {
            let path = self.store.nodes.path(&account.storage_root, &keccak256(slot.as_bytes()))?;
            Ok((*slot, self.word(&account, slot)?, path))
        };
        let slots = slots.iter().map(prove).collect::<Result<_, StateFault>>()?;
        Ok(Some(Proof { account, account_nodes, slots }))
    }

    pub(crate) const fn store(&self) -> &'s Store {
        self.store
    }
}

/// An account of somebody with a key, as it begins.
#[must_use]
pub const fn new_user() -> Account {
    Account {
        nonce: 0,
        balance: U256::ZERO,
        human_readable: false,
        key: AccountKey::Legacy,
        kind: AccountKind::Eoa,
        storage_root: EMPTY_ROOT,
        code_hash: EMPTY_CODE_HASH,
        code_info: 0,
    }
}

/// The machine version and code format of contracts made now.
#[must_use]
pub const fn code_info(istanbul: bool) -> u8 {
    if istanbul {
        0x10
    } else {
        0
    }
}

/// Whether an account runs code when it is called.
#[must_use]
pub fn has_code(account: &Account) -> bool {
    account.code_hash != EMPTY_CODE_HASH && !account.code_hash.is_zero()
}

/// For the machine: an account without key, kind and storage root.
pub(crate) fn info_of(account: &Account, store: &Store) -> revm::state::AccountInfo {
    revm::state::AccountInfo {
        balance: account.balance,
        nonce: account.nonce,
        code_hash: evm::word(&account.code_hash),
        account_id: None,
        code: if has_code(account) { store.code(&account.code_hash).cloned() } else { Some(Bytecode::default()) },
    }
}
