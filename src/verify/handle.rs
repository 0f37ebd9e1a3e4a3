//! The execution on the destination chain: P2, P3, P4, P6 and the destination half of P7 of bridge.md 6.4.

use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::evidence::{BridgeState, Evidence, Item, MOST_LATER_STATES};
use super::request::{check_code, check_decoded, check_event, check_nonce};
use super::stop::Stop;
use super::version2::prove_named_execution;
use super::votes::{decide_by_state, decide_by_transactions, key_of, sender_of, vote_of, Decision, Tally};
use super::Pair;
use crate::bridge::calls::HandleCall;
use crate::bridge::events::HandleEvent;
use crate::bridge::generation::Generation;
use crate::bridge::signed::SignedHandle;
use crate::bridge::BridgeError;
use crate::bundle::{LogRef, TransferProof};
use crate::primitives::{Address, Hash};
use crate::trust::BridgeEnd;
use crate::uncovered::Uncovered;
use crate::verdict::{HeaderRef, Missing};
use alloc::boxed::Box;

const CLOSED: Rule =
    Rule { id: "P7.destination", words: "the destination has closed the nonce", source: "bridge.md 6.4, 2.5" };

/// The bridge's states that show an execution's votes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen<'e> {
    /// Before and after the deciding block.
    Around(&'e BridgeState, &'e BridgeState),
    /// Only a later one: nodes keep few states. A closed nonce takes no more votes, so the recorded
    /// ones are still those that decided. Who may vote, and the threshold, may have changed since.
    Later(&'e BridgeState),
}

impl<'e> Seen<'e> {
    /// The states for `nonce`, executed in `block`.
    fn of(destination: &'e Evidence<'_>, block: u64, nonce: u64) -> Result<Self, Stop> {
        let before = block.saturating_sub(1);
        let are_there = [before, block].iter().all(|number| destination.has_state(*number));
        let most = if are_there { 0 } else { MOST_LATER_STATES };
        match destination.states_in(block..).rev().take(most).find(|state| state.records_votes(nonce)) {
            Some(later) => Ok(Self::Later(later)),
            None => Ok(Self::Around(destination.state(before)?, destination.state(block)?)),
        }
    }

    /// The state in which the nonce is closed and its votes are recorded.
    pub(super) const fn after(&self) -> &'e BridgeState {
        let (Self::Around(_, after) | Self::Later(after)) = self;
        after
    }

    /// The state before the deciding block.
    pub(super) const fn before(&self) -> Option<&'e BridgeState> {
        match self {
            Self::Around(before, _) => Some(before),
            Self::Later(_) => None,
        }
    }
}

/// An execution that is final on its chain.
#[derive(Clone, Debug)]
pub(super) struct ProvenHandle<'e> {
    pub(super) seen: Seen<'e>,
    pub(super) at: LogRef,
    pub(super) event: HandleEvent,
    pub(super) header: HeaderRef,
    pub(super) item: &'e Item,
    pub(super) generation: Generation,
    pub(super) route: Route,
}

/// How the executing transaction came to execute the nonce.
#[derive(Clone, Debug)]
pub(super) enum Route {
    /// It calls the bridge itself to handle this nonce: its input is the voted calldata.
    Call,
    /// It calls the bridge itself with signatures for this nonce.
    Signatures(Box<SignedHandle>),
    /// By another contract or another function: the voted calldata is not to be seen in it.
    Hidden,
}

impl ProvenHandle<'_> {
    /// Whether the executing transaction's own input is the voted calldata.
    pub(super) const fn is_direct(&self) -> bool {
        matches!(self.route, Route::Call)
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
    /// Whether the state itself names the executed key.
    pub(super) is_named: bool,
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
    let seen = Seen::of(destination, at.item.block, nonce)?;
    let state = seen.after();
    let generation = check_code(end, state, checks)?;
    checks.require(CLOSED, &[("nonce", &nonce)], destination_closed_the_nonce(state, nonce))?;
    let route = route_of(item, end, nonce, generation);
    Ok(ProvenHandle { seen, at, event, header: item.header, item, generation, route })
}

/// A call of the bridge for another nonce can still execute this one on its way: delivering coin runs the recipient's code,
/// which may ask a contract that is an operator to vote. So can a call of another function, as a request is. A handle call
/// that cannot be read may be for this nonce; the votes in state then say whether it is.
fn route_of(item: &Item, end: &BridgeEnd, nonce: u64, generation: Generation) -> Route {
    if item.transaction.to() != Some(end.address) {
        return Route::Hidden;
    }
    let input = item.transaction.input();
    match HandleCall::decode(input) {
        Ok(call) if call.nonce != nonce => Route::Hidden,
        Ok(_) => Route::Call,
        Err(BridgeError::Selector { .. }) if generation.takes_signatures() => match SignedHandle::decode(input) {
            Ok(signed) if signed.call.nonce == nonce => Route::Signatures(Box::new(signed)),
            _ => Route::Hidden,
        },
        Err(BridgeError::Selector { .. }) => Route::Hidden,
        Err(_) => Route::Call,
    }
}

