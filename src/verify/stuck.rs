//! Why a requested transfer does not move: each reason has its own evidence (claims.md 2).

use super::brakes::{held_back, no_pause_between};
use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::evidence::{BridgeState, Item};
use super::request::{code_is_accepted, ProvenRequest};
use super::stop::Stop;
use super::votes::{key_of, sender_of, Tally};
use super::Pair;
use crate::bridge::events::TokenType;
use crate::bundle::{ItemRef, TransferProof};
use crate::primitives::Hash;
use crate::verdict::{Missing, Note, StuckReason};
use alloc::vec::Vec;

const REVERTED: Rule = Rule {
    id: "K.delivery_reverted",
    words: "all votes but one are counted, and another operator's later attempt with the same calldata failed",
    source: "claims.md 2",
};
const EXCUSED: Rule = Rule {
    id: "K.attempt_shows_nothing",
    words: "an attempt failed, and a pause or the outflow limit may be why",
    source: "claims.md 2",
};
const DIFFER: Rule =
    Rule { id: "K.votes_differ", words: "no key can reach the threshold any more", source: "claims.md 2" };
const LIQUIDITY: Rule =
    Rule { id: "K.no_liquidity", words: "the destination bridge holds less coin than needed", source: "claims.md 2" };
const PATIENCE: Rule =
    Rule { id: "K.votes_missing", words: "older than the trust's patience", source: "claims.md 2, 4" };

/// The first reason whose evidence is there: what holds all or this transfer back, and then in the
/// order of claims.md; `None` where the transfer is only under way.
#[allow(clippy::too_many_arguments)]
pub(super) fn stuck_reason(
    pair: &Pair<'_>,
    transfer: &TransferProof,
    request: &ProvenRequest,
    key: &Hash,
    tally: &Tally,
    state: &BridgeState,
    notes: &mut Vec<Note>,
    checks: &mut Checks,
) -> Result<Option<StuckReason>, Stop> {
    let held = held_back(request, key, tally, state, checks)?;
    let reverted = match transfer.failed {
        Some(at) => shown_attempt(pair, at, transfer.nonce, key, tally, state, held.is_some(), checks)?,
        None => None,
    };
    if held.is_some() {
        return Ok(held);
    }
    let mut liquidity = coin_is_missing(request, state);
    if tally.generation.keeps_claims() && liquidity.take().is_some() {
        // The handle closes without it, and the coin is owed: a thing to know, not what holds the transfer up.
        notes.push(Note::LowLiquidity);
    }
    if reverted.is_some() {
        notes.extend(liquidity.map(|_| Note::LowLiquidity));
        return Ok(reverted);
    }
    if no_key_can_reach_the_threshold(tally, state)? {
        checks.passed(DIFFER, &[]);
        return Ok(Some(StuckReason::VotesDiffer));
    }
    if let Some(reason) = liquidity {
        checks.passed(LIQUIDITY, &[("balance", &state.balance())]);
        return Ok(Some(reason));
    }
    let age = pair.now.saturating_sub(request.header.time);
    if age > pair.destination.chain().trusted().patience {
        checks.passed(PATIENCE, &[("age", &age)]);
        return Ok(Some(StuckReason::VotesMissing { age }));
    }
    Ok(None)
}

