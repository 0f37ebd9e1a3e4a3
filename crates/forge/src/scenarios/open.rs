//! Nothing executed yet: requested, voting, unrequested.

use super::Case;
use crate::actions::coin;
use crate::stage::{Stage, StageSetup};
use spanlight::bundle::TransferProof;
use spanlight::commitment::CommitmentForm;
use spanlight::verdict::State;

/// All cases of this module.
#[must_use]
pub fn all(form: CommitmentForm) -> Vec<Case> {
    vec![requested(form), voting(form), voting_with_dissent(form), unrequested(form), second_of_two_requests(form)]
}

/// Requested, no vote.
#[must_use]
pub fn requested(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let request = stage.request(coin(500));
    stage.destination.idle(1);
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    Case::new("requested", stage.prove(transfer), State::Requested)
}

/// One vote of two, at the head.
#[must_use]
pub fn voting(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let request = stage.request(coin(500));
    stage.votes(&[11], &stage.call(&request));
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    Case::new("voting", stage.prove(transfer), State::Voting { votes: 1, of: 2 })
}

/// Two operators for what was requested, one for another amount; three are needed of four.
#[must_use]
pub fn voting_with_dissent(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup { threshold: 3, operators: 4, ..StageSetup::with_form(form) });
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut other = call.clone();
    other.value += spanlight::U256::ONE;
    stage.votes(&[11, 12], &call);
    stage.votes(&[13], &other);
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    Case::new("voting_with_dissent", stage.prove(transfer), State::Voting { votes: 2, of: 3 }).dissent(&[13])
}

/// A nonce that nobody asked for.
#[must_use]
pub fn unrequested(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    stage.request(coin(500));
    stage.destination.idle(1);
    let transfer = TransferProof { nonce: 7, ..TransferProof::default() };
    Case::new("unrequested", stage.prove(transfer), State::Unrequested)
}

/// Two requests in one transaction: the second is a transfer of its own.
#[must_use]
pub fn second_of_two_requests(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let requests = stage.source.block(|block| {
        block.transfer(107);
        block.requests(vec![coin(500), coin(600)])
    });
    stage.votes(&[11], &stage.call(&requests[1]));
    let transfer = TransferProof { nonce: 1, request: Some(requests[1].at), ..TransferProof::default() };
    Case::new("second_of_two_requests", stage.prove(transfer), State::Voting { votes: 1, of: 2 })
}