/// Proves who voted for the execution, in whichever form its generation and the evidence allow.
pub(super) fn prove_execution(
    pair: &Pair<'_>,
    handle: &ProvenHandle<'_>,
    transfer: &TransferProof,
    checks: &mut Checks,
) -> Result<Execution, Stop> {
    let (nonce, destination, end) = (transfer.nonce, pair.destination, pair.to);
    let sender = sender_of(&handle.item.transaction, destination.chain().trusted().profile.chain_id);
    let after = handle.seen.after();
    if let Some(before) = handle.seen.before() {
        check_code(end, before, checks)?;
    }
    if handle.generation.names_executed_key() {
        return prove_named_execution(pair, handle, transfer, sender, checks);
    }
    if handle.generation.keeps_votes() {
        // Vote transactions would show less here: they hide dissent, and votes that were taken back.
        if !after.has_votes(nonce) {
            return Err(Stop::incomplete(Missing::Votes));
        }
        let (key, call) = executed_call(handle, transfer, after)?;
        let executor = if handle.is_direct() { Some((sender.clone()?, vote_of(handle.item))) } else { None };
        let decision = decide_by_state(handle.seen, nonce, &key, executor, handle.generation, checks)?;
        return Ok(Execution { key, call, sender: sender.ok(), is_named: false, decision });
    }
    // Older code deletes the votes when they decide: only the states around the deciding block say
    // who could vote.
    let before = destination.state(handle.header.number.saturating_sub(1))?;
    let after = destination.state(handle.header.number)?;
    if !handle.is_direct() || transfer.votes.is_empty() && before.threshold()?.max(after.threshold()?) > 1 {
        return Err(Stop::incomplete(Missing::Votes));
    }
    let sender = sender?;
    let executing = (nonce, handle.item, sender);
    let decision =
        decide_by_transactions(destination, &end.address, executing, &transfer.votes, [before, after], checks)?;
    let input = handle.item.transaction.input();
    let (key, call) = (key_of(input), HandleCall::decode(input).ok());
    Ok(Execution { key, call, sender: Some(sender), is_named: false, decision })
}

/// The calldata that was executed, and its key.
///
/// A contract in between hides the calldata; then a supplied preimage of the one live vote key stands for it. Where operators
/// differ nobody can see which key was executed, and taking the wrong one would make an honest execution look like fraud.
fn executed_call(
    handle: &ProvenHandle<'_>,
    transfer: &TransferProof,
    after: &BridgeState,
) -> Result<(Hash, Option<HandleCall>), Stop> {
    if handle.is_direct() {
        let input = handle.item.transaction.input();
        return Ok((key_of(input), HandleCall::decode(input).ok()));
    }
    let tally = Tally::read(after, None, transfer.nonce, handle.generation)?;
    let [calldata] = transfer.calls.as_slice() else {
        let key = tally.keys().into_iter().max_by_key(|key| tally.voters(key).len());
        return Err(Stop::incomplete(key.map_or(Missing::Votes, |key| Missing::VoteCall { key })));
    };
    let key = key_of(calldata);
    key_alone_can_have_decided(&key, &tally)?;
    Ok((key, HandleCall::decode(calldata).ok()))
}

/// `key` is the only one with a live vote, so it is the executed one: whoever decided has voted for
/// that, and a closed nonce takes no more votes. Counting would not do: a threshold that dips
/// inside the block lets a key with few voters decide.
fn key_alone_can_have_decided(key: &Hash, tally: &Tally) -> Result<(), Stop> {
    if tally.voters(key).is_empty() {
        return Err(VerifyError::StrayCall((*key).into()).into());
    }
    if tally.keys().len() > 1 {
        return Err(Stop::uncovered(Uncovered::ExecutedKeyUnknown));
    }
    Ok(())
}

/// Every supplied calldata must have been needed.
pub(super) fn no_stray_calls(handle: &ProvenHandle<'_>, transfer: &TransferProof) -> Result<(), Stop> {
    match (&handle.route, transfer.calls.first()) {
        (Route::Call | Route::Signatures(_), Some(call)) => Err(VerifyError::StrayCall(key_of(call).into()).into()),
        _ => Ok(()),
    }
}
