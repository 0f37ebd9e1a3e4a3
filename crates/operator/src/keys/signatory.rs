//! An account and the keys with which this operator signs for it.
//!
//! On Kaia the key of an account may be another one than that of its address, or several, or one
//! for each role. So an account and its keys are configured apart, and whether they belong together
//! is read from the proven account, at each head.

use super::{KeyError, Signer};
use spanlight::state::{AccountKey, KeyRole};
use spanlight::{Address, Hash};
use std::sync::Arc;

/// An account and keys that sign for it, all of them together.
#[derive(Clone)]
pub struct Signatory {
    account: Address,
    keys: Vec<Arc<dyn Signer>>,
}

impl Signatory {
    /// The account of a key's own address.
    #[must_use]
    pub fn own(key: Arc<dyn Signer>) -> Self {
        Self { account: key.address(), keys: vec![key] }
    }

    /// An account with keys of its own.
    #[must_use]
    pub const fn of(account: Address, keys: Vec<Arc<dyn Signer>>) -> Self {
        Self { account, keys }
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> Address {
        self.account
    }

    /// How many keys sign.
    #[must_use]
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// The same account, each of its keys changed.
    #[must_use]
    pub(crate) fn with_keys(&self, change: impl Fn(&Arc<dyn Signer>) -> Arc<dyn Signer>) -> Self {
        Self { account: self.account, keys: self.keys.iter().map(change).collect() }
    }

    /// Whether the one key is that of the account's address: all that Ethereum's ways of signing
    /// know.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self.keys.as_slice(), [key] if key.address() == self.account)
    }

    /// Whether these keys sign for the account, whose key on the chain is this one.
    #[must_use]
    pub fn fits(&self, key: &AccountKey, role: KeyRole) -> bool {
        let signers: Vec<Address> = self.keys.iter().map(|key| key.address()).collect();
        key.is_signed_by(&self.account, &signers, role)
    }

    /// The signature of each key.
    ///
    /// # Errors
    /// Where a key cannot be reached.
    pub fn sign(&self, digest: &Hash) -> Result<Vec<[u8; 65]>, KeyError> {
        self.keys.iter().map(|key| key.sign(digest)).collect()
    }

    /// The signature of the one key.
    ///
    /// # Errors
    /// Where the key cannot be reached, or is not the account's address's own.
    pub fn sign_alone(&self, digest: &Hash) -> Result<[u8; 65], KeyError> {
        match self.keys.as_slice() {
            [key] if self.is_own() => key.sign(digest),
            _ => Err(KeyError::NotOwn),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::test_key;

    #[test]
    fn only_the_key_of_the_address_itself_signs_alone() {
        let [one, two] = [1, 2].map(|byte| Arc::new(test_key(byte)) as Arc<dyn Signer>);
        let digest = Hash([3; 32]);
        let own = Signatory::own(one.clone());
        assert!(own.is_own() && own.sign_alone(&digest).is_ok());
        assert!(own.fits(&AccountKey::Legacy, KeyRole::Transaction));
        assert!(!own.fits(&AccountKey::Fail, KeyRole::Transaction));
        for other in [
            Signatory::of(one.address(), vec![two.clone()]),
            Signatory::of(one.address(), vec![one.clone(), two]),
            Signatory::of(Address([9; 20]), vec![one]),
        ] {
            assert!(!other.is_own());
            assert!(matches!(other.sign_alone(&digest), Err(KeyError::NotOwn)));
            assert!(!other.fits(&AccountKey::Legacy, KeyRole::Transaction));
            assert_eq!(other.sign(&digest).unwrap().len(), other.count());
        }
    }
}
