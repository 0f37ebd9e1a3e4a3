//! Requested and not moving, each with its own evidence.

use super::Case;
use crate::actions::coin;
use crate::stage::{Stage, StageSetup};
use spanlight::bundle::TransferProof;
use spanlight::commitment::CommitmentForm;
use spanlight::verdict::{State, StuckReason};
use spanlight::U256;

/// All cases of this module.
#[must_use]
pub fn all(form: CommitmentForm) -> Vec<Case> {
    vec![delivery_reverted(form), votes_differ(form), no_liquidity(form), votes_missing(form)]
}

/// One vote counted, and the second operator's attempt reverts in a later block.
#[must_use]
pub fn reverted(form: CommitmentForm) -> (Stage, TransferProof) {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let failed = stage.destination.block(|block| block.vote_if(12, &calldata, false));
    stage.destination.idle(1);
    let transfer = TransferProof { request: Some(request.at), failed: Some(failed.at), ..TransferProof::default() };
    (stage, transfer)
}

fn delivery_reverted(form: CommitmentForm) -> Case {
    let (stage, transfer) = reverted(form);
    let block = transfer.failed.map_or(0, |at| at.block);
    let reason = StuckReason::DeliveryReverted { block, gas_limit: 300_000, gas_used: 21_000, status: 9 };
    Case::new("stuck_delivery_reverted", stage.prove(transfer), State::Stuck { reason, votes: 1, of: 2 })
}

fn votes_differ(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup { operators: 2, ..StageSetup::with_form(form) });
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut other = call.clone();
    other.value += U256::ONE;
    stage.votes(&[11], &call);
    stage.votes(&[12], &other);
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    let state = State::Stuck { reason: StuckReason::VotesDiffer, votes: 1, of: 2 };
    Case::new("stuck_votes_differ", stage.prove(transfer), state).dissent(&[12])
}

fn no_liquidity(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let request = stage.request(coin(2_000_000));
    stage.destination.idle(1);
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    let reason = StuckReason::NoLiquidity { balance: U256::from(1_000_000u64), amount: U256::from(2_000_000u64) };
    Case::new("stuck_no_liquidity", stage.prove(transfer), State::Stuck { reason, votes: 0, of: 2 })
}

fn votes_missing(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let request = stage.request(coin(500));
    let later = stage.source.time() + 5_000;
    stage.destination.block(|block| block.time = later);
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    let state = State::Stuck { reason: StuckReason::VotesMissing { age: 5_001 }, votes: 0, of: 2 };
    Case::new("stuck_votes_missing", stage.prove(transfer), state)
}