/// What a shown attempt says of the transfer: that its delivery reverted, or nothing where a pause
/// or the outflow limit may be why. A false attempt is refused in either case. A true one that says
/// nothing is no lie: its supplier may have seen the bridge before the pause, or know of none.
/// Nobody hides a failed delivery in this way more than by showing no attempt.
#[allow(clippy::too_many_arguments)]
fn shown_attempt(
    pair: &Pair<'_>,
    at: ItemRef,
    nonce: u64,
    key: &Hash,
    tally: &Tally,
    state: &BridgeState,
    is_held: bool,
    checks: &mut Checks,
) -> Result<Option<StuckReason>, Stop> {
    let inputs: [(&'static str, &dyn core::fmt::Display); 2] = [("block", &at.block), ("index", &at.index)];
    let shown = delivery_reverted(pair, at, nonce, key, tally, state).and_then(|(reason, before)| {
        match no_pause_between(tally.generation, before, state) {
            // What holds the transfer back is proven, whatever the words before the attempt say.
            _ if is_held => Ok(None),
            clear => Ok(clear?.then_some(reason)),
        }
    });
    if let Ok(None) = shown {
        checks.passed(EXCUSED, &inputs);
        return Ok(None);
    }
    checks.require(REVERTED, &inputs, shown)
}

/// The last attempt reverted, with the state before it. Shown by: an earlier state with k-1 votes
/// for the key and the failing operator registered, the failed transaction of that operator with
/// the same calldata, and the same k-1 votes still live at the newest state.
///
/// An outsider's or a late vote fails too; that is why the operator must be registered at both ends and the nonce open.
fn delivery_reverted<'e>(
    pair: &Pair<'e>,
    at: ItemRef,
    nonce: u64,
    key: &Hash,
    tally: &Tally,
    state: &BridgeState,
) -> Result<(StuckReason, &'e BridgeState), Stop> {
    let attempt = pair.destination.item(at)?;
    attempt_failed_with_the_key(pair, attempt, key)?;
    let operator = sender_of(&attempt.transaction, pair.destination.chain().trusted().profile.chain_id)?;
    let needed = state.threshold()?.saturating_sub(1);
    if tally.operators(key) < needed || tally.voters(key).contains(&operator) || !state.is_operator(&operator)? {
        return Err(VerifyError::FailedAttempt("not the deciding operator's").into());
    }
    if at.block > state.header().number {
        return Err(VerifyError::FailedAttempt("after the newest state").into());
    }
    let chain = pair.destination.chain().name();
    let before = pair.destination.states_in(..at.block).rev().find(|state| state.has_votes(nonce));
    let missing = Stop::incomplete(Missing::BridgeState { chain: chain.into(), number: at.block.checked_sub(1) });
    let before = before.ok_or(missing)?;
    let earlier = Tally::read(before, None, nonce, tally.generation)?;
    // Under other code those words would be no votes.
    code_is_accepted(pair.to, before)?;
    let enough = before.threshold()?.saturating_sub(1);
    if earlier.operators(key) < enough || !before.is_operator(&operator)? {
        return Err(VerifyError::FailedAttempt("before the other votes were counted").into());
    }
    let reason = StuckReason::DeliveryReverted {
        block: at.block,
        gas_limit: attempt.transaction.gas(),
        gas_used: attempt.receipt.gas_used,
        status: attempt.receipt.status,
    };
    Ok((reason, before))
}

fn attempt_failed_with_the_key(pair: &Pair<'_>, attempt: &Item, key: &Hash) -> Result<(), VerifyError> {
    if attempt.receipt.is_success() {
        return Err(VerifyError::NotFailed);
    }
    if attempt.transaction.to() != Some(pair.to.address) {
        return Err(VerifyError::NotACall);
    }
    if key_of(attempt.transaction.input()) != *key {
        return Err(VerifyError::VoteCalldata);
    }
    Ok(())
}

/// Operators who have not voted could all join the most voted key, and still it would not be enough. Before version 2 the contract
/// goes on counting the votes of former operators, so they count here too.
fn no_key_can_reach_the_threshold(tally: &Tally, state: &BridgeState) -> Result<bool, Stop> {
    if tally.keys().len() < 2 {
        return Ok(false);
    }
    let all = |key: &Hash| u32::try_from(tally.voters(key).len()).unwrap_or(u32::MAX);
    let live = |key: &Hash| if tally.generation.revokes_votes() { tally.operators(key) } else { all(key) };
    let most = tally.keys().iter().map(live).max().unwrap_or(0);
    let voted = tally.keys().iter().fold(0u32, |sum, key| sum.saturating_add(tally.operators(key)));
    let silent = state.operator_count()?.saturating_sub(voted);
    Ok(most.saturating_add(silent) < state.threshold()?)
}

/// Coin is never minted: the bridge has to hold it.
fn coin_is_missing(request: &ProvenRequest, state: &BridgeState) -> Option<StuckReason> {
    let (balance, amount) = (state.balance(), request.event.value);
    (request.event.token_type == TokenType::Coin && balance < amount)
        .then_some(StuckReason::NoLiquidity { balance, amount })
}
