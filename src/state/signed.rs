//! Whether the keys that signed are those of an account, as the chain decides it from the Istanbul
//! fork on. Source: chain.md 4.3.
//!
//! The chain judges transactions and, for contracts, bare signatures by it. A verifier needs none
//! of it: what is in a block was judged. It is for programs that make transactions or count
//! signatures.

use super::{AccountKey, WeightedKey};
use crate::crypto::address_of_compressed;
use crate::primitives::Address;
use alloc::vec::Vec;

/// For what an account signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// Any transaction but the next kind, and signatures that contracts ask about.
    Transaction,
    /// Changes the key.
    AccountUpdate,
    /// Pays the fee of others.
    FeePayer,
}

impl AccountKey {
    /// The key that signs in a role; none where the role cannot sign.
    #[must_use]
    pub fn for_role(&self, role: KeyRole) -> Option<&Self> {
        let Self::RoleBased(roles) = self else { return Some(self) };
        let own = match role {
            KeyRole::Transaction => None,
            KeyRole::AccountUpdate => roles.get(1),
            KeyRole::FeePayer => roles.get(2),
        };
        // A role that the list does not reach has the first one's key.
        own.or_else(|| roles.first()).filter(|key| !matches!(key, Self::RoleBased(_)))
    }

    /// Whether `signers`, the addresses of the keys that signed, satisfy this key of account
    /// `owner`.
    ///
    /// Where several keys sign, a key counts once, and one that is not the account's spoils the
    /// rest.
    #[must_use]
    pub fn is_signed_by(&self, owner: &Address, signers: &[Address], role: KeyRole) -> bool {
        match self.for_role(role) {
            Some(Self::Legacy) => signers == [*owner],
            Some(Self::Public(key)) => address_of_compressed(key).is_ok_and(|address| signers == [address]),
            Some(Self::WeightedMultiSig { threshold, keys }) => weight_suffices(*threshold, keys, signers),
            Some(Self::Nil | Self::Fail | Self::RoleBased(_)) | None => false,
        }
    }
}

fn weight_suffices(threshold: u64, keys: &[WeightedKey], signers: &[Address]) -> bool {
    let owned: Vec<(Option<Address>, u64)> =
        keys.iter().map(|key| (address_of_compressed(&key.key).ok(), key.weight)).collect();
    let is_owned = |signer: &Address| owned.iter().any(|(address, _)| *address == Some(*signer));
    let signed = owned.iter().filter(|(address, _)| address.is_some_and(|address| signers.contains(&address)));
    let weight = signed.fold(0u64, |sum, (_, weight)| sum.saturating_add(*weight));
    threshold > 0 && signers.len() <= keys.len() && signers.iter().all(is_owned) && weight >= threshold
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// Keys 1, 2 and 3, compressed, with their addresses.
    fn keys() -> [([u8; 33], Address); 3] {
        [
            "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
            "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
        ]
        .map(|key| {
            let bytes = crate::primitives::decode_hex(&alloc::format!("0x{key}")).unwrap();
            let key: [u8; 33] = bytes.try_into().unwrap();
            (key, address_of_compressed(&key).unwrap())
        })
    }

    #[test]
    fn each_form_of_key_is_signed_by_its_keys_and_by_no_others() {
        let [(one, a), (two, b), (three, c)] = keys();
        assert_eq!(a, "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf".parse().unwrap());
        let signed = |key: &AccountKey, signers: &[Address]| key.is_signed_by(&a, signers, KeyRole::Transaction);
        assert!(signed(&AccountKey::Legacy, &[a]));
        assert!(!signed(&AccountKey::Legacy, &[b]) && !signed(&AccountKey::Legacy, &[a, a]));
        let public = AccountKey::Public(two);
        assert!(signed(&public, &[b]));
        assert!(!signed(&public, &[a]) && !signed(&public, &[b, b]) && !signed(&public, &[]));
        assert!(!signed(&AccountKey::Public([9; 33]), &[a]), "no point of the curve");
        for dead in [AccountKey::Fail, AccountKey::Nil] {
            assert!(!signed(&dead, &[a]) && !signed(&dead, &[]));
        }
        let weighted = |threshold| AccountKey::WeightedMultiSig {
            threshold,
            keys: [(one, 2), (two, 1), (three, 1)].map(|(key, weight)| WeightedKey { weight, key }).to_vec(),
        };
        assert!(signed(&weighted(3), &[a, c]) && signed(&weighted(3), &[c, b, a]));
        assert!(!signed(&weighted(3), &[a]) && !signed(&weighted(3), &[a, a]), "a key counts once");
        assert!(signed(&weighted(2), &[a, a]), "and twice is no fault");
        assert!(!signed(&weighted(2), &[a, a, a, a]), "more signatures than keys");
        assert!(!signed(&weighted(1), &[a, Address([7; 20])]), "a stranger spoils the rest");
        assert!(!signed(&weighted(0), &[]) && !signed(&weighted(0), &[a]));
    }

    #[test]
    fn a_role_signs_with_its_own_key_or_the_first_one() {
        let [(one, a), (two, b), (three, c)] = keys();
        let roles = AccountKey::RoleBased(vec![AccountKey::Public(one), AccountKey::Public(two), AccountKey::Fail]);
        let owner = Address([7; 20]);
        assert!(roles.is_signed_by(&owner, &[a], KeyRole::Transaction));
        assert!(!roles.is_signed_by(&owner, &[b], KeyRole::Transaction));
        assert!(roles.is_signed_by(&owner, &[b], KeyRole::AccountUpdate));
        assert!(!roles.is_signed_by(&owner, &[c], KeyRole::FeePayer));
        let short = AccountKey::RoleBased(vec![AccountKey::Public(three)]);
        assert!(short.is_signed_by(&owner, &[c], KeyRole::FeePayer));
        let nested = AccountKey::RoleBased(vec![short]);
        assert!(!nested.is_signed_by(&owner, &[c], KeyRole::Transaction), "no account has such a key");
        assert!(!AccountKey::RoleBased(vec![]).is_signed_by(&owner, &[owner], KeyRole::Transaction));
    }
}
