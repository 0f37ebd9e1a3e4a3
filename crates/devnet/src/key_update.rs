//! What an account update does to an account's key, and what nodes refuse of it.

use spanlight::crypto::address_of_compressed;
use spanlight::state::account_key::MAX_KEYS;
use spanlight::state::{AccountKey, WeightedKey};

/// Why a key cannot take the place of another one, in the words of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyUpdateError {
    /// An account of which nobody can sign stays so; a role too.
    #[error("AccountKeyFail is not updatable")]
    Fail,
    /// A new role cannot be left as it is.
    #[error("AccountKeyNil cannot be initialized to an account")]
    Nil,
    /// No public key.
    #[error("public key is not on curve")]
    NotOnCurve,
    /// Several keys, and none.
    #[error("length is zero")]
    Empty,
    /// Too many keys.
    #[error("the number of keys exceeds the limit")]
    TooMany,
    /// No weight is needed, so anybody would sign.
    #[error("threshold is zero")]
    ZeroThreshold,
    /// A key that counts nothing.
    #[error("key weight is zero")]
    ZeroWeight,
    /// A key twice.
    #[error("duplicated key")]
    Duplicate,
    /// Weights beyond 64 bits.
    #[error("weighted sum overflow")]
    Overflow,
    /// All keys together do not suffice.
    #[error("unsatisfiable threshold. Weighted sum of keys is less than the threshold.")]
    Unsatisfiable,
    /// Roles within a role.
    #[error("nested composite type")]
    Nested,
}

/// The key of an account after an update of `old` by `new`.
///
/// # Errors
/// What nodes refuse.
pub(crate) fn updated(old: &AccountKey, new: &AccountKey) -> Result<AccountKey, KeyUpdateError> {
    if let (AccountKey::RoleBased(old), AccountKey::RoleBased(new)) = (old, new) {
        return updated_roles(old, new).map(AccountKey::RoleBased);
    }
    replaceable(old, new)?;
    Ok(new.clone())
}

/// A role stays where the new list says nil, and where it does not reach it.
fn updated_roles(old: &[AccountKey], new: &[AccountKey]) -> Result<Vec<AccountKey>, KeyUpdateError> {
    let mut roles = old.to_vec();
    for (place, key) in new.iter().enumerate() {
        match roles.get_mut(place) {
            Some(_) if *key == AccountKey::Nil => {}
            Some(role) => {
                if matches!(key, AccountKey::RoleBased(_)) {
                    return Err(KeyUpdateError::Nested);
                }
                replaceable(role, key)?;
                role.clone_from(key);
            }
            None => {
                installable(key)?;
                roles.push(key.clone());
            }
        }
    }
    Ok(roles)
}

fn replaceable(old: &AccountKey, new: &AccountKey) -> Result<(), KeyUpdateError> {
    match (old, new) {
        // A node finds this where it compares two keys of one type. Of an account whose key is of
        // this type no update is ever signed.
        (AccountKey::Fail, AccountKey::Fail) => Err(KeyUpdateError::Fail),
        _ => installable(new),
    }
}

fn installable(key: &AccountKey) -> Result<(), KeyUpdateError> {
    match key {
        AccountKey::Legacy | AccountKey::Fail => Ok(()),
        AccountKey::Nil => Err(KeyUpdateError::Nil),
        AccountKey::Public(key) => on_curve(key),
        AccountKey::WeightedMultiSig { threshold, keys } => weighted(*threshold, keys),
        AccountKey::RoleBased(roles) if roles.is_empty() => Err(KeyUpdateError::Empty),
        AccountKey::RoleBased(roles) => roles.iter().try_for_each(|role| match role {
            AccountKey::RoleBased(_) => Err(KeyUpdateError::Nested),
            role => installable(role),
        }),
    }
}

fn on_curve(key: &[u8; 33]) -> Result<(), KeyUpdateError> {
    address_of_compressed(key).map(drop).map_err(|_| KeyUpdateError::NotOnCurve)
}

