//! What a client knows to hold for the next block, and how a header changes it.
//!
//! A validator vote changes the council for the next block; a parameter vote is gathered until the next epoch block
//! announces it, and the announcement holds one epoch later. Source: chain.md 2.3-2.5.

use super::council::Council;
use super::header_governance::HeaderGovernance;
use super::parameters::{check_governance, is_epoch_block, ParameterChanges, Parameters, PendingChange};
use super::votes::{self, CastVote, Vote};
use super::warned::{self, WarnedVote, MAX_WARNED};
use super::ConsensusError;
use crate::header::HeaderFields;
use crate::primitives::Address;
use crate::profile::{ChainProfile, Fork, Qualified, VoteRules};
use crate::uncovered::Uncovered;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Longest vote that is followed: the whole of a council of the largest size, and room.
const MAX_VOTE: usize = 32 << 10;
/// Longest announcement that is followed; one that names every parameter takes less than a kilobyte.
const MAX_GOVERNANCE: usize = 16 << 10;

/// Everything that holds for the next block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tracked {
    pub(super) council: Council,
    /// The council of the block before, unknown right after a checkpoint.
    pub(super) council_before: Option<Council>,
    pub(super) parameters: Parameters,
    /// What headers alone announced, without the chain configuration: votes are checked against
    /// that.
    pub(super) header_governance: HeaderGovernance,
    /// Announced and not yet in force, oldest first.
    pub(super) pending: Vec<PendingChange>,
    /// Parameter votes of the epoch so far, if all of them were seen.
    pub(super) epoch_votes: Option<ParameterChanges>,
    /// Followed votes that no governing node cast, oldest first. Shared, because every header
    /// copies the rest.
    pub(super) warned: Arc<Vec<WarnedVote>>,
}

/// What a header makes of a [`Tracked`], before anybody has checked who made the header.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) next: Tracked,
    pub(super) vote: Option<CastVote>,
}

impl Change {
    /// Whether the header's own seals must be checked before its effects are believed: it votes on the council, or is the
    /// last before other parameters hold (chain.md 1.8 b and c).
    pub(super) fn needs_seals(&self, before: &Tracked) -> bool {
        let votes_on_council = self.vote.as_ref().is_some_and(|cast| cast.vote.is_about_validators());
        votes_on_council || self.next.council != before.council || self.next.parameters != before.parameters
    }
}

impl Tracked {
    /// Reads vote and announcement of the header for which `self` holds.
    pub(super) fn after(&self, header: &HeaderFields, profile: &ChainProfile) -> Result<Change, ConsensusError> {
        field_is_bounded(header.vote.len(), MAX_VOTE)?;
        field_is_bounded(header.governance.len(), MAX_GOVERNANCE)?;
        let (epoch, rules) = (self.parameters.epoch, profile.vote_rules);
        let announced = check_governance(&header.governance, header.number, epoch, rules, self.epoch_votes.as_ref())?;
        let mut next = self.clone();
        next.council_before = Some(self.council.clone());
        if is_epoch_block(header.number, epoch) {
            next.epoch_votes = first_epoch_votes(profile);
        }
        let vote = self.read_vote(&header.vote, profile)?;
        if let Some(cast) = &vote {
            next.council = self.council_after(cast, header.number, profile)?;
            if let (Vote::Parameter(name, value), Some(votes)) = (&cast.vote, &mut next.epoch_votes) {
                votes.insert(*name, value.clone());
            }
        }
        if !announced.is_empty() {
            next.pending.push(PendingChange { announced_at: header.number, changes: announced });
        }
        next.put_in_force(header.number.saturating_add(1), profile);
        Ok(Change { next, vote })
    }

    /// Notes a vote that no governing node cast, if nodes follow it: legacy ones ignore such a vote
    /// in mode "single", and any that means nothing. Tells whether it is one.
    ///
    /// Who casts a vote is who proposed its block. Legacy nodes may not have compared the two, and
    /// then any member can name the governing node in its own block.
    pub(super) fn warn_of(
        &mut self,
        cast: &CastVote,
        proposer: &Address,
        number: u64,
        before: &Self,
        profile: &ChainProfile,
    ) -> bool {
        let Parameters { governing_node, governance_mode, .. } = &before.parameters;
        let is_followed = match profile.vote_rules {
            VoteRules::V2 => true,
            VoteRules::Legacy if governance_mode == "single" && cast.voter != *governing_node => false,
            VoteRules::Legacy if cast.vote.is_about_validators() => self.council != before.council,
            VoteRules::Legacy => before.council.contains(&cast.voter),
        };
        let warning = || warned::warning(&cast.vote, proposer, number, &before.header_governance);
        let warning = is_followed.then(warning).flatten();
        let is_warned = warning.is_some();
        if is_warned && self.warned.len() < MAX_WARNED {
            Arc::make_mut(&mut self.warned).extend(warning);
        }
        is_warned
    }

