//! The seals of one header: who proposed it, who committed to it, and whether that is enough.
//!
//! One foreign, repeated or unreadable committed seal rejects the whole header, as it does on the chain: seals lie outside
//! the block hash, and whatever is tolerated there is room for an attacker. Seals of any council member count, demoted or
//! not. Source: chain.md 1.4 H10, 1.7; claims.md 5 (committee).

use super::committee::{Draw, Lottery};
use super::council::Council;
use super::parameters::Parameters;
use super::quorum::required_seals;
use super::ConsensusError;
use crate::crypto::{recover_address, CurveError};
use crate::header::{committed_digest, UntrustedHeader};
use crate::primitives::{Address, Hash};
use crate::profile::{ChainProfile, Fork, Qualified, VoteRules};
use crate::uncovered::Uncovered;
use alloc::vec::Vec;
use serde::Serialize;

/// What the checked seals of a header show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SealReport {
    /// Who proposed the block.
    pub proposer: Address,
    /// Who committed to it, in the order of the seals.
    pub signers: Vec<Address>,
    /// Council members without a seal here, in council order.
    pub absent: Vec<Address>,
    /// Seals that were needed.
    pub required: u64,
    /// Members that the quorum is counted over: the qualified ones, capped by the committee size.
    pub members: u64,
    /// Whether it was checked that the signers sit in a committee that the chain could have drawn.
    pub committee_checked: bool,
}

/// What holds at the height of the header whose seals are checked.
#[derive(Clone, Copy, Debug)]
pub struct SealContext<'a> {
    /// The rules of the chain.
    pub profile: &'a ChainProfile,
    /// The council at that height.
    pub council: &'a Council,
    /// The parameters at that height.
    pub parameters: &'a Parameters,
    /// The header before, where it is at hand; the committee is drawn from it.
    pub parent: Option<&'a UntrustedHeader>,
}

/// Whether one committed seal would count, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealOutcome {
    /// By a council member, for the first time.
    Counted,
    /// By somebody outside the council, or over something else.
    Foreign,
    /// The second by the same member.
    Repeated,
    /// No signer can be recovered.
    Unreadable(CurveError),
}

/// One committed seal, for diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealLine {
    /// Who signed.
    pub address: Option<Address>,
    /// Whether it counts.
    pub outcome: SealOutcome,
}

/// Each committed seal on its own, also of a header that is rejected. Decides nothing; reads no more seals than the
/// council has members.
#[must_use]
pub fn report(header: &UntrustedHeader, council: &Council) -> Vec<SealLine> {
    let digest = committed_digest(&header.hash());
    let mut seen: Vec<Address> = Vec::new();
    let mut lines = Vec::new();
    for seal in header.fields().extra.committed_seals.iter().take(council.len()) {
        lines.push(match recover_address(&digest, seal) {
            Err(e) => SealLine { address: None, outcome: SealOutcome::Unreadable(e) },
            Ok(signer) => {
                let outcome = match (council.contains(&signer), seen.contains(&signer)) {
                    (false, _) => SealOutcome::Foreign,
                    (true, true) => SealOutcome::Repeated,
                    (true, false) => SealOutcome::Counted,
                };
                seen.push(signer);
                SealLine { address: Some(signer), outcome }
            }
        });
    }
    lines
}

/// Checks all seals of `header`: those who committed, their number, and a proposer from the council.
///
/// # Errors
/// The first rule that is broken.
pub fn check(header: &UntrustedHeader, context: &SealContext<'_>) -> Result<SealReport, ConsensusError> {
    let report = check_committed(header, context)?;
    proposer_is_in_the_council(&report.proposer, context.council)?;
    Ok(report)
}

