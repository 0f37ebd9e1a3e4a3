//! The verdict on one transfer: executed or open, requested or not (claims.md 2).

use super::absence::{was_never_requested, was_never_requested_by};
use super::checks::Checks;
use super::delivery::kept_for_recipient;
use super::handle::{no_stray_calls, prove_execution, prove_handle, Execution, ProvenHandle};
use super::matching::{call_says_what_the_event_says, delivery, differences};
use super::open::{judge_requested, judge_unrequested, Open};
use super::request::{prove_request, ProvenRequest};
use super::stop::Stop;
use super::{registry, shown, Pair};
use crate::bridge::calls::HandleCall;
use crate::bundle::{BundleError, LogRef, TransferProof};
use crate::facts::{Difference, Facts};
use crate::primitives::Address;
use crate::uncovered::Uncovered;
use crate::verdict::{AsOf, FraudKind, Missing, Note, State, TransferVerdict, Verdict};
use alloc::vec::Vec;

struct Judged {
    state: State,
    dissenters: Vec<Address>,
    notes: Vec<Note>,
    as_of: AsOf,
}

/// Judges one transfer on verified evidence.
pub(super) fn judge(pair: &Pair<'_>, transfer: &TransferProof) -> TransferVerdict {
    let (mut checks, mut facts) = (Checks::default(), Facts::default());
    let judged = match transfer.handle {
        Some(at) => judge_executed(pair, transfer, at, &mut facts, &mut checks),
        None => judge_open(pair, transfer, &mut facts, &mut checks),
    };
    let (verdict, dissenters, as_of) = match judged {
        Ok(Judged { state, dissenters, mut notes, as_of }) => {
            pair.source.chain().notes(&mut notes);
            pair.destination.chain().notes(&mut notes);
            (Verdict::Proven { state, notes }, dissenters, as_of)
        }
        Err(stop) => (below_checkpoint(pair, transfer.nonce, stop).into(), Vec::new(), pair.heads()),
    };
    TransferVerdict {
        from: pair.from.chain.clone(),
        to: pair.to.chain.clone(),
        source_bridge: pair.from.address,
        destination_bridge: pair.to.address,
        nonce: transfer.nonce,
        verdict,
        dissenters,
        facts,
        as_of,
        checks: checks.into_vec(),
    }
}

/// An event that is missing because the trust begins above it: its own first block shows that it
/// had happened.
fn below_checkpoint(pair: &Pair<'_>, nonce: u64, stop: Stop) -> Stop {
    let Stop::Incomplete(missing) = &stop else { return stop };
    let below = match **missing {
        Missing::Handle => pair.destination.below_checkpoint(&|first| first.is_handled(nonce)),
        Missing::Request => pair.source.below_checkpoint(&|first| Ok(first.nonces()?.request_nonce > nonce)),
        _ => None,
    };
    below.unwrap_or(stop)
}

fn judge_open(
    pair: &Pair<'_>,
    transfer: &TransferProof,
    facts: &mut Facts,
    checks: &mut Checks,
) -> Result<Judged, Stop> {
    if !transfer.votes.is_empty() || transfer.request.is_none() && transfer.failed.is_some() {
        return Err(BundleError::Unused("a reference").into());
    }
    let Open { state, dissenters, notes, source, destination } = match transfer.request {
        Some(at) => {
            let request = prove_request(pair.source, pair.from, at, transfer.nonce, checks)?;
            facts.request = Some(shown::request(pair.source, &request)?);
            judge_requested(pair, transfer, &request, facts, checks)?
        }
        None => judge_unrequested(pair, transfer, facts, checks)?,
    };
    let as_of = AsOf { source: source.or(pair.heads().source), destination: Some(destination) };
    Ok(Judged { state, dissenters, notes, as_of })
}

