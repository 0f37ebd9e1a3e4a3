//! The vote in a header: its bytes, and the rules that a block with it must meet.
//!
//! One thing is state-dependent and not checked here: that the target of a `govparamcontract` vote is a contract. The
//! quorum that seals the block answers for it, and a chain that uses such a contract is refused as a whole
//! ([`super::light_client`]). Source: chain.md 2.3, 2.4.

use super::council::Council;
use super::header_governance::HeaderGovernance;
use super::parameters::{ParameterName, ParameterValue};
use super::ConsensusError;
use crate::primitives::Address;
use crate::profile::VoteRules;
use crate::rlp::Reader;
use crate::uncovered::Uncovered;
use alloc::vec::Vec;

const ADD: &str = "governance.addvalidator";
const REMOVE: &str = "governance.removevalidator";

/// What a vote asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vote {
    /// These addresses join the council.
    AddValidators(Vec<Address>),
    /// These addresses leave the council.
    RemoveValidators(Vec<Address>),
    /// A parameter takes a value.
    Parameter(ParameterName, ParameterValue),
}

impl Vote {
    /// Whether it is about the council.
    #[must_use]
    pub const fn is_about_validators(&self) -> bool {
        matches!(self, Self::AddValidators(_) | Self::RemoveValidators(_))
    }

    /// The key of the vote, as it stands in the header.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::AddValidators(_) => ADD,
            Self::RemoveValidators(_) => REMOVE,
            Self::Parameter(name, _) => name.as_str(),
        }
    }

    fn named_validators(&self) -> &[Address] {
        match self {
            Self::AddValidators(named) | Self::RemoveValidators(named) => named,
            Self::Parameter(..) => &[],
        }
    }
}

/// A vote with the address that claims to cast it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastVote {
    /// Who votes, as the vote says.
    pub voter: Address,
    /// For what.
    pub vote: Vote,
}

/// Decodes a non-empty `Vote` field as Kaia v2 does.
///
/// # Errors
/// Where it is no list of voter, key and value, the key is unknown or forbidden, or the value has the wrong form.
pub fn decode(field: &[u8]) -> Result<CastVote, ConsensusError> {
    let mut reader = Reader::list(field)?;
    let voter = reader.address()?;
    let key = str::from_utf8(reader.bytes()?).unwrap_or_default();
    let value = reader.bytes()?;
    reader.finish()?;
    let vote = match key {
        ADD => Vote::AddValidators(named_addresses(value)),
        REMOVE => Vote::RemoveValidators(named_addresses(value)),
        other => parameter_vote(other, value)?,
    };
    Ok(CastVote { voter, vote })
}

fn parameter_vote(key: &str, value: &[u8]) -> Result<Vote, ConsensusError> {
    let name = ParameterName::from_text(key).ok_or(ConsensusError::ParameterName)?;
    parameter_is_votable(name)?;
    Ok(Vote::Parameter(name, name.value_of_bytes(value)?))
}

const fn parameter_is_votable(name: ParameterName) -> Result<(), ConsensusError> {
    if name.is_votable(VoteRules::V2) {
        Ok(())
    } else {
        Err(ConsensusError::ForbiddenParameter(name))
    }
}

/// Addresses one behind the other. Where the length is no multiple of 20 the node takes the last 20 bytes, padded with
/// zeros on the left: a 42-byte text of an address stands in mainnet's history and means its last 20 characters.
///
/// How many are named is bounded by the length of the field, not by the size of councils: most may
/// be named in vain.
fn named_addresses(value: &[u8]) -> Vec<Address> {
    let chunks = value.chunks_exact(20);
    if !chunks.remainder().is_empty() {
        return Vec::from([last_twenty_bytes(value)]);
    }
    chunks.filter_map(Address::from_slice).collect()
}

fn last_twenty_bytes(value: &[u8]) -> Address {
    let mut out = [0u8; 20];
    for (to, from) in out.iter_mut().rev().zip(value.iter().rev()) {
        *to = *from;
    }
    Address(out)
}

