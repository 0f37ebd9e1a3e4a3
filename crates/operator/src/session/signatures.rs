//! Signatures of one transfer that were checked, and whose they are.
//!
//! A bridge that does not ask the chain takes 65 bytes and believes the address that they recover.
//! A bridge that asks counts what the account's keys of now signed: a signature of 65 bytes is that
//! of an account with the key of its address, and a longer one names its account before the
//! signatures of its keys. The keys are those of the accounts as they are proven at the
//! destination's head, so a key that an account update replaced counts for nobody, here as there.

use super::proven_keys::ProvenKeys;
use crate::decide::NonceState;
use crate::exchange::{Exchange, Given};
use spanlight::crypto::recover_address;
use spanlight::state::{AccountKey, KeyRole};
use spanlight::{Address, Hash, U256};
use std::collections::{BTreeMap, BTreeSet};

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
        // All that is cheap comes before the first key is recovered.
        let most = named.map_or(Some(1), |name| self.most_signatures(&name))?;
        if !rest.is_empty() || !(1..=most).contains(&signatures.len()) || !signatures.iter().all(is_canonical) {
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

    /// How many signatures an operator may give under its name: one for each key of its account.
    fn most_signatures(&self, operator: &Address) -> Option<usize> {
        let key = self.keys.filter(|_| self.operators.contains(operator))?.get(operator)?;
        Some(match key.for_role(KeyRole::Transaction)? {
            AccountKey::Legacy | AccountKey::Public(_) => 1,
            AccountKey::WeightedMultiSig { keys, .. } => keys.len(),
            AccountKey::Nil | AccountKey::Fail | AccountKey::RoleBased(_) => 0,
        })
    }

    /// Whether what was checked under this key still counts.
    fn still_counts(&self, signer: &Address, signed: &Signed) -> bool {
        signed.key.as_ref() == self.keys.and_then(|keys| keys.get(signer))
    }
}

/// Checked signatures of one transfer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signatures {
    /// What was signed. It changes when an operator comes or goes, and all signatures are void
    /// then.
    digest: Option<Hash>,
    by_signer: BTreeMap<Address, Signed>,
    /// Whose signatures were sent last, with the keys that they were checked under.
    sent: Vec<(Address, AccountKey)>,
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
        self.by_signer.retain(|signer, signed| counting.still_counts(signer, signed));
        if self.by_signer.len() != before {
            self.complete_at = None;
        }
    }

    /// What is signed, once it is known.
    pub(super) const fn digest(&self) -> Option<Hash> {
        self.digest
    }

    /// Whose signatures are at hand and count.
    pub(super) fn signers<'s>(&'s self, counting: Counting<'s>) -> impl Iterator<Item = &'s Address> {
        let counts = move |(signer, signed): &(&Address, &Signed)| counting.still_counts(signer, signed);
        self.by_signer.iter().filter(counts).map(|(signer, _)| signer)
    }

    /// Takes a signature that an operator made of exactly this digest; none other counts.
    pub(super) fn take(&mut self, given: &Given, counting: Counting<'_>) -> bool {
        let Some(digest) = self.digest.filter(|digest| *digest == given.digest) else { return false };
        if self.by_signer.values().any(|known| known.bytes == given.signature) || self.has_named(&given.signature) {
            return true;
        }
        let Some(signer) = counting.signer_of(&digest, &given.signature) else { return false };
        let key = counting.keys.and_then(|keys| keys.get(&signer)).cloned();
        self.by_signer.insert(signer, Signed { bytes: given.signature.clone(), key });
        true
    }

    /// Whether it is in the name of an operator whose signature is at hand: another one adds
    /// nothing, so nothing is recovered for it.
    fn has_named(&self, signature: &[u8]) -> bool {
        let name = signature.first_chunk::<20>().filter(|_| signature.len() != SIGNATURE);
        name.is_some_and(|name| self.by_signer.contains_key(&Address(*name)))
    }

    /// Whether this operator's own signature is at hand and given out. What is given out outlives a
    /// session, and what is at hand may have come back from a peer; both are needed.
    pub(super) fn is_signed(&self, me: &Address, exchange: &Exchange, (direction, nonce): (&str, u64)) -> bool {
        let is_given = self.digest.is_some_and(|digest| exchange.gives(direction, nonce, &digest));
        is_given && self.by_signer.contains_key(me)
    }

    /// What may be sent, best first: as many of the signatures that become votes as the threshold
    /// needs, those first whose key stands longest; and where there are more, the same without each
    /// one of them. Where all votes stand and a lowered threshold makes them enough, none is
    /// needed; the contract wants one all the same, and looks at the count again.
    pub(super) fn choices(&self, asked: &Needed<'_>) -> Vec<Choice> {
        let mut row = asked.state.without_vote(self.signers(asked.counting));
        asked.proven.sort(&mut row);
        if row.is_empty() && self.by_signer.contains_key(asked.me) {
            row.push(asked.me);
        }
        let needed = asked.threshold.saturating_sub(asked.state.counted).max(1);
        let needed = usize::try_from(needed).unwrap_or(usize::MAX).min(row.len());
        let Some((best, spare)) = row.split_at_checked(needed).filter(|(best, _)| !best.is_empty()) else {
            return Vec::new();
        };
        let newest = best.last().map(|signer| **signer);
        let mut choices = vec![self.choice(best.iter().copied(), newest)];
        for left_out in best.iter().rev().filter(|_| !spare.is_empty()) {
            let others = best.iter().filter(|signer| signer != &left_out).chain(spare.first());
            choices.push(self.choice(others.copied(), Some(**left_out)));
        }
        choices
    }

    fn choice<'s>(&self, signers: impl Iterator<Item = &'s Address>, doubtful: Option<Address>) -> Choice {
        // The contract takes them in the order of their signers.
        let signers: BTreeSet<Address> = signers.copied().collect();
        let signed = || self.by_signer.iter().filter(|(signer, _)| signers.contains(*signer));
        let keys = signed().filter_map(|(signer, signed)| Some((*signer, signed.key.clone()?)));
        Choice {
            signatures: signed().map(|(_, signed)| as_the_contract_reads(&signed.bytes)).collect(),
            keys: keys.collect(),
            doubtful,
        }
    }

    /// These are sent.
    pub(super) fn note_sent(&mut self, choice: &Choice) {
        self.sent.clone_from(&choice.keys);
    }

    /// Whose signatures were sent last, with their keys then.
    pub(super) fn sent(&self) -> impl Iterator<Item = (&Address, &AccountKey)> {
        self.sent.iter().map(|(signer, key)| (signer, key))
    }
}

/// What decides which signatures are sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needed<'v> {
    pub(super) state: &'v NonceState,
    pub(super) threshold: u64,
    pub(super) me: &'v Address,
    pub(super) counting: Counting<'v>,
    pub(super) proven: &'v ProvenKeys,
}

/// Signatures that may be sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// As the contract reads them.
    pub(super) signatures: Vec<Vec<u8>>,
    keys: Vec<(Address, AccountKey)>,
    /// Of the best choice, the signer whose key stands the shortest; of the others, the one that
    /// they leave out.
    pub(super) doubtful: Option<Address>,
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
