//! The execution on the destination chain: P2, P3, P4, P6 and the destination half of P7 of bridge.md 6.4.

use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::evidence::{BridgeState, Evidence, Item};
use super::request::{check_code, check_decoded, check_event, check_nonce};
use super::stop::Stop;
use super::votes::{decide_by_state, decide_by_transactions, key_of, sender_of, vote_of, Decision, Tally};
use crate::bridge::calls::HandleCall;
use crate::bridge::events::HandleEvent;
use crate::bridge::generation::Generation;
use crate::bridge::BridgeError;
use crate::bundle::{LogRef, TransferProof};
use crate::primitives::{Address, Hash};
use crate::trust::BridgeEnd;
use crate::verdict::{HeaderRef, Missing};
use alloc::vec::Vec;

const CLOSED: Rule =
    Rule { id: "P7.destination", words: "the destination has closed the nonce", source: "bridge.md 6.4, 2.5" };

/// An execution that is final on its chain.
#[derive(Clone, Debug)]
pub(super) struct ProvenHandle<'e> {
    pub(super) at: LogRef,
    pub(super) event: HandleEvent,
    pub(super) header: HeaderRef,
    pub(super) item: &'e Item,
    generation: Generation,
    /// Whether the executing transaction itself calls the bridge to handle this nonce, so that its input is the voted calldata.
    direct: bool,
}

impl ProvenHandle<'_> {
    /// Whether the executing transaction's own input is the voted calldata.
    pub(super) const fn is_direct(&self) -> bool {
        self.direct
    }
}

/// The executed calldata, its key, and who voted for it.
#[derive(Clone, Debug)]
pub(super) struct Execution {
    /// Hash of the executed calldata.
    pub(super) key: Hash,
    /// `None`: voted for, but not decodable as a handle call.
    pub(super) call: Option<HandleCall>,
    /// Who sent the executing transaction; none where its signature cannot be read and nothing depends on it.
    pub(super) sender: Option<Address>,
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
pub(super) fn prove_handle<'e>(
    destination: &'e Evidence<'_>,
    end: &BridgeEnd,
    at: LogRef,
    nonce: u64,
    checks: &mut Checks,
) -> Result<ProvenHandle<'e>, Stop> {
    let (item, log) = destination.log(at)?;
    check_event(item, log, end, checks)?;
    let event = check_decoded(HandleEvent::decode(log), checks)?;
    check_nonce(event.nonce, nonce, checks)?;
    let state = destination.state(at.item.block)?;
    let generation = check_code(end, state, checks)?;
    checks.require(CLOSED, &[("nonce", &nonce)], destination_closed_the_nonce(state, nonce))?;
    let direct = calls_the_bridge_for(item, end, nonce);
    Ok(ProvenHandle { at, event, header: item.header, item, generation, direct })
}

/// A call of the bridge for another nonce can still execute this one on its way: delivering coin runs the recipient's code,
/// which may ask a contract that is an operator to vote. So can a call of another function, as a request is. A handle call
/// that cannot be read may be for this nonce; the votes in state then say whether it is.
fn calls_the_bridge_for(item: &Item, end: &BridgeEnd, nonce: u64) -> bool {
    item.transaction.to() == Some(end.address)
        && match HandleCall::decode(item.transaction.input()) {
            Ok(call) => call.nonce == nonce,
            Err(BridgeError::Selector { .. }) => false,
            Err(_) => true,
        }
}

/// Proves who voted for the execution, in whichever form its generation and the evidence allow.
pub(super) fn prove_execution(
    destination: &Evidence<'_>,
    end: &BridgeEnd,
    handle: &ProvenHandle<'_>,
    transfer: &TransferProof,
    checks: &mut Checks,
) -> Result<Execution, Stop> {
    let nonce = transfer.nonce;
    let sender = sender_of(&handle.item.transaction, destination.chain().trusted().profile.chain_id);
    let after = destination.state(handle.header.number)?;
    let before = destination.state(handle.header.number.saturating_sub(1))?;
    check_code(end, before, checks)?;
    if handle.generation.keeps_votes() {
        // Vote transactions would show less here: they hide dissent, and votes that were taken back.
        if !after.has_votes(nonce) {
            return Err(Stop::incomplete(Missing::Votes));
        }
        let (key, call) = executed_call(handle, transfer, [before, after])?;
        let executor = if handle.direct { Some((sender.clone()?, vote_of(handle.item))) } else { None };
        let decision = decide_by_state(before, after, nonce, &key, executor, checks)?;
        return Ok(Execution { key, call, sender: sender.ok(), decision });
    }
    if !handle.direct || transfer.votes.is_empty() && before.threshold()?.max(after.threshold()?) > 1 {
        return Err(Stop::incomplete(Missing::Votes));
    }
    let sender = sender?;
    let executing = (nonce, handle.item, sender);
    let decision =
        decide_by_transactions(destination, &end.address, executing, &transfer.votes, [before, after], checks)?;
    let input = handle.item.transaction.input();
    Ok(Execution { key: key_of(input), call: HandleCall::decode(input).ok(), sender: Some(sender), decision })
}

/// The calldata that was executed, and its key.
///
/// A contract in between hides the calldata; then a supplied preimage of the one live vote key stands for it. Where operators
/// differ nobody can see which key was executed, and taking the wrong one would make an honest execution look like fraud.
fn executed_call(
    handle: &ProvenHandle<'_>,
    transfer: &TransferProof,
    [before, after]: [&BridgeState; 2],
) -> Result<(Hash, Option<HandleCall>), Stop> {
    if handle.direct {
        let input = handle.item.transaction.input();
        return Ok((key_of(input), HandleCall::decode(input).ok()));
    }
    let tally = Tally::read(after, None, transfer.nonce)?;
    let [calldata] = transfer.calls.as_slice() else {
        let key = tally.keys().into_iter().max_by_key(|key| tally.voters(key).len());
        return Err(Stop::incomplete(key.map_or(Missing::Votes, |key| Missing::VoteCall { key })));
    };
    let key = key_of(calldata);
    key_alone_can_have_decided(&key, &tally, before.threshold()?.min(after.threshold()?))?;
    Ok((key, HandleCall::decode(calldata).ok()))
}

/// `key` is the only one with a live vote, and has as many voters as the lower threshold of the deciding block's two ends.
/// Counting alone would not do: a threshold that dips inside the block lets a key with few voters decide.
fn key_alone_can_have_decided(key: &Hash, tally: &Tally, threshold: u32) -> Result<(), Stop> {
    let voters = tally.voters(key).len();
    if voters == 0 || u32::try_from(voters).is_ok_and(|voters| voters < threshold) {
        return Err(VerifyError::StrayCall((*key).into()).into());
    }
    if tally.keys().len() > 1 {
        return Err(Stop::Unsupported("votes.executed_key_unknown"));
    }
    Ok(())
}

/// Every supplied calldata must have been needed.
pub(super) fn no_stray_calls(handle: &ProvenHandle<'_>, transfer: &TransferProof) -> Result<(), Stop> {
    let stray: Vec<Hash> =
        if handle.direct { transfer.calls.iter().map(|call| key_of(call)).collect() } else { Vec::new() };
    stray.first().map_or(Ok(()), |key| Err(VerifyError::StrayCall((*key).into()).into()))
}
