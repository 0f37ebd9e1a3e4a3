//! Was the value delivered? M13, in two forms.
//!
//! Before version 2 a delivery that fails reverts the deciding vote, so an execution is a delivery, and a token must have said so
//! in its own log. Version 2 closes the nonce all the same, says `HandleDeliveryFailed` in the very receipt of the execution, and
//! keeps the value for its recipient. A receipt is proven whole, so a supplier can neither leave that event out nor put it in;
//! what is owed, and whether it was claimed since, is read from storage. Source: bridge.md 6.5; docs/contracts.md 2.

use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::evidence::BridgeState;
use super::handle::ProvenHandle;
use super::request::check_code;
use super::stop::Stop;
use super::Pair;
use crate::bridge::events::{topic, DeliveryFailedEvent};
use crate::bridge::layout::claim_words;
use crate::facts::{amount_or_id, Claim};

const CLAIM: Rule = Rule {
    id: "M13.claim",
    words: "the delivery failed, and the bridge keeps or kept the value for the recipient",
    source: "docs/contracts.md 2",
};

/// What the execution could not deliver; none if it delivered.
pub(super) fn kept_for_recipient(
    pair: &Pair<'_>,
    handle: &ProvenHandle<'_>,
    checks: &mut Checks,
) -> Result<Option<Claim>, Stop> {
    if !handle.generation.keeps_claims() || !delivery_failed(pair, handle)? {
        return Ok(None);
    }
    let state = newest_claim_state(pair, handle)?;
    check_code(pair.to, state, checks)?;
    let event = &handle.event;
    let owed = is_owed(state, handle);
    let inputs: [(&'static str, &dyn core::fmt::Display); 3] =
        [("recipient", &event.to), ("value", &event.value), ("at block", &state.header().number)];
    let owed = checks.require(CLAIM, &inputs, owed)?;
    let [amount, token_id] = amount_or_id(event.token_type, event.value);
    let (recipient, kind, token) = (event.to, event.token_type, event.token);
    Ok(Some(Claim { recipient, kind, token, amount, token_id, claimed: !owed, as_of: state.header() }))
}

/// Whether the bridge says in the execution's receipt that this nonce was not delivered. Another nonce's failure in the same
/// transaction says nothing of this one.
fn delivery_failed(pair: &Pair<'_>, handle: &ProvenHandle<'_>) -> Result<bool, Stop> {
    let failures = handle
        .item
        .receipt
        .logs
        .iter()
        .filter(|log| log.address == pair.to.address && log.topics.first() == Some(&topic::HANDLE_DELIVERY_FAILED));
    for log in failures {
        if DeliveryFailedEvent::decode(log)?.nonce == handle.event.nonce {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The newest proven state that shows the claim; the executing block's own at least.
fn newest_claim_state<'e>(pair: &Pair<'e>, handle: &ProvenHandle<'_>) -> Result<&'e BridgeState, Stop> {
    let block = handle.header.number;
    let shown = pair.destination.states_in(block..).rev().find(|state| state.has_claim(handle.event.nonce));
    shown.map_or_else(|| pair.destination.state(block), Ok)
}

/// Whether the value is still owed: all words are the event's; they are zero once it is claimed. A claim is written once, so anything
/// else is not the contract's work.
fn is_owed(state: &BridgeState, handle: &ProvenHandle<'_>) -> Result<bool, Stop> {
    let event = &handle.event;
    let words = state.claim(event.nonce)?;
    if words == claim_words(&event.to, event.token_type, &event.token, event.value) {
        return Ok(true);
    }
    let claimed = words.iter().all(|word| word.is_zero());
    claimed.then_some(false).ok_or_else(|| VerifyError::Claim.into())
}
