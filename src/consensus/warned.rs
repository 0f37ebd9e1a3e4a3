//! Votes that nodes follow although no governing node cast them.
//!
//! On Kaia v2 any council member can put a vote into its own block, and honest nodes take it, in
//! mode "single" too. So one member can replace the council, or announce a committee of one. A
//! client must follow such votes, or it leaves the chain; but it says so with everything that
//! stands on them, and the verifying party may refuse them. Source: claims.md 5.

use super::header_governance::HeaderGovernance;
use super::parameters::ParameterName;
use super::votes::Vote;
use crate::primitives::Address;
use alloc::string::{String, ToString};
use serde::{Deserialize, Serialize};

/// Most warned votes that a client keeps: the first. One takes the green away as surely as a
/// thousand, and an enemy must not choose how many are carried along.
pub const MAX_WARNED: usize = 100;

/// Whose votes the verifying party accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VotesBy {
    /// Those that nodes follow, with a warning where the governing node did not cast them.
    #[default]
    Anybody,
    /// Only those without such a warning.
    GoverningNode,
}

/// Why a followed vote is warned of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WarnedOf {
    /// In mode "single", not the governing node's.
    #[serde(rename = "vote_by_other")]
    ByOther,
    /// In mode "none", where every member's vote counts: on validators, or on a parameter that a
    /// verifier needs.
    #[serde(rename = "vote_by_member")]
    ByMember,
}

/// A followed vote that takes the green away from what stands on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarnedVote {
    /// Why.
    pub code: WarnedOf,
    /// Block of the vote.
    pub number: u64,
    /// Who voted: the proposer of that block.
    pub voter: Address,
    /// The key of the vote, as it stands in the header.
    pub key: String,
}

/// The warning that a followed vote by `voter` at block `number` earns.
pub(super) fn warning(vote: &Vote, voter: &Address, number: u64, governance: &HeaderGovernance) -> Option<WarnedVote> {
    let code = if governance.is_single() {
        (*voter != governance.governing_node).then_some(WarnedOf::ByOther)
    } else {
        is_relevant(vote).then_some(WarnedOf::ByMember)
    }?;
    Some(WarnedVote { code, number, voter: *voter, key: vote.key().to_string() })
}

/// Whether a verifier goes by what the vote changes.
const fn is_relevant(vote: &Vote) -> bool {
    match vote {
        Vote::AddValidators(_) | Vote::RemoveValidators(_) => true,
        Vote::Parameter(name, _) => match name {
            ParameterName::DeriveShaImpl
            | ParameterName::GovernanceMode
            | ParameterName::GoverningNode
            | ParameterName::GovParamContract
            | ParameterName::CommitteeSize
            | ParameterName::Epoch
            | ParameterName::ProposerPolicy
            | ParameterName::BaseFeeDenominator
            | ParameterName::GasTarget
            | ParameterName::LowerBoundBaseFee
            | ParameterName::MaxBlockGasUsedForBaseFee
            | ParameterName::UpperBoundBaseFee
            | ParameterName::MinimumStake => true,
            ParameterName::UnitPrice
            | ParameterName::DeferredTxFee
            | ParameterName::Kip82Ratio
            | ParameterName::MintingAmount
            | ParameterName::ProposerUpdateInterval
            | ParameterName::Ratio
            | ParameterName::StakingUpdateInterval
            | ParameterName::UseGiniCoeff => false,
        },
    }
}
