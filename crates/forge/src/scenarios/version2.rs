//! Destinations of version 2: votes by signature, votes that ended with a registration, deliveries that failed.

use super::fraud::invented_call;
use super::{sorted, Case};
use crate::actions::{coin, erc20, erc721, Requested, OUTSIDER, RELAY};
use crate::keys;
use crate::stage::{Stage, StageSetup};
use spanlight::bridge::RequestEvent;
use spanlight::bundle::TransferProof;
use spanlight::commitment::CommitmentForm;
use spanlight::verdict::{FraudKind, State, StuckReason};
use spanlight::{Address, U256};

const DONE: State = State::Handled { votes: 2, of: 2 };

/// All cases of this module.
#[must_use]
pub fn all(form: CommitmentForm) -> Vec<Case> {
    let mut cases = vec![
        by_calls(form),
        by_a_call_and_signatures(form),
        with_dissent_through_a_contract(form),
        two_in_one_transaction(form),
        an_earlier_registration(form),
        claimable("handled_claimable_coin", form, coin(500)),
        claimable("handled_claimable_erc20", form, erc20(77)),
        claimed(form),
        without_liquidity(form),
        voting(form),
        paused(form),
        held_back(form),
        never_requested(form),
        attempted(form),
        operators_changed_in_block(form),
    ];
    for event in [coin(500), erc20(77), erc721(9, "https://x.y/42")] {
        cases.push(by_signatures(form, event));
    }
    cases
}

/// Two chains, the destination of version 2.
#[must_use]
pub fn stage(form: CommitmentForm) -> Stage {
    Stage::new(&StageSetup::with_form(form).version2())
}

/// A request whose signatures of 11 and 12 an outsider brings.
#[must_use]
pub fn signed(form: CommitmentForm, event: RequestEvent, delivers: bool) -> (Stage, Requested, TransferProof) {
    let mut stage = stage(form);
    let request = stage.request(event);
    let signed = stage.signed(&[11, 12], &stage.call(&request));
    let voted = stage.handle_with_signatures_if(&signed, delivers);
    let transfer = TransferProof { request: Some(request.at), handle: voted.handled, ..TransferProof::default() };
    (stage, request, transfer)
}

/// Handled by signatures alone.
#[must_use]
pub fn by_signatures(form: CommitmentForm, event: RequestEvent) -> Case {
    let name = format!("handled_by_signatures_{}", event.token_type);
    let (stage, _, transfer) = signed(form, event, true);
    Case::new(&name, stage.prove(transfer), DONE).note("votes_by_signatures")
}

fn by_calls(form: CommitmentForm) -> Case {
    let (stage, transfer) = super::handled::executed(&StageSetup::with_form(form).version2(), coin(500));
    Case::new("version2_handled_by_calls", stage.prove(transfer), DONE)
}

/// 11 votes by a call; the signatures of 11, which is passed over, and of 12 decide.
fn by_a_call_and_signatures(form: CommitmentForm) -> Case {
    let mut stage = stage(form);
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    stage.vote(11, &call.encode());
    let signed = stage.signed(&[11, 12], &call);
    let voted = stage.handle_with_signatures(&signed);
    let transfer = TransferProof { request: Some(request.at), handle: voted.handled, ..TransferProof::default() };
    Case::new("handled_by_a_call_and_signatures", stage.prove(transfer), DONE).note("votes_by_signatures")
}

/// What generation C leaves open: the executed key although operators differ and the calldata is hidden.
fn with_dissent_through_a_contract(form: CommitmentForm) -> Case {
    let mut stage = stage(form);
    stage.destination.block(|block| block.bridge().register(RELAY));
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut other = call.clone();
    other.value += U256::ONE;
    stage.votes(&[13], &other);
    let calldata = call.encode();
    stage.vote(11, &calldata);
    let voted = stage.destination.block(|block| block.vote_through_relay(12, &calldata));
    let (request, calls) = (Some(request.at), vec![calldata]);
    let transfer = TransferProof { request, handle: voted.handled, calls, ..TransferProof::default() };
    Case::new("version2_handled_with_dissent_through_a_contract", stage.prove(transfer), DONE).dissent(&[13])
}

/// A contract brings signatures for two nonces in one transaction; the second is proven.
fn two_in_one_transaction(form: CommitmentForm) -> Case {
    let (stage, transfers) = two_through_a_contract(form);
    let [_, second] = transfers;
    Case::new("version2_second_of_two_in_one_transaction", stage.prove(second), DONE)
}

