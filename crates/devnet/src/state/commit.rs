//! Writes what a block changed into the tries.

use super::nodes::Changes;
use super::overlay::{Delta, Entry, StateFault};
use super::Store;
use spanlight::keccak256;
use spanlight::primitives::{Address, Hash, U256};
use spanlight::rlp::{append_u256, RlpStream};
use spanlight::state::{Account, AccountKind};
use spanlight::trie::EMPTY_ROOT;

impl Store {
    /// The state root after `delta` over the state with this root.
    ///
    /// # Errors
    /// Where the state is not there.
    pub fn commit(&mut self, root: &Hash, delta: Delta) -> Result<Hash, StateFault> {
        for (hash, code) in delta.codes {
            self.add_analysed(hash, code);
        }
        let mut accounts = Changes::new();
        for (address, entry) in delta.entries {
            if entry.changed {
                accounts.insert(keccak256(address.as_bytes()), self.value_of(entry)?);
            }
        }
        Ok(self.nodes.change(root, &accounts)?)
    }

    fn value_of(&mut self, entry: Entry) -> Result<Option<Vec<u8>>, StateFault> {
        let Some(mut account) = entry.account else { return Ok(None) };
        if !entry.words.is_empty() {
            let words = entry.words.iter().map(|(slot, word)| (keccak256(slot.as_bytes()), word_value(*word)));
            account.storage_root = self.nodes.change(&account.storage_root, &words.collect())?;
        }
        account.kind = form_of(&account);
        Ok(Some(account.encode()))
    }

    /// The state root over these accounts alone, as block 0 has it.
    ///
    /// # Errors
    /// Never: a new trie misses nothing.
    pub fn begin(&mut self, accounts: impl Iterator<Item = (Address, Account)>) -> Result<Hash, StateFault> {
        let accounts = accounts.map(|(address, account)| (keccak256(address.as_bytes()), Some(account.encode())));
        Ok(self.nodes.change(&EMPTY_ROOT, &accounts.collect())?)
    }
}

/// A user's account has the long form only while code or storage need it.
fn form_of(account: &Account) -> AccountKind {
    match account.kind {
        AccountKind::Contract => AccountKind::Contract,
        _ if account.has_no_storage() && !super::has_code(account) => AccountKind::Eoa,
        _ => AccountKind::EoaFull,
    }
}

fn word_value(word: U256) -> Option<Vec<u8>> {
    if word.is_zero() {
        return None;
    }
    let mut stream = RlpStream::new();
    append_u256(&mut stream, word);
    Some(stream.out().to_vec())
}