fn judge_executed(
    pair: &Pair<'_>,
    transfer: &TransferProof,
    at: LogRef,
    facts: &mut Facts,
    checks: &mut Checks,
) -> Result<Judged, Stop> {
    if transfer.failed.is_some() {
        return Err(BundleError::Unused("a reference").into());
    }
    let handle = prove_handle(pair.destination, pair.to, at, transfer.nonce, checks)?;
    let done = facts.execution.insert(shown::execution(pair.destination, &handle)?);
    let execution = prove_execution(pair, &handle, transfer, checks)?;
    no_stray_calls(&handle, transfer)?;
    if !execution.decision.by_transactions && !transfer.votes.is_empty() {
        return Err(BundleError::Unused("a reference").into());
    }
    shown_call_was_executed(&handle, &execution)?;
    shown::add_call(done, &execution);
    facts.votes = Some(shown::decided(&execution.decision));
    let mut notes = Vec::new();
    let state = match transfer.request {
        Some(at) => {
            let request = prove_request(pair.source, pair.from, at, transfer.nonce, checks)?;
            facts.request = Some(shown::request(pair.source, &request)?);
            judge_match(pair, &request, &handle, &execution, &mut notes, checks)?
        }
        None => judge_without_request(pair, transfer.nonce, &handle, &execution, &mut notes, checks)?,
    };
    let decision = execution.decision;
    if !handle.generation.revokes_votes() {
        notes.extend(decision.former.iter().map(|former| Note::ExOperatorVote(*former)));
    }
    if let Some(later) = decision.later {
        let (executed, read) = (handle.header.number, later.number);
        notes.push(Note::VotesFromLaterState { executed, read, too_few: decision.votes < decision.threshold() });
    }
    if decision.by_transactions {
        notes.push(Note::VotesByTransactions);
    }
    if decision.by_signatures {
        notes.push(Note::VotesBySignatures);
    }
    if decision.changed_in_block() {
        notes.push(Note::OperatorsChangedInBlock);
    }
    Ok(Judged { state, dissenters: decision.dissenters, notes, as_of: pair.heads() })
}

/// A key that the state names is the executed one. Votes in state are for this nonce, so they tie a direct call to its execution. Vote transactions, and calldata supplied for
/// a call through a contract, are tied to it only by saying what the event says: with accepted code a difference there means
/// that another call was executed, and nobody is accused of that.
fn shown_call_was_executed(handle: &ProvenHandle<'_>, execution: &Execution) -> Result<(), Stop> {
    let tied = |call: &HandleCall| call_says_what_the_event_says(call, &handle.event).is_ok();
    let by_transactions = execution.decision.by_transactions;
    let known = match &execution.call {
        _ if execution.is_named => true,
        Some(call) => handle.is_direct() && !by_transactions || tied(call),
        None => !by_transactions,
    };
    if known {
        Ok(())
    } else {
        Err(Stop::uncovered(Uncovered::ExecutedCallUnknown))
    }
}

/// Both ends are proven: the same, or fraud that names every difference.
fn judge_match(
    pair: &Pair<'_>,
    request: &ProvenRequest,
    handle: &ProvenHandle<'_>,
    execution: &Execution,
    notes: &mut Vec<Note>,
    checks: &mut Checks,
) -> Result<State, Stop> {
    let call = execution.call.as_ref().ok_or_else(|| Stop::uncovered(Uncovered::UndecodableCall))?;
    let mut differing = differences(request, &handle.event, call, checks);
    if differing.iter().any(is_m8) {
        match registry::stood_still(pair, request, handle.header) {
            Ok(()) => notes.push(Note::RestsOnBlockTimes),
            // The token alone accuses nobody then; what else differs still does.
            Err(Stop::Unsupported(_) | Stop::Incomplete(_) | Stop::NotYetTrusted(_)) if differing.len() > 1 => {
                differing.retain(|difference| !is_m8(difference));
            }
            Err(stop) => return Err(stop),
        }
    }
    if !differing.is_empty() {
        return Ok(fraud(FraudKind::Differs(differing), execution));
    }
    match kept_for_recipient(pair, handle, checks)? {
        Some(claim) => notes.push(Note::Claimable(claim)),
        None => delivery(pair.to, &handle.event, &handle.item.receipt.logs, checks)
            .map_err(|_| Stop::uncovered(Uncovered::UnusualToken))?,
    }
    let of = execution.decision.require_threshold(checks)?;
    if registry::mapping_changed(pair, request)? {
        notes.push(Note::TokenMappingChanged);
    }
    Ok(State::Handled { votes: execution.decision.votes, of })
}

fn is_m8(difference: &Difference) -> bool {
    difference.rule == "M8"
}

/// Only the execution is proven: fraud, if the source shows that nobody requested it.
fn judge_without_request(
    pair: &Pair<'_>,
    nonce: u64,
    handle: &ProvenHandle<'_>,
    execution: &Execution,
    notes: &mut Vec<Note>,
    checks: &mut Checks,
) -> Result<State, Stop> {
    let kind = match &execution.call {
        Some(call) => was_never_requested(pair, nonce, call.request_block, handle.header, checks)?,
        None => was_never_requested_by(pair, nonce, handle.header, &execution.key, checks)?,
    };
    if kind == FraudKind::NamedBlockDidNotExist {
        notes.push(Note::RestsOnBlockTimes);
    }
    Ok(fraud(kind, execution))
}

fn fraud(kind: FraudKind, execution: &Execution) -> State {
    let decision = &execution.decision;
    State::Fraud { kind, culprits: decision.voters.clone(), votes: decision.votes, of: decision.threshold() }
}