/// As [`check`], without asking that the proposer is in the council: for a header whose council may have changed since.
/// The seal of the proposer lies inside the block hash, so the quorum answers for it.
pub(super) fn check_committed(
    header: &UntrustedHeader,
    context: &SealContext<'_>,
) -> Result<SealReport, ConsensusError> {
    let number = header.number();
    let members = counted_members(context.profile, context.parameters, context.council, number)?;
    let required = required_seals(context.profile.quorum, members);
    let signers = committed_signers(header, context.council)?;
    quorum_is_reached(&signers, required)?;
    let proposer = proposer_of(header)?;
    let committee_checked = signers_sit_in_a_committee(&signers, number, context)?;
    let absent = context.council.members().iter().filter(|member| !signers.contains(member)).copied().collect();
    Ok(SealReport { proposer, signers, absent, required, members, committee_checked })
}

fn committed_signers(header: &UntrustedHeader, council: &Council) -> Result<Vec<Address>, ConsensusError> {
    let seals = &header.fields().extra.committed_seals;
    seals_are_present(seals)?;
    seals_are_no_more_than_the_council(seals, council)?;
    let digest = committed_digest(&header.hash());
    let mut signers = Vec::with_capacity(seals.len());
    for (index, seal) in seals.iter().enumerate() {
        let signer = seal_is_readable(index, seal, &digest)?;
        signer_is_in_the_council(index, signer, council)?;
        signer_is_new(index, signer, &signers)?;
        signers.push(signer);
    }
    Ok(signers)
}

fn seals_are_present(seals: &[[u8; 65]]) -> Result<(), ConsensusError> {
    if seals.is_empty() {
        Err(ConsensusError::NoSeals)
    } else {
        Ok(())
    }
}

/// Before any is recovered: a header with a million seals costs nothing.
fn seals_are_no_more_than_the_council(seals: &[[u8; 65]], council: &Council) -> Result<(), ConsensusError> {
    if seals.len() <= council.len() {
        Ok(())
    } else {
        Err(ConsensusError::TooManySeals { members: council.len(), got: seals.len() })
    }
}

fn seal_is_readable(index: usize, seal: &[u8; 65], digest: &Hash) -> Result<Address, ConsensusError> {
    recover_address(digest, seal).map_err(|source| ConsensusError::CommittedSeal { index, source })
}

fn signer_is_in_the_council(index: usize, signer: Address, council: &Council) -> Result<(), ConsensusError> {
    if council.contains(&signer) {
        Ok(())
    } else {
        Err(ConsensusError::ForeignSeal { index, signer: signer.into() })
    }
}

/// Compares signers, not bytes: a seal has a second form with the high S.
fn signer_is_new(index: usize, signer: Address, before: &[Address]) -> Result<(), ConsensusError> {
    if before.contains(&signer) {
        Err(ConsensusError::RepeatedSeal { index, signer: signer.into() })
    } else {
        Ok(())
    }
}

fn quorum_is_reached(signers: &[Address], required: u64) -> Result<(), ConsensusError> {
    let got = length(signers);
    if got >= required {
        Ok(())
    } else {
        Err(ConsensusError::QuorumMissed { required, got })
    }
}

/// Who signed the proposal. Not by itself somebody with a right to.
///
/// # Errors
/// Where the seal has another length than 65 or gives no signer.
pub fn proposer_of(header: &UntrustedHeader) -> Result<Address, ConsensusError> {
    let fields = header.fields();
    let seal = fields.extra.seal.as_slice();
    let seal: &[u8; 65] = seal.try_into().map_err(|_| ConsensusError::ProposerSealLength { got: seal.len() })?;
    recover_address(&fields.proposer_digest(), seal).map_err(ConsensusError::ProposerSeal)
}

fn proposer_is_in_the_council(proposer: &Address, council: &Council) -> Result<(), ConsensusError> {
    if council.contains(proposer) {
        Ok(())
    } else {
        Err(ConsensusError::ProposerNotInCouncil((*proposer).into()))
    }
}