/// Nonces 0 and 1 in one transaction of a contract; nonce 0 is not delivered.
#[must_use]
pub fn two_through_a_contract(form: CommitmentForm) -> (Stage, [TransferProof; 2]) {
    let mut stage = stage(form);
    let requests = stage.source.block(|block| block.requests(vec![coin(500), erc20(5)]));
    let signed: Vec<_> = requests.iter().map(|request| stage.signed(&[11, 12], &stage.call(request))).collect();
    signed.iter().for_each(|signed| stage.knows_call(&signed.call.encode()));
    let domain = stage.domain();
    let places = stage.destination.block(|block| {
        let first = block.handle_with_signatures_if(OUTSIDER, &signed[0], &domain, false);
        let second = block.handle_with_signatures_if(OUTSIDER, &signed[1], &domain, true);
        block.join_through_relay(OUTSIDER, first.at.index, second.at.index)
    });
    let proof = |nonce: u64| TransferProof {
        nonce,
        request: Some(requests[nonce as usize].at),
        handle: Some(places[nonce as usize]),
        calls: vec![signed[nonce as usize].call.encode()],
        ..TransferProof::default()
    };
    let transfers = [proof(0), proof(1)];
    (stage, transfers)
}

/// 13 votes and is registered anew: that vote is worth nothing, and is not called dissent or a warning.
fn an_earlier_registration(form: CommitmentForm) -> Case {
    let mut stage = stage(form);
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    stage.votes(&[13], &call);
    stage.destination.block(|block| {
        block.bridge().deregister(&keys::address(13));
        block.bridge().register(keys::address(13));
    });
    let votes = stage.votes(&[11, 12], &call);
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    Case::new("version2_handled_beside_an_ended_vote", stage.prove(transfer), DONE)
}

/// The recipient refuses; nobody has claimed.
#[must_use]
pub fn claimable(name: &str, form: CommitmentForm, event: RequestEvent) -> Case {
    let (stage, _, transfer) = signed(form, event, false);
    Case::new(name, stage.prove(transfer), DONE).note("claimable").note("votes_by_signatures")
}

/// The recipient refuses and claims later.
fn claimed(form: CommitmentForm) -> Case {
    let (mut stage, _, transfer) = signed(form, coin(500), false);
    stage.destination.block(|block| block.bridge().claim(0));
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.destination_states.insert(stage.destination.height());
    let scenario = stage.prove_plan(&plan, transfers);
    Case::new("handled_claimed", scenario, DONE).note("claimable").note("votes_by_signatures")
}

/// Too little coin does not hold a transfer up here.
fn without_liquidity(form: CommitmentForm) -> Case {
    let mut stage = stage(form);
    let request = stage.request(coin(2_000_000));
    stage.votes(&[11], &stage.call(&request));
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    let state = State::Voting { votes: 1, of: 2 };
    Case::new("version2_voting_without_liquidity", stage.prove(transfer), state).note("low_liquidity")
}

/// One signature is one vote, and waits for more.
fn voting(form: CommitmentForm) -> Case {
    let mut stage = stage(form);
    let request = stage.request(coin(500));
    let signed = stage.signed(&[12], &stage.call(&request));
    stage.handle_with_signatures(&signed);
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    Case::new("version2_voting", stage.prove(transfer), State::Voting { votes: 1, of: 2 })
}

/// The bridge is paused with one vote of two; the owner may resume it in a day.
#[must_use]
pub fn paused(form: CommitmentForm) -> Case {
    let mut stage = stage(form);
    let request = stage.request(coin(500));
    stage.votes(&[11], &stage.call(&request));
    let resume = stage.destination.block(|block| {
        let resume = block.time + 86_400;
        block.bridge().version2.pause();
        block.bridge().version2.resume_time = resume;
        resume
    });
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    let state = State::Stuck { reason: StuckReason::BridgePaused { resume }, votes: 1, of: 2 };
    Case::new("version2_stuck_bridge_paused", stage.prove(transfer), state)
}

/// A bridge that lets 700 coins leave in a day, and has 300 of them left; 500 are decided.
#[must_use]
pub fn above_the_limit(form: CommitmentForm) -> (Stage, Requested) {
    let mut stage = stage(form);
    let request = stage.request(coin(500));
    stage.destination.block(|block| {
        let time = block.time;
        let version2 = &mut block.bridge().version2;
        version2.limits.insert(Address::ZERO, 700);
        version2.outflows.insert(Address::ZERO, (U256::from(400u64), time));
    });
    stage.votes(&[11, 12], &stage.call(&request));
    (stage, request)
}

