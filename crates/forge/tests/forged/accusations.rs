//! Nobody honest is accused and nothing false is proven, whatever a prover hides and whatever happens inside one block:
//! votes taken back, calls nested in other calls, thresholds and registries that change for a moment.

use spanlight::bridge::layout;
use spanlight::bundle::{ItemRef, LogRef, TransferProof};
use spanlight::commitment::CommitmentForm;
use spanlight::receipt::Log;
use spanlight::verify::{judge_transfers, Evidence, FollowedChain, Usage};
use spanlight::{Address, Hash, U256};
use spanlight_forge::scenarios::sorted;
use spanlight_forge::{
    coin, erc20, erc721, keys, Requested, Scenario, Stage, StageSetup, OUTSIDER, RELAY, SOURCE_TOKEN,
};
use std::collections::BTreeSet;

const FORM: CommitmentForm = CommitmentForm::Trie;

fn setup() -> StageSetup {
    StageSetup::with_form(FORM)
}

fn used(scenario: &Scenario) -> [Usage; 2] {
    let [from, to] = scenario.bundle.chains.as_slice() else { panic!("two chains") };
    let follow = |proof: &spanlight::bundle::ChainProof| {
        let trusted = scenario.trust.chain(&proof.chain).unwrap();
        FollowedChain::from_proof(trusted, &proof.headers, proof.mode, &proof.jumps, scenario.now).unwrap()
    };
    let ends = &scenario.trust.bridge.as_ref().unwrap().ends;
    let (source, destination) = (follow(from), follow(to));
    let source = Evidence::verify(&source, ends[0].address, &from.blocks, &from.states).unwrap();
    let destination = Evidence::verify(&destination, ends[1].address, &to.blocks, &to.states).unwrap();
    let spanlight::bundle::Claim::Transfers { transfers, .. } = &scenario.bundle.claim else { panic!("transfers") };
    judge_transfers(&scenario.trust, &source, &destination, transfers, None, scenario.now).unwrap().1
}

/// Callers that keep their chains are told which evidence was needed. A bundle has no slack, so
/// there it is all of it.
#[test]
fn everything_that_a_proven_bundle_holds_was_read() {
    let mut headers_read = false;
    for case in spanlight_forge::scenarios::all(CommitmentForm::Trie) {
        for (usage, proof) in used(&case.scenario).into_iter().zip(&case.scenario.bundle.chains) {
            let items: Vec<u64> = usage.items.into_iter().map(|(number, _)| number).collect();
            let slots: Vec<u64> = usage.slots.into_iter().map(|(number, _)| number).collect();
            assert_eq!(items, proof.blocks.iter().map(|block| block.number).collect::<Vec<_>>(), "{}", case.name);
            assert_eq!(slots, proof.states.iter().map(|state| state.number).collect::<Vec<_>>(), "{}", case.name);
            headers_read |= usage.headers.into_iter().next().is_some();
        }
    }
    assert!(headers_read, "some verdicts rest on later headers alone");
}

/// As [`Stage::prove`], by a prover who leaves the list of voters out, although the bridge keeps it (generation C).
fn prove_without_the_voters(stage: &Stage, transfer: TransferProof) -> Scenario {
    let nonce = transfer.nonce;
    let withheld = layout::voters_length(layout::votes_base(layout::TRANSFER_VOTE, nonce));
    let votes = transfer.votes.clone();
    let honest = stage.prove(TransferProof { votes: Vec::new(), ..transfer.clone() });
    let mut plan = stage.plan(std::slice::from_ref(&transfer));
    let slots_of = |chain: &spanlight::bundle::ChainProof| -> Vec<(u64, BTreeSet<Hash>)> {
        let slots = |state: &spanlight::bundle::StateEvidence| state.proof.slots.iter().copied().collect();
        chain.states.iter().map(|state| (state.number, slots(state))).collect()
    };
    plan.source.slots = plan.source_states.iter().map(|number| (*number, BTreeSet::new())).collect();
    plan.destination.slots = plan.destination_states.iter().map(|number| (*number, BTreeSet::new())).collect();
    plan.source.slots.extend(slots_of(&honest.bundle.chains[0]));
    for slots in plan.source.slots.values_mut() {
        slots.extend([layout::NONCES, layout::registered_token_slot(&SOURCE_TOKEN)]);
    }
    plan.destination.slots.extend(slots_of(&honest.bundle.chains[1]));
    let flags: Vec<Hash> = [11, 12, 13, 14].map(|key| layout::operator_flag_slot(&keys::address(key))).to_vec();
    for slots in plan.destination.slots.values_mut() {
        slots.extend(flags.iter().copied());
        slots.extend([layout::NONCES, layout::closed_slot(nonce), layout::threshold_slot(layout::TRANSFER_VOTE)]);
        slots.remove(&withheld);
    }
    let mut scenario = honest;
    scenario.proof().votes = votes;
    scenario.bundle.chains[0] = plan.source.prove(&stage.source);
    scenario.bundle.chains[1] = plan.destination.prove(&stage.destination);
    let [source, destination] = used(&scenario);
    plan.source.slots = source.slots.into_iter().map(|(at, slots)| (at, slots.into_iter().collect())).collect();
    plan.destination.slots =
        destination.slots.into_iter().map(|(at, slots)| (at, slots.into_iter().collect())).collect();
    scenario.bundle.chains[0] = plan.source.prove(&stage.source);
    scenario.bundle.chains[1] = plan.destination.prove(&stage.destination);
    scenario
}

