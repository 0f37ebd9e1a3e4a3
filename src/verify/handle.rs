//! The execution on the destination chain: P2, P3, P4, P6 and the destination half of P7 of bridge.md 6.4.

use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::evidence::{BridgeState, Evidence, Item};
use super::request::{check_code, check_decoded, check_event, check_nonce};
use super::stop::Stop;
use super::votes::{decide_by_state, decide_by_transactions, key_of, sender_of, Decision, Tally};
use crate::bridge::calls::HandleCall;
use crate::bridge::events::HandleEvent;
use crate::bridge::generation::Generation;
use crate::bundle::{ItemRef, LogRef, TransferProof};
use crate::primitives::{Address, Hash};
use crate::trust::BridgeEnd;
use crate::verdict::{HeaderRef, Missing};
use alloc::vec::Vec;

const CLOSED: Rule =
    Rule { id: "P7.destination", words: "the destination has closed the nonce", source: "bridge.md 6.4, 2.5" };

/// An execution that is final on its chain.
#[derive(Clone, Debug)]
pub(super) struct ProvenHandle {
    pub(super) event: HandleEvent,
    pub(super) header: HeaderRef,
    place: ItemRef,
    pub(super) item: Item,
    generation: Generation,
    /// Whether the executing transaction itself calls the bridge, so that its input is the voted calldata.
    direct: bool,
}

/// The executed calldata, its key, and who voted for it.
#[derive(Clone, Debug)]
pub(super) struct Execution {
    /// `None`: voted for, but not decodable as a handle call.
    pub(super) call: Option<HandleCall>,
    pub(super) decision: Decision,
}

/// P7: the contract closed the nonce in the very block that executed it.
pub(super) fn destination_closed_the_nonce(state: &BridgeState, nonce: u64) -> Result<(), Stop> {
    if state.is_handled(nonce)? {
        Ok(())
    } else {
        Err(VerifyError::NotClosed.into())
    }
}

/// Proves the execution of `nonce` at a place on the destination chain.
pub(super) fn prove_handle(
    destination: &Evidence<'_>,
    end: &BridgeEnd,
    at: LogRef,
    nonce: u64,
    checks: &mut Checks,
) -> Result<ProvenHandle, Stop> {
    let (item, log) = destination.log(at)?;
    check_event(&item, &log, end, checks)?;
    let event = check_decoded(HandleEvent::decode(&log), checks)?;
    check_nonce(event.nonce, nonce, checks)?;
    let state = destination.state(at.item.block)?;
    let generation = check_code(end, state, checks)?;
    checks.require(CLOSED, &[("nonce", &nonce)], destination_closed_the_nonce(state, nonce))?;
    let direct = item.transaction.to() == Some(end.address);
    Ok(ProvenHandle { event, header: item.header, place: at.item, item, generation, direct })
}

/// Proves who voted for the execution, in whichever form its generation and the evidence allow.
pub(super) fn prove_execution(
    destination: &Evidence<'_>,
    end: &BridgeEnd,
    handle: &ProvenHandle,
    transfer: &TransferProof,
    checks: &mut Checks,
) -> Result<Execution, Stop> {
    let nonce = transfer.nonce;
    let after = destination.state(handle.header.number)?;
    let before = destination.state(handle.header.number.saturating_sub(1))?;
    check_code(end, before, checks)?;
    if handle.generation.keeps_votes() && after.has_votes(nonce) {
        let (key, call, executor) = executed_call(destination, handle, transfer, [before, after])?;
        let decision = decide_by_state(before, after, nonce, &key, executor.as_ref(), checks)?;
        return Ok(Execution { call, decision });
    }
    if !handle.direct || transfer.votes.is_empty() && before.threshold()?.max(after.threshold()?) > 1 {
        return Err(Stop::Incomplete(Missing::Votes));
    }
    let executing = (handle.place, handle.item.clone());
    let decision =
        decide_by_transactions(destination, &end.address, &executing, &transfer.votes, [before, after], checks)?;
    Ok(Execution { call: HandleCall::decode(handle.item.transaction.input()).ok(), decision })
}

/// The calldata that was executed, its key and, where the executing transaction calls the bridge itself, its sender.
///
/// A contract in between hides the calldata; then a supplied preimage of the one vote key that can have decided stands for
/// it. A preimage of any live vote would not do: a dissenter's would make an honest execution look like fraud.
fn executed_call(
    destination: &Evidence<'_>,
    handle: &ProvenHandle,
    transfer: &TransferProof,
    [before, after]: [&BridgeState; 2],
) -> Result<(Hash, Option<HandleCall>, Option<Address>), Stop> {
    if handle.direct {
        let input = handle.item.transaction.input();
        let executor = sender_of(&handle.item.transaction, destination.chain().trusted().profile.chain_id)?;
        return Ok((key_of(input), HandleCall::decode(input).ok(), Some(executor)));
    }
    let tally = Tally::read(after, None, transfer.nonce)?;
    let [calldata] = transfer.calls.as_slice() else {
        let key = tally.keys().into_iter().max_by_key(|key| tally.voters(key).len());
        return Err(Stop::Incomplete(key.map_or(Missing::Votes, |key| Missing::VoteCall { key })));
    };
    let key = key_of(calldata);
    key_alone_can_have_decided(&key, &tally, before.threshold()?.min(after.threshold()?))?;
    Ok((key, HandleCall::decode(calldata).ok(), None))
}

/// Of all keys with a live vote, only `key` has as many voters as the lower threshold of the deciding block's two ends. A
/// threshold that fell can leave two such keys; then nobody can see which of them was executed.
fn key_alone_can_have_decided(key: &Hash, tally: &Tally, threshold: u32) -> Result<(), Stop> {
    let enough = |key: &Hash| u32::try_from(tally.voters(key).len()).is_ok_and(|voters| voters >= threshold);
    if tally.voters(key).is_empty() || !enough(key) {
        return Err(VerifyError::StrayCall(*key).into());
    }
    if tally.keys().iter().any(|other| other != key && enough(other)) {
        return Err(Stop::Unsupported("votes.executed_key_unknown"));
    }
    Ok(())
}

/// Every supplied calldata must have been needed.
pub(super) fn no_stray_calls(handle: &ProvenHandle, transfer: &TransferProof) -> Result<(), Stop> {
    let stray: Vec<Hash> =
        if handle.direct { transfer.calls.iter().map(|call| key_of(call)).collect() } else { Vec::new() };
    stray.first().map_or(Ok(()), |key| Err(VerifyError::StrayCall(*key).into()))
}
