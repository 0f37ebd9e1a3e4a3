//! Who voted for what: P3 and P4 of bridge.md 6.4.
//!
//! From generation C on the votes stay in the bridge's storage: the list of voters carries its own length, so it is complete and
//! dissent cannot be hidden. Older code deletes them at execution; there the k vote transactions are the evidence. In version 2 a
//! vote stands only while the registration lasts in which it was cast.

use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::evidence::{BridgeState, Evidence, Item};
use super::handle::Seen;
use super::request::transaction_succeeded;
use super::shown::by_state;
use super::stop::Stop;
use crate::bridge::calls::HandleCall;
use crate::bridge::generation::Generation;
use crate::bundle::ItemRef;
use crate::crypto::recover_address;
use crate::facts::{Operator, Role, VoteTransaction};
use crate::ordered::{map_of, set_of, Map, Set};
use crate::primitives::{keccak256, Address, Hash};
use crate::transaction::Transaction;
use crate::uncovered::Uncovered;
use crate::verdict::{HeaderRef, Missing};
use alloc::vec::Vec;

const COUNT: Rule = Rule {
    id: "P3.count",
    words: "the contract's count is the number of voters for the key",
    source: "bridge.md 6.4 P3",
};
const THRESHOLD: Rule =
    Rule { id: "P4", words: "operators at the deciding vote reach the threshold", source: "bridge.md 6.4 P4" };
const LATER: Rule = Rule {
    id: "P3.later",
    words: "accepted code executed, so the threshold was met; the recorded votes are read from a later state",
    source: "claims.md 2",
};
const VOTE: Rule = Rule {
    id: "P3.vote",
    words: "a vote is a successful call of the bridge by another operator with the same calldata",
    source: "bridge.md 6.4 P3",
};

/// Votes on one nonce, by key.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) generation: Generation,
    /// Operators at every state looked at, by the key of their live vote.
    pub(super) counted: Map<Hash, Set<Address>>,
    /// Voters who are no operators at one of these states; in version 2 also those who were registered anew since they voted.
    pub(super) former: Map<Hash, Set<Address>>,
    /// Those who voted once and have no live vote.
    pub(super) silent: Set<Address>,
}

impl Tally {
    /// Reads the live votes from `at`; a voter counts if registered there and, where given, `before`.
    pub(super) fn read(
        at: &BridgeState,
        before: Option<&BridgeState>,
        nonce: u64,
        generation: Generation,
    ) -> Result<Self, Stop> {
        let (counted, former, silent) = (Map::new(), Map::new(), Set::new());
        let mut tally = Self { generation, counted, former, silent };
        for voter in at.voters(nonce)? {
            let key = at.voted(nonce, &voter)?;
            if key.is_zero() {
                tally.silent.insert(voter);
                continue;
            }
            let registered = at.is_operator(&voter)? && before.map_or(Ok(true), |state| state.is_operator(&voter))?;
            let stands = registered && (!generation.revokes_votes() || at.stands_behind(&key, &voter)?);
            let side = if stands { &mut tally.counted } else { &mut tally.former };
            side.add(key, voter);
        }
        Ok(tally)
    }

    /// Operators whose counted vote is `key`.
    pub(super) fn operators(&self, key: &Hash) -> u32 {
        count(self.counted.get(key))
    }

    /// Everyone whose live vote is `key`, ascending.
    pub(super) fn voters(&self, key: &Hash) -> Vec<Address> {
        let all = self.counted.get(key).into_iter().chain(self.former.get(key)).flatten();
        set_of(all.copied()).into_iter().collect()
    }

    /// Everyone with a live vote for another key, ascending.
    pub(super) fn dissenters(&self, key: &Hash) -> Vec<Address> {
        let others = self.counted.iter().chain(&self.former).filter(|(other, _)| *other != key);
        set_of(others.flat_map(|(_, voters)| voters.iter().copied())).into_iter().collect()
    }

    /// Every key with a live vote.
    pub(super) fn keys(&self) -> Set<Hash> {
        set_of(self.counted.keys().chain(self.former.keys()).copied())
    }

    /// Voters for `key` who are no operators and whom the contract counts all the same.
    pub(super) fn counted_former(&self, key: &Hash) -> impl Iterator<Item = Address> + '_ {
        self.former(key).filter(|_| !self.generation.revokes_votes())
    }

    /// Voters who were no operators, for `key`.
    pub(super) fn former(&self, key: &Hash) -> impl Iterator<Item = Address> + '_ {
        self.former.get(key).into_iter().flatten().copied()
    }
}

fn count(voters: Option<&Set<Address>>) -> u32 {
    voters.map_or(0, |set| u32::try_from(set.len()).unwrap_or(u32::MAX))
}

