//! Executed as requested.

use super::Case;
use crate::actions::{coin, erc20, erc721, RELAY};
use crate::keys;
use crate::stage::{Stage, StageSetup};
use spanlight::bridge::RequestEvent;
use spanlight::bundle::{ItemRef, TransferProof};
use spanlight::commitment::CommitmentForm;
use spanlight::verdict::State;
use spanlight::U256;

const DONE: State = State::Handled { votes: 2, of: 2 };

/// All cases of this module.
#[must_use]
pub fn all(form: CommitmentForm) -> Vec<Case> {
    vec![
        of("handled_coin", StageSetup::with_form(form), coin(500)),
        of("handled_erc20", StageSetup::with_form(form), erc20(77)),
        of("handled_erc721", StageSetup::with_form(form), erc721(9, "https://x.y/42")),
        of("handled_locked", StageSetup { mint_burn: false, ..StageSetup::with_form(form) }, erc20(77)),
        by_transactions(form, coin(500)),
        through_a_contract(form),
        with_dissent(form),
        switched_vote(form),
        with_former_operator(form),
        threshold_lowered_in_the_block(form),
        second_of_two_in_one_transaction(form),
        mapping_changed_later(form),
    ]
}

/// Handled by operators 11 and 12, votes shown by state.
#[must_use]
pub fn of(name: &str, setup: StageSetup, event: RequestEvent) -> Case {
    let (stage, transfer) = executed(&setup, event);
    Case::new(name, stage.prove(transfer), DONE)
}

/// Operators 11 and 12 execute a request: what happened and where.
#[must_use]
pub fn executed(setup: &StageSetup, event: RequestEvent) -> (Stage, TransferProof) {
    let mut stage = Stage::new(setup);
    let request = stage.request(event);
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    (stage, transfer)
}

/// Generation B: the vote transactions are the evidence.
#[must_use]
pub fn by_transactions(form: CommitmentForm, event: RequestEvent) -> Case {
    let (stage, transfer) = executed_on_b(form, event);
    Case::new("handled_by_transactions", stage.prove(transfer), DONE).note("votes_by_transactions")
}

/// As [`executed`], on generation B.
#[must_use]
pub fn executed_on_b(form: CommitmentForm, event: RequestEvent) -> (Stage, TransferProof) {
    let (stage, mut transfer) = executed(&StageSetup::with_form(form).generation_b(), event);
    let executing = transfer.handle.expect("it was executed").item;
    transfer.votes = vec![ItemRef { block: executing.block - 1, index: executing.index }];
    (stage, transfer)
}

/// The deciding operator is a contract: the calldata is supplied beside the transaction.
#[must_use]
pub fn through_a_contract(form: CommitmentForm) -> Case {
    let (stage, transfer) = executed_through_a_contract(form);
    Case::new("handled_through_a_contract", stage.prove(transfer), DONE)
}

/// As [`executed`], the second vote through a contract.
#[must_use]
pub fn executed_through_a_contract(form: CommitmentForm) -> (Stage, TransferProof) {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    stage.destination.block(|block| block.bridge().operators.push(RELAY));
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let executing = stage.destination.block(|block| {
        block.transfer(107);
        block.vote_through_relay(12, &calldata)
    });
    let transfer = TransferProof {
        request: Some(request.at),
        handle: executing.handled,
        calls: vec![calldata],
        ..TransferProof::default()
    };
    (stage, transfer)
}

fn with_dissent(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut other = call.clone();
    other.value += U256::ONE;
    stage.votes(&[13], &other);
    let votes = stage.votes(&[11, 12], &call);
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    Case::new("handled_with_dissent", stage.prove(transfer), DONE).dissent(&[13])
}

fn switched_vote(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut other = call.clone();
    other.value += U256::ONE;
    stage.votes(&[11], &other);
    let votes = stage.votes(&[11, 12], &call);
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    Case::new("handled_after_a_switched_vote", stage.prove(transfer), DONE)
}

/// Three of four vote, one of them leaves, the threshold falls, and a repeated vote decides.
fn with_former_operator(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup { threshold: 4, operators: 4, ..StageSetup::with_form(form) });
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    stage.votes(&[14, 11, 12], &call);
    stage.destination.block(|block| {
        let bridge = block.bridge();
        bridge.operators.retain(|operator| *operator != keys::address(14));
        bridge.threshold = 2;
    });
    let votes = stage.votes(&[11], &call);
    let transfer = TransferProof { request: Some(request.at), handle: votes[0].handled, ..TransferProof::default() };
    Case::new("handled_with_former_operator", stage.prove(transfer), DONE).note("ex_operator_vote")
}

/// The threshold falls from 2 to 1 behind the deciding vote, in its block.
fn threshold_lowered_in_the_block(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let executing = stage.destination.block(|block| {
        let voted = block.vote(12, &calldata);
        block.bridge().threshold = 1;
        voted
    });
    let transfer = TransferProof { request: Some(request.at), handle: executing.handled, ..TransferProof::default() };
    Case::new("handled_threshold_lowered_in_the_block", stage.prove(transfer), DONE).note("operators_changed_in_block")
}

fn second_of_two_in_one_transaction(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let requests = stage.source.block(|block| block.requests(vec![coin(500), erc20(5)]));
    let votes = stage.votes(&[11, 12], &stage.call(&requests[1]));
    let transfer =
        TransferProof { nonce: 1, request: Some(requests[1].at), handle: votes[1].handled, ..TransferProof::default() };
    Case::new("handled_second_of_two_in_one_transaction", stage.prove(transfer), DONE)
}

/// The registry names another token after the request.
fn mapping_changed_later(form: CommitmentForm) -> Case {
    let (mut stage, transfer) = executed(&StageSetup::with_form(form), erc20(77));
    stage.source.block(|block| {
        block.bridge().registered.insert(crate::actions::SOURCE_TOKEN, spanlight::Address([0x72; 20]));
    });
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.source_states.insert(stage.source.height());
    Case::new("handled_mapping_changed_later", stage.prove_plan(&plan, transfers), DONE).note("token_mapping_changed")
}
