//! Key files of version 4, as Kaia's tools write them: the keys of an account by role, each
//! encrypted as version 3 encrypts its one.
//!
//! The file must hold one key for transactions, or for paying where it pays. Where that is another
//! one than the account's address's own, the configuration names the account too: nobody votes as
//! another account than the one that was meant.

use serde_json::{json, Value};
use spanlight::state::KeyRole;
use spanlight::Address;

/// Why a file of version 4 gives no key to vote with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyringError {
    #[error("version 4 without a keyring of encrypted keys")]
    Malformed,
    #[error(
        "{0} keys sign this account's transactions together; give each one a file of its own, as `key` and `more_keys`"
    )]
    Several(usize),
    #[error("the file is of account {account}, and its key is that of {key}; name the account: `address`, or `fee_payer_address`")]
    Replaced { account: Address, key: Address },
}

/// What a file of version 4 holds for a role.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Keyring {
    /// The account.
    account: Address,
    /// Its key, in the text of a file of version 3.
    pub(super) version_3: String,
}

impl Keyring {
    /// The keyring in the text of a key file; none where the file is of another version.
    pub(super) fn of(text: &str, role: KeyRole) -> Result<Option<Self>, KeyringError> {
        const VERSION: u64 = 4;
        let Ok(file) = serde_json::from_str::<Value>(text) else { return Ok(None) };
        if file.get("version").and_then(Value::as_u64) != Some(VERSION) {
            return Ok(None);
        }
        let account = file.get("address").and_then(Value::as_str).ok_or(KeyringError::Malformed)?;
        let digits = account.strip_prefix("0x").unwrap_or(account);
        let account = format!("0x{digits}").parse().map_err(|_| KeyringError::Malformed)?;
        let key = of_role(file.get("keyring"), role)?;
        let version_3 = json!({ "version": 3, "id": file.get("id"), "address": digits, "crypto": key });
        Ok(Some(Self { account, version_3: version_3.to_string() }))
    }

    /// The decrypted key must be the account's own, or the account be the one that the
    /// configuration names.
    pub(super) fn belongs_to(&self, key: Address, named: Option<Address>) -> Result<(), KeyringError> {
        if self.account == named.unwrap_or(key) {
            Ok(())
        } else {
            Err(KeyringError::Replaced { account: self.account, key })
        }
    }
}

/// The one key of a role; one that is not there, or is empty, is the first one, which signs
/// transactions. Without roles the keyring is a plain list of keys.
fn of_role(keyring: Option<&Value>, role: KeyRole) -> Result<&Value, KeyringError> {
    let keyring = keyring.and_then(Value::as_array).ok_or(KeyringError::Malformed)?;
    let place = match role {
        KeyRole::Transaction => 0,
        KeyRole::AccountUpdate => 1,
        KeyRole::FeePayer => 2,
    };
    let own = keyring.get(place).and_then(Value::as_array).filter(|keys| !keys.is_empty());
    let keys = match keyring.first().ok_or(KeyringError::Malformed)? {
        Value::Array(first) => own.unwrap_or(first),
        _ => keyring,
    };
    match keys.as_slice() {
        [key] if key.is_object() => Ok(key),
        [] | [_] => Err(KeyringError::Malformed),
        several => Err(KeyringError::Several(several.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(keyring: Value) -> Result<Option<Keyring>, KeyringError> {
        of_role(keyring, KeyRole::Transaction)
    }

    fn of_role(keyring: Value, role: KeyRole) -> Result<Option<Keyring>, KeyringError> {
        let address = "9fb5c65f9bbb727d88a9a40722922ec809dce025";
        Keyring::of(&json!({"version": 4, "id": "i", "address": address, "keyring": keyring}).to_string(), role)
    }

    #[test]
    fn takes_the_one_key_for_transactions_with_and_without_roles() {
        let (key, other) = (json!({"mac": "1"}), json!({"mac": "2"}));
        let plain = keyring(json!([key])).unwrap().unwrap();
        assert_eq!(keyring(json!([[key]])), Ok(Some(plain)));
        let roles = json!([[key], [other, other], [other]]);
        let pays = of_role(roles.clone(), KeyRole::FeePayer).unwrap().unwrap();
        assert_eq!(Ok(Some(pays)), keyring(json!([other])), "the third role pays");
        let without = of_role(json!([[key], [], []]), KeyRole::FeePayer);
        assert_eq!(without, keyring(json!([key])), "or the first one, where it has none of its own");
        let by_role = keyring(roles).unwrap().unwrap();
        let version_3: Value = serde_json::from_str(&by_role.version_3).unwrap();
        assert_eq!((&version_3["version"], &version_3["crypto"]), (&json!(3), &key));
    }

    #[test]
    fn names_what_an_operator_cannot_vote_with() {
        let key = json!({"mac": "1"});
        assert_eq!(keyring(json!([[key, key], [key]])), Err(KeyringError::Several(2)));
        assert_eq!(keyring(json!([key, key, key])), Err(KeyringError::Several(3)));
        for malformed in [json!([]), json!([[]]), json!(5), json!(null), json!(["x"])] {
            assert_eq!(keyring(malformed), Err(KeyringError::Malformed));
        }
        let own = keyring(json!([key])).unwrap().unwrap();
        let other = Address([7; 20]);
        assert_eq!(own.belongs_to(own.account, None), Ok(()));
        let replaced = || Err(KeyringError::Replaced { account: own.account, key: other });
        assert_eq!(own.belongs_to(other, None), replaced());
        assert_eq!(own.belongs_to(other, Some(own.account)), Ok(()));
        assert_eq!(own.belongs_to(other, Some(other)), replaced(), "the file is of another account");
    }

    #[test]
    fn leaves_other_versions_alone() {
        assert_eq!(Keyring::of(r#"{"version":3}"#, KeyRole::Transaction), Ok(None));
        assert_eq!(Keyring::of("no JSON", KeyRole::FeePayer), Ok(None));
    }
}
