//! Votes by signature, read from the transaction that brought them (bridge version 2).
//!
//! What counts is the state: the contract checked each signature before it wrote the vote where a direct call writes it, and only
//! there can be seen which votes stood at the decision. So a vote is never counted because of a signature. The signatures are
//! checked for what the state does not say: *who signed here*, and that they signed for *this* source and bridge. The digest is
//! built from the verifying party's own chain ids and bridges; under another chain, bridge, nonce or set of operators another
//! address recovers, and that is no operator with a vote.
//!
//! Signatures inside a call of another contract are not looked for. The state settles such an execution without them.

use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::evidence::BridgeState;
use super::stop::Stop;
use super::votes::Decision;
use super::Pair;
use crate::bridge::signed::{SignedHandle, SigningDomain};
use crate::crypto::recover_address;
use crate::facts::{Operator, Role};
use crate::primitives::{Address, Hash, U256};
use crate::transaction::is_low_s;
use alloc::vec::Vec;

const SIGNED: Rule = Rule {
    id: "P3.signature",
    words: "the signature is an operator's over this transfer, source and bridge",
    source: "docs/contracts.md 3.1",
};

const SIGNATURE_BYTES: usize = 65;

/// Who signed, ascending. None where the set of operators changed in the block: which one the signatures name cannot be seen
/// then, and nothing depends on it.
pub(super) fn signers(
    pair: &Pair<'_>,
    signed: &SignedHandle,
    [before, after]: [&BridgeState; 2],
    decision: &Decision,
    checks: &mut Checks,
) -> Result<Option<Vec<Address>>, Stop> {
    let epoch = after.operator_epoch()?;
    if before.operator_epoch()? != epoch {
        return Ok(None);
    }
    let domain = SigningDomain {
        source_chain_id: pair.source.chain().trusted().profile.chain_id,
        source_bridge: pair.from.address,
        chain_id: pair.destination.chain().trusted().profile.chain_id,
        bridge: pair.to.address,
    };
    let digest = domain.digest(&signed.call, epoch);
    let has_account_keys = after.has_account_keys()?;
    let mut signers: Vec<Address> = Vec::new();
    for signature in &signed.signatures {
        let signer = signer_of(&digest, signature, has_account_keys).and_then(|signer| {
            signer_ascends(signers.last(), signer)?;
            signer_is_a_voter(decision, signer)?;
            Ok(signer)
        });
        let place = signers.len();
        signers.push(checks.require(SIGNED, &[("signature", &place), ("digest", &digest)], signer)?);
    }
    Ok(Some(signers))
}

/// The signer, by the contract's rules: 65 bytes, V of 27 or 28, low S. Anybody could make a second
/// form of a signature. Where accounts have keys of their own, a longer one names its account.
fn signer_of(digest: &Hash, signature: &[u8], has_account_keys: bool) -> Result<Address, VerifyError> {
    if has_account_keys && signature.len() != SIGNATURE_BYTES {
        return named_signer(signature);
    }
    let mut signature = <[u8; 65]>::try_from(signature).map_err(|_| VerifyError::SignatureForm)?;
    let [.., v] = &mut signature;
    *v = v.checked_sub(27).filter(|recovery_id| *recovery_id < 2).ok_or(VerifyError::SignatureForm)?;
    signature.get(32..64).and_then(U256::try_from_be_slice).filter(is_low_s).ok_or(VerifyError::SignatureForm)?;
    recover_address(digest, &signature).map_err(|_| VerifyError::SignatureForm)
}

/// The account that a signature names before the signatures of its keys. Which keys it had then, no
/// state here tells: the contract asked the chain, and it executed, so they signed.
fn named_signer(signature: &[u8]) -> Result<Address, VerifyError> {
    match signature.split_first_chunk::<20>() {
        Some((name, keys)) if !keys.is_empty() && keys.len() % SIGNATURE_BYTES == 0 => Ok(Address(*name)),
        _ => Err(VerifyError::SignatureForm),
    }
}

/// One operator's signature given twice would look like two.
fn signer_ascends(last: Option<&Address>, signer: Address) -> Result<(), VerifyError> {
    if last.is_none_or(|last| *last < signer) {
        Ok(())
    } else {
        Err(VerifyError::SignerOrder(signer.into()))
    }
}

/// The contract writes the vote of each signer, unless it has voted already, also for another key: so each has one that stands.
fn signer_is_a_voter(decision: &Decision, signer: Address) -> Result<(), VerifyError> {
    let counts = |operator: &&Operator| matches!(operator.role, Role::Voted | Role::Dissented);
    let mut counted = decision.shown.iter().filter(counts);
    counted.any(|operator| operator.address == signer).then_some(()).ok_or_else(|| VerifyError::Signer(signer.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_signature_names_its_account_only_where_accounts_have_keys() {
        let name = Address([7; 20]);
        let of_keys = |count: usize| [name.0.as_slice(), &vec![1; 65 * count]].concat();
        let digest = Hash([1; 32]);
        for count in [1, 3] {
            assert_eq!(signer_of(&digest, &of_keys(count), true), Ok(name));
            assert_eq!(signer_of(&digest, &of_keys(count), false), Err(VerifyError::SignatureForm));
        }
        for bad in [&of_keys(0), &of_keys(1)[..84], &[7; 19][..], &[]] {
            assert_eq!(signer_of(&digest, bad, true), Err(VerifyError::SignatureForm));
        }
        let plain = [1; 65];
        assert_eq!(signer_of(&digest, &plain, true), signer_of(&digest, &plain, false), "read alike");
    }
}
