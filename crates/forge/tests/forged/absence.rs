//! Accusations: what is needed for "nobody requested this", and that no honest transfer is ever accused.

use spanlight::bundle::TransferProof;
use spanlight::commitment::CommitmentForm;
use spanlight::verdict::{FraudKind, Missing, State, Verdict};
use spanlight::Hash;
use spanlight_forge::scenarios::fraud::{self, invented_call};
use spanlight_forge::scenarios::{open, sorted, Case};
use spanlight_forge::{coin, Scenario, Stage, StageSetup, RELAY};
use std::collections::BTreeSet;

const FORMS: [CommitmentForm; 3] = [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat];

/// An honest transfer of nonce 0 with the source followed to a chosen block, and no request shown.
fn without_request(form: CommitmentForm, votes: &[u64], source_to: impl Fn(u64) -> u64, pause: u64) -> Scenario {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    stage.source.idle(3);
    stage.source.block(|block| block.time += pause);
    let request = stage.request(coin(500));
    stage.source.idle(2);
    let later = stage.source.time();
    stage.destination.block(|block| block.time = later);
    let call = stage.call(&request);
    let cast = stage.votes(votes, &call);
    let handle = cast.last().and_then(|voted| voted.handled);
    let calls = if handle.is_some() { Vec::new() } else { vec![call.encode()] };
    let transfers = vec![TransferProof { handle, calls, ..TransferProof::default() }];
    let mut plan = stage.plan(&transfers);
    let to = source_to(request.at.item.block);
    plan.source.to = to;
    plan.source_states = BTreeSet::from([to]);
    stage.prove_plan(&plan, transfers)
}

fn accuses(verdict: &Verdict) -> bool {
    matches!(verdict.state(), Some(State::Fraud { .. } | State::Attempted { .. }))
}

/// The negative test of claims.md 2.
#[test]
fn an_honest_transfer_is_never_accused_by_a_source_header_just_before_its_request() {
    for form in FORMS {
        for votes in [&[11, 12][..], &[11]] {
            let scenario = without_request(form, votes, |requested_at| requested_at - 1, 0);
            assert_eq!(scenario.outcome(), ("not_yet_trusted", "not_yet_trusted.height"), "{votes:?}");
        }
    }
}

#[test]
fn an_honest_transfer_is_never_accused_by_any_source_header() {
    for votes in [&[11, 12][..], &[11]] {
        for back in 0..=5u64 {
            for pause in [0, 1_000] {
                let scenario = without_request(CommitmentForm::Trie, votes, |at| at + 2 - back, pause);
                let verdict = scenario.verdict();
                assert!(!accuses(&verdict), "{votes:?}, {back} blocks back: {verdict:?}");
            }
        }
    }
}

#[test]
fn with_the_counter_past_the_nonce_the_request_is_what_is_missing() {
    for votes in [&[11, 12][..], &[11]] {
        let scenario = without_request(CommitmentForm::Trie, votes, |requested_at| requested_at, 0);
        assert_eq!(scenario.outcome(), ("incomplete", "missing.request"));
    }
}

/// An invented transfer of nonce 1 that names a source block, a quorum that proposes after it, and
/// a source whose head has a chosen time after that.
fn invented(named: u64, votes: &[u64], head_after: i64) -> Scenario {
    let mut stage = Stage::new(&StageSetup::default());
    stage.request(coin(500));
    let call = invented_call(1, named);
    let cast = stage.votes(votes, &call);
    let handle = cast.last().and_then(|voted| voted.handled);
    let voted = stage.destination.height();
    stage.destination.idle_by_a_quorum();
    let at = stage.destination.time().checked_add_signed(head_after).unwrap();
    stage.source.block(|block| block.time = at);
    let calls = if handle.is_some() { Vec::new() } else { vec![call.encode()] };
    let transfers = vec![TransferProof { nonce: 1, handle, calls, ..TransferProof::default() }];
    let mut plan = stage.plan(&transfers);
    if handle.is_none() {
        plan.destination_states = BTreeSet::from([voted]);
    }
    stage.prove_plan(&plan, transfers)
}

#[test]
fn a_block_of_the_future_is_a_lie_only_once_the_source_is_late_enough() {
    for votes in [&[11, 12][..], &[11]] {
        let far = 1 << 40;
        assert_eq!(invented(far, votes, 299).outcome(), ("not_yet_trusted", "not_yet_trusted.height"));
        assert!(accuses(&invented(far, votes, 300).verdict()));
    }
}