/// Honest on both nonces: 12's own transaction decides nonce 0; its recipient pokes an operator that is a contract, whose
/// vote decides nonce 1 in the same transaction. Gives the stage and the claim about nonce 1.
fn nested(setup: &StageSetup) -> (Stage, TransferProof) {
    let mut stage = Stage::new(setup);
    stage.destination.block(|block| block.bridge().operators.push(RELAY));
    let first = stage.request(coin(500));
    let second = stage.request(erc20(77));
    let (outer, inner) = (stage.call(&first).encode(), stage.call(&second).encode());
    let earlier = stage.vote(11, &outer);
    stage.vote(13, &inner);
    let handled = stage.destination.block(|block| {
        let voted = block.vote(12, &outer);
        let event = block.bridge().vote(RELAY, &inner, true).unwrap().unwrap();
        let bridge = block.bridge().address;
        let giver = Address::ZERO;
        let moved = spanlight_forge::transfer_log(event.token, event.token_type, giver, event.to, event.value);
        block.spoil_receipt(voted.at.index, |receipt| {
            receipt.logs.push(Log { address: bridge, ..event.encode() });
            receipt.logs.push(moved);
        });
        LogRef { item: voted.at, log: 1 }
    });
    let transfer = TransferProof {
        nonce: 1,
        request: Some(second.at),
        handle: Some(handled),
        votes: vec![earlier.at],
        ..TransferProof::default()
    };
    (stage, transfer)
}

/// The calldata of the inner vote, as anybody can make it out of the request.
fn inner_call(stage: &Stage, transfer: &TransferProof) -> Vec<u8> {
    let at = transfer.request.unwrap();
    let block = stage.source.at(at.item.block);
    let index = at.item.index as usize;
    let receipt = spanlight::receipt::Receipt::decode(&block.receipts[index]).unwrap();
    let event = spanlight::bridge::RequestEvent::decode(&receipt.logs[at.log as usize]).unwrap();
    let tx_hash = spanlight::transaction::Transaction::decode(&block.transactions[index]).unwrap().hash();
    stage.call(&Requested { at, event, tx_hash }).encode()
}

#[test]
fn votes_for_another_nonce_in_the_executing_transaction_accuse_nobody_on_b() {
    let (stage, transfer) = nested(&setup().generation_b());
    assert_eq!(stage.prove(transfer).outcome(), ("incomplete", "missing.votes"));
}

#[test]
fn votes_for_another_nonce_in_the_executing_transaction_accuse_nobody_on_c() {
    let (stage, transfer) = nested(&setup());
    assert_eq!(prove_without_the_voters(&stage, transfer).outcome(), ("incomplete", "missing.votes"));
}

/// With the voters shown and nothing hidden, an honest execution must not be called false.
#[test]
fn an_honest_nested_execution_is_handled_once_its_calldata_is_supplied() {
    let (stage, transfer) = nested(&setup());
    let transfer = TransferProof { votes: Vec::new(), ..transfer };
    assert_eq!(stage.prove(transfer.clone()).outcome(), ("incomplete", "missing.vote_call"));
    let calls = vec![inner_call(&stage, &transfer)];
    assert_eq!(stage.prove(TransferProof { calls, ..transfer }).outcome(), ("proven", "handled"));
}