/// The deciding vote: how many operators stood behind the executed key, and how many were needed.
#[derive(Clone, Debug, Default)]
pub(super) struct Decision {
    pub(super) votes: u32,
    /// The threshold before and after the deciding block.
    pub(super) thresholds: [u32; 2],
    pub(super) voters: Vec<Address>,
    pub(super) dissenters: Vec<Address>,
    pub(super) former: Vec<Address>,
    /// All that the evidence shows of voters.
    pub(super) shown: Vec<Operator>,
    /// The state from which they were read, where it is not that of the deciding block.
    pub(super) later: Option<HeaderRef>,
    pub(super) by_transactions: bool,
    /// Whether the executing transaction brought votes by signature, and who signed was checked.
    pub(super) by_signatures: bool,
    /// Whether operators came or went in the deciding block, so that it cannot be seen for whom its signatures stood.
    pub(super) operators_changed: bool,
}

/// The address that signed a transaction or, for Kaia's own types, the one it names and consensus has checked.
pub(super) fn sender_of(transaction: &Transaction, chain_id: u64) -> Result<Address, Stop> {
    Ok(transaction.sender(chain_id, &|digest, signature| recover_address(digest, signature).ok())?)
}

/// The contract adds one to a key's count for each live vote, so another number means other code or another layout.
pub(super) fn count_is_the_number_of_voters(
    state: &BridgeState,
    nonce: u64,
    key: &Hash,
    tally: &Tally,
) -> Result<(), Stop> {
    let expected = u32::try_from(tally.voters(key).len()).unwrap_or(u32::MAX);
    let got = state.vote_count(nonce, key)?;
    if expected == got {
        Ok(())
    } else {
        Err(VerifyError::VoteCount { expected, got }.into())
    }
}

/// The threshold and the membership of each voter are read at both ends of the deciding block, and the stricter end counts:
/// the order inside the block then does not matter.
///
/// Accepted code executed, so its threshold was met at that moment. Where all the votes are too few
/// for both ends of the block, the threshold was lower for a moment inside it: that accuses nobody.
/// Vote transactions may also have been left out.
fn operators_reach_the_threshold(decision: &Decision) -> Result<u32, Stop> {
    let ([before, after], votes) = (decision.thresholds, decision.votes);
    let (strict, lax) = (before.max(after), before.min(after));
    let all = votes.saturating_add(u32::try_from(decision.former.len()).unwrap_or(u32::MAX));
    if votes >= strict {
        Ok(strict)
    } else if votes < lax && all >= lax {
        Err(Stop::uncovered(Uncovered::FormerOperatorsDecided))
    } else if all < lax && decision.by_transactions {
        Err(Stop::incomplete(Missing::Votes))
    } else {
        Err(Stop::uncovered(Uncovered::ThresholdChangedInBlock))
    }
}

/// Evidence form (a): the votes in the state after the deciding block, or in a later one; they can
/// no longer change.
///
/// A later state shows who may vote now and the threshold of now. Neither says who could vote at
/// the decision, so neither refuses anything: every recorded vote counts, and that accepted code
/// executed proves that the threshold was met.
pub(super) fn decide_by_state(
    seen: Seen<'_>,
    nonce: u64,
    key: &Hash,
    executor: Option<(Address, VoteTransaction)>,
    generation: Generation,
    checks: &mut Checks,
) -> Result<Decision, Stop> {
    let (before, after) = (seen.before(), seen.after());
    let tally = Tally::read(after, before, nonce, generation)?;
    checks.require(
        COUNT,
        &[("key", key), ("voters", &tally.voters(key).len())],
        count_is_the_number_of_voters(after, nonce, key, &tally),
    )?;
    let voters = tally.voters(key);
    if executor.is_some_and(|(address, _)| !voters.contains(&address)) {
        return Err(VerifyError::ExecutorVote.into());
    }
    let (votes, former, later) = match before {
        Some(_) => (tally.operators(key), tally.former(key).collect(), None),
        None => (u32::try_from(voters.len()).unwrap_or(u32::MAX), Vec::new(), Some(after.header())),
    };
    let thresholds = [before.unwrap_or(after).threshold()?, after.threshold()?];
    let (dissenters, shown) = (tally.dissenters(key), by_state(&tally, Some(key), executor));
    Ok(Decision { votes, thresholds, voters, dissenters, former, shown, later, ..Decision::default() })
}