fn weighted(threshold: u64, keys: &[WeightedKey]) -> Result<(), KeyUpdateError> {
    match keys.len() {
        0 => return Err(KeyUpdateError::Empty),
        count if count > MAX_KEYS => return Err(KeyUpdateError::TooMany),
        _ if threshold == 0 => return Err(KeyUpdateError::ZeroThreshold),
        _ => {}
    }
    let mut sum = 0u64;
    for (place, key) in keys.iter().enumerate() {
        if key.weight == 0 {
            return Err(KeyUpdateError::ZeroWeight);
        }
        on_curve(&key.key)?;
        if keys.iter().take(place).any(|earlier| earlier.key == key.key) {
            return Err(KeyUpdateError::Duplicate);
        }
        sum = sum.checked_add(key.weight).ok_or(KeyUpdateError::Overflow)?;
    }
    if sum < threshold {
        return Err(KeyUpdateError::Unsatisfiable);
    }
    Ok(())
}

/// Gas for setting a key: so much for each public key in it.
pub(crate) fn gas(key: &AccountKey) -> u64 {
    const NEW_KEY: u64 = 20_000;
    let keys = match key {
        AccountKey::Nil | AccountKey::Legacy | AccountKey::Fail => 0,
        AccountKey::Public(_) => 1,
        AccountKey::WeightedMultiSig { keys, .. } => u64::try_from(keys.len()).unwrap_or(u64::MAX),
        AccountKey::RoleBased(roles) => return roles.iter().map(gas).fold(0, u64::saturating_add),
    };
    NEW_KEY.saturating_mul(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight_forge::keys::compressed_public_key;

    fn public(key: u64) -> AccountKey {
        AccountKey::Public(compressed_public_key(key))
    }

    fn weighted(threshold: u64, keys: &[(u64, u64)]) -> AccountKey {
        let key = |(key, weight): &(u64, u64)| WeightedKey { weight: *weight, key: compressed_public_key(*key) };
        AccountKey::WeightedMultiSig { threshold, keys: keys.iter().map(key).collect() }
    }

    #[test]
    fn a_key_that_could_not_sign_is_refused_for_what_it_is() {
        use KeyUpdateError::{
            Duplicate, Empty, Fail, Nested, Nil, NotOnCurve, Overflow, TooMany, Unsatisfiable, ZeroThreshold,
            ZeroWeight,
        };
        let eleven: Vec<(u64, u64)> = (1..=11).map(|key| (key, 1)).collect();
        let roles = |keys: &[AccountKey]| AccountKey::RoleBased(keys.to_vec());
        for (key, expected) in [
            (AccountKey::Nil, Nil),
            (AccountKey::Public([5; 33]), NotOnCurve),
            (weighted(1, &[]), Empty),
            (weighted(1, &eleven), TooMany),
            (weighted(0, &[(1, 1)]), ZeroThreshold),
            (weighted(1, &[(1, 1), (2, 0)]), ZeroWeight),
            (weighted(1, &[(1, 1), (1, 1)]), Duplicate),
            (weighted(1, &[(1, u64::MAX), (2, 1)]), Overflow),
            (weighted(3, &[(1, 1), (2, 1)]), Unsatisfiable),
            (roles(&[]), Empty),
            (roles(&[public(1), AccountKey::Nil]), Nil),
            (roles(&[roles(&[public(1)])]), Nested),
        ] {
            assert_eq!(updated(&AccountKey::Legacy, &key), Err(expected), "{key:?}");
        }
        assert_eq!(updated(&AccountKey::Fail, &AccountKey::Fail), Err(Fail));
    }

    #[test]
    fn roles_change_one_by_one_and_stay_where_the_update_is_silent() {
        let old = AccountKey::RoleBased(vec![public(1), public(2)]);
        let new = AccountKey::RoleBased(vec![AccountKey::Nil, public(3), public(4)]);
        assert_eq!(updated(&old, &new), Ok(AccountKey::RoleBased(vec![public(1), public(3), public(4)])));
        let shorter = AccountKey::RoleBased(vec![AccountKey::Fail]);
        assert_eq!(updated(&old, &shorter), Ok(AccountKey::RoleBased(vec![AccountKey::Fail, public(2)])));
        assert_eq!(updated(&old, &public(9)), Ok(public(9)), "another type replaces all roles");
    }

    #[test]
    fn each_public_key_costs_the_same() {
        assert_eq!(gas(&AccountKey::Fail), 0);
        assert_eq!(gas(&public(1)), 20_000);
        let roles = AccountKey::RoleBased(vec![weighted(1, &[(1, 1), (2, 1)]), AccountKey::Nil, public(3)]);
        assert_eq!(gas(&roles), 60_000);
    }
}
