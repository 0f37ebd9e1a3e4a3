//! A nonce that is open on the destination: requested, voting, stuck, attempted or unrequested.
//!
//! These hold as of a destination header, so that header must be young enough for the trust's `max_age`; only `attempted`
//! is final, because a vote for what was not requested stays one.

use super::absence::{was_never_requested, was_never_requested_by};
use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::evidence::{BridgeState, Evidence, MOST_LATER_STATES};
use super::request::{check_code, ProvenRequest};
use super::shown::{add_reverted, by_state};
use super::stop::Stop;
use super::stuck::stuck_reason;
use super::version2::check_source;
use super::votes::{key_of, Tally};
use super::Pair;
use crate::bridge::call_for::expected_call;
use crate::bridge::calls::HandleCall;
use crate::bundle::TransferProof;
use crate::facts::{Facts, Votes};
use crate::ordered::set_of;
use crate::primitives::{Address, Hash};
use crate::verdict::{FraudKind, HeaderRef, Missing, NotReached, Note, State, StuckReason};
use alloc::vec::Vec;

const OPEN: Rule = Rule { id: "D.open", words: "the nonce is open on the destination", source: "bridge.md 2.5" };
const FRESH: Rule = Rule { id: "T.max_age", words: "the header is young enough", source: "claims.md 2, 4" };
const UNREQUESTED: Rule =
    Rule { id: "S.unrequested", words: "the source's request count has not reached the nonce", source: "claims.md 2" };

/// What judging an open nonce gives.
pub(super) struct Open {
    pub(super) state: State,
    pub(super) dissenters: Vec<Address>,
    pub(super) notes: Vec<Note>,
    /// Heights as of which it holds, where they are not the heads.
    pub(super) source: Option<HeaderRef>,
    pub(super) destination: HeaderRef,
}

/// A claim about "now" needs a header of about now.
pub(super) fn header_is_young_enough(evidence: &Evidence<'_>, header: HeaderRef, now: u64) -> Result<(), Stop> {
    let have = now.saturating_sub(header.time);
    let need = evidence.chain().trusted().max_age;
    if have <= need {
        Ok(())
    } else {
        Err(Stop::not_yet_trusted(NotReached::Stale { chain: evidence.chain().name().into(), have, need }))
    }
}

fn require_fresh(evidence: &Evidence<'_>, header: HeaderRef, now: u64, checks: &mut Checks) -> Result<(), Stop> {
    checks.require(
        FRESH,
        &[("block", &header.number), ("time", &header.time), ("now", &now)],
        header_is_young_enough(evidence, header, now),
    )
}

/// The destination says the nonce is open; if it says otherwise the execution has to be shown.
fn nonce_is_open(state: &BridgeState, nonce: u64) -> Result<(), Stop> {
    if state.is_handled(nonce)? {
        Err(Stop::incomplete(Missing::Handle))
    } else {
        Ok(())
    }
}

/// Judges a nonce that was requested and not executed.
pub(super) fn judge_requested(
    pair: &Pair<'_>,
    transfer: &TransferProof,
    request: &ProvenRequest,
    facts: &mut Facts,
    checks: &mut Checks,
) -> Result<Open, Stop> {
    let state = check_open(pair, pair.destination.latest_state()?, transfer.nonce, checks)?;
    require_fresh(pair.destination, state.header(), pair.now, checks)?;
    no_calls(transfer)?;
    let call = expected_call(&request.event, request.tx_hash, request.header.number, request.destination_token);
    let key = key_of(&call.encode());
    let tally = live_votes(pair, state, transfer.nonce, checks)?;
    let (votes, of) = (tally.operators(&key), state.threshold()?);
    let mut notes: Vec<Note> = tally.counted_former(&key).map(Note::ExOperatorVote).collect();
    let mut shown = Votes { threshold: Some(of), operators: by_state(&tally, Some(&key), None), later: None };
    let reason = stuck_reason(pair, transfer, request, &key, &tally, state, &mut notes, checks)?;
    if let (Some(StuckReason::DeliveryReverted { .. }), Some(at)) = (&reason, transfer.failed) {
        add_reverted(&mut shown, pair.destination, at)?;
    }
    facts.votes = Some(shown);
    let verdict = match reason {
        Some(reason) => State::Stuck { reason, votes, of },
        None if votes > 0 => State::Voting { votes, of },
        None => State::Requested,
    };
    Ok(Open { state: verdict, dissenters: tally.dissenters(&key), notes, source: None, destination: state.header() })
}

