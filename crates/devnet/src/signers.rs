//! Whether an account's key signed: its own, another one, several, or one for each role. Source: chain.md 3.6, 4.3.

use crate::execute::{Rejection, Signed};
use spanlight::crypto::recover_address;
use spanlight::primitives::{Address, Hash};
use spanlight::state::{Account, AccountKey};
use spanlight::transaction::{Signature, Transaction, TransactionKind};
use spanlight_forge::keys::address_of_compressed;

/// For what an account signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Any transaction but the next.
    Transaction,
    /// To change the key.
    AccountUpdate,
    /// To pay a fee.
    FeePayer,
}

impl Role {
    /// The sender's role in a transaction.
    #[must_use]
    pub(crate) const fn of(transaction: &Transaction) -> Self {
        match transaction.kind() {
            TransactionKind::AccountUpdate => Self::AccountUpdate,
            _ => Self::Transaction,
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Transaction => 0,
            Self::AccountUpdate => 1,
            Self::FeePayer => 2,
        }
    }
}

/// The key of an account in a role signed.
///
/// # Errors
/// [`Rejection::Signature`] where it did not.
pub(crate) fn check(signed: &Signed, account: Option<&Account>, chain_id: u64, role: Role) -> Result<(), Rejection> {
    let transaction = &signed.transaction;
    let key = account.map_or(&AccountKey::Legacy, |account| &account.key);
    if !transaction.kind().names_sender() {
        // The sender was recovered from the signature: such a key signs only for its own address.
        return if *key == AccountKey::Legacy { Ok(()) } else { Err(Rejection::Signature) };
    }
    let (owner, digest, signatures) = match role {
        Role::FeePayer => {
            let digest = transaction.fee_payer_sign_hash(chain_id).ok_or(Rejection::Signature)?;
            (signed.payer(), digest, transaction.fee_payer_signatures())
        }
        _ => (signed.sender, transaction.sign_hash(chain_id), transaction.signatures()),
    };
    let signers = recovered(transaction, &digest, signatures, chain_id)?;
    if signs(key, &owner, &signers, role) {
        Ok(())
    } else {
        Err(Rejection::Signature)
    }
}

fn recovered(
    transaction: &Transaction,
    digest: &Hash,
    signatures: &[Signature],
    chain_id: u64,
) -> Result<Vec<Address>, Rejection> {
    const PROTECTED: u64 = 35;
    let first = chain_id.saturating_mul(2).saturating_add(PROTECTED);
    let one = |signature: &Signature| {
        if signature.v != first && signature.v != first.saturating_add(1) {
            return None;
        }
        let id = transaction.recovery_id(signature).ok()?;
        recover_address(digest, &signature.to_bytes(id)).ok()
    };
    signatures.iter().map(one).collect::<Option<_>>().ok_or(Rejection::Signature)
}

fn signs(key: &AccountKey, owner: &Address, signers: &[Address], role: Role) -> bool {
    match key {
        AccountKey::Nil | AccountKey::Fail => false,
        AccountKey::Legacy => signers == [*owner],
        AccountKey::Public(key) => address_of_compressed(key).is_some_and(|address| signers == [address]),
        AccountKey::WeightedMultiSig { threshold, keys } => {
            let mut weight = 0u64;
            let mut counted = Vec::new();
            for signer in signers {
                let owned = keys.iter().find(|key| address_of_compressed(&key.key) == Some(*signer));
                match owned {
                    Some(key) if !counted.contains(signer) => weight = weight.saturating_add(key.weight),
                    _ => return false,
                }
                counted.push(*signer);
            }
            weight >= *threshold
        }
        AccountKey::RoleBased(roles) => {
            // A role without a key of its own is the first one's.
            let key = roles.get(role.index()).or_else(|| roles.first());
            key.is_some_and(|key| !matches!(key, AccountKey::RoleBased(_)) && signs(key, owner, signers, role))
        }
    }
}