/// On C the state says whose vote stands. 13 voted for the false call and took it back before 11 and 12 executed it.
#[test]
fn who_took_a_vote_back_is_no_culprit_on_c() {
    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut wrong = call.clone();
    wrong.value += U256::ONE;
    let withdrawn = stage.vote(13, &wrong.encode());
    stage.vote(13, &call.encode());
    let votes = stage.votes(&[11, 12], &wrong);
    let transfer = TransferProof {
        request: Some(request.at),
        handle: votes[1].handled,
        votes: vec![withdrawn.at, votes[0].at],
        ..TransferProof::default()
    };
    assert_eq!(prove_without_the_voters(&stage, transfer.clone()).outcome(), ("incomplete", "missing.votes"));
    let shown = stage.prove(TransferProof { votes: Vec::new(), ..transfer });
    assert_eq!(shown.state().culprits(), sorted(&[11, 12]));
}

#[test]
fn dissent_cannot_be_hidden_on_c() {
    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut other = call.clone();
    other.value += U256::ONE;
    stage.votes(&[13], &other);
    let votes = stage.votes(&[11, 12], &call);
    let transfer = TransferProof {
        request: Some(request.at),
        handle: votes[1].handled,
        votes: vec![votes[0].at],
        ..TransferProof::default()
    };
    assert_eq!(prove_without_the_voters(&stage, transfer.clone()).outcome(), ("incomplete", "missing.votes"));
    let shown = stage.prove(TransferProof { votes: Vec::new(), ..transfer });
    assert_eq!(shown.transfer().dissenters, sorted(&[13]));
}

/// The owner lets the threshold fall to 1 inside one block, where a contract of his executes something else, and restores
/// it. 11, 12 and 13 voted as requested (a threshold of 5 then; it fell to 3 later, which executes nothing).
fn executed_by_a_dip(event: spanlight::bridge::RequestEvent, evil: fn(&mut spanlight::bridge::HandleCall)) -> Scenario {
    let mut stage = Stage::new(&StageSetup { threshold: 5, operators: 4, ..setup() });
    stage.destination.block(|block| block.bridge().operators.push(RELAY));
    let request = stage.request(event);
    let call = stage.call(&request);
    stage.votes(&[11, 12, 13], &call);
    stage.destination.block(|block| block.bridge().threshold = 3);
    let mut other = call.clone();
    evil(&mut other);
    stage.knows_call(&other.encode());
    let executing = stage.destination.block(|block| {
        block.bridge().threshold = 1;
        let voted = block.vote_through_relay(14, &other.encode());
        block.bridge().threshold = 3;
        voted
    });
    stage.prove(TransferProof {
        request: Some(request.at),
        handle: executing.handled,
        calls: vec![call.encode()],
        ..TransferProof::default()
    })
}

#[test]
fn a_threshold_that_dips_in_a_block_frames_nobody() {
    let scenario = executed_by_a_dip(coin(500), |call| call.value += U256::ONE);
    assert_eq!(scenario.outcome(), ("unsupported", "votes.executed_key_unknown"));
}

#[test]
fn a_threshold_that_dips_in_a_block_makes_no_false_handled() {
    let evil = |call: &mut spanlight::bridge::HandleCall| call.token_uri = Some(b"https://evil/42".to_vec());
    let scenario = executed_by_a_dip(erc721(9, "https://x.y/42"), evil);
    assert_eq!(scenario.outcome(), ("unsupported", "votes.executed_key_unknown"));
}

/// The owner registers another counterpart behind the request, in its block. Operators read the registry at the request.
#[test]
fn a_registry_that_changes_in_the_requests_block_accuses_nobody() {
    let mut stage = Stage::new(&setup());
    let mut call = None;
    let request = stage.source.block(|block| {
        let requested = block.request(erc20(77));
        let token = block.bridge().registered[&SOURCE_TOKEN];
        call =
            Some(spanlight::bridge::expected_call(&requested.event, requested.tx_hash, requested.at.item.block, token));
        block.bridge().registered.insert(SOURCE_TOKEN, Address([0x72; 20]));
        requested
    });
    let votes = stage.votes(&[11, 12], &call.unwrap());
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    assert_eq!(stage.prove(transfer).outcome(), ("unsupported", "bridge.token_mapping_changed"));
}