#[test]
fn a_named_block_that_exists_needs_no_clock() {
    for votes in [&[11, 12][..], &[11]] {
        let scenario = invented(1_002, votes, 10);
        match scenario.state() {
            State::Fraud { kind, culprits, .. } => {
                assert_eq!((kind, culprits), (FraudKind::NeverRequested, sorted(votes)));
            }
            State::Attempted { culprits, .. } => assert_eq!(culprits, sorted(votes)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_sources_counter_has_to_be_shown_at_the_named_block_or_later() {
    let mut stage = Stage::new(&StageSetup::default());
    stage.request(coin(500));
    stage.source.idle(1);
    let cast = stage.votes(&[11, 12], &invented_call(1, stage.source.height()));
    let transfers = vec![TransferProof { nonce: 1, handle: cast[1].handled, ..TransferProof::default() }];
    let mut plan = stage.plan(&transfers);
    plan.source_states = BTreeSet::from([stage.source.height() - 1]);
    assert_eq!(stage.prove_plan(&plan, transfers.clone()).outcome(), ("incomplete", "missing.bridge_state"));
    plan.source_states = BTreeSet::from([stage.source.height()]);
    assert!(accuses(&stage.prove_plan(&plan, transfers).verdict()));
}

#[test]
fn one_honest_vote_among_false_ones_is_not_accused() {
    let mut stage = Stage::new(&StageSetup { threshold: 3, ..StageSetup::default() });
    let request = stage.request(coin(500));
    let honest = stage.call(&request);
    let mut false_one = invented_call(0, request.at.item.block - 1);
    false_one.value = honest.value;
    stage.votes(&[11], &honest);
    stage.votes(&[12], &false_one);
    let mut calls = vec![honest.encode(), false_one.encode()];
    calls.sort_by_key(|call| spanlight::keccak256(call));
    let transfer = TransferProof { calls, ..TransferProof::default() };
    assert!(!accuses(&stage.prove(transfer).verdict()));
}

#[test]
fn every_vote_has_to_be_shown() {
    let mut stage = Stage::new(&StageSetup { threshold: 3, ..StageSetup::default() });
    let request = stage.request(coin(500));
    let one = invented_call(1, request.at.item.block);
    let other = spanlight::bridge::HandleCall { value: one.value + spanlight::U256::ONE, ..one.clone() };
    stage.votes(&[11], &one);
    stage.votes(&[12], &other);
    let transfer = |calls| TransferProof { nonce: 1, calls, ..TransferProof::default() };
    assert_eq!(stage.prove(transfer(vec![one.encode()])).outcome(), ("incomplete", "missing.vote_call"));
    let mut both = vec![one.encode(), other.encode()];
    both.sort_by_key(|call| spanlight::keccak256(call));
    let state = stage.prove(transfer(both.clone())).state();
    assert_eq!(state.culprits(), sorted(&[11, 12]));
    both.push(b"stray".to_vec());
    both.sort_by_key(|call| spanlight::keccak256(call));
    assert_eq!(stage.prove(transfer(both)).outcome(), ("invalid", "verify.stray_call"));
}

/// Calldata with dirty high bytes: the contract reads it, this core does not, so only the clock is left.
#[test]
fn where_the_calldata_cannot_be_read_only_the_clock_accuses() {
    let dirty = |votes: &[u64], nonce: u64, after: u64, requests: usize| {
        let mut stage = Stage::new(&StageSetup::default());
        let first = stage.request(coin(500));
        let mut calldata = invented_call(nonce, first.at.item.block).encode();
        calldata[40] = 1;
        let cast: Vec<_> = votes.iter().map(|key| stage.vote(*key, &calldata)).collect();
        for _ in 1..requests {
            stage.request(coin(600));
        }
        let handle = cast.last().and_then(|voted| voted.handled);
        let voted = stage.destination.height();
        stage.destination.idle_by_a_quorum();
        let at = stage.destination.time() + after;
        stage.source.block(|block| block.time = at);
        let calls = if handle.is_some() { Vec::new() } else { vec![calldata] };
        let transfers = vec![TransferProof { nonce, handle, calls, ..TransferProof::default() }];
        let mut plan = stage.plan(&transfers);
        if handle.is_none() {
            plan.destination_states = BTreeSet::from([voted]);
        }
        stage.prove_plan(&plan, transfers).outcome()
    };
    assert_eq!(dirty(&[11, 12], 1, 300, 1), ("proven", "fraud"));
    assert_eq!(dirty(&[11], 1, 300, 1), ("proven", "attempted"));
    assert_eq!(dirty(&[11, 12], 1, 299, 1).0, "incomplete");
    assert_eq!(dirty(&[11], 1, 299, 1).0, "incomplete");
    assert_eq!(dirty(&[11], 1, 300, 2).0, "incomplete");
}

#[test]
fn what_holds_as_of_now_needs_a_young_header() {
    let mut stage = Stage::new(&StageSetup::default());
    let request = stage.request(coin(500));
    stage.votes(&[11], &stage.call(&request));
    let requested = TransferProof { request: Some(request.at), ..TransferProof::default() };
    let unrequested = TransferProof { nonce: 5, ..TransferProof::default() };
    for transfer in [requested, unrequested] {
        let mut scenario = stage.prove(transfer);
        scenario.now = stage.destination.time().min(stage.source.time()) + 600;
        assert_eq!(scenario.verdict().name(), "proven");
        scenario.now = stage.destination.time().max(stage.source.time()) + 601;
        assert_eq!(scenario.outcome(), ("not_yet_trusted", "not_yet_trusted.stale"));
    }
}

#[test]
fn an_unrequested_nonce_below_the_counter_is_missing_its_request() {
    let mut stage = Stage::new(&StageSetup::default());
    stage.request(coin(500));
    stage.destination.idle(1);
    assert_eq!(stage.prove(TransferProof::default()).outcome(), ("incomplete", "missing.request"));
}

/// Only generation C keeps votes after execution; without them or vote transactions nothing is guessed.
#[test]
fn fraud_on_generation_b_names_only_those_who_are_shown() {
    let mut stage = Stage::new(&StageSetup::default().generation_b());
    let request = stage.request(coin(500));
    let cast = stage.votes(&[11, 12], &invented_call(1, request.at.item.block));
    let transfer =
        TransferProof { nonce: 1, handle: cast[1].handled, votes: vec![cast[0].at], ..TransferProof::default() };
    assert_eq!(stage.prove(transfer.clone()).state().culprits(), sorted(&[11, 12]));
    let without = TransferProof { votes: Vec::new(), ..transfer };
    assert_eq!(stage.prove(without).outcome(), ("incomplete", "missing.votes"));
}

/// The counter of other code says nothing about requests.
#[test]
fn no_absence_is_shown_by_a_source_of_unknown_code() {
    let unknown = |mut case: Case| {
        assert_eq!(case.scenario.verdict().name(), "proven");
        case.scenario.trust.bridge.as_mut().unwrap().ends[0].codes[0].hash = Hash([1; 32]);
        case.scenario.outcome()
    };
    for form in FORMS {
        assert_eq!(unknown(open::unrequested(form)), ("unsupported", "bridge.unknown_code"));
        assert_eq!(unknown(fraud::never_requested(form)), ("unsupported", "bridge.unknown_code"));
        assert_eq!(unknown(fraud::attempted(form)), ("unsupported", "bridge.unknown_code"));
    }
}

/// A hidden call that cannot be read is named by its own key, not by that of the transaction around it.
#[test]
fn a_hidden_call_that_cannot_be_read_is_named_by_its_key() {
    let mut stage = Stage::new(&StageSetup { threshold: 1, ..StageSetup::default() });
    stage.destination.block(|block| block.bridge().operators.push(RELAY));
    let first = stage.request(coin(500));
    let mut calldata = invented_call(1, first.at.item.block).encode();
    calldata[40] = 1;
    stage.knows_call(&calldata);
    let executing = stage.destination.block(|block| block.vote_through_relay(12, &calldata));
    let key = spanlight::keccak256(&calldata);
    let transfer =
        |handle| TransferProof { nonce: 1, handle, calls: vec![calldata.clone()], ..TransferProof::default() };
    let early = stage.prove(transfer(executing.handled)).verdict();
    assert_eq!(early, Verdict::Incomplete { missing: Missing::VoteCall { key } });
    stage.time_goes_on();
    assert_eq!(stage.prove(transfer(executing.handled)).state().culprits(), [RELAY]);
}
