//! What a block in the making has changed so far, over the state it began from.

use super::{code_info, has_code, info_of, new_user, Store, View};
use crate::evm;
use revm::bytecode::Bytecode;
use revm::primitives::{Address as EvmAddress, B256};
use revm::state::{AccountInfo, EvmState};
use spanlight::primitives::{Address, Hash, U256};
use spanlight::state::{Account, AccountKey, AccountKind};
use spanlight::trie::{TrieError, EMPTY_ROOT};
use std::collections::{BTreeMap, HashMap};

/// Prefix of code that stands for another account's (EIP-7702).
const DELEGATION: [u8; 3] = [0xef, 0x01, 0x00];

/// The state is not there: its nodes are missing or unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("missing trie node")]
pub struct StateFault;

impl From<TrieError> for StateFault {
    fn from(_: TrieError) -> Self {
        Self
    }
}

impl revm::database_interface::DBErrorMarker for StateFault {}

/// One account as the block has it so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) account: Option<Account>,
    pub(super) words: BTreeMap<Hash, U256>,
    pub(super) changed: bool,
}

/// Changes over a state. Reads are kept too, so that each is made once.
#[derive(Clone, Debug)]
pub struct Overlay<'s> {
    pub(super) base: View<'s>,
    pub(super) entries: BTreeMap<Address, Entry>,
    pub(super) codes: HashMap<Hash, Bytecode>,
    hashes: &'s [Hash],
    istanbul: bool,
}

/// What an [`Overlay`] holds when it is done, without the state it began from.
#[derive(Clone, Debug)]
pub struct Delta {
    pub(super) entries: BTreeMap<Address, Entry>,
    pub(super) codes: HashMap<Hash, Bytecode>,
}

impl<'s> Overlay<'s> {
    /// No changes over `base`. `hashes` are the hashes of the blocks before, from block 0.
    #[must_use]
    pub fn new(base: View<'s>, hashes: &'s [Hash], istanbul: bool) -> Self {
        Self { base, entries: BTreeMap::new(), codes: HashMap::new(), hashes, istanbul }
    }

    /// The changes.
    #[must_use]
    pub fn into_delta(self) -> Delta {
        Delta { entries: self.entries, codes: self.codes }
    }

    fn entry(&mut self, address: Address) -> Result<&mut Entry, StateFault> {
        match self.entries.entry(address) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let account = self.base.account(&address)?;
                Ok(entry.insert(Entry { account, ..Entry::default() }))
            }
        }
    }

    /// An account as it is now.
    ///
    /// # Errors
    /// Where the state is not there.
    pub fn account(&mut self, address: Address) -> Result<Option<Account>, StateFault> {
        Ok(self.entry(address)?.account.clone())
    }

    /// Changes an account, which begins as a user's where there was none.
    ///
    /// # Errors
    /// Where the state is not there.
    pub fn update(&mut self, address: Address, change: impl FnOnce(&mut Account)) -> Result<(), StateFault> {
        let entry = self.entry(address)?;
        change(entry.account.get_or_insert_with(new_user));
        entry.changed = true;
        Ok(())
    }

    /// Takes over what the machine changed.
    ///
    /// # Errors
    /// Where the state is not there.
    pub fn apply(&mut self, changes: EvmState) -> Result<(), StateFault> {
        for (address, change) in changes {
            if change.is_touched() {
                self.apply_one(evm::from_address(&address), change)?;
            }
        }
        Ok(())
    }

    fn apply_one(&mut self, address: Address, change: revm::state::Account) -> Result<(), StateFault> {
        let istanbul = self.istanbul;
        let code = change.info.code.clone().filter(|code| !code.is_empty());
        if let Some(code) = &code {
            let hash = evm::from_word(&change.info.code_hash);
            if self.base.store().code(&hash).is_none() {
                self.codes.insert(hash, code.clone());
            }
        }
        let entry = self.entry(address)?;
        if change.is_selfdestructed() {
            *entry = Entry { changed: true, ..Entry::default() };
            return Ok(());
        }
        entry.changed = true;
        if change.is_created() {
            // The address may have been used before; what it held is gone, but for its coin.
            entry.words.clear();
            entry.account = Some(Account { kind: AccountKind::Contract, key: AccountKey::Fail, ..new_user() });
        }
        let account = entry.account.get_or_insert_with(new_user);
        account.balance = change.info.balance;
        account.nonce = change.info.nonce;
        account.code_hash = evm::from_word(&change.info.code_hash);
        if account.kind == AccountKind::Contract {
            if change.is_created() {
                account.code_info = code_info(istanbul);
            }
        } else {
            let delegated = code.as_ref().is_some_and(|code| code.original_byte_slice().starts_with(&DELEGATION));
            account.code_info = if delegated { code_info(istanbul) } else { 0 };
        }
        for (slot, value) in change.changed_storage_slots() {
            entry.words.insert(Hash::from_u256(*slot), value.present_value());
        }
        if entry.account.as_ref().is_some_and(is_nothing) {
            entry.account = None;
        }
        Ok(())
    }

    fn store(&self) -> &'s Store {
        self.base.store()
    }
}

/// What EIP-161 removes. A changed key is something.
fn is_nothing(account: &Account) -> bool {
    let user = account.kind != AccountKind::Contract && account.key == AccountKey::Legacy;
    user && account.nonce == 0 && account.balance.is_zero() && !has_code(account) && account.storage_root == EMPTY_ROOT
}

impl revm::Database for Overlay<'_> {
    type Error = StateFault;

    fn basic(&mut self, address: EvmAddress) -> Result<Option<AccountInfo>, StateFault> {
        let Some(account) = self.account(evm::from_address(&address))? else { return Ok(None) };
        let mut info = info_of(&account, self.store());
        if info.code.is_none() {
            info.code = self.codes.get(&account.code_hash).cloned();
        }
        Ok(Some(info))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, StateFault> {
        let hash = evm::from_word(&hash);
        let code = self.codes.get(&hash).or_else(|| self.base.store().code(&hash));
        Ok(code.cloned().unwrap_or_default())
    }

    fn storage(&mut self, address: EvmAddress, slot: U256) -> Result<U256, StateFault> {
        let (base, slot) = (self.base, Hash::from_u256(slot));
        let entry = self.entry(evm::from_address(&address))?;
        if let Some(word) = entry.words.get(&slot) {
            return Ok(*word);
        }
        entry.account.as_ref().map_or(Ok(U256::ZERO), |account| base.word(account, &slot))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, StateFault> {
        let hash = usize::try_from(number).ok().and_then(|number| self.hashes.get(number));
        Ok(evm::word(hash.unwrap_or(&Hash::ZERO)))
    }
}