/// Evidence form (b): the vote transactions themselves, the executing one last.
pub(super) fn decide_by_transactions(
    destination: &Evidence<'_>,
    bridge: &Address,
    (nonce, last, executor): (u64, &Item, Address),
    votes: &[ItemRef],
    states: [&BridgeState; 2],
    checks: &mut Checks,
) -> Result<Decision, Stop> {
    let [before, after] = states;
    let key = key_of(last.transaction.input());
    let chain_id = destination.chain().trusted().profile.chain_id;
    let in_block = last_votes_in_block(destination, bridge, nonce, last)?;
    let mut voters = map_of([(executor, vote_of(last))]);
    for place in votes {
        let vote = destination.item(*place)?;
        let sender = sender_of(&vote.transaction, chain_id)?;
        let shown = vote_is_another_operators(vote, last, bridge).and_then(|()| {
            if voters.insert(sender, vote_of(vote)).is_none() {
                Ok(())
            } else {
                Err(VerifyError::DuplicateVoter(sender.into()))
            }
        });
        checks.require(VOTE, &[("block", &place.block), ("index", &place.index), ("voter", &sender)], shown)?;
        let stood = match in_block.get(&sender) {
            Some(voted) => *voted,
            // Until it decides, every generation keeps the votes in storage: one that was taken
            // back is seen there.
            None if place.block < last.at.block => before.voted(nonce, &sender)?,
            None => key,
        };
        vote_was_not_taken_back(&sender, &key, &stood)?;
    }
    let (mut counted, mut former, mut shown) = (0u32, Vec::new(), Vec::new());
    for (address, vote) in &voters {
        let role = if before.is_operator(address)? && after.is_operator(address)? {
            counted = counted.saturating_add(1);
            Role::Voted
        } else {
            former.push(*address);
            Role::ExOperator
        };
        shown.push(Operator { address: *address, role, vote_key: Some(key), transaction: Some(*vote) });
    }
    let thresholds = [before.threshold()?, after.threshold()?];
    let voters = voters.into_keys().collect();
    Ok(Decision { votes: counted, thresholds, voters, former, shown, by_transactions: true, ..Decision::default() })
}

/// What each sender last voted for in the deciding block before it decided, where that block is
/// proven whole: what a vote there replaces is in no state. Votes through another contract are not
/// seen.
fn last_votes_in_block(
    destination: &Evidence<'_>,
    bridge: &Address,
    nonce: u64,
    last: &Item,
) -> Result<Map<Address, Hash>, Stop> {
    let chain_id = destination.chain().trusted().profile.chain_id;
    let mut voted = Map::new();
    for item in destination.whole_block(last.at.block) {
        let item = item?;
        let input = item.transaction.input();
        let votes = item.at < last.at
            && item.receipt.is_success()
            && item.transaction.to() == Some(*bridge)
            && HandleCall::decode(input).is_ok_and(|call| call.nonce == nonce);
        if let Some(sender) = votes.then(|| sender_of(&item.transaction, chain_id).ok()).flatten() {
            voted.insert(sender, key_of(input));
        }
    }
    Ok(voted)
}

/// A later vote of the same operator replaces the earlier one.
fn vote_was_not_taken_back(voter: &Address, key: &Hash, stood: &Hash) -> Result<(), VerifyError> {
    if key == stood {
        Ok(())
    } else {
        Err(VerifyError::VoteTakenBack((*voter).into()))
    }
}

/// The transaction of a vote.
pub(super) fn vote_of(item: &Item) -> VoteTransaction {
    VoteTransaction { block: item.header.number, hash: item.transaction_hash }
}

/// A vote transaction precedes the executing one, succeeded, calls the bridge, and carries the very same bytes: the vote key
/// is their hash, so equal meaning is not enough.
fn vote_is_another_operators(vote: &Item, last: &Item, bridge: &Address) -> Result<(), VerifyError> {
    if vote.at >= last.at {
        return Err(VerifyError::VoteOrder);
    }
    transaction_succeeded(&vote.receipt)?;
    if vote.transaction.to() != Some(*bridge) {
        return Err(VerifyError::NotACall);
    }
    if vote.transaction.input() != last.transaction.input() {
        return Err(VerifyError::VoteCalldata);
    }
    Ok(())
}

impl Decision {
    /// Records [`operators_reach_the_threshold`] and gives the threshold.
    pub(super) fn require_threshold(&self, checks: &mut Checks) -> Result<u32, Stop> {
        let [before, after] = self.thresholds;
        if let Some(later) = self.later {
            checks.passed(LATER, &[("votes", &self.votes), ("threshold", &after), ("at block", &later.number)]);
            return Ok(after);
        }
        checks.require(
            THRESHOLD,
            &[("votes", &self.votes), ("threshold before", &before), ("threshold after", &after)],
            operators_reach_the_threshold(self),
        )
    }

    /// The stricter of the thresholds before and after the deciding block.
    pub(super) fn threshold(&self) -> u32 {
        let [before, after] = self.thresholds;
        before.max(after)
    }

    /// Whether the threshold differs before and after the deciding block, or the operators did and it mattered.
    pub(super) fn changed_in_block(&self) -> bool {
        let [before, after] = self.thresholds;
        before != after || self.operators_changed
    }
}

/// The vote key of a call: the contract hashes the whole calldata, trailing bytes included.
pub(super) fn key_of(calldata: &[u8]) -> Hash {
    keccak256(calldata)
}
