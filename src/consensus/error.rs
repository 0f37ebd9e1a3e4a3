//! Why consensus refuses a header.

use super::parameters::ParameterName;
use crate::crypto::CurveError;
use crate::error::cold_from;
use crate::header::HeaderError;
use crate::primitives::{Address, Hash};
use crate::rlp::RlpError;
use crate::uncovered::Uncovered;
use alloc::boxed::Box;

/// A seal, vote, announcement or step that breaks a rule, or that trust does not reach.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ConsensusError {
    /// Malformed RLP in a vote or announcement.
    #[error(transparent)]
    Rlp(RlpError),
    /// The header does not fit after its parent.
    #[error(transparent)]
    Header(HeaderError),
    /// A rule or form that headers alone, or this build, do not cover. Nothing is known to be wrong.
    #[error("unsupported: {what}")]
    Unsupported { what: Uncovered, number: Option<u64> },
    /// The last verified header is too old to be the ground for a jump. Nothing is known to be wrong.
    #[error("last verified header is of {head_time}, now is {now}, trusted for {period} s")]
    TrustingPeriodOver { head_time: u64, now: u64, period: u64 },
    /// A verified header is further ahead of the clock than is tolerated (H4). Nothing is known to
    /// be wrong but the clock.
    #[error("a block of {time} is ahead of the clock, which says {now}")]
    AheadOfClock { now: u64, time: u64 },
    /// A trusting period of zero trusts nothing.
    #[error("a trusting period of zero allows no jump")]
    TrustingPeriodZero,

    /// A council of nobody.
    #[error("a council needs a member")]
    CouncilEmpty,
    /// A council that names one member twice.
    #[error("{0} is named twice in the council")]
    CouncilDuplicate(Box<Address>),

    /// No committed seal.
    #[error("no committed seal")]
    NoSeals,
    /// More seals than council members: one must be foreign or repeated.
    #[error("{got} committed seals from a council of {members}")]
    TooManySeals { members: usize, got: usize },
    /// A committed seal from which no signer can be recovered.
    #[error("committed seal {index}: {source}")]
    CommittedSeal { index: usize, source: CurveError },
    /// A committed seal of somebody outside the council, or over something else.
    #[error("committed seal {index} is by {signer}, who is not in the council")]
    ForeignSeal { index: usize, signer: Box<Address> },
    /// A second committed seal by the same member.
    #[error("committed seal {index} is the second by {signer}")]
    RepeatedSeal { index: usize, signer: Box<Address> },
    /// Fewer seals than the quorum.
    #[error("{got} committed seals, {required} are needed")]
    QuorumMissed { required: u64, got: u64 },
    /// The proposer's seal is not 65 bytes.
    #[error("proposer seal of {got} bytes, 65 are needed")]
    ProposerSealLength { got: usize },
    /// No signer can be recovered from the proposer's seal.
    #[error("proposer seal: {0}")]
    ProposerSeal(CurveError),
    /// The proposer's seal is by somebody outside the council.
    #[error("proposer {0} is not in the council")]
    ProposerNotInCouncil(Box<Address>),
    /// The signers are in no committee that the chain could have drawn.
    #[error("the signers are in no committee of rounds 0 to 255")]
    OutsideCommittee,
    /// A header whose seals nobody checks carries seals or a round.
    #[error("header {number} is authenticated by its child alone and must carry no seals and round 0")]
    UncheckedSeals { number: u64 },

    /// A name that is no parameter.
    #[error("unknown parameter")]
    ParameterName,
    /// A value of the wrong form or beyond its bounds.
    #[error("bad value for {}", .0.as_str())]
    ParameterValue(ParameterName),
    /// A vote or announcement of what no vote may change.
    #[error("{} cannot be changed by vote", .0.as_str())]
    ForbiddenParameter(ParameterName),
    /// The announcement is no JSON object of values.
    #[error("governance field is no JSON object of values")]
    GovernanceJson,
    /// An announcement outside an epoch block.
    #[error("block {number} announces parameters and is no epoch block (epoch {epoch})")]
    GovernanceOffEpoch { number: u64, epoch: u64 },
    /// The announcement differs from the votes of the epoch.
    #[error("announced parameters differ from the votes of the epoch")]
    GovernanceMismatch,

    /// The voter is not in the council.
    #[error("voter {0} is not in the council")]
    VoterNotInCouncil(Box<Address>),
    /// The voter did not propose the block.
    #[error("voter {got} is not the proposer {expected}")]
    VoterNotProposer { expected: Box<Address>, got: Box<Address> },
    /// A vote to add or remove the governing node in mode "single".
    #[error("a vote cannot move the governing node {0}")]
    VoteOnGoverningNode(Box<Address>),
    /// A vote for another governing node while the present one is not in the council.
    #[error("governing node {0} is not in the council")]
    GoverningNodeNotInCouncil(Box<Address>),
    /// A vote by which the lower bound of the base fee would exceed the upper.
    #[error("lower base fee bound {lower} above upper bound {upper}")]
    BaseFeeBounds { lower: u64, upper: u64 },

    /// The first header is not the anchor of trust.
    #[error("expected block {expected_number} {expected}, got {got_number} {got}")]
    Anchor { expected_number: u64, expected: Box<Hash>, got_number: u64, got: Box<Hash> },
    /// The checkpoint contradicts itself.
    #[error("checkpoint: {0}")]
    Checkpoint(&'static str),
    /// A jump without a header.
    #[error("a jump needs a header")]
    JumpEmpty,
    /// A jump that does not go beyond the last verified header.
    #[error("a jump to block {got} from block {head}")]
    JumpBackwards { head: u64, got: u64 },
    /// A jump to a block younger than so many blocks after the last verified one can be.
    #[error("block time {got} where at least {least} is needed")]
    JumpTime { least: u64, got: u64 },
    /// Twice the same block where two different ones are needed.
    #[error("both headers are block {0}")]
    SameBlock(Box<Hash>),
}