/// Decodes a non-empty `Vote` field as Klaytn 1.12 and before do, which ignore what they cannot
/// read: `None` is a vote that changes nothing. Announcements of such a chain are not compared with
/// the votes on parameters.
///
/// # Errors
/// [`ConsensusError::Unsupported`] for several addresses in one string, which these releases never wrote.
pub fn decode_legacy(field: &[u8]) -> Result<Option<CastVote>, ConsensusError> {
    let Some((voter, key, value)) = legacy_parts(field) else {
        return Ok(None);
    };
    let mut reader = Reader::items(value);
    if let Some(name) = ParameterName::from_text(key).filter(|name| name.is_votable(VoteRules::Legacy)) {
        let value = reader.bytes().ok().and_then(|bytes| name.value_of_bytes(bytes).ok());
        return Ok(value.map(|value| CastVote { voter, vote: Vote::Parameter(name, value) }));
    }
    let adds = match key {
        ADD => true,
        REMOVE => false,
        _ => return Ok(None),
    };
    let named = if reader.next_is_list() {
        match legacy_list(reader) {
            Some(named) => named,
            None => return Ok(None),
        }
    } else {
        let Ok(bytes) = reader.bytes() else {
            return Ok(None);
        };
        if bytes.len() > 20 && bytes.chunks_exact(20).remainder().is_empty() {
            return Err(ConsensusError::uncovered(Uncovered::LegacyJoinedAddresses));
        }
        Vec::from([last_twenty_bytes(bytes)])
    };
    let vote = if adds { Vote::AddValidators(named) } else { Vote::RemoveValidators(named) };
    Ok(Some(CastVote { voter, vote }))
}

fn legacy_parts(field: &[u8]) -> Option<(Address, &str, &[u8])> {
    let mut reader = Reader::list(field).ok()?;
    let (voter, key, value) = (reader.address().ok()?, reader.bytes().ok()?, reader.raw().ok()?);
    reader.finish().ok()?;
    Some((voter, str::from_utf8(key).ok()?, value))
}

fn legacy_list(mut reader: Reader<'_>) -> Option<Vec<Address>> {
    let mut items = reader.nested().ok()?;
    let mut named = Vec::new();
    while !items.is_empty() {
        named.push(items.address().ok()?);
    }
    Some(named)
}

/// Checks a decoded v2 vote in a block whose proposer is known. `council_before` is the council of the block before, where
/// it is known; `governance` is what headers alone announced.
///
/// That in mode "single" the voter is the governing node is *not* a rule of the chain: any member's
/// vote in its own block counts, and a client that refused it would leave the chain. It is warned
/// of instead ([`super::warned`]).
///
/// # Errors
/// The first rule that is broken.
pub fn check(
    cast: &CastVote,
    proposer: &Address,
    council: &Council,
    council_before: Option<&Council>,
    governance: &HeaderGovernance,
) -> Result<(), ConsensusError> {
    voter_is_in_the_council(cast, council)?;
    voter_is_the_proposer(cast, proposer)?;
    governing_node_is_not_moved(cast, governance)?;
    governing_node_sat_in_the_council(cast, council_before, governance)?;
    base_fee_bounds_stay_ordered(cast, governance)
}

fn voter_is_in_the_council(cast: &CastVote, council: &Council) -> Result<(), ConsensusError> {
    if council.contains(&cast.voter) {
        Ok(())
    } else {
        Err(ConsensusError::VoterNotInCouncil(cast.voter.into()))
    }
}

fn voter_is_the_proposer(cast: &CastVote, proposer: &Address) -> Result<(), ConsensusError> {
    if cast.voter == *proposer {
        Ok(())
    } else {
        Err(ConsensusError::VoterNotProposer { expected: (*proposer).into(), got: cast.voter.into() })
    }
}

fn governing_node_is_not_moved(cast: &CastVote, governance: &HeaderGovernance) -> Result<(), ConsensusError> {
    let moves = cast.vote.named_validators().contains(&governance.governing_node);
    if moves && governance.is_single() {
        return Err(ConsensusError::VoteOnGoverningNode(governance.governing_node.into()));
    }
    Ok(())
}

fn governing_node_sat_in_the_council(
    cast: &CastVote,
    council_before: Option<&Council>,
    governance: &HeaderGovernance,
) -> Result<(), ConsensusError> {
    let asks = matches!(cast.vote, Vote::Parameter(ParameterName::GoverningNode, _));
    match council_before {
        Some(before) if asks && governance.is_single() => {
            if before.contains(&governance.governing_node) {
                Ok(())
            } else {
                Err(ConsensusError::GoverningNodeNotInCouncil(governance.governing_node.into()))
            }
        }
        _ => Ok(()),
    }
}

fn base_fee_bounds_stay_ordered(cast: &CastVote, governance: &HeaderGovernance) -> Result<(), ConsensusError> {
    let (lower, upper) = match cast.vote {
        Vote::Parameter(ParameterName::LowerBoundBaseFee, ParameterValue::Integer(lower)) => {
            (lower, governance.upper_bound_base_fee)
        }
        Vote::Parameter(ParameterName::UpperBoundBaseFee, ParameterValue::Integer(upper)) => {
            (governance.lower_bound_base_fee, upper)
        }
        _ => return Ok(()),
    };
    if lower <= upper {
        Ok(())
    } else {
        Err(ConsensusError::BaseFeeBounds { lower, upper })
    }
}

#[cfg(test)]
#[path = "votes_tests.rs"]
mod tests;
