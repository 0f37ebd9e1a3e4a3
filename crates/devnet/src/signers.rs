//! Whether an account's key signed: its own, another one, several, or one for each role. Source: chain.md 3.6, 4.3.

use crate::execute::{Rejection, Signed};
use spanlight::crypto::recover_address;
use spanlight::primitives::{Address, Hash};
use spanlight::state::{Account, AccountKey, KeyRole};
use spanlight::transaction::{Signature, Transaction, TransactionKind};

/// The sender's role in a transaction.
pub(crate) const fn role_of(transaction: &Transaction) -> KeyRole {
    match transaction.kind() {
        TransactionKind::AccountUpdate => KeyRole::AccountUpdate,
        _ => KeyRole::Transaction,
    }
}

/// The key of an account in a role signed. Gives the gas that checking it costs.
///
/// # Errors
/// [`Rejection::Sender`] or [`Rejection::FeePayer`] where it did not.
pub(crate) fn check(
    signed: &Signed,
    account: Option<&Account>,
    chain_id: u64,
    role: KeyRole,
) -> Result<u64, Rejection> {
    let transaction = &signed.transaction;
    let key = account.map_or(&AccountKey::Legacy, |account| &account.key);
    if !transaction.kind().names_sender() {
        // The sender was recovered from the signature: such a key signs only for its own address.
        return if *key == AccountKey::Legacy { Ok(0) } else { Err(Rejection::LegacyKeyNeeded) };
    }
    let refused = if role == KeyRole::FeePayer { Rejection::FeePayer } else { Rejection::Sender };
    let (owner, digest, signatures) = match role {
        KeyRole::FeePayer => {
            let Some(digest) = transaction.fee_payer_sign_hash(chain_id) else { return Err(refused) };
            (signed.payer(), digest, transaction.fee_payer_signatures())
        }
        _ => (signed.sender, transaction.sign_hash(chain_id), transaction.signatures()),
    };
    match recovered(transaction, &digest, signatures, chain_id) {
        Some(signers) if key.is_signed_by(&owner, &signers, role) => Ok(gas(key, signers.len(), role)),
        _ => Err(refused),
    }
}

/// Where several keys sign, each signature but one costs gas.
fn gas(key: &AccountKey, signatures: usize, role: KeyRole) -> u64 {
    const ONE: u64 = 15_000;
    match key.for_role(role) {
        Some(AccountKey::WeightedMultiSig { .. }) => {
            u64::try_from(signatures).unwrap_or(u64::MAX).saturating_sub(1).saturating_mul(ONE)
        }
        _ => 0,
    }
}

fn recovered(
    transaction: &Transaction,
    digest: &Hash,
    signatures: &[Signature],
    chain_id: u64,
) -> Option<Vec<Address>> {
    const PROTECTED: u64 = 35;
    let first = chain_id.saturating_mul(2).saturating_add(PROTECTED);
    let one = |signature: &Signature| {
        if signature.v != first && signature.v != first.saturating_add(1) {
            return None;
        }
        let id = transaction.recovery_id(signature).ok()?;
        recover_address(digest, &signature.to_bytes(id)).ok()
    };
    signatures.iter().map(one).collect()
}
