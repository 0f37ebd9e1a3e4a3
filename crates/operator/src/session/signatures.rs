//! Signatures of one transfer that were checked, and whose they are.
//!
//! A bridge that does not ask the chain takes 65 bytes and believes the address that they recover.
//! A bridge that asks counts what the account's keys of now signed: a signature of 65 bytes is that
//! of an account with the key of its address, and a longer one names its account before the
//! signatures of its keys. The keys are those of the accounts as they are proven at the
//! destination's head, so a key that an account update replaced counts for nobody, here as there.

use crate::decide::NonceState;
use crate::exchange::{Exchange, Given};
use spanlight::crypto::recover_address;
use spanlight::state::account_key::MAX_KEYS;
use spanlight::state::{AccountKey, KeyRole};
use spanlight::{Address, Hash, U256};
use std::collections::BTreeMap;

const SIGNATURE: usize = 65;

/// The largest S of the low form.
const HALF_ORDER: U256 =
    U256::from_limbs([0xdfe9_2f46_681b_20a0, 0x5d57_6e73_57a4_501d, 0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff]);

/// Proven keys of accounts.
pub(crate) type Keys = BTreeMap<Address, AccountKey>;

/// Whose signatures count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counting<'v> {
    /// The bridge's operators.
    pub(crate) operators: &'v [Address],
    /// Their accounts' keys, where the bridge asks the chain for them.
    pub(crate) keys: Option<&'v Keys>,
}

impl Counting<'_> {
    /// The operator whose signature of this digest it is.
    fn signer_of(&self, digest: &Hash, signature: &[u8]) -> Option<Address> {
        let (named, signatures) = match signature.split_first_chunk::<20>() {
            Some((name, rest)) if signature.len() != SIGNATURE => (Some(Address(*name)), rest),
            _ => (None, signature),
        };
        let (signatures, rest) = signatures.as_chunks::<SIGNATURE>();
        if !rest.is_empty() || !(1..=MAX_KEYS).contains(&signatures.len()) || !signatures.iter().all(is_canonical) {
            return None;
        }
        let recovered = signatures.iter().map(|signature| recover_address(digest, signature).ok());
        let recovered = recovered.collect::<Option<Vec<Address>>>()?;
        let signer = named.or_else(|| recovered.first().copied())?;
        let counts = match self.keys {
            // There a name before a signature means nothing.
            None => named.is_none(),
            Some(keys) => keys.get(&signer)?.is_signed_by(&signer, &recovered, KeyRole::Transaction),
        };
        (counts && self.operators.contains(&signer)).then_some(signer)
    }
}

/// Checked signatures of one transfer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signatures {
    /// What was signed. It changes when an operator comes or goes, and all signatures are void
    /// then.
    digest: Option<Hash>,
    by_signer: BTreeMap<Address, Signed>,
    /// The destination's head when enough were at hand.
    pub(super) complete_at: Option<u64>,
}

/// A signature in the form in which operators exchange it: recovery ids of 0 or 1.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signed {
    bytes: Vec<u8>,
    /// The account's key when it was checked, where the bridge asks the chain.
    key: Option<AccountKey>,
}

impl Signatures {
    pub(super) fn renew(&mut self, digest: Hash, counting: Counting<'_>) {
        if self.digest != Some(digest) {
            *self = Self { digest: Some(digest), ..Self::default() };
        }
        let before = self.by_signer.len();
        // An account that has another key now signs anew.
        self.by_signer.retain(|signer, signed| signed.key.as_ref() == counting.keys.and_then(|keys| keys.get(signer)));
        if self.by_signer.len() != before {
            self.complete_at = None;
        }
    }

    /// What is signed, once it is known.
    pub(super) const fn digest(&self) -> Option<Hash> {
        self.digest
    }

    /// Whose signatures are at hand.
    pub(super) fn signers(&self) -> impl Iterator<Item = &Address> {
        self.by_signer.keys()
    }

    /// Takes a signature that an operator made of exactly this digest; none other counts.
    pub(super) fn take(&mut self, given: &Given, counting: Counting<'_>) -> bool {
        let Some(digest) = self.digest.filter(|digest| *digest == given.digest) else { return false };
        if self.by_signer.values().any(|known| known.bytes == given.signature) {
            return true;
        }
        let Some(signer) = counting.signer_of(&digest, &given.signature) else { return false };
        let key = counting.keys.and_then(|keys| keys.get(&signer)).cloned();
        self.by_signer.insert(signer, Signed { bytes: given.signature.clone(), key });
        true
    }

    /// Whether this operator's own signature is at hand and given out. What is given out outlives a
    /// session, and what is at hand may have come back from a peer; both are needed.
    pub(super) fn is_signed(&self, me: &Address, exchange: &Exchange, (direction, nonce): (&str, u64)) -> bool {
        let is_given = self.digest.is_some_and(|digest| exchange.gives(direction, nonce, &digest));
        is_given && self.by_signer.contains_key(me)
    }

    /// The signatures to send: those that become votes. Where all votes stand and a lowered
    /// threshold makes them enough, none does; the contract wants one all the same, and looks at
    /// the count again.
    pub(super) fn to_send(&self, state: &NonceState, me: &Address) -> Vec<Vec<u8>> {
        let mut signers = state.without_vote(self.by_signer.keys());
        if signers.is_empty() {
            signers.push(me);
        }
        let signed = signers.into_iter().filter_map(|signer| self.by_signer.get(signer));
        signed.map(|signed| as_the_contract_reads(&signed.bytes)).collect()
    }
}

/// What an account whose key is this one gives out: its signature, or its name and the signatures
/// of its keys.
pub(super) fn written(account: &Address, key: &AccountKey, signatures: &[[u8; 65]]) -> Vec<u8> {
    let name: &[u8] = if *key == AccountKey::Legacy { &[] } else { account.as_bytes() };
    [name, signatures.as_flattened()].concat()
}

/// The contract takes low S and a recovery id of 0 or 1 only.
fn is_canonical(signature: &[u8; 65]) -> bool {
    let [rs @ .., id] = signature;
    let s = rs.get(32..).and_then(U256::try_from_be_slice);
    *id < 2 && s.is_some_and(|s| s <= HALF_ORDER)
}

/// With V of 27 or 28.
fn as_the_contract_reads(bytes: &[u8]) -> Vec<u8> {
    let mut written = bytes.to_vec();
    let name = bytes.len().checked_rem(SIGNATURE).unwrap_or(0);
    let (signatures, _) = written.get_mut(name..).unwrap_or_default().as_chunks_mut::<SIGNATURE>();
    for [.., id] in signatures {
        *id = id.saturating_add(27);
    }
    written
}

#[cfg(test)]
mod tests;
