//! Hints for seals: a prover may tell the signer's place in the council and the signature point's y coordinate, so that a
//! verifier can check many seals at once. A wrong hint is refused, so none can ever stand in for a check.

use super::chain::{AnchoredHeader, FollowedChain};
use super::stop::Stop;
use crate::bundle::{BundleError, HeaderEntry, SealHint};
use crate::consensus::council::Council;
use crate::consensus::seals::SealReport;
use crate::crypto::nonce_point_has_y;
use crate::header::UntrustedHeader;
use crate::primitives::Address;
use alloc::vec::Vec;

/// Checks every hint of headers that were just verified.
pub(super) fn check_all(chain: &FollowedChain<'_>, entries: &[HeaderEntry]) -> Result<(), Stop> {
    for entry in entries.iter().filter(|entry| !entry.hints.is_empty()) {
        let header = UntrustedHeader::decode(&entry.header)?;
        let seals = match chain.header(header.number())? {
            AnchoredHeader::Followed(verified) => verified.seals(),
            AnchoredHeader::Jumped(jumped) => jumped.seals(),
        };
        // Where no seal was needed none is there to hint at.
        let seals = seals.ok_or(BundleError::Hint)?;
        hints_fit_the_seals(&header, seals, &entry.hints)?;
    }
    Ok(())
}

/// One hint for the proposer seal and one for each committed seal, each of them true.
fn hints_fit_the_seals(header: &UntrustedHeader, seals: &SealReport, hints: &[SealHint]) -> Result<(), Stop> {
    let extra = &header.fields().extra;
    let proposer: [u8; 65] = extra.seal.as_slice().try_into().map_err(|_| BundleError::Hint)?;
    let signatures = core::iter::once(&proposer).chain(&extra.committed_seals);
    let signers = core::iter::once(&seals.proposer).chain(&seals.signers);
    let members: Vec<Address> = seals.signers.iter().chain(&seals.absent).copied().collect();
    let council = Council::new(&members)?;
    if hints.len() != extra.committed_seals.len().saturating_add(1) {
        return Err(BundleError::Hint.into());
    }
    for ((hint, signature), signer) in hints.iter().zip(signatures).zip(signers) {
        let place: Option<&Address> = council.members().get(usize::from(hint.signer));
        if place != Some(signer) || nonce_point_has_y(signature, &hint.y).is_err() {
            return Err(BundleError::Hint.into());
        }
    }
    Ok(())
}