/// Judges a nonce without a request: nobody voted, or those who did are named.
pub(super) fn judge_unrequested(
    pair: &Pair<'_>,
    transfer: &TransferProof,
    facts: &mut Facts,
    checks: &mut Checks,
) -> Result<Open, Stop> {
    let nonce = transfer.nonce;
    let state = check_open(pair, newest_with_votes(pair, nonce)?, nonce, checks)?;
    let tally = live_votes(pair, state, nonce, checks)?;
    let operators = by_state(&tally, None, None);
    if tally.keys().is_empty() {
        facts.votes = Some(Votes { threshold: None, operators, later: None });
        no_calls(transfer)?;
        require_fresh(pair.destination, state.header(), pair.now, checks)?;
        let source = pair.source.latest_state()?;
        check_code(pair.from, source, checks)?;
        require_fresh(pair.source, source.header(), pair.now, checks)?;
        let requests = source.nonces()?.request_nonce;
        let absent = if requests <= nonce { Ok(()) } else { Err(Stop::incomplete(Missing::Request)) };
        checks.require(UNREQUESTED, &[("requests", &requests), ("nonce", &nonce)], absent)?;
        return Ok(Open {
            state: State::Unrequested,
            dissenters: Vec::new(),
            notes: Vec::new(),
            source: Some(source.header()),
            destination: state.header(),
        });
    }
    let kinds = every_vote_is_for_nothing(pair, transfer, &tally, state.header(), checks)?;
    let culprits = set_of(tally.keys().iter().flat_map(|key| tally.voters(key)));
    let votes = tally.keys().iter().map(|key| tally.operators(key)).max().unwrap_or(0);
    let notes = if kinds.contains(&FraudKind::NamedBlockDidNotExist) {
        Vec::from([Note::RestsOnBlockTimes])
    } else {
        Vec::new()
    };
    let of = state.threshold()?;
    facts.votes = Some(Votes { threshold: Some(of), operators, later: None });
    Ok(Open {
        state: State::Attempted { culprits: culprits.into_iter().collect(), votes, of },
        dissenters: Vec::new(),
        notes,
        source: None,
        destination: state.header(),
    })
}

/// What is open holds as of the newest state. A vote for nothing stays one, so where a prover shows
/// the votes at a lower height, by which a quorum has proposed since, that height does.
fn newest_with_votes<'e>(pair: &Pair<'e>, nonce: u64) -> Result<&'e BridgeState, Stop> {
    let mut newest = pair.destination.states_in(..).rev().take(MOST_LATER_STATES);
    let shown = newest.find(|state| state.has_votes(nonce));
    shown.map_or_else(|| pair.destination.latest_state(), Ok)
}

fn check_open<'e>(
    pair: &Pair<'e>,
    state: &'e BridgeState,
    nonce: u64,
    checks: &mut Checks,
) -> Result<&'e BridgeState, Stop> {
    let generation = check_code(pair.to, state, checks)?;
    check_source(pair, generation, state, checks)?;
    let block = state.header().number;
    checks.require(OPEN, &[("nonce", &nonce), ("at block", &block)], nonce_is_open(state, nonce))?;
    Ok(state)
}

fn live_votes(pair: &Pair<'_>, state: &BridgeState, nonce: u64, checks: &mut Checks) -> Result<Tally, Stop> {
    if !state.has_votes(nonce) {
        return Err(Stop::incomplete(Missing::Votes));
    }
    // Before execution every generation keeps its votes in storage.
    let generation = check_code(pair.to, state, checks)?;
    Tally::read(state, None, nonce, generation)
}

/// Rule (a) or (a') for each vote's own named block: an honest vote among them would name a block with a request.
fn every_vote_is_for_nothing(
    pair: &Pair<'_>,
    transfer: &TransferProof,
    tally: &Tally,
    seen_at: HeaderRef,
    checks: &mut Checks,
) -> Result<Vec<FraudKind>, Stop> {
    let keys = tally.keys();
    if let Some(stray) = transfer.calls.iter().map(|call| key_of(call)).find(|key| !keys.contains(key)) {
        return Err(VerifyError::StrayCall(stray.into()).into());
    }
    let mut kinds = Vec::new();
    for key in keys {
        let calldata = transfer.calls.iter().find(|call| key_of(call) == key);
        let calldata = calldata.ok_or(Stop::incomplete(Missing::VoteCall { key }))?;
        kinds.push(vote_is_for_nothing(pair, transfer.nonce, &key, calldata, seen_at, checks)?);
    }
    Ok(kinds)
}

fn vote_is_for_nothing(
    pair: &Pair<'_>,
    nonce: u64,
    key: &Hash,
    calldata: &[u8],
    seen_at: HeaderRef,
    checks: &mut Checks,
) -> Result<FraudKind, Stop> {
    match HandleCall::decode(calldata) {
        Ok(call) => was_never_requested(pair, nonce, call.request_block, seen_at, checks),
        Err(_) => was_never_requested_by(pair, nonce, seen_at, key, checks),
    }
}

fn no_calls(transfer: &TransferProof) -> Result<(), Stop> {
    transfer.calls.first().map_or(Ok(()), |call| Err(VerifyError::StrayCall(key_of(call).into()).into()))
}