cold_from!(ConsensusError: Rlp(RlpError), Header(HeaderError));

impl ConsensusError {
    /// A rule that is not covered, before it is known at which block it was met.
    pub(crate) const fn uncovered(what: Uncovered) -> Self {
        Self::Unsupported { what, number: None }
    }

    /// The same error, with the block at which something uncovered was met.
    pub(crate) fn at(self, block: u64) -> Self {
        match self {
            Self::Unsupported { what, number: None } => Self::Unsupported { what, number: Some(block) },
            other => other,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rlp(e) => e.code(),
            Self::Header(e) => e.code(),
            Self::Unsupported { what, .. } => what.code(),
            Self::TrustingPeriodOver { .. } => "consensus.trusting_period_over",
            Self::AheadOfClock { .. } => "not_yet_trusted.clock",
            Self::TrustingPeriodZero => "consensus.trusting_period_zero",
            Self::CouncilEmpty => "consensus.council_empty",
            Self::CouncilDuplicate(_) => "consensus.council_duplicate",
            Self::NoSeals => "consensus.no_seals",
            Self::TooManySeals { .. } => "consensus.too_many_seals",
            Self::CommittedSeal { .. } => "consensus.committed_seal",
            Self::ForeignSeal { .. } => "consensus.foreign_seal",
            Self::RepeatedSeal { .. } => "consensus.repeated_seal",
            Self::QuorumMissed { .. } => "consensus.quorum_missed",
            Self::ProposerSealLength { .. } => "consensus.proposer_seal_length",
            Self::ProposerSeal(_) => "consensus.proposer_seal",
            Self::ProposerNotInCouncil(_) => "consensus.proposer_not_in_council",
            Self::OutsideCommittee => "consensus.outside_committee",
            Self::UncheckedSeals { .. } => "consensus.unchecked_seals",
            Self::ParameterName => "consensus.parameter_name",
            Self::ParameterValue(_) => "consensus.parameter_value",
            Self::ForbiddenParameter(_) => "consensus.forbidden_parameter",
            Self::GovernanceJson => "consensus.governance_json",
            Self::GovernanceOffEpoch { .. } => "consensus.governance_off_epoch",
            Self::GovernanceMismatch => "consensus.governance_mismatch",
            Self::VoterNotInCouncil(_) => "consensus.voter_not_in_council",
            Self::VoterNotProposer { .. } => "consensus.voter_not_proposer",
            Self::VoteOnGoverningNode(_) => "consensus.vote_on_governing_node",
            Self::GoverningNodeNotInCouncil(_) => "consensus.governing_node_not_in_council",
            Self::BaseFeeBounds { .. } => "consensus.base_fee_bounds",
            Self::Anchor { .. } => "consensus.anchor",
            Self::Checkpoint(_) => "consensus.checkpoint",
            Self::JumpEmpty => "consensus.jump_empty",
            Self::JumpBackwards { .. } => "consensus.jump_backwards",
            Self::JumpTime { .. } => "consensus.jump_time",
            Self::SameBlock(_) => "consensus.same_block",
        }
    }
}