/// Three votes stand for one key, one of them by a former operator; the threshold fell to 3, so that a repeated vote
/// would execute. "No key can reach the threshold" is not true.
#[test]
fn votes_of_former_operators_count_against_votes_differ() {
    let mut stage = Stage::new(&StageSetup { threshold: 4, operators: 4, ..setup() });
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut other = call.clone();
    other.value += U256::ONE;
    stage.votes(&[14, 11, 12], &call);
    stage.votes(&[13], &other);
    stage.destination.block(|block| {
        let bridge = block.bridge();
        bridge.operators.retain(|operator| *operator != keys::address(14));
        bridge.threshold = 3;
    });
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    assert_eq!(stage.prove(transfer).outcome(), ("proven", "voting"));
    let again = stage.vote(11, &call.encode());
    assert!(again.handled.is_some(), "a repeated vote executes");
}

/// Threshold 1. A user's own request pokes an operator that is a contract, which executes what nobody requested. The user
/// is no operator and voted for nothing. Where the votes stay in state, they name the contract.
#[test]
fn a_user_whose_transaction_an_operator_contract_abused_is_no_culprit() {
    let stage = |setup: StageSetup| {
        let mut stage = Stage::new(&StageSetup { threshold: 1, ..setup });
        stage.destination.block(|block| block.bridge().operators.push(RELAY));
        stage.request(coin(500));
        let call = spanlight_forge::scenarios::fraud::invented_call(1, 1 << 40).encode();
        stage.knows_call(&call);
        let handled = stage.destination.block(|block| {
            let event = block.bridge().vote(RELAY, &call, true).unwrap().unwrap();
            let bridge = block.bridge().address;
            let logs = vec![Log { address: bridge, ..event.encode() }];
            let index = block.transaction(OUTSIDER, bridge, U256::from(10u64), b"request".to_vec(), 1, logs);
            LogRef { item: ItemRef { block: block.number, index }, log: 0 }
        });
        stage.time_goes_on();
        (stage, TransferProof { nonce: 1, handle: Some(handled), ..TransferProof::default() }, call)
    };
    let (on_b, transfer, _) = stage(setup().generation_b());
    assert_eq!(on_b.prove(transfer).outcome(), ("incomplete", "missing.votes"));
    let (on_c, transfer, call) = stage(setup());
    assert_eq!(on_c.prove(transfer.clone()).outcome(), ("incomplete", "missing.vote_call"));
    let shown = on_c.prove(TransferProof { calls: vec![call], ..transfer });
    assert_eq!(shown.state().culprits(), [RELAY]);
}

/// A registry under other code says nothing, also where it would accuse of a wrong token.
#[test]
fn accuses_nobody_by_a_registry_under_unknown_code() {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Trie));
    let code = stage.source.bridge.code_hash;
    stage.source.bridge.code_hash = Hash([1; 32]);
    stage.source.idle(1);
    stage.source.bridge.code_hash = code;
    let request = stage.request(spanlight_forge::erc20(77));
    let mut call = stage.call(&request);
    call.token = Some(Address([0x73; 20]));
    let votes = stage.votes(&[11, 12], &call);
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    assert_eq!(stage.prove(transfer).outcome(), ("unsupported", "bridge.unknown_code"));
}

/// Nor do votes under other code show that a delivery reverted.
#[test]
fn votes_under_unknown_code_show_no_reverted_delivery() {
    let reverted = |unknown: bool| {
        let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Trie));
        let request = stage.request(coin(500));
        let calldata = stage.call(&request).encode();
        let code = stage.destination.bridge.code_hash;
        if unknown {
            stage.destination.bridge.code_hash = Hash([1; 32]);
        }
        stage.vote(11, &calldata);
        stage.destination.bridge.code_hash = code;
        let failed = stage.destination.block(|block| block.vote_if(12, &calldata, false));
        stage.destination.idle(1);
        let failed = Some(failed.at);
        stage.prove(TransferProof { request: Some(request.at), failed, ..TransferProof::default() }).outcome()
    };
    assert_eq!(reverted(false), ("proven", "stuck"));
    assert_eq!(reverted(true), ("unsupported", "bridge.unknown_code"));
}