/// The m of the quorum rule: qualified members, capped by the committee size. Under the weighted-random policy headers do
/// not tell who is demoted, so the verifying party must.
///
/// # Errors
/// [`ConsensusError::Unsupported`] where that is not said, or the policy or committee size means nothing.
pub fn counted_members(
    profile: &ChainProfile,
    parameters: &Parameters,
    council: &Council,
    number: u64,
) -> Result<u64, ConsensusError> {
    if parameters.committee_size == 0 {
        return Err(ConsensusError::uncovered(Uncovered::CommitteeSizeZero));
    }
    let qualified = match (parameters.proposer_policy, demotes(profile, number), profile.qualified) {
        (0 | 1, _, _) | (2, false, _) | (2, true, Some(Qualified::Council)) => length(council.members()),
        (2, true, Some(Qualified::AtLeast(least))) if least > 0 => u64::from(least),
        (2, true, _) => return Err(ConsensusError::uncovered(Uncovered::QualifiedUnknown)),
        _ => return Err(ConsensusError::uncovered(Uncovered::ProposerPolicy)),
    };
    Ok(qualified.min(parameters.committee_size))
}

/// Whether the weighted-random policy demotes at this height.
fn demotes(profile: &ChainProfile, number: u64) -> bool {
    profile.forks.is_active(Fork::Istanbul, number)
}

/// `false` where nothing was checked because everybody sits in the committee, or because headers do not tell it.
fn signers_sit_in_a_committee(
    signers: &[Address],
    number: u64,
    context: &SealContext<'_>,
) -> Result<bool, ConsensusError> {
    if length(context.council.members()) <= context.parameters.committee_size {
        return Ok(false);
    }
    let Some(lottery) = lottery(number, context)? else {
        return Ok(false);
    };
    if lottery.some_committee_holds(signers) {
        Ok(true)
    } else if context.parameters.proposer_policy == 2 && demotes(context.profile, number) {
        // The committee was drawn from the whole council because the trust says that nobody is
        // demoted. If that is not so, honest signers sit in another one.
        Err(ConsensusError::uncovered(Uncovered::OutsideAssumedCommittee))
    } else {
        Err(ConsensusError::OutsideCommittee)
    }
}

/// Where the committee of block `number` is drawn from, if headers tell: always for round-robin and
/// sticky, for weighted-random from Randao on if nobody is demoted. Under legacy rules never:
/// Klaytn 1.12 and before draw otherwise.
///
/// # Errors
/// Where the previous proposer's seal gives no signer.
pub fn lottery<'a>(number: u64, context: &SealContext<'a>) -> Result<Option<Lottery<'a>>, ConsensusError> {
    let SealContext { profile, council, parameters, parent } = *context;
    let Some(parent) = parent else {
        return Ok(None);
    };
    let draw = match parameters.proposer_policy {
        _ if profile.vote_rules == VoteRules::Legacy => return Ok(None),
        0 => Draw::RoundRobin { parent: parent.hash(), previous: previous_proposer(number, parent, council)? },
        1 => Draw::Sticky { parent: parent.hash(), previous: previous_proposer(number, parent, council)? },
        2 if profile.forks.is_active(Fork::Randao, number)
            && (profile.qualified == Some(Qualified::Council) || !demotes(profile, number)) =>
        {
            Draw::Randao { mix: parent.fields().mix_hash.unwrap_or(Hash::ZERO) }
        }
        _ => return Ok(None),
    };
    Ok(Some(Lottery { qualified: council.members(), committee_size: parameters.committee_size, draw }))
}

/// Genesis has no proposer; block 1 counts from the first validator.
fn previous_proposer(number: u64, parent: &UntrustedHeader, council: &Council) -> Result<Address, ConsensusError> {
    match council.members().first() {
        Some(first) if number <= 1 => Ok(*first),
        _ => proposer_of(parent),
    }
}

fn length(members: &[Address]) -> u64 {
    u64::try_from(members.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "seals_tests.rs"]
mod tests;