/// Both votes are there, and the outflow limit holds the transfer back for a day.
#[must_use]
pub fn held_back(form: CommitmentForm) -> Case {
    let (stage, request) = above_the_limit(form);
    let until = stage.destination.time() + 86_400;
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    let (amount, room) = (U256::from(500u64), U256::from(300u64));
    let reason = StuckReason::OutflowLimit { until, amount, room, may_leave: false, source_bound: true };
    Case::new("version2_stuck_outflow_limit", stage.prove(transfer), State::Stuck { reason, votes: 2, of: 2 })
}

/// 11 and 12 sign for nonce 1, which was not requested.
#[must_use]
pub fn never_requested(form: CommitmentForm) -> Case {
    let mut stage = stage(form);
    let request = stage.request(coin(500));
    let signed = stage.signed(&[11, 12], &invented_call(1, request.at.item.block));
    let voted = stage.handle_with_signatures(&signed);
    let transfer = TransferProof { nonce: 1, handle: voted.handled, ..TransferProof::default() };
    let state = State::Fraud { kind: FraudKind::NeverRequested, culprits: sorted(&[11, 12]), votes: 2, of: 2 };
    Case::new("fraud_never_requested_by_signatures", stage.prove(transfer), state).note("votes_by_signatures")
}

fn attempted(form: CommitmentForm) -> Case {
    let mut stage = stage(form);
    let request = stage.request(coin(500));
    let call = invented_call(1, request.at.item.block);
    let signed = stage.signed(&[13], &call);
    stage.handle_with_signatures(&signed);
    let transfer = TransferProof { nonce: 1, calls: vec![call.encode()], ..TransferProof::default() };
    let state = State::Attempted { culprits: sorted(&[13]), votes: 1, of: 2 };
    Case::new("attempted_by_signature", stage.prove(transfer), state)
}

/// An operator joins in the deciding block: which set the signatures name cannot be seen, and the state decides alone.
fn operators_changed_in_block(form: CommitmentForm) -> Case {
    let mut stage = stage(form);
    let request = stage.request(coin(500));
    let signed = stage.signed(&[11, 12], &stage.call(&request));
    stage.knows_call(&signed.call.encode());
    let domain = stage.domain();
    let voted = stage.destination.block(|block| {
        let voted = block.handle_with_signatures(OUTSIDER, &signed, &domain);
        block.bridge().register(keys::address(14));
        voted
    });
    let transfer = TransferProof { request: Some(request.at), handle: voted.handled, ..TransferProof::default() };
    Case::new("version2_operators_changed_in_block", stage.prove(transfer), DONE).note("operators_changed_in_block")
}

/// Everything that version 2 does otherwise, on one pair of chains, for a prover to find: 0 by signatures; 1 not delivered; 2 and 3 by a
/// contract in one transaction, beside dissent on 3; 4 with one signature of two; 5 as 1, and claimed since; 6 signed for and
/// never requested; 7 attempted by a signature.
#[must_use]
pub fn many(form: CommitmentForm) -> Stage {
    let mut stage = stage(form);
    let events = vec![coin(500), coin(501), erc20(502), coin(503), coin(504), erc20(505)];
    let requests = stage.source.block(|block| block.requests(events));
    let calls: Vec<_> = requests.iter().map(|request| stage.call(request)).collect();
    let by = |stage: &Stage, nonce: usize, operators: &[u64]| stage.signed(operators, &calls[nonce]);
    stage.handle_with_signatures(&by(&stage, 0, &[11, 12]));
    stage.handle_with_signatures_if(&by(&stage, 1, &[12, 13]), false);
    let mut other = calls[3].clone();
    other.value += U256::ONE;
    stage.votes(&[13], &other);
    let (domain, two) = (stage.domain(), [2, 3].map(|nonce| by(&stage, nonce, &[11, 12])));
    stage.destination.block(|block| {
        let [first, second] = [0, 1].map(|which| block.handle_with_signatures(OUTSIDER, &two[which], &domain));
        block.join_through_relay(OUTSIDER, first.at.index, second.at.index)
    });
    stage.handle_with_signatures(&by(&stage, 4, &[11]));
    stage.handle_with_signatures_if(&by(&stage, 5, &[11, 13]), false);
    stage.destination.block(|block| block.bridge().claim(5));
    let block = requests[0].at.item.block;
    for (nonce, operators) in [(6, &[12, 13][..]), (7, &[13])] {
        let signed = stage.signed(operators, &invented_call(nonce, block));
        stage.handle_with_signatures(&signed);
    }
    stage.source.idle(1);
    stage.destination.idle(1);
    stage
}
