//! A block from which a chain is followed, and what a client must know there. Source: claims.md 4,
//! 5.

use super::announcements::epoch_stays;
use super::header_governance::HeaderGovernance;
use super::parameters::{is_epoch_block, ParameterChanges, Parameters, PendingChange};
use super::warned::{WarnedVote, MAX_WARNED};
use super::ConsensusError;
use crate::header::UntrustedHeader;
use crate::primitives::{Address, Hash};
use crate::profile::ChainProfile;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A block to start from, and what holds for the block after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Height.
    pub number: u64,
    /// Block hash.
    pub hash: Hash,
    /// The council for block `number` + 1, in any order.
    pub council: Vec<Address>,
    /// The parameters for block `number` + 1.
    pub parameters: Parameters,
    /// Changes announced up to `number` and not in force at `number` + 1, oldest first. Left out,
    /// they would be missed without a word, so a checkpoint without any says so with an empty list.
    pub pending: Vec<PendingChange>,
    /// Parameter votes of the epoch up to `number`; left out where they are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch_votes: Option<ParameterChanges>,
    /// What headers alone announced up to `number`, in force at `number` + 1; left out where it
    /// does not differ from `parameters`, and at block 0, whose header says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_governance: Option<HeaderGovernance>,
    /// Votes up to `number` that nodes followed although no governing node cast them, oldest first.
    /// Where a chain has such votes, every verdict on it carries the warning. A trust file that
    /// names none says that there were none; what a program wrote always names them, so that it
    /// cannot be taken for an older program's, which did not look.
    #[serde(default)]
    pub warned_votes: Vec<WarnedVote>,
    /// Unix time at which it was verified, where its header was ahead of the clock: the trusting
    /// period then counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_since: Option<u64>,
}

/// What block 0 announces. Its hash is trusted.
pub(super) fn announced_at_genesis(
    header: &UntrustedHeader,
    profile: &ChainProfile,
) -> Result<ParameterChanges, ConsensusError> {
    match header.fields().governance.as_slice() {
        [] => Ok(ParameterChanges::default()),
        field => ParameterChanges::decode(field, profile.vote_rules),
    }
}

pub(super) fn header_governance_of(
    checkpoint: &Checkpoint,
    header: &UntrustedHeader,
    profile: &ChainProfile,
) -> Result<HeaderGovernance, ConsensusError> {
    let said = &checkpoint.header_governance;
    if checkpoint.number > 0 {
        return Ok(said.clone().unwrap_or_else(|| HeaderGovernance::assumed(&checkpoint.parameters, profile)));
    }
    let announced = announced_at_genesis(header, profile)?;
    let governance = HeaderGovernance::of(&Parameters::default()).merged(&announced);
    if said.as_ref().is_some_and(|said| *said != governance) {
        return Err(ConsensusError::Checkpoint("header_governance is not what block 0 announces"));
    }
    Ok(governance)
}

pub(super) fn warned_votes_lie_before(checkpoint: &Checkpoint) -> Result<(), ConsensusError> {
    let warned = &checkpoint.warned_votes;
    if warned.len() <= MAX_WARNED && warned.iter().all(|vote| (1..=checkpoint.number).contains(&vote.number)) {
        Ok(())
    } else {
        Err(ConsensusError::Checkpoint("warned_votes are too many, or not of blocks up to the checkpoint"))
    }
}

pub(super) fn checkpoint_agrees_with_itself(
    checkpoint: &Checkpoint,
    profile: &ChainProfile,
) -> Result<(), ConsensusError> {
    let epoch = checkpoint.parameters.epoch;
    let mut oldest = 0;
    for change in &checkpoint.pending {
        let at = change.announced_at;
        if at <= oldest || at > checkpoint.number || !is_epoch_block(at, epoch) {
            return Err(ConsensusError::Checkpoint("pending changes are not of past epoch blocks in order"));
        }
        epoch_stays(&change.changes, epoch)?;
        if change.effective_at(epoch, &profile.forks) <= checkpoint.number.saturating_add(1) {
            return Err(ConsensusError::Checkpoint("a pending change is in force already"));
        }
        oldest = at;
    }
    let votable = |changes: &ParameterChanges| changes.0.keys().all(|name| name.is_votable(profile.vote_rules));
    let pending = checkpoint.pending.iter().map(|change| &change.changes);
    if pending.chain(&checkpoint.epoch_votes).all(votable) {
        Ok(())
    } else {
        Err(ConsensusError::Checkpoint("a change that no vote can make"))
    }
}