    /// The parameters that hold at `number`, from what is announced so far.
    pub(super) fn parameters_at(&self, number: u64, profile: &ChainProfile) -> Parameters {
        let due = self.pending.iter().filter(|change| self.is_in_force(change, number, profile));
        due.fold(self.parameters.clone(), |parameters, change| parameters.merged(&change.changes))
    }

    fn put_in_force(&mut self, number: u64, profile: &ChainProfile) {
        let (due, pending) = core::mem::take(&mut self.pending)
            .into_iter()
            .partition(|change| self.is_in_force(change, number, profile));
        self.pending = pending;
        for PendingChange { changes, .. } in due {
            self.parameters = self.parameters.merged(&changes);
            self.header_governance = self.header_governance.clone().merged(&changes);
        }
    }

    fn is_in_force(&self, change: &PendingChange, number: u64, profile: &ChainProfile) -> bool {
        change.effective_at(self.parameters.epoch, &profile.forks) <= number
    }

    fn read_vote(&self, field: &[u8], profile: &ChainProfile) -> Result<Option<CastVote>, ConsensusError> {
        if field.is_empty() {
            return Ok(None);
        }
        match profile.vote_rules {
            VoteRules::V2 => votes::decode(field).map(Some),
            VoteRules::Legacy => votes::decode_legacy(field),
        }
    }

    fn council_after(&self, cast: &CastVote, number: u64, profile: &ChainProfile) -> Result<Council, ConsensusError> {
        let Parameters { governing_node, governance_mode, .. } = &self.parameters;
        match profile.vote_rules {
            _ if !cast.vote.is_about_validators() => Ok(self.council.clone()),
            VoteRules::V2 => self.council.after_vote(&cast.vote, governing_node),
            VoteRules::Legacy => {
                self.legacy_voters_are_known(number, profile)?;
                self.council.after_legacy_vote(cast, governance_mode, governing_node)
            }
        }
    }

    /// Old Klaytn ignores the votes of demoted members, and headers do not tell who is demoted.
    fn legacy_voters_are_known(&self, number: u64, profile: &ChainProfile) -> Result<(), ConsensusError> {
        let demotes = self.parameters.proposer_policy == 2 && profile.forks.is_active(Fork::Istanbul, number);
        if demotes && profile.qualified != Some(Qualified::Council) {
            return Err(ConsensusError::uncovered(Uncovered::LegacyVotesOfDemoted));
        }
        Ok(())
    }

    /// Checks the vote of a header whose proposer is known. Old Klaytn has no such rules: it ignores what it dislikes.
    pub(super) fn check_vote(
        &self,
        cast: &CastVote,
        proposer: &Address,
        profile: &ChainProfile,
    ) -> Result<(), ConsensusError> {
        match profile.vote_rules {
            VoteRules::V2 => {
                votes::check(cast, proposer, &self.council, self.council_before.as_ref(), &self.header_governance)
            }
            VoteRules::Legacy => Ok(()),
        }
    }

    /// A governance contract changes parameters without a trace in headers, and an epoch of zero counts nothing.
    pub(super) fn rules_are_known(&self, number: u64, profile: &ChainProfile) -> Result<(), ConsensusError> {
        if self.parameters.epoch == 0 {
            return Err(ConsensusError::uncovered(Uncovered::EpochZero));
        }
        if profile.forks.is_active(Fork::Kore, number) && !self.parameters.gov_param_contract.is_zero() {
            return Err(ConsensusError::uncovered(Uncovered::GovernanceByContract));
        }
        Ok(())
    }
}

/// Votes and announcements are kept and copied while they wait; in sparse mode nobody's key stands behind a waiting header
/// yet, so their size must not be an enemy's choice. Nodes know no such bound.
const fn field_is_bounded(got: usize, limit: usize) -> Result<(), ConsensusError> {
    if got <= limit {
        Ok(())
    } else {
        Err(ConsensusError::uncovered(Uncovered::FieldTooLong))
    }
}

/// The votes at the start of an epoch: none yet, and all known. Old Klaytn compared announcements with votes only for the
/// pending block, so there they are not gathered.
pub(super) fn first_epoch_votes(profile: &ChainProfile) -> Option<ParameterChanges> {
    match profile.vote_rules {
        VoteRules::V2 => Some(ParameterChanges::default()),
        VoteRules::Legacy => None,
    }
}
